"""Idempotency-Key: a repeated unsafe request gets the first answer instead of a second effect.

Kept in Redis for a day, per user, method and path. Only answers below 500 are kept: after a fault of ours the same
key may try again. While Redis is away a request with a key is refused (503), because its promise could not be kept.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from api.headers import header
from api.problems import FieldError, Problem, malformed, of_refusal, unavailable
from api.services import Services
from shared import keys
from shared.domain.refusals import Refused
from shared.tokens import Identity

HEADER = b"idempotency-key"
MAX_KEY = 200
KEPT_SECONDS = 86_400
IN_FLIGHT_SECONDS = 60
KEPT_HEADERS = frozenset({"content-type", "location", "retry-after", "cache-control", "set-cookie"})
"""A repeated exchange needs its cookie: the ticket is bound to it."""


class _Kept(msgspec.Struct, array_like=True):
    """What Redis remembers of a first request; status 0 while it is in flight."""

    body_digest: bytes
    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""


async def answer_once(
    services: Services, who: Identity, request: Request, raw: bytes, run: Callable[[], Awaitable[Response]]
) -> Response:
    """Run the request, or give the answer that the same key got before."""
    name = _name(who, request)
    digest = hashlib.sha256(raw).digest()
    try:
        mine = await services.redis.set(name, msgspec.msgpack.encode(_Kept(digest)), nx=True, ex=IN_FLIGHT_SECONDS)
        kept: Any = None if mine else await services.redis.get(name)
    except RedisError:
        raise unavailable() from None
    if not mine:
        return _replay(kept, digest)
    return await _run_and_keep(services, name, digest, run)


def _name(who: Identity, request: Request) -> str:
    key = header(request, HEADER) or ""
    if not 0 < len(key) <= MAX_KEY:
        raise malformed(FieldError("Idempotency-Key", f"has 1 to {MAX_KEY} characters"))
    scope = "\n".join([str(who.user_id), request.method, request.url.path, key])
    return keys.idempotency(hashlib.sha256(scope.encode()).hexdigest())


def _replay(kept: bytes | None, digest: bytes) -> Response:
    first = msgspec.msgpack.decode(kept, type=_Kept) if kept else _Kept(digest)
    if first.body_digest != digest:
        raise malformed(FieldError("Idempotency-Key", "was used before with another body"))
    if first.status == 0:
        raise Problem(409, "request_in_flight", "The first request with this key has not been answered yet.")
    return Response(first.body, first.status, {**first.headers, "Idempotency-Replayed": "true"})


async def _run_and_keep(
    services: Services, name: str, digest: bytes, run: Callable[[], Awaitable[Response]]
) -> Response:
    try:
        answer = await run()
    except Problem as problem:
        answer = problem.response()
    except Refused as refused:
        answer = of_refusal(refused).response()
    except BaseException:
        await _forget(services, name)
        raise
    if answer.status_code >= 500:
        await _forget(services, name)
    else:
        await _keep(services, name, digest, answer)
    return answer


async def _keep(services: Services, name: str, digest: bytes, answer: Response) -> None:
    headers = {key: value for key, value in answer.headers.items() if key in KEPT_HEADERS}
    kept = msgspec.msgpack.encode(_Kept(digest, answer.status_code, headers, bytes(answer.body)))
    try:
        await services.redis.set(name, kept, ex=KEPT_SECONDS)
    except RedisError:
        return  # the answer stands; only its repetition is lost, and the in-flight mark ends by itself


async def _forget(services: Services, name: str) -> None:
    try:
        await services.redis.delete(name)
    except RedisError:
        return  # the in-flight mark ends by itself
