"""People: made, renamed and locked out here. Nobody is deleted, the past refers to them; passwords are never shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from starlette.requests import Request
from starlette_admin.exceptions import ActionFailed, FormValidationError
from starlette_admin.fields import BaseField, StringField
from starlette_admin.validators import regexp

from api.admin.reading import table_of
from api.admin.reasons import with_reason
from api.admin.visit import Visit, visit_of
from api.admin.writing import ChangingView, Values, said_in_the_form
from shared import keys
from shared.domain.words import Role
from shared.messages.control import PersonDisabled, encode
from shared.models import Student, User
from shared.tokens import MAX_LIFE

ADDRESS = r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$"


class People(ChangingView):
    """Everybody. A role is given once: it is in tokens, and in what the past says of the person."""

    one = "person"
    creates = ("email", "first_name", "last_name", "role", "student_number")
    changes = ("email", "first_name", "last_name")
    needs = frozenset({"email", "first_name", "last_name", "role"})
    row_actions = ("view", "edit", "disable", "enable")

    def adjust(self, fields: Sequence[BaseField]) -> list[BaseField]:
        """An address looks like one, and only students have a number."""
        adjusted = {field.name: field for field in super().adjust(fields)}
        adjusted["email"].validators = [regexp(ADDRESS, message="This is no address.")]
        adjusted["student_number"].help_text = "Students have one, and only they"
        return list(adjusted.values())

    async def create(self, request: Request, data: Values) -> Any:
        """The person, and a student's number."""
        number = (data["student_number"] or "").strip()
        if bool(number) != (data["role"] == Role.STUDENT):
            raise FormValidationError({"student_number": "Students, and only students, have a number."})
        person = await super().create(request, data)
        if number:
            async with said_in_the_form(request, ["student_number"]):
                await self.insert(request, table_of(Student), {"user_id": person.id, "student_number": number})
        return await self.fresh(request, person.id)

    async def new_row(self, request: Request, form: Values) -> Values:
        """The person without the number, which stands elsewhere."""
        row = await super().new_row(request, form)
        del row["student_number"]
        return row

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        """One of the two: a person is locked out or not."""
        if name in ("disable", "enable"):
            return bool((obj.disabled_at is None) == (name == "disable"))
        return await super().is_row_action_allowed_for_obj(request, name, obj)

    @with_reason(
        name="disable",
        text="Lock out",
        confirmation="No login, no token, no open socket. What is recorded stays.",
        submit_btn_text="Lock out",
        submit_btn_class="btn btn-danger",
        icon_class="fa fa-lock",
    )
    async def disable(self, request: Request, before: Values, reason: str) -> None:
        """Lock a person out, everywhere and at once."""
        visit = visit_of(request)
        if before["id"] == visit.who.user_id:
            raise ActionFailed("You cannot lock yourself out.")
        await self.update(request, before, {"disabled_at": func.now()}, "disable", reason)
        # Gateways ask Redis, never the database: without it the person would keep their sockets, so it comes first.
        await visit.services.redis.set(keys.disabled(before["id"]), 1, ex=MAX_LIFE)
        visit.after_commit.append(lambda: _tell(visit, before["id"]))

    @with_reason(
        name="enable",
        text="Let in again",
        confirmation="They may log in again.",
        submit_btn_text="Let in",
        icon_class="fa fa-lock-open",
    )
    async def enable(self, request: Request, before: Values, reason: str) -> None:
        """Let a person in again."""
        await self.update(request, before, {"disabled_at": None}, "enable", reason)
        await visit_of(request).services.redis.delete(keys.disabled(before["id"]))


async def _tell(visit: Visit, user_id: UUID) -> None:
    """Let every process forget the person's tokens and close their sockets."""
    await visit.services.redis.publish(keys.CONTROL, encode(PersonDisabled(user_id)))


class StudentNumbers(ChangingView):
    """Student numbers; a new student is made among the people."""

    one = "student number"
    shows = ("person",)
    changes = ("student_number",)
    needs = frozenset({"student_number"})


class ParentLinks(ChangingView):
    """Which parent may see which student."""

    one = "link of a parent"
    creates = ("parent_email", "student_number")
    needs = frozenset(creates)
    deletes = True

    def adjust(self, fields: Sequence[BaseField]) -> list[BaseField]:
        """Both are named as people know them."""
        return super().adjust([*fields, StringField("parent_email", exclude_from_list=True, exclude_from_detail=True)])

    async def new_row(self, request: Request, form: Values) -> Values:
        """The two ids behind the address and the number."""
        return {
            "parent_id": await by_email(request, form["parent_email"], Role.PARENT, "parent_email"),
            "student_id": await by_number(request, form["student_number"]),
        }


async def by_email(request: Request, address: str, role: Role, field: str) -> UUID:
    """The person with this address and role; an error of ``field`` where there is none."""
    wanted = select(User.id).where(func.lower(User.email) == address.strip().lower(), User.role == role)
    found = (await visit_of(request).connection.execute(wanted)).scalar_one_or_none()
    if found is None:
        raise FormValidationError({field: f"No {role.lower()} has this address."})
    return found


async def by_number(request: Request, number: str) -> UUID:
    """The student with this number; an error of the form where there is none."""
    wanted = select(Student.user_id).where(Student.student_number == number.strip())
    found = (await visit_of(request).connection.execute(wanted)).scalar_one_or_none()
    if found is None:
        raise FormValidationError({"student_number": "No student has this number."})
    return found
