"""Rows as an admin reads them: a table's own columns, with the names behind its ids.

For each table a class is mapped onto a join that follows its foreign keys, so lists can be searched, sorted and
filtered by a person, a class or a session's status. Such classes are only ever read.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Column, FromClause, LargeBinary, Table
from sqlalchemy.orm import column_property, registry

from shared.models import Base, Course, Group, LiveSession, Student, User

_registry = registry()

SECRETS = frozenset({"password_hash", "code_reference"})
"""Columns that are never read here, besides raw bytes."""

Names = dict[str, Any]
"""Further attributes of a row, by name."""


@cache
def reading(model: type[Base], *, raw: frozenset[str] = frozenset()) -> type[Any]:
    """The class of a table's rows with names. Of columns that hold bytes only those in ``raw`` are read."""
    table = table_of(model)
    source: FromClause = table
    names: Names = {}
    for column in table.columns:
        source, more = _follow(source, column)
        names = {**more, **names}
    if model is User:
        number = table_of(Student).alias()
        source, names["student_number"] = (
            source.outerjoin(number, number.c.user_id == table.c.id),
            number.c.student_number,
        )
    own = {column.name: column for column in table.columns if readable(column) or column.name in raw}
    properties: Mapping[str, Any] = {**names, **own}
    row: type[Any] = type(f"{model.__name__}Row", (), {"__doc__": f"Rows of {table.name}, with names."})
    _registry.map_imperatively(
        row, source, properties=properties, include_properties=list(own.values()), primary_key=list(table.primary_key)
    )
    return row


def table_of(model: type[Base]) -> Table:
    """The table behind a model."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


def readable(column: Column[Any]) -> bool:
    """Whether a column may be seen by a person, and means something to one."""
    return column.name not in SECRETS and not isinstance(column.type, LargeBinary)


def _follow(source: FromClause, column: Column[Any]) -> tuple[FromClause, Names]:
    """Join what an id points to; the source, and the names found there."""
    targets = {key.column.table.name for key in column.foreign_keys if key.column.primary_key}
    if "users" in targets or column.name == "student_id":
        return _person(source, column)
    if "live_sessions" in targets or column.name == "session_id":
        session = table_of(LiveSession).alias()
        found = {
            "class_name": session.c.class_name,
            "session_date": session.c.session_date,
            "session_status": session.c.status,
        }
        return source.outerjoin(session, session.c.id == column), found
    if "groups" in targets:
        group, course = table_of(Group).alias(), table_of(Course).alias()
        joined = source.outerjoin(group, group.c.id == column).outerjoin(course, course.c.id == group.c.course_id)
        return joined, {"group_name": column_property(course.c.subject_code + " " + group.c.name)}
    if "courses" in targets:
        course = table_of(Course).alias()
        return source.outerjoin(course, course.c.id == column), {"course": course.c.subject_code}
    return source, {}


def _person(source: FromClause, column: Column[Any]) -> tuple[FromClause, Names]:
    person, name = table_of(User).alias(), name_of(column.name)
    joined = source.outerjoin(person, person.c.id == column)
    found: Names = {name: column_property(person.c.first_name + " " + person.c.last_name)}
    if column.name in ("student_id", "user_id") and "student_number" not in column.table.c:
        number = table_of(Student).alias()
        joined = joined.outerjoin(number, number.c.user_id == column)
        found["student_number"] = number.c.student_number
    return joined, found


def name_of(column: str) -> str:
    """What the name of the person behind an id is called: ``student`` for ``student_id``."""
    if column == "user_id":
        return "person"
    return column.removesuffix("_id") if column.endswith("_id") else f"{column}_name"
