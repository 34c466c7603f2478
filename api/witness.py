"""Reported presence becomes durable: a micro-batch into the stream, or into the inbox while Redis is away."""

from collections.abc import Sequence
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine

from api.breaker import Breaker
from api.microbatch import MicroBatch
from api.problems import rate_limited
from shared import keys
from shared.database import speak_as
from shared.inbox import PUT, rows
from shared.lua import script
from shared.messages.events import Confirmed, PointProven, encode
from shared.queue import Nudger

Evidence = PointProven | Confirmed
log = structlog.get_logger()


class Witness:
    """Where reported points become durable."""

    def __init__(self, redis: Redis, engine: AsyncEngine, nudger: Nudger, breaker: Breaker, most: int) -> None:
        self._redis = redis
        self._engine = engine
        self._nudger = nudger
        self._breaker = breaker
        self._most = most
        self._append = redis.register_script(script("append"))
        self._batch: MicroBatch[Evidence, int] = MicroBatch(self._flush)

    async def keep(self, point: Evidence) -> None:
        """Make a point, or an answer to a call, durable; 429 when its person sends too many."""
        if seconds := await self._batch.add(point):
            raise rate_limited(seconds)

    async def _flush(self, points: list[Evidence]) -> Sequence[int]:
        if self._breaker.closed:
            try:
                return await self._to_stream(points)
            except RedisError as error:
                self._breaker.trip()
                log.warning("redis away; presence goes to the inbox", reason=type(error).__name__)
        async with speak_as(self._engine, None, None) as connection:
            await connection.execute(PUT, rows(points))
        self._nudger.nudge()
        return [0] * len(points)

    async def _to_stream(self, points: list[Evidence]) -> Sequence[int]:
        people = msgspec.json.encode([point.user_id for point in points])
        arguments: list[Any] = [keys.EVENT_LIMIT, keys.NUDGE_MS, self._most, people, *map(encode, points)]
        answer: list[int] = await self._append(keys=[keys.EVENTS, keys.NUDGED], args=arguments)
        if answer[0]:
            self._nudger.nudge()
        return answer[1:]
