"""The bus: how a push reaches every gateway.

Guarantees (3-realtime 3.2): pushes of a channel are numbered without gaps, kept in a bounded history and published
in one atomic step, in the order given. Delivery to a gateway is at most once; whoever misses one sees the gap in
the numbers and reads the history, or resyncs when that no longer bridges it.
"""

import secrets
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Protocol

from redis import Redis

from shared import keys
from shared.lua import script
from shared.messages.pushes import Push, open_frame, push_type

HISTORY_LENGTH = 256
HISTORY_SECONDS = 300
POSITION_SECONDS = 7 * 86_400


class Publisher(Protocol):
    """Where the drain hands its pushes after the commit."""

    def publish(self, pushes: Sequence[Push]) -> None:
        """Publish pushes in order. Raises when the bus is away: the drain then delivers again."""


class RedisPublisher:
    """The bus over Redis: one script call per channel (lua/publish.lua), all in one round trip."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = script("publish")

    def publish(self, pushes: Sequence[Push]) -> None:
        """See :class:`Publisher`."""
        if not pushes:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for session_id, group in groupby(pushes, key=lambda push: push.session_id):
            channel = keys.channel(session_id)
            pipeline.eval(self._script, 2, keys.position(channel), keys.history(channel), *_arguments(channel, group))
        pipeline.execute()


def _arguments(channel: str, pushes: Iterable[Push]) -> list[Any]:
    arguments: list[Any] = [channel, secrets.token_hex(8), HISTORY_LENGTH, HISTORY_SECONDS, POSITION_SECONDS]
    for push in pushes:
        arguments += (push_type(push.data), open_frame(push))
    return arguments


class MemoryPublisher:
    """The twin for tests: keeps what was published."""

    def __init__(self) -> None:
        self.published: list[Push] = []

    def publish(self, pushes: Sequence[Push]) -> None:
        """See :class:`Publisher`."""
        self.published.extend(pushes)
