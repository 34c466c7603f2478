"""What happens before the upgrade: health checks, unknown paths, foreign origins, the rush (3-realtime, 5-security)."""

import http
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec
from websockets.datastructures import Headers
from websockets.http11 import Response

from gateway import metrics
from gateway.opening import Opening
from gateway.turnstile import Turnstile

Answer = Response | Awaitable[Response]
"""Instead of an upgrade."""

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
    try:
        url = urlsplit(request_target)
    except ValueError:
        return None
    match = _SESSION_PATH.fullmatch(url.path)
    if match is None and url.path != "/ws":
        return None
    tickets = parse_qs(url.query, keep_blank_values=True).get("ticket")
    return Target(UUID(match[1]) if match else None, tickets[0] if tickets else None)


class Door:
    """Lets in or answers. ``checks`` are what /readyz asks, by name."""

    def __init__(self, origins: frozenset[str], checks: Mapping[str, Check], turnstile: Turnstile) -> None:
        self._origins = origins
        self._checks = checks
        self._turnstile = turnstile
        self._is_shut = False

    def __call__(self, opening: Opening, inside: int) -> Target | Answer:
        """Where this request goes, if it may be upgraded. ``inside``: how many lines there are, with this one."""
        path = opening.path.partition("?")[0]
        if path == "/livez":
            return _condition([])
        if path == "/readyz":
            return self._readiness()
        target = read_target(opening.path)
        if target is None:
            return _answer(http.HTTPStatus.NOT_FOUND, "No such path.\n")
        if not self._welcome(opening.origins):
            return _answer(http.HTTPStatus.FORBIDDEN, "This origin may not open a socket.\n")
        if self._is_shut:
            return _answer(http.HTTPStatus.SERVICE_UNAVAILABLE, "This gateway is about to end.\n")
        if seconds := self._turnstile.wait(inside):
            metrics.REFUSED.inc()
            return _come_back(seconds)
        return target

    def shut(self) -> None:
        """Let nobody in any more."""
        self._is_shut = True

    async def _readiness(self) -> Response:
        return _condition([name for name, check in self._checks.items() if not await check()])

    def _welcome(self, origins: Sequence[str]) -> bool:
        """A browser always names the page's origin; who names none is no browser and cannot be tricked by a page."""
        return not origins or (len(origins) == 1 and origins[0] in self._origins)


def _come_back(seconds: int) -> Response:
    response = _answer(http.HTTPStatus.SERVICE_UNAVAILABLE, "Too many at once; come back in a moment.\n")
    response.headers["Retry-After"] = str(seconds)
    return response


def _condition(failing: Sequence[str]) -> Response:
    status = http.HTTPStatus.SERVICE_UNAVAILABLE if failing else http.HTTPStatus.OK
    body = {"status": "unavailable", "failing": failing} if failing else {"status": "ok"}
    response = _answer(status, msgspec.json.encode(body).decode(), "application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _answer(status: http.HTTPStatus, text: str, kind: str = "text/plain; charset=utf-8") -> Response:
    body = text.encode()
    date = formatdate(usegmt=True)
    headers = Headers({"Date": date, "Connection": "close", "Content-Length": str(len(body)), "Content-Type": kind})
    return Response(status.value, status.phrase, headers, body)
