"""What connections prove: the union of ranges per participant, and the audit list of events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZMULTIRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from shared.domain.words import UserType
from shared.models.base import Base, one_of


class Presence(Base):
    """When a participant was there (1-domain 1.1)."""

    __tablename__ = "presence"
    __table_args__ = (
        one_of("user_type", UserType),
        Index("ix_presence_connected", "last_activity_at", postgresql_where=text("connected")),
        {"comment": "Presence per session and participant"},
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True, comment="The session"
    )
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True, index=True, comment="The person")
    user_type: Mapped[str] = mapped_column(comment="tutor or student")
    covered: Mapped[list[Range[datetime]]] = mapped_column(
        TSTZMULTIRANGE, comment="Union of [t, t + 75 s) over all points; active = length - 75 s per run"
    )
    first_connected_at: Mapped[datetime] = mapped_column(comment="Earliest point")
    last_activity_at: Mapped[datetime] = mapped_column(comment="Latest point")
    last_disconnected_at: Mapped[datetime | None] = mapped_column(comment="Latest disconnect")
    total_active_seconds: Mapped[float] = mapped_column(comment="Sum over runs of last - first point")
    connects: Mapped[int] = mapped_column(comment="Number of runs")
    activity_counts: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default="{}", comment="Activity kind to count; shown as evidence"
    )
    connected: Mapped[bool] = mapped_column(
        server_default=false(),
        comment="Connected as far as the last sweep knows: no disconnect since the latest point",
    )


class ConnectionEvent(Base):
    """A connect, disconnect or timeout: the audit list behind presence."""

    __tablename__ = "connection_events"
    __table_args__ = (
        one_of("user_type", UserType),
        one_of("event", ("connect", "disconnect", "timeout")),
        UniqueConstraint("session_id", "user_id", "event", "occurred_at"),
        Index("ix_connection_events_session_id", "session_id", "occurred_at"),
        {"comment": "Audit list of connection events"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, comment="Order of writing")
    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), comment="The session")
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), comment="The person")
    user_type: Mapped[str] = mapped_column(comment="tutor or student")
    event: Mapped[str] = mapped_column(comment="connect, disconnect or timeout")
    occurred_at: Mapped[datetime] = mapped_column(comment="Server time of the event")
