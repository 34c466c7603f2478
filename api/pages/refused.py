"""What a student is told whose scan came to nothing."""

from starlette.requests import Request
from starlette.responses import Response

from api.auth import cookie_identity
from api.facts import SessionFacts
from api.pages.dates import clock
from api.pages.people import code_of, person_of, status_of
from api.pages.rendering import page
from api.pages.shapes import About
from api.problems import note
from api.services import Services
from shared.domain.refusals import Code
from shared.domain.words import SessionStatus


async def refused_scan(
    request: Request, error: Exception, ticket: str = "", facts: SessionFacts | None = None
) -> Response:
    """In plain words, with what to do next; ``ticket`` to try again with, ``facts`` of the session where known."""
    note(error)
    services: Services = request.app.state.services
    who = await cookie_identity(request)
    person = None if who is None else await person_of(services, who)
    values = {
        "person": person,
        "code": _reason(code_of(error), facts),
        "ticket": ticket,
        "about": None if facts is None else _about(services, facts),
    }
    return page(request, "checkin/refused.html", values, status_of(error))


def _reason(code: str, facts: SessionFacts | None) -> str:
    """A class that is not running has not begun, or it is over: what to do next differs."""
    if code != Code.SESSION_NOT_ACTIVE or facts is None:
        return code
    return "too_early" if facts.status == SessionStatus.SCHEDULED else "over"


def _about(services: Services, facts: SessionFacts) -> About:
    planned = facts.scheduled_start if facts.status == SessionStatus.SCHEDULED else None
    return About(facts.class_name, facts.room, None if planned is None else clock(planned, services.settings.zone))
