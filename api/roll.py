"""Students and sessions as the marking family finds them, and a session's roll (2-http-api 2.4).

This family tells apart what does not exist (404) and what is somebody else's (403), which row-level security does not:
existence is asked as the service, everything else as the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.cursors import make_cursor
from api.marking_bodies import RollFilter
from api.marking_views import RollRecord, RollSession, RollStatistics, RollView, StatusWord, StudentContact
from api.narrowing import Narrowed
from api.ownership import as_person, require_staff
from api.services import Services
from api.sessions import SessionRow, load
from shared.database import speak_as
from shared.domain.attendance import Tally
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mark, Role
from shared.tokens import Identity

_STUDENTS = text("""
    SELECT n.user_id, n.student_number, u.first_name, u.last_name
    FROM students n JOIN users u ON u.id = n.user_id
    WHERE n.user_id = ANY(CAST(:ids AS uuid[])) OR n.student_number = ANY(CAST(:numbers AS text[]))
""")
_ON_ROLL = text("""
    SELECT asked.id FROM unnest(CAST(:students AS uuid[])) AS asked (id)
    WHERE (SELECT true FROM session_roll l WHERE l.session_id = :session AND l.student_id = asked.id)
""")
_HEAD = text("""
    SELECT coalesce(c.subject_code, split_part(s.class_name, ' ', 1)) AS subject_code,
           t.first_name || ' ' || t.last_name AS teacher_name,
           y.enrolled, y.present, y.late, y.absent, y.excused
    FROM live_sessions s JOIN users t ON t.id = s.teacher_id JOIN session_tallies y ON y.session_id = s.id
    LEFT JOIN courses c ON c.id = s.course_id
    WHERE s.id = :session
""")
_RECORDS = """
    SELECT r.id, r.status, r.marked_at, r.marked_by, r.notes, r.student_id, n.student_number, u.first_name,
           u.last_name, u.email
    FROM attendance_records r JOIN users u ON u.id = r.student_id JOIN students n ON n.user_id = r.student_id
    WHERE {conditions} ORDER BY r.marked_at DESC, r.id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class KnownStudent:
    """A student of the campus."""

    id: UUID
    number: str
    first_name: str
    last_name: str


async def require_teacher(services: Services, who: Identity, session_id: UUID) -> None:
    """404 for no session, 403 for all but its teacher and admins. From remembered facts; the write asks again."""
    facts = await services.facts.get(session_id)
    if facts is None:
        raise Refused(Code.NOT_FOUND, "There is no such session.")
    require_staff(who)
    if who.role is Role.TEACHER and facts.teacher_id != who.user_id:
        raise Refused(Code.FORBIDDEN, "This is another teacher's session.")


async def find_students(services: Services, keys: Sequence[str]) -> list[KnownStudent]:
    """The students behind these UUIDs or numbers, in their order; ``not_found`` when somebody is unknown."""
    ids = {key: found for key in keys if (found := _uuid(key))}
    numbers = [key for key in keys if key not in ids and "\0" not in key]  # PostgreSQL's text has no U+0000
    async with speak_as(services.engine, None, None) as connection:
        rows = await connection.execute(_STUDENTS, {"ids": list(ids.values()), "numbers": numbers})
        known = [KnownStudent(*row) for row in rows]
    by_name = {each.number: each for each in known} | {str(each.id): each for each in known}
    names = [str(ids.get(key, key)) for key in keys]
    if unknown := [name for name in names if name not in by_name]:
        raise Refused(Code.NOT_FOUND, f"There is no student '{unknown[0]}'.")
    return [by_name[name] for name in names]


def _uuid(key: str) -> UUID | None:
    """A UUID as it is usually written; a number of 32 digits is a number."""
    try:
        return UUID(key) if len(key) == 36 else None
    except ValueError:
        return None


async def not_on_roll(
    connection: AsyncConnection, session_id: UUID, students: Sequence[KnownStudent]
) -> list[KnownStudent]:
    """Those who are not enrolled in the session on its date."""
    values = {"session": session_id, "students": [each.id for each in students]}
    on_roll = set((await connection.execute(_ON_ROLL, values)).scalars())
    return [each for each in students if each.id not in on_roll]


async def read_roll_view(services: Services, who: Identity, session_id: UUID, wanted: RollFilter) -> RollView:
    """A session's counters and marks, for its teacher and admins."""
    await require_teacher(services, who, session_id)
    marks = _narrowed(session_id, wanted)
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id)
        head = (await connection.execute(_HEAD, {"session": session_id})).one()
        rows = (await connection.execute(text(_RECORDS.format(conditions=marks)), marks.values)).all()
    page = rows[: wanted.limit]
    return RollView(
        session=_session(row, head),
        statistics=_statistics(Tally(head.enrolled, head.present, head.late, head.absent, head.excused)),
        records=[_record(each) for each in page],
        next=make_cursor(page[-1].marked_at, page[-1].id) if len(rows) > wanted.limit else None,
    )


def _narrowed(session_id: UUID, wanted: RollFilter) -> Narrowed:
    always = ["r.session_id = :session", "r.user_type = 'student'"]
    marks = Narrowed(always, {"session": session_id, "limit": wanted.limit + 1})
    marks.by("r.status = :status", status=wanted.status)
    marks.by("r.status <> :hidden", hidden=None if wanted.include_absent else Mark.ABSENT)
    marks.by("r.marked_at > :after", after=wanted.marked_after)
    marks.after(wanted.cursor, "r.marked_at", "r.id")
    return marks


def _session(row: SessionRow, head: Row[Any]) -> RollSession:
    return RollSession(
        id=row.id,
        class_name=row.class_name,
        subject_code=head.subject_code,
        teacher_name=head.teacher_name,
        start_time=row.started_at,
        end_time=row.ended_at,
        status=StatusWord.of(row.status),
        is_locked=row.status.is_over,
    )


def _statistics(tally: Tally) -> RollStatistics:
    return RollStatistics(
        total_enrolled=tally.enrolled,
        present=tally.present,
        absent=tally.absent,
        late=tally.late,
        excused=tally.excused,
        not_marked=tally.not_marked,
        attendance_rate=tally.rate,
    )


def _record(row: Row[Any]) -> RollRecord:
    student = StudentContact(
        id=row.student_id,
        student_id=row.student_number,
        first_name=row.first_name,
        last_name=row.last_name,
        email=row.email,
    )
    return RollRecord(
        id=row.id,
        student=student,
        status=row.status,
        marked_at=row.marked_at,
        marked_by=row.marked_by,
        notes=row.notes,
    )
