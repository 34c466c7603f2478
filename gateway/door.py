"""What happens before the upgrade: health checks, unknown paths, foreign origins, the rush (3-realtime, 5-security)."""

import http
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from gateway import metrics
from gateway.turnstile import Turnstile

Check = Callable[[], Awaitable[bool]]
"""Whether something that the gateway needs answers; never raises."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SESSION_PATH = re.compile(rf"/ws/(?:sessions|whiteboard)/({_UUID})")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a socket goes: everything, or one session. ``ticket`` is a one-time ticket from the URL."""

    session_id: UUID | None
    ticket: str | None


def read_target(request_target: str) -> Target | None:
    """The target of a path with its query; ``None`` when no socket lives there. Only ``ticket`` is read from a URL."""
    url = urlsplit(request_target)
    match = _SESSION_PATH.fullmatch(url.path)
    if match is None and url.path != "/ws":
        return None
    tickets = parse_qs(url.query, keep_blank_values=True).get("ticket")
    return Target(UUID(match[1]) if match else None, tickets[0] if tickets else None)


class Door:
    """The server's ``process_request``. ``checks`` are what /readyz asks, by name."""

    def __init__(self, origins: frozenset[str], checks: Mapping[str, Check], turnstile: Turnstile) -> None:
        self._origins = origins
        self._checks = checks
        self._turnstile = turnstile

    async def __call__(self, connection: ServerConnection, request: Request) -> Response | None:
        """An answer instead of an upgrade, or ``None`` to let the handshake go on."""
        path = request.path.partition("?")[0]
        if path == "/livez":
            return _answer(connection, http.HTTPStatus.OK, [])
        if path == "/readyz":
            failing = [name for name, check in self._checks.items() if not await check()]
            status = http.HTTPStatus.SERVICE_UNAVAILABLE if failing else http.HTTPStatus.OK
            return _answer(connection, status, failing)
        if read_target(request.path) is None:
            return connection.respond(http.HTTPStatus.NOT_FOUND, "No such path.\n")
        if not self._welcome(request):
            return connection.respond(http.HTTPStatus.FORBIDDEN, "This origin may not open a socket.\n")
        if seconds := self._turnstile.wait(len(connection.server.handler_tasks)):
            metrics.REFUSED.inc()
            return _come_back(connection, seconds)
        return None

    def _welcome(self, request: Request) -> bool:
        """A browser always names the page's origin; who names none is no browser and cannot be tricked by a page."""
        named = request.headers.get_all("Origin")
        return not named or (len(named) == 1 and named[0] in self._origins)


def _come_back(connection: ServerConnection, seconds: int) -> Response:
    response = connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "Too many at once; come back in a moment.\n")
    response.headers["Retry-After"] = str(seconds)
    return response


def _answer(connection: ServerConnection, status: http.HTTPStatus, failing: list[str]) -> Response:
    body = {"status": "unavailable", "failing": failing} if failing else {"status": "ok"}
    response = connection.respond(status, msgspec.json.encode(body).decode())
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json"
    response.headers["Cache-Control"] = "no-store"
    return response
