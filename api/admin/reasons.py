"""Actions on one row that ask for a reason, which goes into the trace."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette_admin import row_action
from starlette_admin.exceptions import ActionFailed

from api.admin.writing import ChangingView, Values

MOST = 500
FORM = f"""
    <form>
      <label class="form-label mt-3" for="reason">Reason</label>
      <textarea class="form-control" id="reason" name="reason" rows="2" required maxlength="{MOST}"></textarea>
    </form>
"""
"""What is asked beside an action. A field of several lines: Enter in a single one would send the form by itself."""

Act = Callable[[Any, Request, Values, str], Awaitable[None]]
"""A method of a view: is given the row as it is now, locked, and the reason."""


def with_reason(**said: str) -> Callable[[Act], Any]:
    """Make a method an action of each row; ``said`` is what starlette-admin's ``row_action`` takes."""

    def decorate(act: Act) -> Any:
        @wraps(act)
        async def asked(view: ChangingView, request: Request, pk: Any) -> None:
            reason = await _reason_of(request)
            await act(view, request, await view.locked(request, pk), reason)

        return row_action(form=FORM, **said)(asked)  # type: ignore[arg-type]

    return decorate


async def _reason_of(request: Request) -> str:
    """The reason that was typed; ``ActionFailed`` without one."""
    reason = str((await request.form()).get("reason") or "").strip()
    if not 0 < len(reason) <= MOST or "\0" in reason:
        raise ActionFailed(f"Give a reason, in at most {MOST} characters.")
    return reason
