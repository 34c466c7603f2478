"""Faults, by name and weight. Every one ends by itself; a seed decides which comes when."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from signal import Signals

from sqlalchemy import Engine

from loadtests.chaos.entries import Done, Entries
from loadtests.chaos.fault_proxy import Weather
from loadtests.chaos.rig import SERVICES, Rig, frozen
from loadtests.chaos.watch import alive, percentile, until_facts_flow

PARTS = (*["valkey"] * 4, *["api"] * 3, *["gateway"] * 3, *["events"] * 2, "postgres", "maintenance", "beat")
"""Who is killed, by weight."""
POOL_SHARE = 0.4
"""Share of kills that hit one process of the drain's pool instead."""

WEATHERS = {
    "latency": Weather(latency=0.05),
    "slow": Weather(rate=20_000),
    "half-open": Weather(swallows=True),
    "refused": Weather(refuses=True),
}


class Mischief:
    """Hurts a rig."""

    def __init__(self, rig: Rig, owner: Engine, seed: int) -> None:
        self.done = Done(Counter(), Counter(), set(), set())
        self._rig = rig
        self._owner = owner
        self._chance = Random(seed)
        self._entries = Entries(rig, owner, self.done, self._chance)
        self._away: set[str] = set()

    def kill(self) -> None:
        """SIGKILL somebody who is well."""
        if self._chance.random() < POOL_SHARE:
            name, there = "pool process", self._rig.kill_pool_process("events")
        else:
            name = self._chance.choice(PARTS)
            there = name not in self._away and self._rig.is_grown(name) and self._rig.send(name, Signals.SIGKILL)
        if there:
            self._rig.well_since.pop(name, None)
            self.done.kills[name] += 1

    def kill_surely(self, name: str) -> None:
        """SIGKILL this one, if it is there."""
        if self._rig.send(name, Signals.SIGKILL):
            self._rig.well_since.pop(name, None)
            self.done.kills[name] += 1

    async def poison(self) -> None:
        """Entries nobody can apply."""
        await self._entries.poison()

    async def small(self, *, poison: bool) -> None:
        """Some fault of a second or two."""
        choices: list[Callable[[], Awaitable[None]]] = [
            self._entries.copy,
            self.cut,
            self.freeze,
            self.bad_weather,
            self.full_disk,
        ]
        await self._chance.choice([*choices, self._entries.poison] if poison else choices)()

    async def freeze(self, seconds: float = 3.0, name: str = "valkey") -> None:
        """SIGSTOP a service for a while, unless it is away."""
        if name in self._away:
            return
        self.done.faults[f"{name} frozen {seconds:g} s"] += 1
        self._away.add(name)
        with frozen(self._rig, name):
            await asyncio.sleep(seconds)
        self._away.discard(name)

    async def full_disk(self, seconds: float = 2.0, name: str = "") -> None:
        """A service finds no room to write for a while, unless it is away."""
        name = name or self._chance.choice(SERVICES)
        disk = self._rig.disks.get(name)
        if disk is None:
            self.done.left_out.add("full disks: nothing may be mounted here")
        if disk is None or name in self._away:
            return
        self._away.add(name)
        try:
            if await asyncio.to_thread(disk.fill):
                self.done.faults[f"{name} disk full {seconds:g} s"] += 1
                await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(disk.clear)
            self._away.discard(name)

    async def outage(self, name: str, seconds: float) -> None:
        """A service is killed and stays away."""
        self.done.faults[f"{name} away {seconds:g} s"] += 1
        self._away.add(name)
        self._rig.send(name, Signals.SIGKILL)
        await self._rig.stop(name)
        await asyncio.sleep(seconds)
        await self._rig.start_service(name)
        self._away.discard(name)
        self.done.seconds[f"{name} away {seconds:g} s: facts flow again after"] = await until_facts_flow(self._owner)

    async def long_freeze(self, seconds: float) -> None:
        """Redis is frozen for long; meanwhile the API must go on answering."""
        async with alive(self._rig.settings.api_port) as took:
            await self.freeze(seconds)
        self.done.seconds[f"/livez p99 while Redis was frozen {seconds:g} s"] = percentile(took, 0.99)

    async def cut(self) -> None:
        """Every connection to a service is reset."""
        name = self._chance.choice(SERVICES)
        self.done.faults[f"{name} connections cut"] += 1
        self._rig.proxies[name].cut()

    async def bad_weather(self, seconds: float = 2.0) -> None:
        """A bad network to one service."""
        service, kind = self._chance.choice(SERVICES), self._chance.choice(list(WEATHERS))
        self.done.faults[f"{service} {kind} {seconds:g} s"] += 1
        async with self._rig.proxies[service].bad(WEATHERS[kind]):
            await asyncio.sleep(seconds)

    async def rolling_restart(self) -> None:
        """SIGTERM everybody, one after the other, as a deployment does."""
        self.done.faults["rolling SIGTERM"] += 1
        for name in [name for name in self._rig.children if name not in SERVICES]:
            self._rig.send(name, Signals.SIGTERM)
            await asyncio.sleep(0.5)
            await self._rig.again_ready(name)
