"""Whose rows are whose, in SQL. Row-level security stands under these conditions, it does not replace them.

Each condition refers to the alias ``s`` of ``live_sessions`` and the parameter ``:me``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from api.services import Services
from shared.database import speak_as
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.tokens import Identity

_ENROLLED = """EXISTS (
    SELECT 1 FROM session_groups g JOIN enrolments e ON e.group_id = g.group_id
    WHERE g.session_id = s.id AND e.student_id {whose} AND e.valid_from <= s.session_date
      AND (e.valid_until IS NULL OR s.session_date < e.valid_until))"""

MY_SESSIONS = {
    Role.ADMIN: "CAST(:me AS uuid) IS NOT NULL",
    Role.TEACHER: "s.teacher_id = :me",
    Role.STUDENT: _ENROLLED.format(whose="= :me"),
    Role.PARENT: _ENROLLED.format(whose="IN (SELECT l.student_id FROM parent_links l WHERE l.parent_id = :me)"),
}
"""The sessions a person has a part in."""

MY_COURSES = {
    Role.ADMIN: "CAST(:me AS uuid) IS NOT NULL",
    Role.TEACHER: "c.teacher_id = :me",
    Role.STUDENT: "EXISTS (SELECT 1 FROM groups g JOIN enrolments e ON e.group_id = g.id "
    "WHERE g.course_id = c.id AND e.student_id = :me)",
    Role.PARENT: "EXISTS (SELECT 1 FROM groups g JOIN enrolments e ON e.group_id = g.id "
    "JOIN parent_links l ON l.student_id = e.student_id WHERE g.course_id = c.id AND l.parent_id = :me)",
}
"""The courses a person has a part in; alias ``c``."""

STAFF = frozenset({Role.ADMIN, Role.TEACHER})


@asynccontextmanager
async def as_person(services: Services, who: Identity) -> AsyncIterator[AsyncConnection]:
    """One transaction that speaks for this person."""
    async with speak_as(services.engine, who.role, who.user_id) as connection:
        yield connection


def require_staff(who: Identity) -> None:
    """403 for those who take part but do not run it. Whether they take part at all is asked first (404)."""
    if who.role not in STAFF:
        raise Refused(Code.FORBIDDEN)
