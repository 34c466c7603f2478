"""The student's phone: scan, one page, one tap, one answer."""

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api.auth import cookie_identity
from api.checkin import REPEATABLE, check_in
from api.checkin_bodies import CheckInRequest, TicketRequest
from api.facts import SessionFacts
from api.pages import confirming, scans
from api.pages.asked import asked_now
from api.pages.dates import clock
from api.pages.forms import read_form
from api.pages.meetings import online_today
from api.pages.people import TROUBLE, code_of, go, home_of, person_of, status_of, to_login
from api.pages.refused import refused_scan
from api.pages.rendering import page
from api.pages.shapes import Answer
from api.phones import phone_of
from api.problems import note
from api.receipts import Receipt
from api.services import Services
from api.shown import read_token
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.tokens import Identity


async def scanned(request: Request) -> Response:
    """``/C/<token>``: the code becomes a ticket at once, before any login, so that a slow one is not punished."""
    token = request.path_params["token"].upper()
    try:
        return await scans.take(request, _ticket_request(token=token))
    except TROUBLE as error:
        facts = await _meant(request, token, error)
        return await _checked_in_before(request, facts, error) or await refused_scan(request, error, facts=facts)


async def show(request: Request) -> Response:
    """``/checkin``: the one tap for a scan that waits, or else the field for typing a code."""
    who = await cookie_identity(request)
    try:
        kept = None if "again" in request.query_params else await scans.held(request)
        if kept is None:
            return await _typed(request, who) if who is None or who.role != Role.PARENT else go(home_of(who.role))
        return to_login(request) if who is None else await _confirm(request, who, kept)
    except TROUBLE as error:
        return await refused_scan(request, error)


async def take_code(request: Request) -> Response:
    """The typed code, sent: on to the one tap, or the field again with what was wrong."""
    typed = ""
    try:
        typed = (await read_form(request)).get("code", "")
        return await scans.take(request, _ticket_request(short_code=typed))
    except TROUBLE as error:
        note(error)
        who = await cookie_identity(request)
        return await _typed(request, who, typed[:16], code_of(error), status_of(error))


async def tap(request: Request) -> Response:
    """The one tap, sent: present, late, or why not. Green only when it is safely recorded."""
    who = await cookie_identity(request)
    if who is None:
        return to_login(request)
    text, kept = "", None
    try:
        text = (await read_form(request)).get("ticket", "")
        kept = await scans.find(request, text)
        if kept is None:
            raise Refused(Code.CODE_INVALID)
        services: Services = request.app.state.services
        view = await check_in(services, who, kept.facts.id, CheckInRequest(ticket=text), phone_of(request))
    except TROUBLE as error:
        return await refused_scan(request, error, text, None if kept is None else kept.facts)
    time = clock(view.timestamp, services.settings.zone)
    answer = Answer(view.status, time, kept.facts.class_name, kept.facts.room, view.duplicate)
    return scans.forget(await _result(request, who, answer))


async def _confirm(request: Request, who: Identity, kept: scans.Waiting) -> Response:
    """What can be refused without a tap is refused now; what was done before is shown, not offered again."""
    services: Services = request.app.state.services
    if who.role != Role.STUDENT:
        raise Refused(Code.FORBIDDEN)
    if who.user_id.bytes not in kept.facts.students:
        raise Refused(Code.NOT_ENROLLED)
    first = await services.intake.first(kept.facts.id, who.user_id)
    if first is not None and kept.facts.call and kept.facts.call.asks(who.user_id, services.now()):
        return await confirming.offer(request, who, kept)
    if first is not None:
        return await _repeated(request, who, kept.facts.class_name, kept.facts.room, first)
    if kept.ended(services.now()):
        raise Refused(Code.CODE_EXPIRED)
    person = await person_of(services, who)
    values = {"person": person, "scan": kept.scan(services), "zone": services.settings.zone}
    return page(request, "checkin/confirm.html", values)


async def _meant(request: Request, token: str, error: Exception) -> SessionFacts | None:
    """The session of a genuine code that came at the wrong moment."""
    if not isinstance(error, Refused) or error.code not in REPEATABLE | {Code.SESSION_NOT_ACTIVE}:
        return None
    services: Services = request.app.state.services
    return await services.facts.by_reference(read_token(services, token).reference)


async def _checked_in_before(request: Request, facts: SessionFacts | None, error: Exception) -> Response | None:
    """An old link of one's own class, opened again after checking in, shows the check-in and not a refusal."""
    who = await cookie_identity(request)
    if who is None or facts is None or not isinstance(error, Refused) or error.code not in REPEATABLE:
        return None
    first = await request.app.state.services.intake.first(facts.id, who.user_id)
    return await _repeated(request, who, facts.class_name, facts.room, first) if first else None


async def _repeated(request: Request, who: Identity, class_name: str, room: str | None, first: Receipt) -> Response:
    zone = request.app.state.services.settings.zone
    answer = Answer(first.status.lower(), clock(first.timestamp, zone), class_name, room, repeat=True)
    return await _result(request, who, answer)


async def _result(request: Request, who: Identity, answer: Answer) -> Response:
    person = await person_of(request.app.state.services, who)
    return page(request, "checkin/result.html", {"person": person, "answer": answer})


async def _typed(
    request: Request, who: Identity | None, typed: str = "", code: str | None = None, status: int = 200
) -> Response:
    services: Services = request.app.state.services
    person = None if who is None else await person_of(services, who)
    values = {
        "person": person,
        "typed": typed,
        "code_refused": code,
        "online": await online_today(services, who) if who and who.role == Role.STUDENT else [],
        "asked": await asked_now(services, who) if who else [],
    }
    return page(request, "checkin/typed.html", values, status)


def _ticket_request(token: str | None = None, short_code: str | None = None) -> TicketRequest:
    try:
        return TicketRequest(token=token, shortCode=short_code)
    except ValidationError:
        raise Refused(Code.CODE_INVALID) from None
