"""How much a person may ask for in a minute, over all API processes (2-http-api 2.6), without a call to Redis on
anybody's way.

Each process counts for itself and decides at once. In the background it adds what it counted to a shared counter and
learns what the others counted, twice a second and in one round trip, and only of those who ask a lot: most people
never come near their allowance. So somebody who spreads over N processes may get through, beyond the allowance, what
reaches them within half a second, and at most N - 1 times a twentieth of it. While Redis is away each process goes by
what it knows.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.problems import rate_limited
from shared import keys
from shared.domain.allowance import WINDOW_SECONDS, seconds_to_wait

SHARE_SECONDS = 0.5
WORTH_TELLING = 20
"""Who has used less than this part of an allowance here is not worth telling the others."""

log = structlog.get_logger()


@dataclass(slots=True)
class Used:
    """What somebody has used, in requests: in the minute before, here, elsewhere, and how much of it was told."""

    minute: int
    before: int = 0
    here: int = 0
    elsewhere: int = 0
    told: int = 0

    def move_to(self, minute: int) -> None:
        """Begin a new minute, if it is one."""
        if minute != self.minute:
            self.before = self.here + self.elsewhere if minute == self.minute + 1 else 0
            self.minute, self.here, self.elsewhere, self.told = minute, 0, 0, 0


class Allowance:
    """So many requests per minute for everybody. ``name`` is part of the shared counters' keys."""

    def __init__(self, name: str, most: int, clock: Callable[[], float] = time.time) -> None:
        self.name = name
        self._most = most
        self._clock = clock
        self._used: dict[str, Used] = {}

    def wait(self, who: str) -> int:
        """Count one request, also one that is refused; seconds to wait, 0 when it is within the allowance."""
        minute, elapsed = divmod(self._clock(), WINDOW_SECONDS)
        used = self._used.get(who)
        if used is None:
            used = self._used[who] = Used(int(minute))
        used.move_to(int(minute))
        used.here += 1
        return seconds_to_wait(used.before, used.here + used.elsewhere, self._most, elapsed)

    def take(self, who: str) -> None:
        """Count one request; 429 when it is beyond the allowance."""
        if seconds := self.wait(who):
            raise rate_limited(seconds)

    def busy(self) -> list[tuple[str, Used]]:
        """Who has used a lot here in this minute. Forgets those who have not asked for a minute."""
        minute = int(self._clock() // WINDOW_SECONDS)
        self._used = {who: used for who, used in self._used.items() if used.minute >= minute - 1}
        least = self._most / WORTH_TELLING
        return [(who, used) for who, used in self._used.items() if used.minute == minute and used.here >= least]


class Sharing:
    """Tells the other processes, and hears from them, what was used of these allowances."""

    def __init__(self, redis: Redis, *allowances: Allowance) -> None:
        self._redis = redis
        self._allowances = allowances

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(SHARE_SECONDS)
            try:
                await self.share()
            except (RedisError, OSError) as error:
                log.warning("redis away; allowances are counted per process", reason=type(error).__name__)

    async def share(self) -> None:
        """One exchange, one round trip."""
        for allowance in self._allowances:
            if busy := allowance.busy():
                await self._exchange(allowance.name, busy)

    async def _exchange(self, name: str, busy: list[tuple[str, Used]]) -> None:
        said = [(used, used.minute, used.here) for _, used in busy]
        pipeline: Any = self._redis.pipeline(transaction=False)
        for who, used in busy:
            key = keys.allowance(name, who, used.minute)
            pipeline.incrby(key, used.here - used.told)
            pipeline.expire(key, 2 * WINDOW_SECONDS)
        totals = (await pipeline.execute())[::2]
        for (used, minute, here), total in zip(said, totals, strict=True):
            if used.minute == minute:  # else the minute ended while the answer was on its way
                used.elsewhere, used.told = total - here, here
