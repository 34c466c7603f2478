"""When Redis answered, as a gateway sees it: asked again and again by the same way, through the same weather."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from redis.exceptions import RedisError

from shared.redis import async_redis
from shared.settings import Settings

STEP = 0.25
PROMPT_SECONDS = 0.5
UNBROKEN = timedelta(seconds=1)
"""Answers no further apart than this are one calm."""
ENOUGH = timedelta(seconds=3)
"""A gateway's call may have begun just before the calm, and is given up and made again within this."""


@dataclass(slots=True)
class Calm:
    """The stretches of time in which Redis answered promptly."""

    stretches: list[tuple[datetime, datetime]] = field(default_factory=list)

    def answered(self, at: datetime) -> None:
        """Redis answered at this moment."""
        if self.stretches and at - self.stretches[-1][1] <= UNBROKEN:
            self.stretches[-1] = (self.stretches[-1][0], at)
        else:
            self.stretches.append((at, at))

    def between(self, since: datetime, until: datetime) -> bool:
        """Whether Redis answered for long enough within these bounds that everything witnessed before is in it."""
        return any(min(end, until) - max(start, since) >= ENOUGH for start, end in self.stretches)


@asynccontextmanager
async def watched(settings: Settings, calm: Calm) -> AsyncIterator[None]:
    """Keep ``calm`` during the block."""
    task = asyncio.create_task(_watch(settings, calm))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _watch(settings: Settings, calm: Calm) -> None:
    redis = async_redis(settings)
    try:
        while True:
            begun = time.monotonic()
            try:
                await redis.ping()
                if time.monotonic() - begun <= PROMPT_SECONDS:
                    calm.answered(datetime.now(UTC))
            except (RedisError, OSError, TimeoutError):
                await redis.connection_pool.disconnect()
            await asyncio.sleep(STEP)
    finally:
        await redis.aclose()
