"""Logging in and out, who I am, realtime tickets."""

from starlette.responses import Response

from api import accounts
from api.auth import clear_token_cookie, client_address
from api.endpoint import Call, Endpoint, view
from api.views import LoginView, PersonView, RealtimeTicketView


async def login(call: Call) -> Response:
    """Log in with a local account. Wrong and unknown are the same 401 at the same speed."""
    token, identity, person = await accounts.login(call.services, call.body, client_address(call.request))
    seconds = int((identity.expires_at - call.services.now()).total_seconds())
    return view(LoginView(access_token=token, token_type="bearer", expires_in=seconds, user=person))  # noqa: S106


async def logout(call: Call) -> Response:
    """Log out: this token is dead everywhere, its sockets too."""
    await accounts.logout(call.services, call.who)
    answer = Response(status_code=204)
    clear_token_cookie(answer, call.services.settings)
    return answer


async def get_me(call: Call) -> Response:
    """Who I am."""
    return view(await accounts.me(call.services, call.who))


async def create_realtime_ticket(call: Call) -> Response:
    """A one-time ticket for the gateway, 30 s."""
    return view(await accounts.realtime_ticket(call.services, call.who), 201)


ENDPOINTS = [
    Endpoint(
        "POST",
        "/api/auth/login",
        login,
        "accounts",
        {200: LoginView},
        refuses=(401, 429, 503),
        body=accounts.Login,
        open_to_all=True,
    ),
    Endpoint("POST", "/api/auth/logout", logout, "accounts", {204: None}, refuses=(503,)),
    Endpoint("GET", "/api/v1/me", get_me, "accounts", {200: PersonView}, refuses=(404,)),
    Endpoint(
        "POST", "/api/v1/realtime/ticket", create_realtime_ticket, "live", {201: RealtimeTicketView}, refuses=(503,)
    ),
]
