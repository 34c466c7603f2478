"""What every table shares: naming, types, and how a check over an enumeration is written."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, MetaData, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

from shared.ids import new_id

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}


class Base(DeclarativeBase):
    """The one metadata; migrations are checked against it."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: DateTime(timezone=True), UUID: Uuid(), str: Text()}  # noqa: RUF012 - SQLAlchemy's own form


def id_column(comment: str = "UUIDv7") -> MappedColumn[UUID]:
    """A primary key made by the process that writes the row."""
    return mapped_column(primary_key=True, default=new_id, comment=comment)


def one_of(column: str, words: type[StrEnum] | Iterable[str], name: str | None = None) -> CheckConstraint:
    """A CHECK that a column holds one of the words."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=name or column)
