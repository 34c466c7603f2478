"""The pipeline's own tables: events accepted in PostgreSQL, and events nobody could apply."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base, id_column


class InboxEvent(Base):
    """An event accepted in PostgreSQL: a person's write tells its news here, in its own transaction, and check-ins
    wait here while Redis is away. The same drain reads it as reads the stream."""

    __tablename__ = "inbox"
    __table_args__ = ({"comment": "Events accepted in PostgreSQL, until drained"},)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, comment="Order of writing")
    payload: Mapped[bytes] = mapped_column(LargeBinary, comment="One event as in the stream (shared.messages.events)")
    attempts: Mapped[int] = mapped_column(server_default="0", comment="Failed tries to apply it")
    retry_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="Not before then; moved on by a failed try"
    )
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was accepted")


class DeadLetter(Base):
    """An event that could not be applied, with the reason. Never dropped silently, and kept once per delivery."""

    __tablename__ = "dead_letters"
    __table_args__ = (
        Index("uq_dead_letters_delivery", "origin", "entry_id", text("sha256(payload)"), unique=True),
        {"comment": "Events that could not be applied"},
    )

    id: Mapped[UUID] = id_column()
    origin: Mapped[str] = mapped_column(comment="stream or inbox")
    entry_id: Mapped[str] = mapped_column(comment="The stream entry's or inbox row's id")
    payload: Mapped[bytes] = mapped_column(LargeBinary, comment="The event as it came")
    reason: Mapped[str] = mapped_column(comment="Why it could not be applied")
    died_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was put here")


class CountedDelivery(Base):
    """An activity that is counted, by what it says. Sums are the one thing that a second delivery would change."""

    __tablename__ = "counted_deliveries"
    __table_args__ = ({"comment": "Activities that are counted; kept for as long as one may come again"},)

    delivery: Mapped[str] = mapped_column(primary_key=True, comment="Session, person, moment and kind of the activity")
    counted_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was counted")


class Redemption(Base):
    """A check-in accepted into the inbox while Redis was away: what keeps tickets single-use and repeats harmless."""

    __tablename__ = "redemptions"
    __table_args__ = ({"comment": "Check-ins accepted while Redis was away; kept for a day"},)

    session_id: Mapped[UUID] = mapped_column(primary_key=True, comment="The session")
    student_id: Mapped[UUID] = mapped_column(primary_key=True, comment="Who checked in")
    ticket_id: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True, comment="The ticket that was spent")
    check_in_id: Mapped[UUID] = mapped_column(comment="The check-in id that the student was given")
    status: Mapped[str] = mapped_column(comment="PRESENT or LATE")
    scanned_at: Mapped[datetime] = mapped_column(comment="Server time of the scan")
    redeemed_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was accepted")
    device: Mapped[bytes | None] = mapped_column(LargeBinary, comment="Fingerprint of the device's cookie")
