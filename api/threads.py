"""Threads for work that would block the event loop, with a bound on what may wait for them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, TypeVar

from api.microbatch import Overloaded

Inside = TypeVar("Inside")


@asynccontextmanager
async def in_thread(block: AbstractContextManager[Inside]) -> AsyncIterator[Inside]:
    """The block, where beginning and ending it would block the event loop: both happen in a thread."""
    inside = await asyncio.to_thread(block.__enter__)
    try:
        yield inside
    except BaseException as error:
        await asyncio.to_thread(block.__exit__, type(error), error, error.__traceback__)
        raise
    await asyncio.to_thread(block.__exit__, None, None, None)


class BoundedThreads:
    """A few threads and a line of at most ``waiting`` calls; whoever finds it full is told at once."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._most = threads + waiting
        self._inside = 0

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What ``work`` gives; raises :class:`Overloaded` when the line is full."""
        if self._inside >= self._most:
            raise Overloaded
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Take no more; what is running ends by itself."""
        self._pool.shutdown(wait=False)
