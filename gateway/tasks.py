"""Ending background work for sure."""

import asyncio
from collections.abc import Collection


async def cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel these and wait until they have ended; what they raised is nobody's any more."""
    pending = set(tasks)
    while pending:
        # More than once: asyncio.wait_for, which redis-py writes with, may lose a cancellation before Python 3.12.
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*tasks, return_exceptions=True)
