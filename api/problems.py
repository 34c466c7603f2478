"""Problems: every error answer of the API, as ``application/problem+json`` (RFC 9457).

One table maps the domain's refusals to HTTP. A refusal is an answer, not a fault: it is never logged as an error.
"""

from collections.abc import Mapping
from http import HTTPStatus
from socket import gaierror
from typing import Any

import msgspec
import structlog
from redis.exceptions import RedisError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from api.microbatch import Overloaded
from shared.domain.refusals import SENTENCES, Code, Refused

STATUS = {
    Code.SESSION_NOT_ACTIVE: 409,
    Code.SESSION_ALREADY_ACTIVE: 409,
    Code.CODE_EXPIRED: 410,
    Code.CODE_INVALID: 400,
    Code.CODE_ALREADY_USED: 409,
    Code.CODE_HIDDEN: 409,
    Code.NOT_ENROLLED: 403,
    Code.OUTSIDE_GEOFENCE: 403,
    Code.LOCATION_REQUIRED: 400,
    Code.DEVICE_ALREADY_USED: 409,
    Code.NO_CALL: 409,
    Code.CALL_OPEN: 409,
    Code.NOBODY_TO_ASK: 409,
    Code.SESSION_LOCKED: 400,
    Code.NO_SUGGESTION: 409,
    Code.SUGGESTION_CHANGED: 409,
    Code.POLICY_CHANGED: 409,
    Code.EXPORT_NOT_READY: 409,
    Code.NOT_FOUND: 404,
    Code.FORBIDDEN: 403,
    Code.RATE_LIMITED: 429,
    Code.UNAVAILABLE: 503,
}

AWAY: tuple[type[Exception], ...] = (
    Overloaded,
    RedisError,
    OperationalError,
    InterfaceError,
    PoolTimeout,
    ConnectionError,
    TimeoutError,
    gaierror,
)
"""Errors that mean "try again": a service is away, or this process has more to do than it can. A statement that
PostgreSQL refuses (a missing grant or column) is none, and a missing file is none: trying again changes nothing."""

RETRY_SECONDS = 2
"""``Retry-After`` of a 503: about as long as a service takes to come back."""

log = structlog.get_logger()


class FieldError(msgspec.Struct, frozen=True):
    """One wrong field of a request; ``field`` is its path, e.g. ``location.latitude``."""

    field: str
    message: str


class Problem(Exception):
    """A request that cannot be served, with everything its answer says."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra
        super().__init__(f"{status} {code}")

    def response(self) -> Response:
        """The answer."""
        body = {
            "type": f"urn:muster:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.extra,
        }
        return Response(msgspec.json.encode(body), self.status, self.headers, media_type="application/problem+json")


def malformed(*errors: FieldError) -> Problem:
    """422: every wrong field is named."""
    names = ", ".join(error.field for error in errors)
    return Problem(422, "validation_failed", f"Check these fields: {names}.", errors=list(errors))


def unauthenticated() -> Problem:
    """401: no valid token."""
    headers = {"WWW-Authenticate": "Bearer"}
    return Problem(401, "unauthenticated", "Log in, or send a valid bearer token.", headers=headers)


def rate_limited(seconds: int) -> Problem:
    """429 with the time to wait."""
    headers = {"Retry-After": str(max(1, seconds))}
    return Problem(429, Code.RATE_LIMITED, SENTENCES[Code.RATE_LIMITED], headers=headers)


def unavailable() -> Problem:
    """503: nothing was recorded; try again."""
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return Problem(503, Code.UNAVAILABLE, SENTENCES[Code.UNAVAILABLE], headers=headers)


def of_refusal(refused: Refused) -> Problem:
    """The domain's no, in HTTP."""
    status = STATUS[refused.code]
    if status == 503:
        return unavailable()
    problem = Problem(status, refused.code, refused.detail)
    problem.extra.update(refused.extra)
    return problem


def problem_of(error: Exception) -> Problem:
    """How an error is answered, whatever it is."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return of_refusal(error)
    if isinstance(error, AWAY):
        return unavailable()
    return Problem(500, "internal", "Something went wrong on our side. It has been noted.")


def note(error: Exception) -> None:
    """Log what is no answer of ours: a service that is away by its name, a fault with its trace."""
    if isinstance(error, AWAY):
        log.warning("dependency away", reason=type(error).__name__)
    elif not isinstance(error, Refused | Problem):
        log.error("request failed", exc_info=error)


async def on_error(_request: Request, error: Exception) -> Response:
    """Starlette handler for everything but its own 404 and 405."""
    note(error)
    return problem_of(error).response()


async def on_http(request: Request, error: Exception) -> Response:
    """Starlette handler for its own 404 and 405."""
    assert isinstance(error, HTTPException)
    code = {404: Code.NOT_FOUND, 405: "method_not_allowed"}.get(error.status_code, "http_error")
    detail = SENTENCES[Code.NOT_FOUND] if code == Code.NOT_FOUND else error.detail
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return Problem(error.status_code, code, detail, headers=headers).response()


def _allowed(request: Request) -> str:
    """Every method of a path: its routes know one each, and Starlette names the first one's only."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    matching = (route for route in routes if route.matches(request.scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for route in matching for method in route.methods or ()}))
