"""How many sockets this gateway holds, said aloud every so often, for the status page and the scheduler's metrics."""

import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from gateway.asking import AWAY
from gateway.hub import Hub
from shared import keys
from shared.messages.condition import GatewayReport, encode, silent


class Census:
    """This gateway's entry among all gateways'."""

    def __init__(self, redis: Redis, hub: Hub, name: str = f"{socket.gethostname()}-{os.getpid()}") -> None:
        self._redis: Any = redis  # redis-py cannot tell whether answers are decoded
        self._hub = hub
        self._name = name

    async def report(self) -> None:
        """Say it, and strike out gateways that fell silent. Raises ``RedisError``."""
        now = datetime.now(UTC)
        await self._redis.hset(keys.GATEWAYS, self._name, encode(GatewayReport(len(self._hub.clients), now)))
        if gone := silent(await self._redis.hgetall(keys.GATEWAYS), now):
            await self._redis.hdel(keys.GATEWAYS, *gone)

    async def leave(self) -> None:
        """This gateway ends. With Redis away, whoever reports next strikes it out."""
        with suppress(*AWAY):
            await self._redis.hdel(keys.GATEWAYS, self._name)
