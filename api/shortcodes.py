"""Typed codes: finding the session that shows one, and making guessing hopeless (5-security).

A typed code has 40 bits, so wrong ones are counted: for the guesser, and for the session they were tried on.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from api.facts import SessionFacts
from api.problems import unavailable
from api.services import Services
from shared import keys
from shared.domain.codes import MARGIN, find_short_step, tidy_short_code
from shared.domain.refusals import Code, Refused
from shared.keyring import under_any

GRACE = timedelta(minutes=1)
"""How long a short code is still recognised after its step, to be called expired rather than unknown."""


async def announce(services: Services, facts: SessionFacts, code: str, expires_at: datetime) -> None:
    """Let a typed code find its session: from when it is first shown until it has long expired."""
    life = expires_at - services.now() + MARGIN + GRACE
    try:
        await services.redis.set(keys.short_code(code), str(facts.id), px=max(1, int(life.total_seconds() * 1000)))
    except RedisError:
        return  # the QR code works without it


@asynccontextmanager
async def one_guess(services: Services, guesser: str) -> AsyncIterator[None]:
    """Counts a typed code before anything is compared, so that parallel guesses cannot slip through, and takes it
    back unless it was wrong."""
    rule = (services.limiter.codes_per_user, guesser)
    await services.limiter.count(rule)
    wrong = False
    try:
        yield
    except Refused as refused:
        wrong = refused.code == Code.CODE_INVALID
        raise
    finally:
        if not wrong:
            await services.limiter.give_back(rule)


async def find_step(services: Services, facts: SessionFacts, typed: str, now: datetime) -> int:
    """The step of a typed code. Wrong ones count for the session too, right ones never, so a class is not locked out
    by one guesser before the session's own limit sends everybody to the QR code."""
    rule = (services.limiter.codes_per_session, str(facts.id))
    await services.limiter.check(rule)
    try:
        return under_any(services.secrets, lambda secret: find_short_step(secret, facts.face, typed, now))
    except Refused as refused:
        if refused.code != Code.CODE_INVALID:
            raise
        if await shown_by(services, typed) == facts.id:
            raise Refused(Code.CODE_EXPIRED) from None  # of an earlier rhythm or generation
        await services.limiter.count(rule)
        raise


async def shown_by(services: Services, typed: str) -> UUID | None:
    """The session that shows, or showed a moment ago, this short code; known from when it was announced."""
    try:
        named: Any = await services.redis.get(keys.short_code(tidy_short_code(typed)))
    except Refused:
        return None
    except RedisError:
        raise unavailable() from None
    return None if named is None else UUID(named.decode())
