"""Events that nobody could apply: looked at, put back once the reason is gone, or let go."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette_admin.fields import BaseField, TextAreaField

from api.admin.reasons import with_reason
from api.admin.record import record
from api.admin.visit import visit_of
from api.admin.writing import ChangingView, Values
from shared.inbox import PUT
from shared.messages.events import decode


class DeadLetters(ChangingView):
    """Dead letters, with what each says."""

    one = "dead letter"
    raw = frozenset({"payload"})
    row_actions = ("view", "put_back", "delete")
    deletes = True

    def adjust(self, fields: Sequence[BaseField]) -> list[BaseField]:
        """The event in words instead of its bytes."""
        event = TextAreaField("event", getter=lambda _request, letter: said(bytes(letter.payload)))
        event.exclude_from_list = True
        return super().adjust([*fields, event])

    @with_reason(
        name="put_back",
        text="Put back",
        confirmation="The event is applied once more. If the reason stands, it will be back here.",
        submit_btn_text="Put back",
        icon_class="fa fa-rotate-left",
    )
    async def put_back(self, request: Request, before: Values, reason: str) -> None:
        """Append the event to the inbox, from which it is drained again."""
        visit = visit_of(request)
        await visit.connection.execute(PUT, {"payloads": [bytes(before["payload"])]})
        await self.take_out(request, before)
        await record(visit, self.table.name, self.key_of(before), "put_back", before=before, reason=reason)

        async def call_drain() -> None:
            visit.services.nudger.nudge()

        visit.after_commit.append(call_drain)


def said(payload: bytes) -> str:
    """What an event says, field by field."""
    try:
        event = decode(payload)
    except msgspec.DecodeError:
        return f"Unreadable: {len(payload)} bytes."
    values: Values = {name: getattr(event, name) for name in event.__struct_fields__}
    shown = {name: value for name, value in values.items() if not isinstance(value, bytes) and value is not None}
    return "\n".join([type(event).__name__, *(f"{name}: {value}" for name, value in shown.items())])
