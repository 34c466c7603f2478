"""What is watched while something is away: whether the API still answers, and when work goes on afterwards."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from loadtests.chaos.line import Line, NotSent, Unanswered

STEP = 0.05
LONGEST_WAIT = 60.0
_NEWEST = text("SELECT max(last_activity_at) FROM presence")


@asynccontextmanager
async def alive(port: int) -> AsyncIterator[list[float]]:
    """Ask ``/livez`` again and again during the block; the seconds of every answer are in the list afterwards.

    While the API itself is killed or starts nobody answers, and that is not what is asked here.
    """
    took: list[float] = []

    async def ask() -> None:
        line = Line(port)
        try:
            while True:
                begun = time.perf_counter()
                try:
                    await line.ask("GET", "/livez", "")
                    took.append(time.perf_counter() - begun)
                except (NotSent, Unanswered):
                    line.close()
                await asyncio.sleep(STEP)
        finally:
            line.close()

    task = asyncio.create_task(ask())
    try:
        yield took
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_facts_flow(owner: Engine) -> float:
    """Seconds until something that happened after now is a fact in PostgreSQL."""
    begun, since = time.monotonic(), datetime.now(UTC)
    while time.monotonic() - begun < LONGEST_WAIT:
        newest = await asyncio.to_thread(_newest, owner)
        if newest is not None and newest > since:
            break
        await asyncio.sleep(STEP)
    return time.monotonic() - begun


def _newest(owner: Engine) -> datetime | None:
    try:
        with owner.connect() as connection:
            newest: datetime | None = connection.execute(_NEWEST).scalar()
    except SQLAlchemyError:
        return None
    return newest


def percentile(values: list[float], percent: float) -> float:
    """The value that this share of the values does not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent))] if ordered else 0.0
