"""Marks: changed by an admin only with a reason, and visibly so (1-domain 1.5)."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette_admin.exceptions import ActionFailed
from starlette_admin.fields import BaseField, StringField
from starlette_admin.validators import length

from api import marks
from api.admin.record import record
from api.admin.visit import Visit, visit_of
from api.admin.writing import ChangingView, Values, said_in_the_form
from api.sessions import SessionRow, load
from shared.domain.words import Mark, SessionStatus, Source, UserType

MOST_NOTES = 2_000
MOST_REASON = 500
MARKABLE = (SessionStatus.ACTIVE, SessionStatus.COMPLETED)


class Marks(ChangingView):
    """Marks. A changed one is an ``admin_override`` with its reason, in history and on dashboards like any other."""

    one = "mark"
    shows = ("student", "class_name", "session_date")
    changes = ("status", "notes", "why")
    needs = frozenset({"status", "why"})
    deletes = True

    def adjust(self, fields: Sequence[BaseField]) -> list[BaseField]:
        """The reason is asked for anew each time."""
        why = StringField("why", label="Reason of the change", exclude_from_list=True, exclude_from_detail=True)
        adjusted = {field.name: field for field in super().adjust([*fields, why])}
        why.help_text = "It stays in the history"
        why.validators = [length(max=MOST_REASON)]
        adjusted["notes"].validators = [length(max=MOST_NOTES)]
        return list(adjusted.values())

    async def edit(self, request: Request, pk: Any, data: Values) -> Any:
        """The mark as the admin sets it."""
        visit = visit_of(request)
        async with said_in_the_form(request, self.changes):
            session, before = await self._in_its_session(request, pk)
            if session.status not in MARKABLE:
                raise ActionFailed(f"This session is {session.status}: nobody can be marked in it.")
            decision = _decision(before, data)
            changed = await marks.write(visit.connection, visit.who, session.id, [decision], visit.services.now())
            if changed:
                after = await self.locked(request, pk)
                await record(visit, self.table.name, str(pk), "change", before=before, after=after, reason=data["why"])
        _call_drain(visit)
        return await self.fresh(request, pk)

    async def delete(self, request: Request, pks: list[Any]) -> int:
        """Whose marks are gone is not marked; the history keeps what they were."""
        visit = visit_of(request)
        for pk in pks:
            session, before = await self._in_its_session(request, pk)
            await marks.delete(visit.connection, session.id, before["id"])
            await record(visit, self.table.name, str(pk), "delete", before=before)
        _call_drain(visit)
        return len(pks)

    async def _in_its_session(self, request: Request, pk: Any) -> tuple[SessionRow, Values]:
        """A mark under the lock of its session, which comes first, as for everybody who marks."""
        visit, found = visit_of(request), await self.find_by_pk(request, pk)
        if found is None:
            raise ActionFailed("This mark is gone.")
        session = await load(visit.connection, visit.who, found.session_id, lock=True)
        return session, await self.locked(request, pk)


def _decision(before: Values, form: Values) -> marks.Decision:
    return marks.Decision(
        person=before["student_id"],
        status=Mark(form["status"]),
        source=Source.ADMIN_OVERRIDE,
        notes=form["notes"] or "",
        reason=form["why"],
        user_type=UserType(before["user_type"]),
    )


def _call_drain(visit: Visit) -> None:
    async def call() -> None:
        visit.services.nudger.nudge()

    visit.after_commit.append(call)
