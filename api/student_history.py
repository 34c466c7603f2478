"""A student's marks over time (2-http-api 2.4): for themselves, their parents, those who teach them, admins.

A teacher sees, and counts, the marks of their own sessions.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.accesslog import note_view
from api.cursors import make_cursor
from api.marking_bodies import StudentFilter
from api.marking_views import AttendedSession, StudentHistory, StudentName, StudentRecord, StudentStatistics
from api.narrowing import STARTS, Narrowed
from api.ownership import as_person
from api.roll import KnownStudent, find_students
from api.services import Services
from shared.domain.attendance import attendance_rate
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.tokens import Identity

MY_STUDENTS = {
    Role.ADMIN: "CAST(:me AS uuid) IS NOT NULL",
    Role.TEACHER: "EXISTS (SELECT 1 FROM enrolments e JOIN groups g ON g.id = e.group_id JOIN courses c "
    "ON c.id = g.course_id WHERE e.student_id = n.user_id AND c.teacher_id = :me)",
    Role.STUDENT: "n.user_id = :me",
    Role.PARENT: "EXISTS (SELECT 1 FROM parent_links l WHERE l.student_id = n.user_id AND l.parent_id = :me)",
}
"""The students whose marks a person may read; alias ``n`` of ``students``."""

_MINE = "SELECT 1 FROM students n WHERE n.user_id = :student AND {mine}"
_FROM = """
    FROM attendance_records r JOIN live_sessions s ON s.id = r.session_id LEFT JOIN courses c ON c.id = s.course_id
    WHERE {conditions}
"""
_COUNTS = """
    SELECT count(*) AS total, count(*) FILTER (WHERE r.status = 'PRESENT') AS present,
           count(*) FILTER (WHERE r.status = 'LATE') AS late, count(*) FILTER (WHERE r.status = 'ABSENT') AS absent,
           count(*) FILTER (WHERE r.status = 'EXCUSED') AS excused
"""
_RECORDS = f"""
    SELECT r.id, r.status, r.marked_at, s.class_name, s.session_date, s.started_at, {STARTS} AS at,
           coalesce(c.subject_code, split_part(s.class_name, ' ', 1)) AS subject_code
"""
_PAGE = f"ORDER BY {STARTS} DESC, r.id DESC LIMIT :limit"


async def read_student(services: Services, who: Identity, key: str, wanted: StudentFilter) -> StudentHistory:
    """The marks of the student behind this UUID or number; 404 for nobody, 403 for somebody else's."""
    [student] = await find_students(services, [key])
    always = _whose(who, student)
    listed = _listed(always, wanted)
    async with as_person(services, who) as connection:
        await _check_mine(connection, who, student)
        await note_view(connection, who, student.id)
        counts = (await connection.execute(_select(_COUNTS, always), always.values)).one()
        rows = (await connection.execute(_select(_RECORDS, listed, _PAGE), listed.values)).all()
    page = rows[: wanted.limit]
    return StudentHistory(
        student=StudentName(
            id=student.id, student_id=student.number, first_name=student.first_name, last_name=student.last_name
        ),
        statistics=_statistics(counts),
        records=[_record(row) for row in page],
        next=make_cursor(page[-1].at, page[-1].id) if len(rows) > wanted.limit else None,
    )


async def _check_mine(connection: AsyncConnection, who: Identity, student: KnownStudent) -> None:
    statement = text(_MINE.format(mine=MY_STUDENTS[who.role]))
    values: dict[str, UUID] = {"student": student.id, "me": who.user_id}
    if (await connection.execute(statement, values)).one_or_none() is None:
        raise Refused(Code.FORBIDDEN, "You may not see this student's attendance.")


def _whose(who: Identity, student: KnownStudent) -> Narrowed:
    """What is counted, whatever the page shows."""
    marks = Narrowed(["r.student_id = :student", "r.user_type = 'student'"], {"student": student.id})
    if who.role is Role.TEACHER:
        marks.by("s.teacher_id = :me", me=who.user_id)
    return marks


def _listed(always: Narrowed, wanted: StudentFilter) -> Narrowed:
    marks = Narrowed([*always.conditions], {**always.values, "limit": wanted.limit + 1})
    marks.by("r.status = :status", status=wanted.status)
    marks.by("s.course_id = :course", course=wanted.subject_id)
    marks.by("s.session_date >= :first", first=wanted.date_from)
    marks.by("s.session_date <= :last", last=wanted.date_to)
    marks.after(wanted.cursor, STARTS, "r.id")
    return marks


def _select(columns: str, marks: Narrowed, page: str = "") -> Any:
    return text(columns + _FROM.format(conditions=marks) + page)


def _statistics(row: Row[Any]) -> StudentStatistics:
    return StudentStatistics(
        total_sessions=row.total,
        present=row.present,
        absent=row.absent,
        late=row.late,
        excused=row.excused,
        attendance_rate=attendance_rate(row.present, row.late, row.total, row.excused),
    )


def _record(row: Row[Any]) -> StudentRecord:
    session = AttendedSession(
        class_name=row.class_name,
        subject_code=row.subject_code,
        date=row.session_date,
        start_time=row.started_at,
    )
    return StudentRecord(id=row.id, session=session, status=row.status, marked_at=row.marked_at)
