"""What admins changed by hand, and the trace that leaves."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.models.base import Base


class AdminChange(Base):
    """An admin changed a row in the admin interface. Append-only, written in the transaction of the change."""

    __tablename__ = "admin_changes"
    __table_args__ = (
        Index("ix_admin_changes_table_name", "table_name", "row_id", "id"),
        Index("ix_admin_changes_changed_by", "changed_by", "id"),
        {"comment": "Changes made in the admin interface; append-only"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, comment="Order of writing")
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When")
    changed_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"), comment="The admin")
    table_name: Mapped[str] = mapped_column(comment="Which table")
    row_id: Mapped[str] = mapped_column(comment="Primary key of the row; several columns are joined by commas")
    action: Mapped[str] = mapped_column(comment="create, change, delete, disable, enable or put_back")
    reason: Mapped[str | None] = mapped_column(comment="Why, where it was asked for")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="The row before, without secrets; null: new")
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB, comment="The row after, without secrets; null: gone")
