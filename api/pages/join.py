"""Being present in an online session: the page that keeps the connection, and its two buttons without script."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api.pages import meetings
from api.pages.asked import asked_now
from api.pages.forms import read_form_if_any
from api.pages.people import for_roles, go, person_of
from api.pages.rendering import page
from api.reporting import report
from api.services import Services
from shared.domain.refusals import Code, Refused
from shared.domain.words import Connection, Role
from shared.tokens import Identity

for_participants = for_roles((Role.STUDENT, Role.TEACHER))


@for_participants
async def show(request: Request, who: Identity) -> Response:
    """``/join/{session}``: 404 for those who take no part; before, after and in a room it says so."""
    return await _page(request, who, left="left" in request.query_params)


@for_participants
async def tap(request: Request, who: Identity) -> Response:
    """ "I am here" and "I leave": one moment each, which is all that a page without script can prove."""
    await read_form_if_any(request)
    session_id: UUID = request.path_params["session_id"]
    leaves = request.url.path.endswith("/leave")
    event = Connection.DISCONNECT if leaves else Connection.CONNECT
    try:
        await report(request.app.state.services, who, session_id, None, event)
    except Refused as refused:
        if refused.code != Code.SESSION_NOT_ACTIVE:
            raise
        return await _page(request, who, status=409)
    return go(f"/join/{session_id}?{'left' if leaves else 'noted'}=1")


async def _page(request: Request, who: Identity, *, left: bool = False, status: int = 200) -> Response:
    services: Services = request.app.state.services
    meeting = await meetings.read_meeting(services, who, request.path_params["session_id"])
    asked = [call for call in await asked_now(services, who) if call.session_id == meeting.id]
    values = {
        "person": await person_of(services, who),
        "meeting": meeting,
        "asked": asked[0] if asked else None,
        "zone": services.settings.zone,
        "left": left,
        "noted": "noted" in request.query_params,
        "refused": status == 409,
    }
    return page(request, "join/meeting.html", values, status)
