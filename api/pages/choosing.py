"""Choosing the language of pages, with the form at their foot."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from api.pages.forms import read_form
from api.pages.people import go
from api.pages.texts import LANGUAGE_COOKIE, LANGUAGES
from api.problems import Problem

YEAR = 365 * 24 * 3600


async def choose(request: Request) -> Response:
    """Keep the choice on this device, and show the page again on which it was made."""
    code = (await read_form(request)).get("language", "")
    if code not in LANGUAGES:
        raise Problem(422, "validation_failed", "language: choose one that is offered.")
    answer = go(_back(request))
    settings = request.app.state.services.settings
    answer.set_cookie(
        LANGUAGE_COOKIE, code, max_age=YEAR, httponly=True, samesite="lax", secure=settings.secure_cookies
    )
    return answer


def _back(request: Request) -> str:
    """Where the form was sent from, with what was asked there; the start where that page only answers forms, or is not
    ours."""
    try:
        sent = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # what is no address
        return "/"
    if sent.netloc != request.url.netloc:
        return "/"
    asked = {"type": "http", "method": "GET", "path": sent.path, "root_path": ""}
    if not any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
        return "/"
    return f"{sent.path}?{sent.query}" if sent.query else sent.path
