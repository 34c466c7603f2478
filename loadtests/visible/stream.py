"""A steady stream of events over HTTP, a few dashboards, and a few who look for theirs in ``connection-status``."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Protocol
from uuid import UUID

from loadtests.campus import RunningClass, all_tokens
from loadtests.dashboard import Dashboard, followed, until_exact, until_live
from loadtests.load.journey import Journey
from loadtests.shares import Shares, shares
from loadtests.students import Failed, Seen, Students
from shared.settings import Settings

CHECK_INS, CONNECTS = 1 / 8, 1 / 20
"""Shares of the events; the rest are heartbeats."""
DASHBOARDS, ASKING = 20, 4
TICK_SECONDS = 0.005
ASK_SECONDS = 0.02
"""Between two looks at ``connection-status`` of somebody who waits for an event to be in it."""
LAST_SECONDS = 10.0
"""For what is under way when the last event is sent."""

Somebody = tuple[RunningClass, UUID]
"""A session and one of its students."""


class Reporting(Protocol):
    """What those who look need; :class:`Students` has it. Raises :class:`Failed` and ``OSError``."""

    async def report(self, meeting: RunningClass, student: UUID, event: str) -> datetime:
        """Report somebody; the server's time of it."""

    async def status(self, meeting: RunningClass) -> dict[UUID, datetime]:
        """When everybody was heard last, as the teacher reads it."""


@dataclass(slots=True)
class Stream:
    """What was seen. ``shown``: seconds from a 202 to the teacher's frame; ``read``: to ``connection-status``.

    ``accepted`` are events that were answered 202 within ``seconds``, by their kind.
    """

    seen: Seen = field(default_factory=Seen)
    accepted: Counter[str] = field(default_factory=Counter)
    shown: list[float] = field(default_factory=list)
    read: list[float] = field(default_factory=list)
    cores: Shares = field(default_factory=dict)
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class _Source:
    """Chooses what happens next, the same every time."""

    def __init__(self, students: Students, classes: list[RunningClass], found: Stream) -> None:
        self._students = students
        self._classes = classes
        self._found = found
        self._chance = Random(0)
        self._absent = [(meeting, student) for meeting in classes for student in meeting.students]
        self._chance.shuffle(self._absent)

    async def one(self) -> None:
        """One event; a refusal is counted."""
        chance = self._chance.random()
        try:
            if chance < CHECK_INS and self._absent:
                await self._students.check_in(*self._absent.pop())
                self._found.accepted["check-in"] += 1
            else:
                kind = "connect" if chance > 1 - CONNECTS else "heartbeat"
                await self._students.report(*self.anybody(), kind)
                self._found.accepted[kind] += 1
        except (OSError, Failed) as error:
            self._found.seen.failures[str(error)] += 1

    def anybody(self) -> Somebody:
        """Somebody in some session."""
        meeting = self._chance.choice(self._classes)
        return meeting, self._chance.choice(meeting.students)


async def stream(
    settings: Settings, classes: list[RunningClass], rate: float, seconds: float, asking: int = ASKING
) -> Stream:
    """``rate`` events a second for so many seconds, while so many people look for theirs."""
    found = Stream()
    journey = Journey(found.shown.append)
    tokens = all_tokens(settings, classes)
    students = Students(settings, tokens, journey)
    found.seen = students.seen
    source = _Source(students, classes, found)
    ports = settings.gateway_port, settings.api_port
    watched = classes[:: max(1, len(classes) // DASHBOARDS)][:DASHBOARDS]
    dashboards = [Dashboard(*ports, meeting, tokens[meeting.teacher], journey) for meeting in watched]
    async with followed(dashboards):
        await until_live(dashboards)
        async with looked_for(students, source.anybody, asking, found):
            with shares() as found.cores:
                found.seconds = await _flow(source, rate, seconds, found.wrong)
        found.wrong += [f"{what}: {one.meeting.session.id}" for what, one in await until_exact(dashboards)]
    found.wrong += [f"{journey.under_way} check-ins were accepted and never shown"] if journey.under_way else []
    students.leave()
    return found


async def _flow(source: _Source, rate: float, seconds: float, wrong: list[str]) -> float:
    """Events at an even pace, whoever is still waited for; how long it took."""
    loop = asyncio.get_running_loop()
    begun, sent = loop.time(), 0
    under_way: set[asyncio.Task[None]] = set()
    while (now := loop.time() - begun) < seconds:
        for _ in range(int(now * rate) - sent):
            under_way.add(task := asyncio.create_task(source.one()))
            task.add_done_callback(under_way.discard)
            sent += 1
        await asyncio.sleep(TICK_SECONDS)
    if under_way:
        _, late = await asyncio.wait(under_way, timeout=LAST_SECONDS)
        wrong += [f"{len(late)} events were not answered"] if late else []
        for task in late:
            task.cancel()
    return loop.time() - begun


@asynccontextmanager
async def looked_for(
    students: Reporting, anybody: Callable[[], Somebody], people: int, found: Stream, patience: float = LAST_SECONDS
) -> AsyncIterator[None]:
    """So many people look for theirs during the block, and for ``patience`` seconds after it until they have found it.

    Whoever still looks then counts with the time until then, and is wrong; so is whoever was refused.
    """
    over = asyncio.Event()
    looking = [asyncio.create_task(_look(students, anybody, over, found.read)) for _ in range(people)]
    try:
        yield
        over.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.gather(*looking, return_exceptions=True)
    finally:
        for task in looking:
            task.cancel()
        ended = await asyncio.gather(*looking, return_exceptions=True)
    late = sum(isinstance(end, asyncio.CancelledError) for end in ended)
    found.wrong += [f"{late} still look in connection-status for what was accepted"] if late else []
    found.wrong += [f"somebody could not look for theirs: {end!r}" for end in ended if isinstance(end, Exception)]


async def _look(
    students: Reporting, anybody: Callable[[], Somebody], over: asyncio.Event, seconds: list[float]
) -> None:
    """Report somebody, then look until the teacher's page would show it; again and again."""
    loop = asyncio.get_running_loop()
    while not over.is_set():
        meeting, student = anybody()
        at = await students.report(meeting, student, "heartbeat")
        begun = loop.time()
        try:
            while (heard := (await students.status(meeting)).get(student)) is None or heard < at:  # noqa: ASYNC110 - asks another process
                await asyncio.sleep(ASK_SECONDS)
        finally:
            seconds.append(loop.time() - begun)
