"""Marks, their history, and the check-ins that are evidence for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.domain.words import Mark, Source, UserType, Via
from shared.models.base import Base, id_column, one_of


class AttendanceRecord(Base):
    """A mark: one per session and student, plus one for the tutor."""

    __tablename__ = "attendance_records"
    __table_args__ = (
        UniqueConstraint("session_id", "student_id"),
        one_of("status", Mark),
        one_of("source", Source),
        one_of("user_type", UserType),
        Index("ix_attendance_records_student_id", "student_id", "marked_at"),
        {"comment": "Marks: one per session and person"},
    )

    id: Mapped[UUID] = id_column()
    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id"), comment="The session")
    student_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id"), comment="Whose mark; for user_type tutor the tutor"
    )
    user_type: Mapped[str] = mapped_column(server_default="student", comment="student or tutor; only students count")
    status: Mapped[str] = mapped_column(comment="PRESENT, LATE, ABSENT or EXCUSED")
    source: Mapped[str] = mapped_column(comment="How the mark came to be")
    notes: Mapped[str | None] = mapped_column(comment="What a person wrote about it")
    reason: Mapped[str | None] = mapped_column(comment="Why it was last changed; copied into the history")
    marked_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id"), comment="The last person who set it; null when Muster did"
    )
    marked_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When first marked")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When last changed")


class AttendanceStatusChange(Base):
    """A mark was made, changed or deleted. Append-only; written by a trigger with every change."""

    __tablename__ = "attendance_status_changes"
    __table_args__ = (
        UniqueConstraint("session_id", "place"),
        Index("ix_attendance_status_changes_record_id", "record_id", "id"),
        {"comment": "History of marks; append-only"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, comment="Order of writing")
    record_id: Mapped[UUID] = mapped_column(comment="The mark; kept when it is deleted, so no foreign key")
    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id"), comment="The session")
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), comment="Whose mark")
    old_status: Mapped[str | None] = mapped_column(comment="Null when the mark was made")
    new_status: Mapped[str | None] = mapped_column(comment="Null when the mark was deleted")
    reason: Mapped[str | None] = mapped_column(comment="Why")
    source: Mapped[str] = mapped_column(comment="How the new status came to be")
    changed_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), comment="Null: Muster itself")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When")
    place: Mapped[int] = mapped_column(
        BigInteger, comment="Place in the history of the session, from 1, shared with session_status_changes"
    )
    hash: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 over the hash at the place before and this row")


class CheckIn(Base):
    """An accepted check-in. Evidence: always kept, whatever the mark says."""

    __tablename__ = "check_ins"
    __table_args__ = (
        one_of("status", ("PRESENT", "LATE")),
        one_of("via", Via),
        Index("ix_check_ins_session_id", "session_id", "accepted_at"),
        Index("ix_check_ins_student_id", "student_id", "session_id"),
        Index("ix_check_ins_device", "session_id", "device", postgresql_where=text("device IS NOT NULL")),
        {"comment": "Accepted check-ins; the id is made at acceptance, so a second delivery changes nothing"},
    )

    id: Mapped[UUID] = id_column("The check-in id that the student was given")
    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id"), comment="The session")
    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), comment="Who checked in")
    status: Mapped[str] = mapped_column(comment="PRESENT or LATE, by the time of the scan")
    via: Mapped[str] = mapped_column(comment="ticket, token or short_code")
    ticket_id: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True, comment="A ticket is redeemed once")
    scanned_at: Mapped[datetime] = mapped_column(comment="Server time at which the code was shown to us")
    accepted_at: Mapped[datetime] = mapped_column(comment="Server time of acceptance")
    step_age_ms: Mapped[int | None] = mapped_column(comment="How far into its step the code was scanned")
    client_scanned_at: Mapped[datetime | None] = mapped_column(comment="The phone's own time; evidence only")
    device: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="Fingerprint of the device's cookie; null where there was none"
    )
    inside: Mapped[bool | None] = mapped_column(
        comment="Whether the phone was inside the fence; null: no fence, or no location"
    )
    distance_meters: Mapped[int | None] = mapped_column(
        comment="Upper end of the distance band from the fence's centre"
    )
    on_campus: Mapped[bool | None] = mapped_column(
        comment="Whether it came from a campus network; null where none are configured"
    )
