"""Who looks at a page: their name for the header, and what is said to those who may not see it."""

from collections.abc import Awaitable, Callable, Collection
from functools import wraps
from urllib.parse import quote

import structlog
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import accounts
from api.auth import cookie_identity
from api.ownership import STAFF
from api.pages.rendering import page
from api.pages.shapes import Person
from api.pages.texts import language_of
from api.problems import AWAY, Problem, note, on_http, problem_of
from api.services import Services
from shared.domain.refusals import Refused
from shared.domain.words import Role
from shared.tokens import Identity

TROUBLE: tuple[type[Exception], ...] = (Refused, Problem, *AWAY)
"""What a page may expect and answer in words of its own. Anything else is a fault of ours."""

PageHandler = Callable[[Request, Identity], Awaitable[Response]]

log = structlog.get_logger()


async def person_of(services: Services, who: Identity) -> Person:
    """The person, by name. While the database is away a page still works, only without the name."""
    try:
        known = await accounts.me(services, who)
    except AWAY as error:
        log.warning("page without a name", reason=type(error).__name__)
        return Person("", who.role)
    return Person(known.name, who.role, known.student_number)


def go(path: str) -> Response:
    """See another page next; 303, so that reloading it repeats nothing."""
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


def home_of(role: Role) -> str:
    """Where a person starts."""
    return "/family" if role == Role.PARENT else "/teach" if role in STAFF else "/checkin"


def to_login(request: Request) -> Response:
    """Log in first, then come back: to this page, or after a form to where the person starts."""
    wanted = request.url.path if request.method == "GET" else "/"
    return go(f"/login?next={quote(wanted)}")


def for_roles(roles: Collection[Role]) -> Callable[[PageHandler], Callable[[Request], Awaitable[Response]]]:
    """A page of people with these roles: others are shown their own start, strangers the login."""

    def guard(handler: PageHandler) -> Callable[[Request], Awaitable[Response]]:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            who = await cookie_identity(request)
            if who is None:
                return to_login(request)
            if who.role not in roles:
                return go(home_of(who.role))
            return await handler(request, who)

        return guarded

    return guard


for_staff = for_roles(STAFF)
"""A page of teachers and admins."""


async def trouble(request: Request, error: Exception) -> Response:
    """A page instead of what was asked for, in words that say what to do. Starlette handler."""
    note(error)
    problem, language = problem_of(error), language_of(request)
    _ = language.translations.gettext
    title, what_to_do = {
        403: (_("This is not for you"), _("Your account may not do this.")),
        404: (_("There is nothing here"), _("It may have been removed, or it belongs to somebody else.")),
        429: (_("Too many requests"), _("Wait a minute, then try again.")),
        500: (_("Something went wrong on our side"), _("It has been noted. Go back and look whether it was done.")),
        503: (_("Not possible right now"), _("Nothing was changed. Try again in a moment.")),
    }.get(problem.status, (_("This did not work"), _("Nothing was changed. Go back and try again.")))
    person = await _reader(request, problem)
    back = "/" if person is None else home_of(person.role)
    values = {"title": title, "what_to_do": what_to_do, "back": back, "person": person}
    answer = page(request, "problem.html", values, problem.status)
    answer.headers.update(problem.headers)
    return answer


told_in_pages = Middleware(ExceptionMiddleware, handlers={HTTPException: on_http, Exception: trouble})
"""Around every page: whatever goes wrong there is told in a page of words."""


async def _reader(request: Request, problem: Problem) -> Person | None:
    """Who reads of the trouble. After a fault nobody is looked up: that may be what fails."""
    who = await cookie_identity(request)
    if who is None:
        return None
    try:
        return Person("", who.role) if problem.status == 500 else await person_of(request.app.state.services, who)
    except Refused:
        return Person("", who.role)  # an outside issuer names somebody whom the campus does not know


def status_of(error: Exception) -> int:
    """The HTTP status of what went wrong."""
    return problem_of(error).status


def code_of(error: Exception) -> str:
    """The stable code of what went wrong."""
    return str(problem_of(error).code)
