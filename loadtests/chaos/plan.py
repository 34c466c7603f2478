"""The plan of a run, and how its faults are spread over time."""

import asyncio
import time
from dataclasses import dataclass
from random import Random

from loadtests.chaos.faults import Mischief
from loadtests.chaos.rig import SERVICES

CALM_SECONDS = 6.0
"""Before an outage, so that there is something to go on with."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. ``rate`` is requests per second; each service is away once for each of the ``outages``, in
    seconds, Redis frozen for each of the ``freezes``, and each disk full for each of the ``full_disks``; everybody is
    restarted in turn ``rolling`` times. ``sitters`` are present by socket alone. ``victims`` are killed before all."""

    seed: int
    seconds: float
    kills: int
    rate: float = 800.0
    cohorts: int = 10
    size: int = 150
    sessions_each: int = 8
    sitters: int = 60
    victims: tuple[str, ...] = ()
    outages: tuple[float, ...] = (60.0,)
    freezes: tuple[float, ...] = (40.0,)
    full_disks: tuple[float, ...] = (6.0,)
    small_every: float = 6.0
    rolling: int = 1
    poison: bool = True
    quiet_seconds: float = 240.0


async def hurt(plan: Plan, mischief: Mischief) -> None:
    """Kills spread over the whole time; small faults beside them; outages and rolling restarts in their turn."""
    if plan.poison:
        await mischief.poison()
    end = time.monotonic() + plan.seconds
    faults = (_kills(plan, mischief, end), _small(plan, mischief, end), _large(plan, mischief))
    await asyncio.gather(*faults, asyncio.sleep(plan.seconds))


async def _kills(plan: Plan, mischief: Mischief, end: float) -> None:
    chance = Random(plan.seed)
    while (left := end - time.monotonic()) > 0 and (missing := plan.kills - mischief.done.kills.total()) > 0:
        pause = chance.uniform(0.3, 1.0) * left / missing  # less than there is: some find nobody who is well
        await asyncio.sleep(pause)
        mischief.kill()


async def _small(plan: Plan, mischief: Mischief, end: float) -> None:
    chance = Random(plan.seed)
    while time.monotonic() + plan.small_every < end:
        await mischief.small(poison=plan.poison)
        await asyncio.sleep(chance.uniform(0.5, 1.5) * plan.small_every)


async def _large(plan: Plan, mischief: Mischief) -> None:
    for name in plan.victims:
        await asyncio.sleep(CALM_SECONDS / 2)
        mischief.kill_surely(name)
    for seconds in plan.outages:
        for name in ("valkey", "postgres"):
            await asyncio.sleep(CALM_SECONDS)
            await mischief.outage(name, seconds)
    for seconds in plan.freezes:
        await mischief.long_freeze(seconds)
    for seconds in plan.full_disks:
        for name in SERVICES:
            await mischief.full_disk(seconds, name)
    for _ in range(plan.rolling):
        await mischief.rolling_restart()
