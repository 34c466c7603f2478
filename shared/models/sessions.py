"""Live sessions, the groups that meet in them, their counters and their channel."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.domain.words import Mode, Rule, SessionStatus
from shared.models.base import Base, id_column, one_of


class LiveSession(Base):
    """One meeting of a course."""

    __tablename__ = "live_sessions"
    __table_args__ = (
        one_of("status", SessionStatus),
        one_of("mode", Mode),
        CheckConstraint("rotate_seconds BETWEEN 5 AND 300", name="rotate_seconds"),
        CheckConstraint("scheduled_end IS NULL OR scheduled_end > scheduled_start", name="schedule"),
        CheckConstraint("(status = 'scheduled') = (started_at IS NULL) OR status = 'cancelled'", name="started"),
        CheckConstraint("(status IN ('completed', 'cancelled')) = (ended_at IS NOT NULL)", name="ended"),
        one_of("fence_rule", Rule),
        one_of("device_rule", Rule),
        CheckConstraint(
            "(fence_latitude IS NULL) = (fence_longitude IS NULL) "
            "AND (fence_latitude IS NULL) = (fence_radius_meters IS NULL) "
            "AND (fence_latitude IS NULL OR fence_radius_meters > 0 "
            "AND fence_latitude BETWEEN -90 AND 90 AND fence_longitude BETWEEN -180 AND 180)",
            name="fence",
        ),
        UniqueConstraint("id", "status"),  # lets session_groups follow the status by foreign key
        Index("ix_live_sessions_teacher_id_session_date", "teacher_id", "session_date"),
        Index("ix_live_sessions_ended_at", "ended_at"),
        Index("ix_live_sessions_course_id_session_date", "course_id", "session_date"),
        Index("ix_live_sessions_open", "status", postgresql_where=text("status IN ('scheduled', 'active')")),
        {"comment": "Meetings of courses"},
    )

    id: Mapped[UUID] = id_column()
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id"), comment="The course")
    teacher_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), comment="Who teaches or tutors it")
    class_name: Mapped[str] = mapped_column(comment="Subject code and group names as they were then")
    session_type: Mapped[str] = mapped_column(comment="lecture, lab, seminar, tutoring, exam, …")
    mode: Mapped[str] = mapped_column(comment="in_person, online or hybrid")
    status: Mapped[str] = mapped_column(comment="scheduled, active, completed or cancelled")
    room: Mapped[str | None] = mapped_column(comment="Where, e.g. R 12")
    session_date: Mapped[date] = mapped_column(comment="Campus date of the meeting; decides who is enrolled")
    scheduled_start: Mapped[datetime | None] = mapped_column(comment="Planned start")
    scheduled_end: Mapped[datetime | None] = mapped_column(comment="Planned end")
    started_at: Mapped[datetime | None] = mapped_column(comment="Actual start")
    ended_at: Mapped[datetime | None] = mapped_column(comment="Actual end, or when it was cancelled")
    code_reference: Mapped[int] = mapped_column(
        BigInteger, unique=True, comment="Random 40-bit name of the session inside check-in codes"
    )
    code_generation: Mapped[int] = mapped_column(default=0, comment="Grows when codes start anew")
    code_visible: Mapped[bool] = mapped_column(default=True, comment="False while check-in is paused")
    rotate_seconds: Mapped[int] = mapped_column(default=15, comment="Length of a code step in seconds")
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), comment="Who made it")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was made; code step 0")
    fence_latitude: Mapped[float | None] = mapped_column(comment="Centre of the fence in degrees; null: no fence")
    fence_longitude: Mapped[float | None] = mapped_column(comment="Centre of the fence in degrees")
    fence_radius_meters: Mapped[float | None] = mapped_column(comment="Radius of the fence")
    fence_rule: Mapped[str] = mapped_column(
        server_default="refuse", comment="refuse or flag a check-in outside the fence"
    )
    device_rule: Mapped[str] = mapped_column(
        server_default="flag", comment="refuse or flag a second student on one device"
    )


class SessionGroup(Base):
    """A group that meets in a session.

    Carries the session's status by a cascading foreign key, so that one partial unique index holds the rule
    "one active session per group" without any code.
    """

    __tablename__ = "session_groups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "session_status"],
            ["live_sessions.id", "live_sessions.status"],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        Index(
            "uq_session_groups_active",
            "group_id",
            unique=True,
            postgresql_where=text("session_status = 'active'"),
        ),
        Index("ix_session_groups_group_id", "group_id"),
        {"comment": "Which groups meet in which session"},
    )

    session_id: Mapped[UUID] = mapped_column(primary_key=True, comment="The session")
    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id"), primary_key=True, comment="The group")
    session_status: Mapped[str] = mapped_column(comment="Copy of the session's status, kept by foreign key")


class SessionTally(Base):
    """Counters of a session, kept by statement-level triggers from old and new rows."""

    __tablename__ = "session_tallies"
    __table_args__ = (
        Index("ix_session_tallies_updated_at", "updated_at"),
        {"comment": "Counters per session, kept incrementally"},
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True, comment="The session"
    )
    enrolled: Mapped[int] = mapped_column(server_default="0", comment="Students enrolled on the session's date")
    present: Mapped[int] = mapped_column(server_default="0", comment="Marks PRESENT")
    late: Mapped[int] = mapped_column(server_default="0", comment="Marks LATE")
    absent: Mapped[int] = mapped_column(server_default="0", comment="Marks ABSENT")
    excused: Mapped[int] = mapped_column(server_default="0", comment="Marks EXCUSED")
    connected: Mapped[int] = mapped_column(server_default="0", comment="Students connected now")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When a counter last changed")


class SessionStatusChange(Base):
    """A session changed its status. Append-only."""

    __tablename__ = "session_status_changes"
    __table_args__ = (
        UniqueConstraint("session_id", "place"),
        {"comment": "History of session statuses; append-only"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, comment="Order of writing")
    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id"), comment="The session")
    old_status: Mapped[str | None] = mapped_column(comment="Null when the session was made")
    new_status: Mapped[str] = mapped_column(comment="The status since then")
    reason: Mapped[str | None] = mapped_column(comment="Why, e.g. overdue")
    changed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), comment="Null: Muster itself")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When")
    place: Mapped[int] = mapped_column(
        BigInteger, comment="Place in the history of the session, from 1, shared with attendance_status_changes"
    )
    hash: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 over the hash at the place before and this row")


class HistoryHead(Base):
    """Where the history of a session ends: a cut-off end shows."""

    __tablename__ = "history_heads"
    __table_args__ = ({"comment": "Where the history of each session ends"},)

    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id"), primary_key=True, comment="The session")
    length: Mapped[int] = mapped_column(BigInteger, server_default="0", comment="Place of the last row of its history")
    hash: Mapped[bytes] = mapped_column(
        LargeBinary, server_default="", comment="Hash of that row; empty before the first"
    )


class WebSocketChannel(Base):
    """The realtime channel of a session."""

    __tablename__ = "websocket_channels"
    __table_args__ = ({"comment": "Realtime channels; counts are snapshots, the live ones are in Redis"},)

    name: Mapped[str] = mapped_column(primary_key=True, comment="attendance_updates_<session id>")
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), unique=True, comment="The session"
    )
    config: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}", comment="Channel settings")
    connection_count: Mapped[int] = mapped_column(Integer, server_default="0", comment="Sockets at the last snapshot")
    last_activity_at: Mapped[datetime | None] = mapped_column(comment="Last push seen by a snapshot")


class SessionAnalytics(Base):
    """A snapshot of a session's counters, at most one per 10 s while something changes."""

    __tablename__ = "session_analytics"
    __table_args__ = (
        UniqueConstraint("session_id", "taken_at"),
        {"comment": "Counter snapshots over time"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, comment="Order of writing")
    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), comment="The session")
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the snapshot was taken")
    enrolled: Mapped[int] = mapped_column(comment="Students enrolled")
    present: Mapped[int] = mapped_column(comment="Marks PRESENT")
    late: Mapped[int] = mapped_column(comment="Marks LATE")
    absent: Mapped[int] = mapped_column(comment="Marks ABSENT")
    excused: Mapped[int] = mapped_column(comment="Marks EXCUSED")
    connected: Mapped[int] = mapped_column(comment="Students connected")
