"""Witnessed points become durable: batches of thousands as one entry of the event stream (4-pipeline 4.1).

A batch keeps its id until Redis has answered, and Redis takes an id once: when an answer was lost the same batch goes
out again and nothing is doubled.
"""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

import structlog

from gateway import metrics
from gateway.asking import AWAY, Asking
from gateway.outbox import Outbox
from shared import keys, lua
from shared.messages import control, events

MOST = 2_000
"""Points per stream entry, about."""
REMEMBERED_SECONDS = 600
"""How long Redis knows a batch by its id. An answer that is later than this finds nobody who waits for it."""
RETRY_SECONDS = 0.5

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Batch:
    id: str
    points: list[bytes]


class Delivery:
    """Empties the outbox into the stream, and asks for a drain."""

    def __init__(self, asking: Asking, outbox: Outbox, pause: float) -> None:
        self._asking = asking
        self._outbox = outbox
        self._pause = pause
        self._script = lua.script("witness")
        self._batch: _Batch | None = None
        self._is_away = False

    async def run(self) -> None:
        """Until cancelled. What waits for ``pause`` seconds goes out together."""
        while True:
            if self._batch is None:
                await self._outbox.something.wait()
            await asyncio.sleep(self._pause)
            try:
                await self.flush()
            except AWAY as error:
                self._log_outage(error)
                await asyncio.sleep(RETRY_SECONDS)

    async def flush(self) -> None:
        """Send all that waits; what fails is kept. Raises ``RedisError`` and the like."""
        while batch := self._batch or self._next():
            self._batch = batch
            await self._send(batch)
            self._batch = None
            metrics.POINTS.inc(len(batch.points))
        self._is_away = False

    async def stop(self, seconds: float) -> None:
        """Send the rest before the process ends, for at most this long."""
        try:
            async with asyncio.timeout(seconds):
                await self.flush()
        except AWAY as error:
            lost = len(self._outbox) + (len(self._batch.points) if self._batch else 0)
            log.error("presence lost: redis is away at the end", points=lost, reason=type(error).__name__)

    async def _send(self, batch: _Batch) -> None:
        wish = control.encode(control.DrainWanted(batch.id))
        names = (keys.EVENTS, keys.NUDGED, keys.appended(batch.id))
        arguments = (keys.NUDGE_MS, REMEMBERED_SECONDS, keys.CONTROL, wish, *batch.points)
        await self._asking.ask(("EVAL", self._script, len(names), *names, *arguments))

    def _next(self) -> _Batch | None:
        points = self._outbox.take(MOST)
        return _Batch(uuid4().hex, [events.encode(point) for point in points]) if points else None

    def _log_outage(self, error: Exception) -> None:
        if not self._is_away:
            log.warning("redis away; presence waits", points=len(self._outbox), reason=type(error).__name__)
        self._is_away = True
