"""Reading the record: what became of a session and of its marks, who changed it and why (2-http-api 2.1, 2.4).

Newest first. Names are read as the service, because who changed a mark belongs
to its history, also where the reader may not look that person up.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.accesslog import note_view
from api.cursors import LAST_ROW, make_row_cursor, read_row_cursor
from api.history_views import (
    ChangedBy,
    HistoryPage,
    MarkChange,
    MarkChangeView,
    MarkHistory,
    MarkHistoryPage,
    SessionChangeView,
    SessionHistory,
)
from api.ownership import as_person, require_staff
from api.room import no_record
from api.services import Services
from api.sessions import load
from shared.database import speak_as
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.tokens import Identity

_OF_SESSION = text("""
    (SELECT 'mark' AS kind, place, student_id, old_status, new_status, source, reason, changed_by, changed_at
     FROM attendance_status_changes WHERE session_id = :id AND place < :before ORDER BY place DESC LIMIT :most)
    UNION ALL
    (SELECT 'session', place, NULL, old_status, new_status, NULL, reason, changed_by, changed_at
     FROM session_status_changes WHERE session_id = :id AND place < :before ORDER BY place DESC LIMIT :most)
    ORDER BY place DESC LIMIT :most
""")
_OF_MARK = text("""
    SELECT place, old_status, new_status, source, reason, changed_by, changed_at
    FROM attendance_status_changes WHERE record_id = :id AND place < :before ORDER BY place DESC LIMIT :most
""")
_MINE = "SELECT c.student_id FROM attendance_status_changes c WHERE c.record_id = :id AND {mine} LIMIT 1"
_EVER = text("SELECT 1 FROM attendance_status_changes WHERE record_id = :id LIMIT 1")
MY_MARKS = {
    Role.ADMIN: "CAST(:me AS uuid) IS NOT NULL",
    Role.TEACHER: "EXISTS (SELECT 1 FROM live_sessions s WHERE s.id = c.session_id AND s.teacher_id = :me)",
    Role.STUDENT: "c.student_id = :me",
    Role.PARENT: "EXISTS (SELECT 1 FROM parent_links l WHERE l.student_id = c.student_id AND l.parent_id = :me)",
}
"""The marks whose history a person may read; alias ``c``."""

_NAMES = text("SELECT id, first_name || ' ' || last_name AS name FROM users WHERE id = ANY(:ids)")

Rows = Sequence[Row[Any]]


async def read_session_history(
    services: Services, who: Identity, session_id: UUID, wanted: HistoryPage
) -> SessionHistory:
    """Changes of the session's status and of its marks; its teacher and admins only."""
    async with as_person(services, who) as connection:
        await load(connection, who, session_id)
        require_staff(who)
        rows = await _read(connection, _OF_SESSION, session_id, wanted)
    shown = rows[: wanted.limit]
    names = await _names(services, shown)
    return SessionHistory(items=[_session_item(row, names) for row in shown], next=_following(rows, wanted))


async def read_mark_history(services: Services, who: Identity, record_id: UUID, wanted: MarkHistoryPage) -> MarkHistory:
    """Changes of one mark, also of a deleted one: its teacher, its student, their parents and admins.

    ``forbidden`` for a mark that is somebody else's, ``not_found`` for one that never was.
    """
    async with as_person(services, who) as connection:
        statement = text(_MINE.format(mine=MY_MARKS[who.role]))
        student = (await connection.execute(statement, {"id": record_id, "me": who.user_id})).scalar_one_or_none()
        if student is None:
            raise await _refusal(services, record_id)
        await note_view(connection, who, student)
        rows = await _read(connection, _OF_MARK, record_id, wanted)
    shown = rows[: wanted.limit]
    names = await _names(services, shown)
    return MarkHistory(items=[_mark_item(row, names) for row in shown], next=_following(rows, wanted))


async def _read(
    connection: AsyncConnection, statement: Any, row_id: UUID, wanted: HistoryPage | MarkHistoryPage
) -> Rows:
    """A page and the one row after it."""
    before = LAST_ROW if wanted.cursor is None else read_row_cursor(wanted.cursor)[1]
    return (await connection.execute(statement, {"id": row_id, "before": before, "most": wanted.limit + 1})).all()


async def _refusal(services: Services, record_id: UUID) -> Refused:
    async with speak_as(services.engine, None, None) as connection:
        exists = (await connection.execute(_EVER, {"id": record_id})).one_or_none() is not None
    return Refused(Code.FORBIDDEN, "This is somebody else's mark.") if exists else no_record()


async def _names(services: Services, rows: Rows) -> dict[UUID, ChangedBy]:
    people = {row.changed_by for row in rows} - {None}
    if not people:
        return {}
    async with speak_as(services.engine, None, None) as connection:
        found = await connection.execute(_NAMES, {"ids": list(people)})
        return {row.id: ChangedBy(id=row.id, name=row.name) for row in found}


def _following(rows: Rows, wanted: HistoryPage | MarkHistoryPage) -> str | None:
    if len(rows) <= wanted.limit:
        return None
    last = rows[wanted.limit - 1]
    return make_row_cursor(last.changed_at, last.place)


def _session_item(row: Row[Any], names: dict[UUID, ChangedBy]) -> SessionChangeView | MarkChangeView:
    change = {
        "old_status": row.old_status and row.old_status.lower(),
        "new_status": row.new_status and row.new_status.lower(),
        "reason": row.reason,
        "changed_by": names.get(row.changed_by),
        "changed_at": row.changed_at,
    }
    if row.kind == "session":
        return SessionChangeView(**change)
    return MarkChangeView(student_id=row.student_id, source=row.source, **change)


def _mark_item(row: Row[Any], names: dict[UUID, ChangedBy]) -> MarkChange:
    return MarkChange(
        old_status=row.old_status,
        new_status=row.new_status,
        reason=row.reason,
        source=row.source,
        changed_by=names.get(row.changed_by),
        changed_at=row.changed_at,
    )
