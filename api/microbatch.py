"""Micro-batching: what concurrent requests bring while one call is in flight goes out together in the next.

There is no timer, so an idle service adds no latency; under load the batch grows by itself.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

QUIET_TURNS = 3
"""Turns of the loop that bring nobody before a batch goes out. A request takes about two from its socket to here."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Overloaded(Exception):
    """More is waiting than may wait; the caller should answer 503."""


class MicroBatch(Generic[Item, Answer]):
    """Joins concurrent calls of :meth:`add` into calls of ``flush``, one at a time.

    ``flush`` takes items and gives as many answers in the same order; what it raises reaches every caller of
    that batch. At most ``waiting`` items wait, so memory is bounded.
    """

    def __init__(
        self, flush: Callable[[list[Item]], Awaitable[Sequence[Answer]]], *, size: int = 500, waiting: int = 20_000
    ) -> None:
        self._flush = flush
        self._size = size
        self._most = waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._running: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> Answer:
        """Wait for the answer to one item."""
        if len(self._waiting) >= self._most:
            raise Overloaded
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._let_others_join()
                batch = [self._waiting.popleft() for _ in range(min(self._size, len(self._waiting)))]
                await self._settle(batch)
        finally:
            self._running = None

    async def _let_others_join(self) -> None:
        """Under load, give the loop turns while they bring more: a call costs far more than its items. An idle
        service sees three empty turns, which are microseconds."""
        quiet = 0
        while quiet < QUIET_TURNS and len(self._waiting) < self._size:
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet = 0 if len(self._waiting) > before else quiet + 1

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._flush([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it was, it is every caller's answer
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # the caller may have hung up
                future.set_result(answer)
