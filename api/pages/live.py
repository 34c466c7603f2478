"""The Live Session Card and its forms. First paint carries the snapshot that the script goes on from."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api import running
from api.calls import list_calls
from api.pages.dates import clock
from api.pages.forms import read_form
from api.pages.people import for_staff, go, person_of
from api.pages.rendering import page
from api.pages.screen import code_now, session_view, typing_address
from api.pages.shapes import CallShown
from api.pages.texts import Language, language_of
from api.pages.timeline import timeline_of
from api.services import Services
from api.sessions import find
from api.stats import read_stats
from shared.domain.refusals import Code, Refused
from shared.tokens import Identity


@for_staff
async def card(request: Request, who: Identity) -> Response:
    """``/teach/sessions/{id}/live``."""
    return await _card(request, who)


@for_staff
async def ask(request: Request, who: Identity) -> Response:
    """The confirm step of ending or cancelling, for browsers without script."""
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    row = await find(services, who, session_id)
    if row.status.is_over:
        return _back(request)
    stats = await read_stats(services, who, session_id)
    values = {
        "person": await person_of(services, who),
        "session": session_view(services, row),
        "ask": request.url.path.rpartition("/")[2],
        "unmarked": stats.not_marked,
    }
    return page(request, "teach/ask.html", values)


@for_staff
async def act(request: Request, who: Identity) -> Response:
    """The forms: start, end, cancel, show and hide the code. A refusal is shown on the page it is about."""
    services: Services = request.app.state.services
    session_id: UUID = request.path_params["session_id"]
    form = await read_form(request)
    try:
        match request.url.path.rpartition("/")[2]:
            case "start":
                await running.start(services, who, session_id)
            case "end":
                await running.end(services, who, session_id, mark_rest_absent=form.get("rest") == "absent")
            case "cancel":
                await running.cancel(services, who, session_id)
            case "code":
                shown = form.get("visible") == "true"
                await running.set_code(services, who, session_id, visible=shown, rotate_seconds=None)
    except Refused as refused:
        if refused.code not in (Code.SESSION_NOT_ACTIVE, Code.SESSION_ALREADY_ACTIVE):
            raise
        return await _card(request, who, refused.code)
    return _back(request)


def _back(request: Request) -> Response:
    return go(f"/teach/sessions/{request.path_params['session_id']}/live")


async def _card(request: Request, who: Identity, refused: Code | None = None) -> Response:
    services: Services = request.app.state.services
    language = language_of(request)
    session_id: UUID = request.path_params["session_id"]
    row = await find(services, who, session_id)
    snapshot = await read_stats(services, who, session_id)
    zone = services.settings.zone
    stats = snapshot.model_dump(by_alias=True, mode="json")
    times = [clock(entry.timestamp, zone) for entry in snapshot.recent_checkins]
    values = {
        "person": await person_of(services, who),
        "session": session_view(services, row),
        "stats": stats,
        "snapshot": snapshot.model_dump_json(by_alias=True),
        "recent": [{**entry, "time": time} for entry, time in zip(stats["recentCheckins"], times, strict=True)],
        "code": await code_now(services, row),
        "call": await _open_call(services, who, session_id),
        "checkin_address": typing_address(services),
        "zone": zone,
        "timeline": await timeline_of(services, who, row),
        "notice": refused and _notice(refused, language),
    }
    return page(request, "teach/live.html", values, 200 if refused is None else 409)


async def _open_call(services: Services, who: Identity, session_id: UUID) -> CallShown | None:
    newest = next(iter((await list_calls(services, who, session_id)).items), None)
    if newest is None or newest.closes_at <= services.now():
        return None
    until = clock(newest.closes_at, services.settings.zone)
    return CallShown(newest.by_rule, newest.asked, newest.confirmed, until, newest.model_dump_json(by_alias=True))


def _notice(code: Code, language: Language) -> str:
    _ = language.translations.gettext
    if code == Code.SESSION_ALREADY_ACTIVE:
        return _("Another session of this group is still running. End it first.")
    return _("This was not possible any more: the session is as you see it here.")
