"""What surrounds every request: its id, its metrics, the security headers, and the check for cross-site writes.

Plain ASGI classes: they cost a few microseconds and never read a body.
"""

import re
import time
from functools import lru_cache
from urllib.parse import urlsplit

from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.endpoint import UNSAFE
from api.metrics import REQUESTS, SECONDS
from api.problems import Problem, on_error
from shared.ids import new_text_id
from shared.logs import REQUEST_ID
from shared.settings import Settings

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SAME_SITE = frozenset({b"same-origin", b"none"})


def security_headers(settings: Settings) -> dict[str, str]:
    """Headers of every answer: nothing may be loaded, framed or sniffed that we did not write."""
    gateway = urlsplit(settings.gateway_url)
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; "
        f"connect-src 'self' {gateway.scheme}://{gateway.netloc}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # a scanned link holds a code
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.secure_cookies:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


class Surround:
    """Request id, security headers and metrics around the whole application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._headers = [(k.lower().encode(), v.encode()) for k, v in security_headers(settings).items()]
        self._names = {name for name, _ in self._headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        began = time.perf_counter()
        answered: dict[str, int] = {}

        async def send_wrapped(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                self._add_headers(message, request_id)
                _measure(scope, message["status"], time.perf_counter() - began)
            await send(message)

        REQUEST_ID.set(request_id)  # the server gives each request a context of its own
        try:
            await self._app(scope, receive, send_wrapped)
        except Exception as error:
            if "status" in answered:
                raise  # half an answer is out: the server cuts the connection
            crash = await on_error(Request(scope), error)
            await crash(scope, receive, send_wrapped)

    def _add_headers(self, message: Message, request_id: str) -> None:
        given = self._names.intersection([name for name, _ in message["headers"]])
        added = [header for header in self._headers if header[0] not in given] if given else self._headers
        message["headers"] = [*message["headers"], *added, (b"x-request-id", request_id.encode())]


def _request_id(scope: Scope) -> str:
    """The caller's id where it is one, else a fresh one."""
    given: bytes | None = dict(scope["headers"]).get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(text := given.decode("latin-1")):
        return text
    return new_text_id()


def _measure(scope: Scope, status: int, seconds: float) -> None:
    """Counted by route, never by path: ids in paths would make endless series."""
    endpoint = scope.get("endpoint")
    route = getattr(endpoint, "name", None) or getattr(endpoint, "__name__", "none")
    count, duration = _series(route, status)
    count.inc()
    duration.observe(seconds)


@lru_cache(maxsize=1024)
def _series(route: str, status: int) -> tuple[Counter, Histogram]:
    """The two series of a route and status; finding them costs more than counting."""
    return REQUESTS.labels(route, status), SECONDS.labels(route)


class SameSiteWrites:
    """Refuses requests that change something and come from another site's page (CSRF).

    Browsers say so in ``Sec-Fetch-Site``, older ones in ``Origin``; clients that send neither are no browsers. A
    bearer token is never sent by a browser on its own, so such requests pass.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._origins = settings.origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wrap one request."""
        if scope["type"] == "http" and scope["method"] in UNSAFE and not self._ours(dict(scope["headers"])):
            problem = Problem(403, "cross_site", "This request came from another site's page.")
            await problem.response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _ours(self, headers: dict[bytes, bytes]) -> bool:
        if headers.get(b"authorization", b"").lower().startswith(b"bearer "):
            return True
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin is not None and origin.decode("latin-1") in self._origins:
            return True
        if site is not None:
            return site in SAME_SITE
        return origin is None or _host(origin) == headers.get(b"host")


def _host(origin: bytes) -> bytes:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # what is no address
        return b""
