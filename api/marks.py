"""The one way in which people's marks are written (1-domain 1.5).

A caller holds the session's lock (:func:`api.sessions.load`), has asked who may, and says what is to be; one statement
writes any number of marks, triggers write history and counters with it, and the news is promised in the same
transaction. A mark that stays as it was is not written, so nothing appears in its history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.news import tell
from shared.domain.words import Mark, Source, UserType
from shared.ids import new_id
from shared.messages.events import MarksChanged
from shared.tokens import Identity

_WRITE = text("""
    INSERT INTO attendance_records AS r (id, session_id, student_id, user_type, status, source, notes, reason,
                                         marked_by, marked_at, updated_at)
    SELECT n.id, :session, n.student_id, n.user_type, n.status, n.source, nullif(n.notes, ''), n.reason, :me, :now, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:students AS uuid[]), CAST(:types AS text[]), CAST(:statuses AS text[]),
                CAST(:sources AS text[]), CAST(:notes AS text[]), CAST(:reasons AS text[]))
         AS n (id, student_id, user_type, status, source, notes, reason)
    ORDER BY n.student_id
    ON CONFLICT (session_id, student_id) DO UPDATE
    SET status = excluded.status, source = excluded.source, reason = excluded.reason, marked_by = excluded.marked_by,
        updated_at = excluded.updated_at,
        notes = CASE WHEN excluded.student_id = ANY(CAST(:noted AS uuid[])) THEN excluded.notes ELSE r.notes END
    WHERE :replace AND (
        (r.status, r.source, r.marked_by) IS DISTINCT FROM (excluded.status, excluded.source, excluded.marked_by)
        OR excluded.student_id = ANY(CAST(:noted AS uuid[])) AND r.notes IS DISTINCT FROM excluded.notes)
    RETURNING r.student_id
""")
_DELETE = text("DELETE FROM attendance_records WHERE id = :id AND session_id = :session RETURNING student_id")
_ROLL = text("""
    SELECT l.student_id, r.id, r.status, r.source, r.notes, r.marked_by, r.marked_at, r.updated_at
    FROM session_roll l
    LEFT JOIN attendance_records r ON r.session_id = l.session_id AND r.student_id = l.student_id
    WHERE l.session_id = :session
""")
_TUTOR = text("""
    SELECT r.student_id, r.id, r.status, r.source, r.notes, r.marked_by, r.marked_at, r.updated_at
    FROM attendance_records r
    WHERE r.session_id = :session AND r.user_type = 'tutor'
""")
_MARKS = text("""
    SELECT r.student_id, r.id, r.status, r.source, r.notes, r.marked_by, r.marked_at, r.updated_at
    FROM attendance_records r
    WHERE r.session_id = :session AND r.student_id = ANY(CAST(:people AS uuid[]))
""")


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody's mark is to be. ``notes`` None: as they are; empty: none."""

    person: UUID
    status: Mark
    source: Source
    notes: str | None = None
    reason: str | None = None
    user_type: UserType = UserType.STUDENT


@dataclass(frozen=True, slots=True)
class Standing:
    """A mark as it stands."""

    id: UUID
    person: UUID
    status: Mark
    source: Source
    notes: str | None
    marked_by: UUID | None
    marked_at: datetime
    updated_at: datetime


async def read_roll(connection: AsyncConnection, session_id: UUID) -> dict[UUID, Standing | None]:
    """Everybody on the session's roll whom this person may see, with their marks."""
    rows = await connection.execute(_ROLL, {"session": session_id})
    return {row.student_id: _standing(row) for row in rows}


async def read_tutor(connection: AsyncConnection, session_id: UUID) -> Standing | None:
    """The tutor's own mark."""
    row = (await connection.execute(_TUTOR, {"session": session_id})).one_or_none()
    return None if row is None else _standing(row)


async def read_marks(connection: AsyncConnection, session_id: UUID, people: Iterable[UUID]) -> dict[UUID, Standing]:
    """The marks of these people, as far as they have one."""
    rows = await connection.execute(_MARKS, {"session": session_id, "people": list(people)})
    return {mark.person: mark for mark in map(_standing, rows) if mark is not None}


async def write(
    connection: AsyncConnection,
    who: Identity,
    session_id: UUID,
    decisions: Sequence[Decision],
    now: datetime,
    *,
    replace: bool = True,
) -> frozenset[UUID]:
    """Write decisions, at most one per person; whose marks changed by it. Without ``replace`` who has a mark keeps it:
    PostgreSQL decides that, so it holds whatever happens at the same time."""
    if not decisions:
        return frozenset()
    values = {**_values(who, session_id, decisions, now), "replace": replace}
    changed = frozenset((await connection.execute(_WRITE, values)).scalars())
    students = sorted(each.person for each in decisions if each.user_type is UserType.STUDENT)
    if news := tuple(person for person in students if person in changed):
        await tell(connection, MarksChanged(session_id, news))
    return changed


async def delete(connection: AsyncConnection, session_id: UUID, record_id: UUID) -> bool:
    """Delete a mark; whether it was there. A trigger keeps what it was in the history."""
    person = (await connection.execute(_DELETE, {"id": record_id, "session": session_id})).scalar_one_or_none()
    if person is None:
        return False
    await tell(connection, MarksChanged(session_id, (person,)))
    return True


def _values(who: Identity, session_id: UUID, decisions: Sequence[Decision], now: datetime) -> dict[str, Any]:
    return {
        "session": session_id,
        "me": who.user_id,
        "now": now,
        "ids": [new_id() for _ in decisions],
        "students": [each.person for each in decisions],
        "types": [each.user_type for each in decisions],
        "statuses": [each.status for each in decisions],
        "sources": [each.source for each in decisions],
        "notes": [each.notes for each in decisions],
        "noted": [each.person for each in decisions if each.notes is not None],
        "reasons": [each.reason for each in decisions],
    }


def _standing(row: Row[Any]) -> Standing | None:
    if row.id is None:
        return None
    return Standing(
        row.id,
        row.student_id,
        Mark(row.status),
        Source(row.source),
        row.notes,
        row.marked_by,
        row.marked_at,
        row.updated_at,
    )
