"""Is this token logged out? Asked once per token and process, for all new tokens of the moment in one call."""

from collections.abc import Sequence

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.breaker import Breaker
from api.microbatch import MicroBatch
from shared import keys
from shared.tokens import Identity

log = structlog.get_logger()


class Revocations:
    """Logged-out tokens, as Redis knows them.

    While Redis is away nothing is known and nobody is refused: a logged-out token may live on for that time, where
    locking out a whole campus would be worse. What is not known is not remembered: it is asked again.
    """

    def __init__(self, redis: Redis, breaker: Breaker) -> None:
        self._redis = redis
        self._breaker = breaker
        self._batch: MicroBatch[str, bool | None] = MicroBatch(self._ask)

    async def dead(self, identity: Identity) -> bool | None:
        """Whether the token was logged out; None while nobody can say."""
        return await self._batch.add(keys.revoked(identity.token_id))

    async def _ask(self, names: list[str]) -> Sequence[bool | None]:
        if self._breaker.closed:
            try:
                return [value is not None for value in await self._redis.mget(names)]
            except RedisError as error:
                self._breaker.trip()
                log.warning("redis away; logouts are not seen", reason=type(error).__name__)
        return [None] * len(names)
