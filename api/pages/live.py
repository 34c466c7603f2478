"""The Live Session Card and its forms. First paint carries the snapshot that the script goes on from."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from api import running
from api.checkin import announce_short_code
from api.codeview import view_code
from api.pages.dates import clock
from api.pages.forms import read_form
from api.pages.people import for_staff, go, person_of
from api.pages.rendering import page
from api.pages.shapes import LiveView
from api.pages.texts import Language, language_of
from api.services import Services
from api.sessions import SessionRow, find
from api.stats import read_stats
from shared import keys
from shared.domain.refusals import Code, Refused
from shared.domain.words import Mode, SessionStatus
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
        "session": _view(services, row),
        "ask": request.url.path.rpartition("/")[2],
        "unmarked": stats.not_marked,
    }
    return page("teach/ask.html", values, language=language_of(request))


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
        "session": _view(services, row),
        "stats": stats,
        "snapshot": snapshot.model_dump_json(by_alias=True),
        "recent": [{**entry, "time": time} for entry, time in zip(stats["recentCheckins"], times, strict=True)],
        "code": await _code(services, row),
        "checkin_address": _address(services),
        "zone": zone,
        "notice": refused and _notice(refused, language),
    }
    return page("teach/live.html", values, 200 if refused is None else 409, language=language)


def _view(services: Services, row: SessionRow) -> LiveView:
    zone = services.settings.zone
    return LiveView(
        id=row.id,
        class_name=row.class_name,
        room=row.room,
        status=row.status,
        channel=keys.channel(row.id),
        time=clock(row.when, zone),
        started=None if row.started_at is None else clock(row.started_at, zone),
        ended=None if row.ended_at is None else clock(row.ended_at, zone),
        online=row.mode != Mode.IN_PERSON,
    )


async def _code(services: Services, row: SessionRow) -> dict[str, Any] | None:
    """The code that is shown now, with the whole seconds it has left."""
    facts = await services.facts.get(row.id) if row.status == SessionStatus.ACTIVE else None
    if facts is None:
        return None
    now = services.now()
    shown = view_code(services.secret, services.settings.public_url, facts, now)
    if shown.short_code is not None:
        await announce_short_code(services, facts, shown.short_code, shown.expires_at)
    left = (shown.expires_at - now).total_seconds()
    return {**shown.model_dump(by_alias=True, mode="json"), "secondsLeft": max(1, round(left))}


def _address(services: Services) -> str:
    """What a student types who has no camera: short, so without the scheme."""
    parts = urlsplit(services.settings.public_url)
    return f"{parts.netloc}{parts.path}/checkin"


def _notice(code: Code, language: Language) -> str:
    _ = language.translations.gettext
    if code == Code.SESSION_ALREADY_ACTIVE:
        return _("Another session of this group is still running. End it first.")
    return _("This was not possible any more: the session is as you see it here.")
