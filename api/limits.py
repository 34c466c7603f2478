"""Limits on guessing: failed logins, failed short codes, ticket tries without a login (2-http-api 2.6).

Counted in Redis by the ``limits`` library, in windows that all API processes share. When Redis is away these limits
fail closed: nobody guesses for free during an outage.
"""

import time
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.problems import rate_limited, unavailable
from shared.settings import Settings

WINDOW_MINUTES = 5

Rule = tuple[RateLimitItem, str]
"""A limit and whom it counts for."""


def redis_storage(redis: Redis) -> RedisStorage:
    """The shared storage. It uses our connections, so they have our time limits and are closed with the rest."""
    pool: Any = redis.connection_pool  # declared as an option of text
    return RedisStorage("async+redis://", implementation="redispy", key_prefix="muster:limit", connection_pool=pool)


class Limiter:
    """Counts tries. Every method raises a 429 problem with ``Retry-After``, or 503 when counting is impossible.

    Its limits are the settings', each for a window of five minutes.
    """

    def __init__(self, storage: RedisStorage | MemoryStorage, settings: Settings) -> None:
        self._window = FixedWindowRateLimiter(storage)
        self.logins_per_account = _limit("login-account", settings.failed_logins_per_account)
        self.logins_per_address = _limit("login-address", settings.failed_logins_per_address)
        self.codes_per_user = _limit("code-user", settings.failed_codes_per_user)
        self.codes_per_session = _limit("code-session", settings.failed_codes_per_session)
        self.tickets_per_device = _limit("ticket-device", settings.failed_tickets_without_login)
        self.tickets_per_address = _limit("ticket-address", settings.failed_tickets_without_login)

    async def count(self, *rules: Rule) -> None:
        """One more try under each rule; refuse it when any rule is exhausted. Refused tries count too."""
        try:
            allowed = [await self._window.hit(limit, who) for limit, who in rules]
        except (RedisError, OSError):
            raise unavailable() from None
        for (limit, who), free in zip(rules, allowed, strict=True):
            if not free:
                await self._refuse(limit, who)

    async def check(self, *rules: Rule) -> None:
        """Refuse when any rule is exhausted, without counting."""
        for limit, who in rules:
            try:
                free = await self._window.test(limit, who)
            except (RedisError, OSError):
                raise unavailable() from None
            if not free:
                await self._refuse(limit, who)

    async def give_back(self, rule: Rule) -> None:
        """A counted try turned out not to be one."""
        try:
            await self._window.hit(*rule, cost=-1)
        except (RedisError, OSError):
            return  # it ends by itself with its window

    async def clear(self, rule: Rule) -> None:
        """A success: earlier failures under this rule no longer count."""
        try:
            await self._window.clear(*rule)
        except (RedisError, OSError):
            return  # the failures end by themselves with their window

    async def _refuse(self, limit: RateLimitItem, who: str) -> None:
        stats = await self._window.get_window_stats(limit, who)
        raise rate_limited(int(stats.reset_time - time.time()) + 1)


def _limit(name: str, most: int) -> RateLimitItem:
    return RateLimitItemPerMinute(most, WINDOW_MINUTES, namespace=name)
