"""Courses, their groups, and who is in them from when until when."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from starlette.requests import Request
from starlette_admin.exceptions import ActionFailed, FormValidationError
from starlette_admin.fields import BaseField, StringField

from api.admin.people import by_email, by_number
from api.admin.reading import table_of
from api.admin.visit import visit_of
from api.admin.writing import ChangingView, Values
from shared.domain.words import Role
from shared.models import AttendanceRecord, Course, Enrolment, Group, LiveSession, SessionGroup


class Courses(ChangingView):
    """Courses; one without groups and sessions may be deleted."""

    one = "course"
    creates = ("subject_code", "title", "teacher_email")
    changes = creates
    needs = frozenset({"subject_code", "title"})
    deletes = True

    def adjust(self, fields: Sequence[BaseField]) -> list[BaseField]:
        """The teacher is named by address; left empty when changing, they stay."""
        teacher = StringField("teacher_email", exclude_from_list=True, exclude_from_detail=True)
        teacher.help_text = "Of the teacher who owns the course; left empty, the owner stays"
        return super().adjust([*fields, teacher])

    async def new_row(self, request: Request, form: Values) -> Values:
        """With the owner's id."""
        teacher = await by_email(request, form["teacher_email"] or "", Role.TEACHER, "teacher_email")
        return {"subject_code": form["subject_code"], "title": form["title"], "teacher_id": teacher}

    async def changed_row(self, request: Request, form: Values, before: Values) -> Values:
        """The owner stays unless somebody else is named."""
        if (form["teacher_email"] or "").strip():
            return await self.new_row(request, form)
        return {"subject_code": form["subject_code"], "title": form["title"], "teacher_id": before["teacher_id"]}

    async def require_unused(self, request: Request, row: Values) -> None:
        """Groups would go with it."""
        await require_none(request, table_of(Group).c.course_id, row["id"], "This course still has groups.")


class Groups(ChangingView):
    """Sections of courses; one without students and sessions may be deleted."""

    one = "group"
    creates = ("course", "name")
    changes = ("name",)
    needs = frozenset(creates)
    deletes = True

    async def new_row(self, request: Request, form: Values) -> Values:
        """With the id behind the subject code."""
        wanted = select(Course.id).where(Course.subject_code == form["course"].strip())
        found = (await visit_of(request).connection.execute(wanted)).scalar_one_or_none()
        if found is None:
            raise FormValidationError({"course": "No course has this subject code."})
        return {"course_id": found, "name": form["name"]}

    async def require_unused(self, request: Request, row: Values) -> None:
        """Enrolments would go with it, and with them who was on the roll."""
        await require_none(request, table_of(Enrolment).c.group_id, row["id"], "This group has, or had, students.")


class Enrolments(ChangingView):
    """Students in groups. Never deleted: an end says since when somebody is no longer in the group."""

    one = "enrolment"
    shows = ("student",)
    creates = ("group_name", "student_number", "valid_from", "valid_until")
    changes = ("valid_until",)
    needs = frozenset({"group_name", "student_number", "valid_from"})

    async def new_row(self, request: Request, form: Values) -> Values:
        """With the ids behind the class and the number."""
        name = Course.subject_code + " " + Group.name
        wanted = select(Group.id).join(Course, Course.id == Group.course_id).where(name == form["group_name"].strip())
        found = (await visit_of(request).connection.execute(wanted)).scalar_one_or_none()
        if found is None:
            raise FormValidationError({"group_name": "No class has this name; it is like TEST101 Section A."})
        student = await by_number(request, form["student_number"])
        span = {name: form[name] for name in ("valid_from", "valid_until")}
        return {"group_id": found, "student_id": student, **span}

    async def changed_row(self, request: Request, form: Values, before: Values) -> Values:
        """An end must not take a student off a roll on which they have a mark."""
        until = form["valid_until"]
        if until is not None and (marked := await self._last_marked(request, before)) is not None and marked >= until:
            raise FormValidationError({"valid_until": f"There is a mark of {marked}; the end must be later."})
        return {"valid_until": until}

    async def _last_marked(self, request: Request, enrolment: Values) -> Any:
        """The date of the last session of the group in which the student has a mark."""
        dates = (
            select(LiveSession.session_date)
            .join(SessionGroup, SessionGroup.session_id == LiveSession.id)
            .join(AttendanceRecord, AttendanceRecord.session_id == LiveSession.id)
            .where(SessionGroup.group_id == enrolment["group_id"])
            .where(AttendanceRecord.student_id == enrolment["student_id"])
            .order_by(LiveSession.session_date.desc())
            .limit(1)
        )
        return (await visit_of(request).connection.execute(dates)).scalar_one_or_none()


async def require_none(request: Request, column: ColumnElement[Any], value: UUID, sentence: str) -> None:
    """Refuse with this sentence where a row refers to the value."""
    found = await visit_of(request).connection.execute(select(1).where(column == value).limit(1))
    if found.scalar_one_or_none() is not None:
        raise ActionFailed(sentence)
