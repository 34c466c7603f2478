"""The teacher's day, and starting a class from it."""

from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.opening import NewSession, create_live
from api.pages import board
from api.pages.dates import long_day
from api.pages.forms import read_form
from api.pages.people import for_staff, go, person_of
from api.pages.rendering import page
from api.pages.texts import language_of
from api.services import Services
from shared.domain.refusals import Code, Refused
from shared.tokens import Identity


@for_staff
async def day(request: Request, who: Identity) -> Response:
    """``/teach``: today's sessions, the groups, and what came before."""
    return await _day(request, who)


@for_staff
async def start_class(request: Request, who: Identity) -> Response:
    """The "Start live" form: makes a session of the group and opens its live page."""
    form = await read_form(request)
    services: Services = request.app.state.services
    try:
        group = UUID(form.get("group", ""))
    except ValueError:
        raise Refused(Code.NOT_FOUND) from None
    if (usual := await board.usual(services, who, group)) is None:
        raise Refused(Code.NOT_FOUND)
    try:
        wanted = _wanted(usual, group, form.get("room", ""))
    except ValidationError:
        return await _day(request, who, language_of(request).translations.gettext("This is not the name of a room."))
    try:
        return go(f"/teach/sessions/{(await create_live(services, who, wanted)).id}/live")
    except Refused as refused:
        # Two clicks, or a colleague who was quicker: what the teacher wants is the running session.
        if running := refused.extra.get("activeSessionId"):
            return go(f"/teach/sessions/{running}/live")
        raise


def _wanted(usual: board.Usual, group: UUID, room: str) -> NewSession:
    body = {
        "courseId": usual.course_id,
        "groupId": group,
        "sessionType": usual.session_type,
        "mode": usual.mode,
        "room": room.strip() or None,
    }
    return NewSession.model_validate(body)


async def _day(request: Request, who: Identity, notice: str | None = None) -> Response:
    services: Services = request.app.state.services
    language = language_of(request)
    today = services.now().astimezone(services.settings.zone).date()
    shown = await board.read_board(services, who, today, language.translations.gettext)
    values = {
        "person": await person_of(services, who),
        "today": long_day(today, language.translations.gettext),
        "notice": notice,
        "sessions": shown.today,
        "groups": shown.groups,
        "history": shown.before,
    }
    return page(request, "teach/index.html", values, 200 if notice is None else 422)
