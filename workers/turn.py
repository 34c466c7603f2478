"""Whose turn it is to drain.

Events of a busy moment touch the same sessions, and a pass holds the lock of each: two drains at once wait for each
other with what they have already taken. One at a time is sooner through, with larger batches. A turn ends by itself, so
whoever dies or hangs holds nobody up for longer than that; a backlog that one pass cannot take is shared.
"""

from typing import Any

from redis import Redis

from shared import keys

TURN_MS = 1_000
"""Life of a turn; a pass takes a tenth of it."""


class Turn:
    """The turn of one drain. Nothing depends on it but the time that events take."""

    def __init__(self, redis: Redis, consumer: str, batch: int) -> None:
        self._redis: Any = redis
        self._consumer = consumer.encode()
        self._batch = batch

    def begin(self) -> bool:
        """Whether to drain: it is our turn, or there is enough for two. Who is turned away leaves word, and then looks
        again whether the turn was given up meanwhile: either of the two sees what the call was about."""
        if self._take():
            self._redis.delete(keys.NUDGED)  # from here on an append calls for another drain
            return True
        self._redis.set(keys.NUDGED, 1, px=keys.NUDGE_MS)
        return self._take() or int(self._redis.xlen(keys.EVENTS)) > self._batch

    def hold(self) -> None:
        """Go on for another pass."""
        self._redis.set(keys.DRAINING, self._consumer, px=TURN_MS)

    def end(self) -> bool:
        """Let others, unless somebody else has the turn by now; whether one was called for meanwhile."""
        if self._redis.get(keys.DRAINING) == self._consumer:
            self._redis.delete(keys.DRAINING)
        return self._redis.getdel(keys.NUDGED) is not None

    def _take(self) -> bool:
        return bool(self._redis.set(keys.DRAINING, self._consumer, nx=True, px=TURN_MS))
