"""Accounts: logging in and out, and the gateway's one-time tickets."""

from typing import Annotated, Any

import msgspec
from pydantic import StringConstraints
from redis.exceptions import RedisError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fields import SnakeBody
from api.ownership import as_person
from api.problems import Problem, unavailable
from api.services import Services
from api.views import PersonView, RealtimeTicketView
from shared import keys
from shared.database import speak_as
from shared.domain.refusals import Code, Refused
from shared.domain.words import Role
from shared.messages import control
from shared.messages.frames import RealtimeTicket
from shared.passwords import hash_password, needs_rehash, password_matches
from shared.realtime import TICKET_LIFE, make_ticket
from shared.tokens import Identity

_PERSON = """
    SELECT u.id, u.email, u.first_name || ' ' || u.last_name AS name, u.role, n.student_number {more}
    FROM users u LEFT JOIN students n ON n.user_id = u.id
"""
_BY_EMAIL = text(
    _PERSON.format(more=", c.password_hash")
    + "LEFT JOIN credentials c ON c.user_id = u.id WHERE lower(u.email) = :email AND u.disabled_at IS NULL"
)
_BY_ID = text(_PERSON.format(more="") + "WHERE u.id = :me")
_REHASH = text("UPDATE credentials SET password_hash = :hash WHERE user_id = :user_id")


class Login(SnakeBody):
    """Name and password of a local account."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=320, pattern=r"^[^\x00]*$")]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]


async def login(services: Services, wanted: Login, address: str) -> tuple[str, Identity, PersonView]:
    """A fresh token, what it says, and the person.

    Wrong and unknown are the same 401 after the same work; failures are limited per account and per address.
    """
    # One spelling for the limit and for the query: PostgreSQL lowers some letters that Python does not (İ), so each of
    # their spellings would have failures of its own.
    email = wanted.email.lower()
    limiter = services.limiter
    account = (limiter.logins_per_account, email)
    await limiter.check((limiter.logins_per_address, address))
    await limiter.count(account)  # before the slow check, so that parallel guesses cannot slip through
    async with speak_as(services.engine, None, None) as connection:
        row = (await connection.execute(_BY_EMAIL, {"email": email})).one_or_none()
    stored = row.password_hash if row else None
    if not await _in_thread(services, password_matches, stored, wanted.password) or row is None:
        await limiter.count((limiter.logins_per_address, address))
        raise Problem(401, "login_failed", "Email or password is wrong.", headers={"WWW-Authenticate": "Bearer"})
    await limiter.clear(account)
    await _renew_hash(services, row, wanted.password)
    token, identity = services.tokens.issue(row.id, Role(row.role), services.now(), services.settings.token_life)
    return token, identity, _view(row)


async def logout(services: Services, who: Identity) -> None:
    """This token is dead everywhere, its sockets too. 503 when that cannot be made known."""
    life = who.expires_at - services.now()
    try:
        async with services.redis.pipeline(transaction=True) as pipeline:
            pipeline.set(keys.revoked(who.token_id), 1, px=max(1, int(life.total_seconds() * 1000)))
            pipeline.publish(keys.CONTROL, control.encode(control.TokenRevoked(who.token_id)))
            await pipeline.execute()
    except RedisError:
        raise unavailable() from None
    services.tokens.forget(lambda identity: identity.token_id == who.token_id)


async def me(services: Services, who: Identity) -> PersonView:
    """Who the token speaks for; ``not_found`` when an outside issuer names somebody the campus does not know."""
    async with as_person(services, who) as connection:
        return await _read_me(connection, who)


async def realtime_ticket(services: Services, who: Identity) -> RealtimeTicketView:
    """A one-time ticket for the gateway: a token in a URL could be logged, this is worthless a moment later."""
    now = services.now()
    ticket = make_ticket(now)
    stands_for = RealtimeTicket(who.user_id, who.role, who.token_id, who.expires_at)
    try:
        await services.redis.set(keys.realtime_ticket(ticket), msgspec.json.encode(stands_for), ex=TICKET_LIFE)
    except RedisError:
        raise unavailable() from None
    return RealtimeTicketView(ticket=ticket, expires_at=now + TICKET_LIFE, url=f"{services.settings.gateway_url}/ws")


async def _read_me(connection: AsyncConnection, who: Identity) -> PersonView:
    row = (await connection.execute(_BY_ID, {"me": who.user_id})).one_or_none()
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return _view(row)


async def _renew_hash(services: Services, row: Row[Any], password: str) -> None:
    """Old parameters are replaced when the password is known, which is only now."""
    if needs_rehash(row.password_hash):
        fresh = await _in_thread(services, hash_password, password)
        async with speak_as(services.engine, None, None) as connection:
            await connection.execute(_REHASH, {"hash": fresh, "user_id": row.id})


async def _in_thread(services: Services, work: Any, *arguments: Any) -> Any:
    return await services.hashing.run(work, *arguments)


def _view(row: Row[Any]) -> PersonView:
    return PersonView(id=row.id, email=row.email, name=row.name, role=row.role, student_number=row.student_number)
