"""The judge of a steady stream: whoever looks in vain is found, and little is no proof."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from loadtests.campus import RunningClass, RunningSession
from loadtests.students import Failed
from loadtests.visible.judge import FEWEST, judge
from loadtests.visible.stream import Stream, looked_for
from shared.domain.codes import CodeFace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STUDENT = UUID(int=3)
MEETING = RunningClass(RunningSession(UUID(int=1), "", CodeFace(1, 1, START, 60, True)), START, UUID(int=2), [STUDENT])


class Told:
    """Answers every report at nine, and every look with what it was told."""

    def __init__(self, heard: datetime | Failed) -> None:
        self.heard = heard
        self.asked = asyncio.Event()

    async def report(self, meeting: RunningClass, student: UUID, event: str) -> datetime:
        """At nine."""
        await asyncio.sleep(0)  # as any answer lets others go on
        return START

    async def status(self, meeting: RunningClass) -> dict[UUID, datetime]:
        """What it was told."""
        self.asked.set()
        if isinstance(self.heard, Failed):
            raise self.heard
        return {STUDENT: self.heard}


def good() -> Stream:
    """A second in which all went well."""
    found = Stream(shown=[0.01] * FEWEST, read=[0.01] * FEWEST, seconds=1.0)
    found.accepted["heartbeat"] = 100
    return found


def test_a_stream_in_which_all_went_well_is_not_wrong() -> None:
    assert judge(good(), 100) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"shown": [0.01] * (FEWEST - 1)}, "accepted → teacher's socket: was measured 99 times"),
        ({"read": [0.01] * 97 + [1.1] * 3}, "accepted → connection-status: p99 is 1,100 ms"),
        ({"seconds": 1.1}, "91 events per second were accepted, 100 were to be"),
    ],
)
def test_what_is_few_or_slow_is_found(change: dict[str, object], line: str) -> None:
    found = good()
    for name, value in change.items():
        setattr(found, name, value)
    assert [wrong[: len(line)] for wrong in judge(found, 100)] == [line]


async def looked(told: Told) -> Stream:
    """What is found when two look for theirs, and are given a tenth of a second to find it."""
    found = good()
    async with looked_for(told, lambda: (MEETING, STUDENT), 2, found, patience=0.1):
        await told.asked.wait()
    return found


async def test_whoever_finds_theirs_counts() -> None:
    found = await looked(Told(START))
    assert judge(found, 100) == []
    assert len(found.read) > FEWEST


async def test_whoever_looks_in_vain_is_found_and_counts_with_the_time_until_then() -> None:
    found = await looked(Told(START - timedelta(seconds=1)))
    assert judge(found, 100)[0] == "2 still look in connection-status for what was accepted"
    assert len(found.read) == FEWEST + 2
    assert min(found.read[FEWEST:]) > 0.09


async def test_whoever_is_refused_while_looking_is_found() -> None:
    found = await looked(Told(Failed("connection-status: 503")))
    assert judge(found, 100) == ["somebody could not look for theirs: Failed('connection-status: 503')"] * 2
