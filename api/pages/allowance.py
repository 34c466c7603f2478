"""Around every page: it counts like everything else a person asks for, and its troubles are told in words."""

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import cookie_identity, take_request
from api.pages.people import told_in_pages


class WithinAllowance:
    """Refuses (429) the page that somebody has asked for too often."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one request."""
        request = Request(scope, receive)
        take_request(request, await cookie_identity(request))
        await self._app(scope, receive, send)


def within_allowance(route: Route) -> Route:
    """The same route, counted."""
    around = [told_in_pages, Middleware(WithinAllowance)]
    return Route(route.path, route.endpoint, methods=list(route.methods or ()), name=route.name, middleware=around)
