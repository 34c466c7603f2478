"""What keeps a check-in honest: flags for a person to review, calls to confirm and their answers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.domain.words import CallKind, FlagKind, Via
from shared.models.base import Base, id_column, one_of


class CheckInFlag(Base):
    """Something a person should look at."""

    __tablename__ = "check_in_flags"
    __table_args__ = (
        one_of("kind", FlagKind),
        {"comment": "What a person should look at; a flag never changes a mark"},
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True, comment="The session"
    )
    student_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id"), primary_key=True, index=True, comment="Whose check-in"
    )
    kind: Mapped[str] = mapped_column(primary_key=True, comment="What was noticed")
    detail: Mapped[str] = mapped_column(comment="The numbers behind it, as a sentence")
    raised_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was noticed")


class ConfirmationCall(Base):
    """Students of a running session are asked whether they are there: by a teacher, or by the session's own rule."""

    __tablename__ = "confirmation_calls"
    __table_args__ = (
        one_of("kind", CallKind),
        CheckConstraint("closes_at > called_at", name="times"),
        Index("ix_confirmation_calls_session_id", "session_id", "called_at"),
        Index(
            "uq_confirmation_calls_by_rule",
            "session_id",
            "kind",
            unique=True,
            postgresql_where=text("called_by IS NULL"),
        ),
        {"comment": "Students of a running session are asked to confirm that they are there"},
    )

    id: Mapped[UUID] = id_column()
    session_id: Mapped[UUID] = mapped_column(ForeignKey("live_sessions.id", ondelete="CASCADE"), comment="The session")
    kind: Mapped[str] = mapped_column(comment="recheck or exit")
    called_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id"), comment="Who asked; null: the session's own rule"
    )
    called_at: Mapped[datetime] = mapped_column(comment="When")
    closes_at: Mapped[datetime] = mapped_column(comment="Until when an answer counts")
    asked: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), comment="The students who were asked")


class CallRule(Base):
    """A call that a session makes by itself, once."""

    __tablename__ = "call_rules"
    __table_args__ = (
        one_of("kind", CallKind),
        CheckConstraint("share > 0 AND share <= 1", name="share"),
        CheckConstraint("seconds BETWEEN 30 AND 600", name="seconds"),
        CheckConstraint("(kind = 'exit') = (minutes_before IS NOT NULL)", name="when"),
        {"comment": "Calls to confirm that sessions make by themselves"},
    )

    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), primary_key=True, comment="The session"
    )
    kind: Mapped[str] = mapped_column(
        primary_key=True, comment="recheck: at a random moment; exit: before the planned end"
    )
    share: Mapped[float] = mapped_column(comment="How many of those in the room are asked, from 0 to 1")
    seconds: Mapped[int] = mapped_column(comment="How long an answer counts")
    minutes_before: Mapped[int | None] = mapped_column(comment="Of an exit check: how long before the planned end")
    due_at: Mapped[datetime | None] = mapped_column(
        comment="Of a re-check: the moment that was drawn; null: not drawn yet. Only admins may read it"
    )


class Confirmation(Base):
    """A student's answer to a call."""

    __tablename__ = "confirmations"
    __table_args__ = (
        one_of("via", Via),
        {"comment": "Answers to calls: evidence beside the check-in, never a mark"},
    )

    call_id: Mapped[UUID] = mapped_column(
        ForeignKey("confirmation_calls.id", ondelete="CASCADE"), primary_key=True, comment="The call"
    )
    student_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id"), primary_key=True, index=True, comment="Who answered"
    )
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), index=True, comment="The session"
    )
    confirmed_at: Mapped[datetime] = mapped_column(comment="Server time of the answer")
    via: Mapped[str] = mapped_column(comment="What was shown: ticket, token or short_code")
