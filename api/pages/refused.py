"""What a student is told whose scan came to nothing."""

from starlette.requests import Request
from starlette.responses import Response

from api.auth import cookie_identity
from api.pages.people import code_of, person_of, status_of
from api.pages.rendering import page
from api.pages.texts import language_of


async def refused_scan(request: Request, error: Exception, ticket: str = "") -> Response:
    """In plain words, with what to do next; ``ticket`` to try again with."""
    who = await cookie_identity(request)
    person = None if who is None else await person_of(request.app.state.services, who)
    values = {"person": person, "code": code_of(error), "ticket": ticket}
    return page("checkin/refused.html", values, status_of(error), language=language_of(request))
