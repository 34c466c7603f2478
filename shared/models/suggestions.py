"""What presence suggests, as it was last computed (1-domain 1.3)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, false, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.domain.suggestion import Confidence
from shared.domain.words import Mark, UserType
from shared.models.base import Base, one_of


class SessionSuggestion(Base):
    """A session's suggestion as a whole; made with the session, computed when its facts change."""

    __tablename__ = "session_suggestions"
    __table_args__ = (
        Index("ix_session_suggestions_due", "session_id", postgresql_where=text("facts_seen < facts")),
        {"comment": "What a session's presence suggests as a whole; one row per session"},
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True, comment="The session"
    )
    facts: Mapped[int] = mapped_column(
        BigInteger, server_default="0", comment="Grows with every change of what suggestions are computed from"
    )
    facts_seen: Mapped[int] = mapped_column(
        BigInteger,
        server_default="0",
        comment="The facts the stored suggestion knows; less than facts: to be computed",
    )
    version: Mapped[int] = mapped_column(
        server_default="0", comment="Grows when somebody's status or confidence changes; 0: never computed"
    )
    policy_version: Mapped[int] = mapped_column(
        server_default="0", comment="The policy it was computed with; 0: the defaults"
    )
    has_whiteboard: Mapped[bool] = mapped_column(server_default=false(), comment="Whether there was presence to judge")
    provisional: Mapped[bool] = mapped_column(
        server_default=true(), comment="Computed before the session was completed"
    )
    recommendation: Mapped[str] = mapped_column(server_default="", comment="One sentence for who decides")
    digest: Mapped[str] = mapped_column(server_default="", comment="SHA-256 over everybody's status and confidence")
    evidence: Mapped[str] = mapped_column(server_default="", comment="SHA-256 over the facts it was computed from")
    computed_at: Mapped[datetime | None] = mapped_column(
        comment="When; while the session ran this was the end of its window"
    )


class Suggestion(Base):
    """One participant's suggestion."""

    __tablename__ = "suggestions"
    __table_args__ = (
        one_of("user_type", UserType),
        one_of("status", Mark),
        one_of("confidence", Confidence),
        {"comment": "What a participant's presence suggests; never a mark until a person accepts it"},
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("session_suggestions.session_id", ondelete="CASCADE"), primary_key=True, comment="The session"
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id"), primary_key=True, index=True, comment="The participant"
    )
    user_type: Mapped[str] = mapped_column(comment="tutor or student")
    status: Mapped[str] = mapped_column(comment="Suggested status")
    confidence: Mapped[str] = mapped_column(comment="low, medium or high")
    reasons: Mapped[list[str]] = mapped_column(
        ARRAY(Text), comment="Why: sentences with the numbers and thresholds that decided"
    )
    window_start: Mapped[datetime] = mapped_column(comment="Start of the time that counts for this person")
    window_end: Mapped[datetime] = mapped_column(comment="Its end")
    lateness_us: Mapped[int | None] = mapped_column(
        BigInteger, comment="First connected after the start, in microseconds; null: never came"
    )
    active_us: Mapped[int] = mapped_column(BigInteger, comment="Active time inside the window, in microseconds")
