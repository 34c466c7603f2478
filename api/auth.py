"""Who is asking: a bearer token, or the same token in a page's cookie; and which device it is.

Cookies are HttpOnly and SameSite=Lax; requests that change something with a cookie are also checked for their
origin (api/middleware.py).
"""

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
from datetime import datetime
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from api.headers import cookie, header
from api.problems import unauthenticated
from api.services import Services
from shared import keys
from shared.domain.words import Role
from shared.keyring import derive
from shared.messages.frames import RealtimeTicket
from shared.settings import Settings
from shared.tokens import Identity, InvalidToken

TOKEN_COOKIE = "muster_token"  # noqa: S105 - a name, not a secret
DEVICE_COOKIE = "muster_device"
DEVICE_SECONDS = 365 * 86_400
_DEVICE = re.compile(r"[A-Za-z0-9_-]{34}")
_ID_LENGTH = 22

log = structlog.get_logger()


async def authenticate(request: Request) -> Identity:
    """The person behind the request; 401 when there is none."""
    identity = await identify(request)
    if identity is None:
        raise unauthenticated()
    return identity


def take_request(request: Request, who: Identity | None) -> None:
    """Count a request for its person, or for its address; 429 when there were too many."""
    services: Services = request.app.state.services
    if who is None:
        services.anonymous.take(client_address(request))
    else:
        services.requests.take(str(who.user_id))


async def identify(request: Request) -> Identity | None:
    """The person behind the request, or None. A bad bearer token is not replaced by a good cookie."""
    given = header(request, b"authorization")
    if given is None:
        return await cookie_identity(request)
    scheme, _, token = given.partition(" ")
    return await verified(request.app.state.services, token.strip()) if scheme.lower() == "bearer" else None


async def welcome(request: Request) -> Identity | None:
    """The person behind a request that needs none; but who shows a token must show a good one (401)."""
    identity = await identify(request)
    if identity is None and header(request, b"authorization") is not None:
        raise unauthenticated()
    return identity


async def cookie_identity(request: Request) -> Identity | None:
    """The person whose token is in the page's cookie."""
    token = cookie(request, TOKEN_COOKIE)
    return await verified(request.app.state.services, token) if token else None


async def verified(services: Services, token: str) -> Identity | None:
    """What a token says if it holds, was not logged out, and its person is not disabled."""
    now = services.now()
    if (known := services.tokens.recall(token, now)) is not None:
        return known
    try:
        identity = services.tokens.verify(token, now)
    except InvalidToken as error:
        log.info("token refused", reason=str(error))
        return None
    forgotten = services.tokens.forgotten
    answers = await services.revocations.dead(identity), await services.lockouts.disabled(identity.user_id)
    if any(answers):
        return None
    # Remembered only on a known "no", and only if nobody was logged out or disabled while it was asked for.
    if None not in answers and services.tokens.forgotten == forgotten:
        services.tokens.remember(token, identity)
    return identity


async def redeem_ticket(request: Request, ticket: str) -> Identity:
    """The person behind a one-time realtime ticket; 401 when it is spent, unknown, logged out or they are disabled."""
    services: Services = request.app.state.services
    kept: Any = await services.redis.getdel(keys.realtime_ticket(ticket))
    if kept is None:
        raise unauthenticated()
    stands = msgspec.json.decode(kept, type=RealtimeTicket)
    identity = Identity(stands.user_id, Role(stands.role), stands.token_id, stands.expires_at)
    dead = await services.revocations.dead(identity) or await services.lockouts.disabled(identity.user_id)
    if dead or identity.expires_at <= services.now():
        raise unauthenticated()
    return identity


def set_token_cookie(response: Response, token: str, expires_at: datetime, settings: Settings) -> None:
    """Let a page's browser carry the token until it ends."""
    response.set_cookie(
        TOKEN_COOKIE, token, expires=expires_at, httponly=True, samesite="lax", secure=settings.secure_cookies
    )


def clear_token_cookie(response: Response, settings: Settings) -> None:
    """Take the token back from the browser."""
    response.delete_cookie(TOKEN_COOKIE, httponly=True, samesite="lax", secure=settings.secure_cookies)


def device_of(request: Request) -> str | None:
    """The device's own random id, if we have given it one: an id somebody made up is none."""
    device = cookie(request, DEVICE_COOKIE)
    if device is None or not _DEVICE.fullmatch(device):
        return None
    genuine = (_signed(secret, device[:_ID_LENGTH]) for secret in request.app.state.services.secrets)
    return device if any(hmac.compare_digest(device, one) for one in genuine) else None


def new_device(services: Services) -> str:
    """An id for a device seen for the first time: 128 random bits, signed."""
    return _signed(services.secret, secrets.token_urlsafe(16))


def _signed(secret: bytes, device: str) -> str:
    mac = hmac.digest(derive(secret, "device"), device.encode(), hashlib.sha256)[:9]
    return device + base64.urlsafe_b64encode(mac).decode()


def set_device_cookie(response: Response, device: str, settings: Settings) -> None:
    """Give the device its id, or renew its life."""
    response.set_cookie(
        DEVICE_COOKIE,
        device,
        max_age=DEVICE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


def client_address(request: Request) -> str:
    """Whom limits count an anonymous caller as: the address, for IPv6 its /64 (uvicorn has resolved proxies)."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
