"""Pages count like everything else a person asks for."""

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import cookie_identity, take_request
from api.pages.people import trouble
from api.problems import Problem


class WithinAllowance:
    """Shows a page that says so instead of the page that somebody has asked for too often."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one request."""
        request = Request(scope, receive)
        who = await cookie_identity(request)
        try:
            take_request(request, who)
        except Problem as problem:
            answer = await trouble(request, problem, who)
            answer.headers.update(problem.headers)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def within_allowance(route: Route) -> Route:
    """The same route, counted."""
    methods = list(route.methods or ())
    return Route(route.path, route.endpoint, methods=methods, name=route.name, middleware=[Middleware(WithinAllowance)])
