"""Courses, their groups, and who is in them today."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from api.ownership import MY_COURSES, as_person, require_staff
from api.services import Services
from api.views import CourseView, GroupView, StudentView
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.tokens import Identity

_COURSES = """
    SELECT c.id, c.subject_code, c.title, c.teacher_id, g.id AS group_id, g.name,
           (SELECT count(DISTINCT e.student_id) FROM enrolments e
            WHERE e.group_id = g.id AND e.valid_from <= :today
              AND (e.valid_until IS NULL OR :today < e.valid_until)) AS enrolled
    FROM courses c LEFT JOIN groups g ON g.course_id = c.id
    WHERE {mine} {which}
    ORDER BY c.subject_code, g.name
"""
_GROUP = "SELECT g.id FROM groups g JOIN courses c ON c.id = g.course_id WHERE g.id = :id AND {mine}"
_STUDENTS = text("""
    SELECT DISTINCT u.id, n.student_number, u.first_name, u.last_name, u.email
    FROM enrolments e JOIN users u ON u.id = e.student_id JOIN students n ON n.user_id = u.id
    WHERE e.group_id = :id AND e.valid_from <= :today AND (e.valid_until IS NULL OR :today < e.valid_until)
    ORDER BY n.student_number
""")


async def list_courses(services: Services, who: Identity, course_id: UUID | None = None) -> list[CourseView]:
    """The person's courses with their groups, by code; all of them for an admin.

    How many are enrolled is for staff: a student or parent sees only what their own enrolments show.
    """
    which = "AND c.id = :course" if course_id else ""
    statement = text(_COURSES.format(mine=MY_COURSES[who.role], which=which))
    values: dict[str, Any] = {"me": who.user_id, "today": _today(services)}
    if course_id:
        values["course"] = course_id
    async with as_person(services, who) as connection:
        return _fold((await connection.execute(statement, values)).all())


async def list_groups(services: Services, who: Identity, course_id: UUID) -> list[GroupView]:
    """The groups of a course; ``not_found`` without a part in it."""
    courses = await list_courses(services, who, course_id)
    if not courses:
        raise Refused(Code.NOT_FOUND)
    return courses[0].groups


async def list_students(services: Services, who: Identity, group_id: UUID) -> list[StudentView]:
    """A group's roster today, by number; for its teacher and admins."""
    async with as_person(services, who) as connection:
        statement = text(_GROUP.format(mine=MY_COURSES[Role(who.role)]))
        if (await connection.execute(statement, {"id": group_id, "me": who.user_id})).one_or_none() is None:
            raise Refused(Code.NOT_FOUND)
        require_staff(who)
        rows = await connection.execute(_STUDENTS, {"id": group_id, "today": _today(services)})
        return [StudentView(**row._asdict()) for row in rows]


def _today(services: Services) -> Any:
    return services.now().astimezone(services.settings.zone).date()


def _fold(rows: Any) -> list[CourseView]:
    courses: dict[UUID, CourseView] = {}
    for row in rows:
        course = courses.setdefault(
            row.id,
            CourseView(id=row.id, subject_code=row.subject_code, title=row.title, teacher_id=row.teacher_id, groups=[]),
        )
        if row.group_id is not None:
            course.groups.append(_group(row))
    return list(courses.values())


def _group(row: Row[Any]) -> GroupView:
    return GroupView(id=row.group_id, name=row.name, class_name=f"{row.subject_code} {row.name}", enrolled=row.enrolled)
