"""Whether work is being done: a worker's health is progress, not an answer to a ping (4-pipeline 4.2).

Whoever finishes something of a queue sets a key that ends by itself. A queue in which something waits while its key is
gone is stalled. No clocks are compared: the key's life is the patience.
"""

from collections.abc import Iterable
from typing import Any

from redis import Redis

from shared import keys

SCHEDULE = "schedule"
"""The part that calls periodic tasks."""

PATIENCE = {"events": 15, "suggestions": 60, "exports": 900, "maintenance": 60, SCHEDULE: 30}
"""Seconds without progress that are no standstill yet. An export of a whole year may take minutes."""

WAITED = 20
"""Age in seconds from which an entry of the stream waits for no good reason: what a dead worker had begun is claimed by
another after 15 s (workers.sources)."""


def note(redis: Redis, part: str) -> None:
    """Something of this queue was done just now."""
    redis.set(keys.progress(part), 1, ex=PATIENCE[part])


def stalled(redis: Redis, parts: Iterable[str]) -> tuple[str, ...]:
    """Which of these have work and make no progress. Raises ``RedisError``."""
    return tuple(part for part in parts if not redis.exists(keys.progress(part)) and _waits(redis, part))


def oldest_seconds(redis: Any) -> float:
    """Age of the oldest entry in the stream, by Redis' own clock; its id begins with the time of its arrival."""
    first = redis.xrange(keys.EVENTS, count=1)
    if not first:
        return 0.0
    seconds, micros = redis.time()
    arrived = int(first[0][0].partition(b"-")[0]) / 1000
    return float(max(0.0, seconds + micros / 1_000_000 - arrived))


def _waits(redis: Redis, part: str) -> bool:
    if part == "events":
        return oldest_seconds(redis) > WAITED
    return part == SCHEDULE or bool(redis.llen(part))
