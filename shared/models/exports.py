"""Exports written in the background, and the log of who looked at what (5-security, privacy)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.domain.words import AccessAction, AccessSubject
from shared.models.base import Base, id_column, one_of


class AccessLogEntry(Base):
    """Somebody looked at attendance, or took it away. Append-only."""

    __tablename__ = "access_log"
    __table_args__ = (
        one_of("action", AccessAction),
        one_of("subject", AccessSubject),
        Index("ix_access_log_subject", "subject", "subject_id", "id"),
        Index("ix_access_log_person_id", "person_id", "id"),
        {"comment": "Views and exports of attendance; append-only"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, comment="Order of writing")
    accessed_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When")
    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id"), comment="Who; null: somebody at the command line of the server"
    )
    action: Mapped[str] = mapped_column(comment="view or export")
    subject: Mapped[str] = mapped_column(comment="What kind of thing was looked at")
    subject_id: Mapped[UUID | None] = mapped_column(comment="Which one; null for a report over many")
    detail: Mapped[str | None] = mapped_column(comment="In which form, e.g. csv, or the name of the report")


class Export(Base):
    """A roll that is, or will be, a file."""

    __tablename__ = "exports"
    __table_args__ = (
        one_of("format", ("csv", "xlsx")),
        one_of("status", ("waiting", "done", "failed")),
        CheckConstraint("(status = 'done') = (size IS NOT NULL)", name="size"),
        Index(
            "uq_exports_waiting",
            "session_id",
            "requested_by",
            "format",
            unique=True,
            postgresql_where=text("status = 'waiting'"),
        ),
        Index("ix_exports_expires_at", "expires_at"),
        {"comment": "Exports written in the background; deleted when they expire"},
    )

    id: Mapped[UUID] = id_column()
    session_id: Mapped[UUID] = mapped_column(
        ForeignKey("live_sessions.id", ondelete="CASCADE"), comment="The session whose roll it is"
    )
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), comment="Who asked for it, and may fetch it")
    format: Mapped[str] = mapped_column(comment="csv or xlsx")
    status: Mapped[str] = mapped_column(
        server_default="waiting", comment="waiting (to be written or being written), done or failed"
    )
    tries: Mapped[int] = mapped_column(server_default="0", comment="How often a worker has begun to write it")
    rows_done: Mapped[int] = mapped_column(server_default="0", comment="Rows written so far")
    rows_total: Mapped[int] = mapped_column(comment="Rows expected when it was asked for")
    size: Mapped[int | None] = mapped_column(BigInteger, comment="Bytes of the file, once done")
    requested_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was asked for")
    expires_at: Mapped[datetime] = mapped_column(comment="When it is deleted")


class ExportChunk(Base):
    """A piece of an export's file."""

    __tablename__ = "export_chunks"
    __table_args__ = ({"comment": "The file of an export in pieces, so that any API process can send it"},)

    export_id: Mapped[UUID] = mapped_column(
        ForeignKey("exports.id", ondelete="CASCADE"), primary_key=True, comment="The export"
    )
    place: Mapped[int] = mapped_column(primary_key=True, comment="Which piece, from 0")
    content: Mapped[bytes] = mapped_column(LargeBinary, comment="The bytes")
