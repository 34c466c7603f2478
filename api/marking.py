"""Marking by hand while the class is in the room: one student, many, everybody (2-http-api 2.4).

Each write is one transaction under the session's lock: is it open (1-domain 1.5), is everybody on its roll, the marks
with their history, the news. Reasons to refuse come in the contract's order: 404, 403, the session's state, content.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.marking_bodies import RecordMark, UpdateBody
from api.marking_views import (
    Initialized,
    MarkedAttendance,
    MarkedMany,
    MarkedOne,
    MarkedRecord,
    MarkedSession,
    StudentName,
    Updated,
    UpdatedAttendance,
)
from api.marks import Decision, Standing, delete, read_marks, read_roll, write
from api.ownership import as_person
from api.roll import KnownStudent, find_students, require_teacher
from api.room import (
    UPDATE_LOCKED,
    already_marked,
    check_each_once,
    check_enrolled,
    find_record,
    no_record,
    open_room,
)
from api.services import Services
from api.sessions import SessionRow, load
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mark, Role, Source
from shared.tokens import Identity


async def mark_one(
    services: Services, who: Identity, session_id: UUID, key: str, status: Mark, notes: str | None = None
) -> MarkedOne:
    """Mark a student who has no mark yet; 409 for one who has, however many try at once."""
    await require_teacher(services, who, session_id)
    [student] = await find_students(services, [key])
    async with open_room(services, who, session_id) as room:
        await check_enrolled(room, [student])
        decision = Decision(student.id, status, room.source, notes)
        if not await write(room.connection, who, session_id, [decision], services.now(), replace=False):
            raise already_marked()
        [mark] = (await read_marks(room.connection, session_id, [student.id])).values()
    return MarkedOne(attendance=_marked(room.row, student, mark))


async def mark_many(services: Services, who: Identity, session_id: UUID, records: Sequence[RecordMark]) -> MarkedMany:
    """Make or change many marks, all or none of them; in the order of the request."""
    await require_teacher(services, who, session_id)
    students = await find_students(services, [record.student_id for record in records])
    async with open_room(services, who, session_id) as room:
        check_each_once(students)
        await check_enrolled(room, students)
        decisions = [
            Decision(student.id, record.status, room.source, record.notes)
            for student, record in zip(students, records, strict=True)
        ]
        await write(room.connection, who, session_id, decisions, services.now())
        marks = await read_marks(room.connection, session_id, [student.id for student in students])
    found = [marks[student.id] for student in students]
    marked = [MarkedRecord(id=mark.id, student_id=mark.person, status=mark.status) for mark in found]
    return MarkedMany(count=len(marked), attendance_records=marked)


async def bulk_mark(services: Services, who: Identity, session_id: UUID, default: Mark) -> Initialized:
    """Mark everybody without a mark, visibly as a default: a check-in or a person's mark replaces it."""
    await require_teacher(services, who, session_id)
    async with open_room(services, who, session_id) as room:
        roll = await read_roll(room.connection, session_id)
        unmarked = sorted(student for student, mark in roll.items() if mark is None)
        decisions = [Decision(student, default, Source.SYSTEM_DEFAULT) for student in unmarked]
        written = await write(room.connection, who, session_id, decisions, services.now(), replace=False)
    return Initialized(count=len(written), session_id=session_id, default_status=default)


async def update(services: Services, who: Identity, record_id: UUID, body: UpdateBody) -> Updated:
    """Change a mark's status or notes. Notes alone leave where the mark came from as it is."""
    session_id, student = await find_record(services, who, record_id)
    async with open_room(services, who, session_id, locked=UPDATE_LOCKED) as room:
        old = await _standing(room.connection, session_id, student, record_id)
        source = old.source if body.status is None else room.source
        notes = (body.notes or "") if "notes" in body.model_fields_set else None
        decision = Decision(student, body.status or old.status, source, notes)
        await write(room.connection, who, session_id, [decision], services.now())
        mark = await _standing(room.connection, session_id, student, record_id)
    return Updated(attendance=_updated(mark))


async def delete_mark(services: Services, who: Identity, record_id: UUID) -> None:
    """Delete a mark; after the end only an admin may (1-domain 1.5)."""
    session_id, _ = await find_record(services, who, record_id)
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id, lock=True)
        if row.status.is_over and who.role is not Role.ADMIN:
            raise Refused(Code.FORBIDDEN, "Only an admin may delete a mark after the session has ended.")
        if not await delete(connection, session_id, record_id):
            raise no_record()
    services.nudger.nudge()


# --- the outcome ----------------------------------------------------------------------------------------


async def _standing(connection: AsyncConnection, session_id: UUID, student: UUID, record_id: UUID) -> Standing:
    """The mark under the lock; 404 if it was deleted, or deleted and made again, in the meantime."""
    mark = (await read_marks(connection, session_id, [student])).get(student)
    if mark is None or mark.id != record_id:
        raise no_record()
    return mark


def _marked(row: SessionRow, student: KnownStudent, mark: Standing) -> MarkedAttendance:
    return MarkedAttendance(
        id=mark.id,
        session=MarkedSession(id=row.id, class_name=row.class_name, start_time=row.started_at),
        student=StudentName(
            id=student.id, student_id=student.number, first_name=student.first_name, last_name=student.last_name
        ),
        status=mark.status,
        marked_at=mark.marked_at,
        marked_by=mark.marked_by,
    )


def _updated(mark: Standing) -> UpdatedAttendance:
    return UpdatedAttendance(
        id=mark.id,
        student_id=mark.person,
        status=mark.status,
        marked_at=mark.marked_at,
        updated_at=mark.updated_at,
        notes=mark.notes,
    )
