"""Where accepted events wait: the Redis stream, and PostgreSQL's inbox. One drain reads both.

A source hands out deliveries and is told afterwards which of them are settled; what is not settled stays where it is
and is delivered again, here or in another process.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from redis import Redis
from redis.exceptions import ResponseError
from sqlalchemy import Engine, text

from shared import keys

STALE_MS = 15_000
"""An entry this long with one worker is taken to be a dead one's. A slow pass may still be at it; then both apply it,
and the second changes nothing."""

RETRY_SECONDS = 5
"""How long a row of the inbox that failed is left alone."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as it waits. ``tries`` counts this one and those that failed before."""

    origin: str
    entry_id: str
    payload: bytes
    tries: int


class Source(Protocol):
    """A place where events wait."""

    @contextmanager
    def take(self, most: int) -> Iterator[Sequence[Delivery]]:
        """Some of what waits; nobody else is handed the same meanwhile, unless this process dies."""

    def settle(self, settled: Iterable[Delivery], failed: Iterable[Delivery]) -> None:
        """Within :meth:`take`: remove what is settled; keep what failed for another try."""


class StreamSource:
    """The Redis stream, read as a member of the drain's consumer group."""

    def __init__(self, redis: Redis, consumer: str) -> None:
        self._redis: Any = redis  # redis-py's annotations do not tell blocking from asyncio answers apart
        self._consumer = consumer

    @contextmanager
    def take(self, most: int) -> Iterator[Sequence[Delivery]]:
        """Stale entries of dead workers first, then new ones."""
        yield [*self._stale(most), *self._fresh(most)]

    def settle(self, settled: Iterable[Delivery], failed: Iterable[Delivery]) -> None:
        """Acknowledge and delete whole entries; an entry with a failed event stays pending."""
        kept = {delivery.entry_id for delivery in failed}
        done = {delivery.entry_id for delivery in settled} - kept
        with self._redis.pipeline(transaction=True) as pipeline:
            for entry_id in kept:
                pipeline.hincrby(keys.FAILURES, entry_id, 1)
            if done:
                pipeline.xack(keys.EVENTS, keys.DRAIN_GROUP, *done)
                pipeline.xdel(keys.EVENTS, *done)
                pipeline.hdel(keys.FAILURES, *done)
            pipeline.execute()

    def _fresh(self, most: int) -> list[Delivery]:
        answer = self._grouped(
            lambda: self._redis.xreadgroup(keys.DRAIN_GROUP, self._consumer, {keys.EVENTS: ">"}, count=most)
        )
        return [delivery for _, entries in answer for delivery in _events(entries, {})]

    def _stale(self, most: int) -> list[Delivery]:
        _, entries, *_ = self._grouped(
            lambda: self._redis.xautoclaim(
                keys.EVENTS, keys.DRAIN_GROUP, self._consumer, min_idle_time=STALE_MS, count=most
            )
        )
        return _events(entries, self._failures(entries)) if entries else []

    def _failures(self, entries: Any) -> dict[str, int]:
        """How often each claimed entry failed before. Redis counts deliveries, but an outage is nobody's failure."""
        ids = [entry_id.decode() for entry_id, _ in entries]
        return dict(zip(ids, (int(count or 0) for count in self._redis.hmget(keys.FAILURES, ids)), strict=True))

    def _grouped(self, call: Any) -> Any:
        """Make the group where Redis has none: at first use, and after it was emptied."""
        try:
            return call()
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
        try:
            self._redis.xgroup_create(keys.EVENTS, keys.DRAIN_GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # another worker was quicker
                raise
        return call()


def _events(entries: Any, failures: dict[str, int]) -> list[Delivery]:
    """The events of stream entries: the values of numbered fields."""
    return [
        Delivery("stream", entry_id.decode(), payload, failures.get(entry_id.decode(), 0) + 1)
        for entry_id, fields in entries
        for payload in fields.values()
    ]


class InboxSource:
    """PostgreSQL's inbox. Rows stay locked, in a transaction of their own, until they are settled."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Any = None

    @contextmanager
    def take(self, most: int) -> Iterator[Sequence[Delivery]]:
        """The oldest rows that no other drain holds."""
        with self._engine.begin() as connection:
            rows = connection.execute(_TAKE, {"most": most}).all()
            self._connection = connection
            yield [Delivery("inbox", str(row.id), row.payload, row.attempts + 1) for row in rows]

    def settle(self, settled: Iterable[Delivery], failed: Iterable[Delivery]) -> None:
        """Delete what is settled; count a try for what failed."""
        self._connection.execute(_DELETE, {"ids": [int(delivery.entry_id) for delivery in settled]})
        self._connection.execute(
            _COUNT, {"ids": [int(delivery.entry_id) for delivery in failed], "pause": RETRY_SECONDS}
        )


_TAKE = text(
    "SELECT id, payload, attempts FROM inbox WHERE retry_at <= now() ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED"
)
_DELETE = text("DELETE FROM inbox WHERE id = ANY(:ids)")
_COUNT = text(
    "UPDATE inbox SET attempts = attempts + 1, retry_at = now() + make_interval(secs => :pause) WHERE id = ANY(:ids)"
)
