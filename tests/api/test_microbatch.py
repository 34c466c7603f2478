"""Micro-batching: what comes while one call is in flight goes out together in the next (api/microbatch.py)."""

import asyncio
from collections.abc import Sequence

import pytest

from api.breaker import Breaker
from api.microbatch import MicroBatch, Overloaded


class Flush:
    """Doubles numbers, and waits until it may."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, items: list[int]) -> Sequence[int]:
        self.batches.append(items)
        await self.go_on.wait()
        if 13 in items:
            raise ValueError("thirteen")
        return [item * 2 for item in items]


async def test_one_goes_out_at_once() -> None:
    flush = Flush()
    assert await MicroBatch(flush).add(1) == 2
    assert flush.batches == [[1]]


async def test_what_comes_meanwhile_goes_out_together() -> None:
    flush = Flush()
    batch = MicroBatch(flush)
    flush.go_on.clear()
    first = asyncio.create_task(batch.add(1))
    await asyncio.sleep(0.01)
    rest = [asyncio.create_task(batch.add(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0.01)
    flush.go_on.set()
    assert await asyncio.gather(first, *rest) == [2, 4, 6, 8]
    assert flush.batches == [[1], [2, 3, 4]]


async def test_a_batch_has_a_size() -> None:
    flush = Flush()
    batch = MicroBatch(flush, size=2)
    assert await asyncio.gather(*(batch.add(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert max(len(items) for items in flush.batches) == 2


async def test_a_fault_reaches_everybody_in_the_batch_and_nobody_else() -> None:
    batch = MicroBatch(Flush(), size=2)
    answers = await asyncio.gather(*(batch.add(n) for n in (12, 13, 14)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, ValueError, int]


async def test_who_hung_up_does_not_disturb_the_others() -> None:
    flush = Flush()
    batch = MicroBatch(flush)
    flush.go_on.clear()
    gone, stays = asyncio.create_task(batch.add(1)), asyncio.create_task(batch.add(2))
    await asyncio.sleep(0.01)
    gone.cancel()
    flush.go_on.set()
    assert await stays == 4
    assert await batch.add(3) == 6


async def test_more_than_may_wait_is_refused() -> None:
    flush = Flush()
    batch = MicroBatch(flush, waiting=2)
    flush.go_on.clear()
    waiting = [asyncio.create_task(batch.add(1))]
    await asyncio.sleep(0.01)
    waiting += [asyncio.create_task(batch.add(number)) for number in (2, 3)]
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded):
        await batch.add(4)
    flush.go_on.set()
    assert await asyncio.gather(*waiting) == [2, 4, 6]


def test_a_breaker_opens_at_a_failure_and_closes_after_a_moment() -> None:
    moments = iter([100.0, 100.0, 101.9, 102.0])
    breaker = Breaker(2.0, lambda: next(moments))
    before = breaker.closed
    breaker.trip()
    assert [before, breaker.closed, breaker.closed] == [True, False, True]
