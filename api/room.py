"""What must hold before a mark is written by hand: an open session, students on its roll, a record that is there.

The refusals are the contract's, word for word (2-http-api 2.4); reasons come in its order: 404, 403, state, content.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.ownership import as_person, require_staff
from api.problems import FieldError, Problem
from api.roll import KnownStudent, not_on_roll
from api.services import Services
from api.sessions import SessionRow, load
from shared.database import speak_as
from shared.domain.marking import Closed, Door, source_of_mark
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mode, Source
from shared.tokens import Identity

MARK_LOCKED = "Cannot mark attendance - session ended at {ended:%H:%M on %b %d, %Y}"
UPDATE_LOCKED = "Cannot modify attendance - session ended and is locked"
NOT_STARTED = "Cannot mark attendance - session has not started"
CANCELLED = "Cannot mark attendance - session was cancelled"

_RECORD = text("SELECT session_id, student_id FROM attendance_records WHERE id = :id AND user_type = 'student'")
_EXISTS = text("SELECT 1 FROM attendance_records WHERE id = :id AND user_type = 'student'")


@dataclass(frozen=True, slots=True)
class Room:
    """A session that is locked and open for marking, in a transaction; ``source`` of marks made in it."""

    connection: AsyncConnection
    row: SessionRow
    source: Source


@asynccontextmanager
async def open_room(
    services: Services, who: Identity, session_id: UUID, *, locked: str = MARK_LOCKED
) -> AsyncIterator[Room]:
    """The session under its lock, 400 when nobody can mark in it; calls the drain after the commit."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id, lock=True)
        source = source_of_mark(Door.MARKING, who.role, Mode(row.mode), row.status)
        if isinstance(source, Closed):
            raise _closed(services, source, row, locked)
        yield Room(connection, row, source)
    services.nudger.nudge()


def _closed(services: Services, why: Closed, row: SessionRow, locked: str) -> Problem:
    if why is Closed.LOCKED:
        assert row.ended_at is not None
        said = locked.format(ended=row.ended_at.astimezone(services.settings.zone))
        return _refused(400, Code.SESSION_LOCKED, "session", [said])
    said = NOT_STARTED if why is Closed.NOT_STARTED else CANCELLED
    return _refused(400, Code.SESSION_NOT_ACTIVE, "session", [said])


async def find_record(services: Services, who: Identity, record_id: UUID) -> tuple[UUID, UUID]:
    """The session and student of a record that this person may change: 404 for no record, 403 for another's."""
    async with as_person(services, who) as connection:
        row = (await connection.execute(_RECORD, {"id": record_id})).one_or_none()
    if row is None:
        async with speak_as(services.engine, None, None) as connection:
            known = (await connection.execute(_EXISTS, {"id": record_id})).one_or_none()
        raise no_record() if known is None else Refused(Code.FORBIDDEN, "You may not change this mark.")
    require_staff(who)
    return row.session_id, row.student_id


async def check_enrolled(room: Room, students: Sequence[KnownStudent]) -> None:
    """400 naming everybody who is not on the session's roll."""
    strangers = await not_on_roll(room.connection, room.row.id, students)
    if strangers:
        said = [f"Student '{each.number}' is not enrolled in '{room.row.class_name}'" for each in strangers]
        raise _refused(400, Code.NOT_ENROLLED, "student", said)


def check_each_once(students: Sequence[KnownStudent]) -> None:
    """400 for a student who is named twice, be it by UUID and by number."""
    seen: set[UUID] = set()
    for student in students:
        if student.id in seen:
            raise _refused(400, "validation_failed", "records", [f"Student '{student.number}' is in records twice."])
        seen.add(student.id)


def already_marked() -> Problem:
    """409: a single mark is made once; changing it is another request."""
    said = "Attendance already marked for this student in this session"
    return _refused(409, "already_marked", "non_field_errors", [said])


def no_record() -> Refused:
    """404 for a record."""
    return Refused(Code.NOT_FOUND, "There is no such attendance record.")


def _refused(status: int, code: str, field: str, said: Iterable[str]) -> Problem:
    errors = [FieldError(field, sentence) for sentence in said]
    return Problem(status, code, errors[0].message, errors=errors)
