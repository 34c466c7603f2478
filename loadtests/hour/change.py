"""The hour change itself: who comes when, who watches, and what everybody saw."""

import asyncio
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from statistics import NormalDist
from uuid import UUID

from loadtests.campus import RunningClass, all_tokens
from loadtests.chaos.quiet import NeverQuiet, until_drained
from loadtests.dashboard import Dashboard, followed, until_exact, until_live
from loadtests.hour.kept import lost
from loadtests.load.journey import Journey
from loadtests.shares import Shares, shares
from loadtests.students import Seen, Students
from shared.database import owner_engine
from shared.settings import Settings

QUIET_SECONDS = 60.0
WITNESSED_SECONDS = 10.0
LAST_SECONDS = 30.0
"""For those who are under way when the last one has come."""


@dataclass(slots=True)
class Change:
    """What happened. ``late``: seconds by which the generator itself was late with each student."""

    seen: Seen = field(default_factory=Seen)
    journeys: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    cores: Shares = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    drained_after: float = 0.0


async def change(settings: Settings, classes: list[RunningClass], seconds: float) -> Change:
    """Everybody comes within these seconds, most of them in the middle, while a dashboard follows every session."""
    found = Change()
    journey = Journey(found.journeys.append)
    tokens = all_tokens(settings, classes)
    students = Students(settings, tokens, journey)
    found.seen = students.seen
    ports = settings.gateway_port, settings.api_port
    dashboards = [Dashboard(*ports, meeting, tokens[meeting.teacher], journey) for meeting in classes]
    async with followed(dashboards):
        await until_live(dashboards)
        with shares() as found.cores:
            await _come(students, classes, seconds, found.late)
        await _settle(settings, found)
        found.wrong += await _still_lost(settings, classes, found)
        found.wrong += [f"{what}: {one.meeting.session.id}" for what, one in await until_exact(dashboards)]
    found.wrong += [f"{journey.under_way} check-ins were accepted and never shown"] if journey.under_way else []
    students.leave()
    return found


def moments(people: int, seconds: float) -> list[float]:
    """When each of them comes: a bell over these seconds with its ends at 1 %, as loadtests/load/curves.py has it."""
    bell = NormalDist(seconds / 2, seconds / 2 / math.sqrt(2 * math.log(100)))
    first, last = bell.cdf(0), bell.cdf(seconds)
    return [bell.inv_cdf(first + (place + 0.5) / people * (last - first)) for place in range(people)]


async def _come(students: Students, classes: list[RunningClass], seconds: float, late: list[float]) -> None:
    loop = asyncio.get_running_loop()
    everybody = list(_everybody(classes))
    begun = loop.time()
    async with asyncio.timeout(seconds + LAST_SECONDS), asyncio.TaskGroup() as group:
        for moment, pair in zip(moments(len(everybody), seconds), everybody, strict=True):
            await asyncio.sleep(max(0.0, begun + moment - loop.time()))
            late.append(loop.time() - begun - moment)
            group.create_task(students.arrive(*pair))


def _everybody(classes: list[RunningClass]) -> Iterator[tuple[RunningClass, UUID]]:
    """In an order of no meaning, the same every time."""
    pairs = [(meeting, student) for meeting in classes for student in meeting.students]
    Random(0).shuffle(pairs)
    return iter(pairs)


async def _still_lost(settings: Settings, classes: list[RunningClass], found: Change) -> list[str]:
    """What is missing for good: a gateway keeps what it witnessed last for a moment before it writes it down."""
    loop = asyncio.get_running_loop()
    until = loop.time() + WITNESSED_SECONDS
    while True:
        wrong = await asyncio.to_thread(lost, settings, classes, found.seen.accepted)
        if not wrong or loop.time() > until:
            return wrong
        await asyncio.sleep(0.5)


async def _settle(settings: Settings, found: Change) -> None:
    owner = owner_engine(settings)
    try:
        found.drained_after = await until_drained(settings, owner, QUIET_SECONDS)
    except NeverQuiet as error:
        found.wrong.append(str(error))
    owner.dispose()
