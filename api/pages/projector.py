"""The projector: what the room sees, as many screens as there are."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.pages.dates import clock
from api.pages.people import for_staff
from api.pages.rendering import page
from api.pages.screen import code_now, session_view, typing_address
from api.pages.shapes import OpenCall, wire_time
from api.services import Services
from api.sessions import find
from api.stats import read_stats
from shared.tokens import Identity


@for_staff
async def show(request: Request, who: Identity) -> Response:
    """``/teach/sessions/{id}/projector``."""
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    row = await find(services, who, session_id)
    snapshot = await read_stats(services, who, session_id)
    values = {
        "person": None,
        "session": session_view(services, row),
        "stats": snapshot.model_dump(by_alias=True, mode="json"),
        "snapshot": snapshot.model_dump_json(by_alias=True),
        "code": await code_now(services, row),
        "call": await _open_call(services, session_id),
        "checkin_address": typing_address(services),
        "zone": services.settings.zone,
    }
    return page(request, "teach/projector.html", values)


async def _open_call(services: Services, session_id: UUID) -> OpenCall | None:
    facts = await services.facts.get(session_id)
    call = facts and facts.call
    if not call or call.closes_at <= services.now():
        return None
    return OpenCall(call.kind, clock(call.closes_at, services.settings.zone), wire_time(call.closes_at))
