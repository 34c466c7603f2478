"""The student's answer to a call to confirm: the same scan, one tap, and "confirmed" only when it is safely kept."""

from starlette.requests import Request
from starlette.responses import Response

from api.auth import cookie_identity
from api.calls import confirm
from api.checkin_bodies import CheckInRequest
from api.pages import scans
from api.pages.dates import clock
from api.pages.forms import read_form
from api.pages.people import TROUBLE, person_of, to_login
from api.pages.refused import refused_scan
from api.pages.rendering import page
from api.pages.shapes import Answer
from api.phones import phone_of
from api.services import Services
from shared.domain.refusals import Code, Refused
from shared.tokens import Identity


async def offer(request: Request, who: Identity, kept: scans.Waiting) -> Response:
    """The one tap for somebody who has checked in and is asked whether they are still there."""
    services: Services = request.app.state.services
    values = {"person": await person_of(services, who), "scan": kept.scan(services)}
    return page(request, "checkin/still_here.html", values)


async def tap(request: Request) -> Response:
    """The tap, sent."""
    who = await cookie_identity(request)
    if who is None:
        return to_login(request)
    services: Services = request.app.state.services
    try:
        kept = await scans.find(request, (await read_form(request)).get("ticket", ""))
        if kept is None:
            raise Refused(Code.CODE_INVALID)
        view = await confirm(services, who, kept.facts.id, CheckInRequest(ticket=kept.text), phone_of(request))
    except TROUBLE as error:
        return await refused_scan(request, error)
    time = clock(view.timestamp, services.settings.zone)
    answer = Answer("present", time, kept.facts.class_name, kept.facts.room, repeat=False)
    values = {"person": await person_of(services, who), "answer": answer, "confirmed": True}
    return scans.forget(page(request, "checkin/result.html", values))
