"""Logging in and out with a form, and the way home."""

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from api import accounts
from api.auth import clear_token_cookie, client_address, cookie_identity, set_token_cookie
from api.pages import scans
from api.pages.forms import read_form, read_form_if_any, safe_next
from api.pages.people import TROUBLE, code_of, go, home_of, status_of
from api.pages.rendering import page
from api.pages.texts import Language, language_of
from api.problems import note
from shared.domain.words import Role
from shared.tokens import Identity


async def home(request: Request) -> Response:
    """Where this person starts."""
    who = await cookie_identity(request)
    return go("/login" if who is None else home_of(who.role))


async def show_login(request: Request) -> Response:
    """The form. Somebody who is logged in already goes on at once."""
    wanted = safe_next(request.query_params.get("next"))
    who = await cookie_identity(request)
    return await _form(request, wanted) if who is None else go(_onward(who, wanted))


async def log_in(request: Request) -> Response:
    """The form, sent: on to the page that was wanted, or the form again with what was wrong."""
    form = await read_form(request)
    wanted = safe_next(form.get("next"))
    services = request.app.state.services
    try:
        login = accounts.Login(email=form.get("email", "").strip(), password=form.get("password", ""))
        token, who, _person = await accounts.login(services, login, client_address(request))
    except ValidationError:
        return await _form(request, wanted, form.get("email", ""), "login_failed", 401)
    except TROUBLE as error:
        note(error)
        return await _form(request, wanted, form.get("email", ""), code_of(error), status_of(error))
    answer = go(_onward(who, wanted))
    set_token_cookie(answer, token, who.expires_at, services.settings)
    return answer


async def log_out(request: Request) -> Response:
    """Ends this login everywhere, also in open live pages."""
    services = request.app.state.services
    who = await cookie_identity(request)
    wanted = safe_next((await read_form_if_any(request)).get("next"))
    if who is not None:
        await accounts.logout(services, who)
    answer = go(f"/login?next={wanted}" if wanted else "/login")
    clear_token_cookie(answer, services.settings)
    return answer


def _onward(who: Identity, wanted: str | None) -> str:
    """Students often come with a scan that waits; staff start with their day unless they asked for something."""
    if wanted is None or (who.role == Role.STUDENT and wanted == "/"):
        return home_of(who.role)
    return wanted


async def _form(
    request: Request, wanted: str | None, email: str = "", code: str | None = None, status: int = 200
) -> Response:
    language = language_of(request)
    values = {
        "person": None,
        "next": wanted or "",
        "email": email[:254],
        "error": code and _words(code, language),
        "scan": await scans.waiting(request),
    }
    return page(request, "login.html", values, status)


def _words(code: str, language: Language) -> str:
    _ = language.translations.gettext
    known = {
        "login_failed": _("This email and password do not match an account."),
        "rate_limited": _("Too many tries. Wait a few minutes, then try again."),
        "unavailable": _("Signing in is not possible right now. Try again in a moment."),
    }
    return known.get(code) or _("Signing in did not work. Try again.")
