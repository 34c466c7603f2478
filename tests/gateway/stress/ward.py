"""Sessions, their people, two gateways and what is published: everything a scenario disturbs, and the verdict."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from redis.exceptions import RedisError

from gateway.pace import Pace
from gateway.serving import Gateway
from gateway.tasks import cancelled
from loadtests.gateway.splitter import Splitter
from shared import keys
from shared.domain.words import Role
from shared.messages.pushes import CheckIns, Stats
from tests.gateway.campus import Campus, Roll, check_in, until
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.stress.follower import Follower

PACE: Pace = replace(
    QUICK, ping_seconds=1.0, flush_seconds=0.02, tops_seconds=0.3, rights_seconds=0.3, drain_seconds=0.3
)
NAMES = ("present_students", "late_students", "absent_students", "connected_count")
WIRE = {"present_students": "presentStudents", "late_students": "lateStudents", "absent_students": "absentStudents",
        "connected_count": "connectedCount"}  # fmt: skip


class Class:
    """One session: what is true of it, and who follows it."""

    def __init__(self, campus: Campus, roll: Roll) -> None:
        self.campus = campus
        self.roll = roll
        self.rows: dict[str, int] = {}
        self.followers: list[Follower] = []

    async def snapshot(self) -> tuple[int, str, dict[str, int]]:
        """See :class:`tests.gateway.stress.follower.Truth`; tried again while Redis is away."""
        while True:
            try:
                names = [keys.position(self.roll.channel), keys.history(self.roll.channel)]
                version, epoch = await self.campus.place(names)
            except (RedisError, OSError):
                await asyncio.sleep(0.05)
            else:
                return version, epoch, dict(self.rows)

    async def publish(self, chance: random.Random, count: int = 1) -> None:
        """Change counters, then tell; a check-in now and then. Tried again while Redis is away, as the drain does."""
        data: list[Stats | CheckIns] = []
        for _ in range(count):
            name = chance.choice(NAMES)
            self.rows[WIRE[name]] = self.rows.get(WIRE[name], 0) + 1
            data.append(Stats(**{name: self.rows[WIRE[name]]}))
            if chance.random() < 0.2:
                data.append(check_in(self.roll, [chance.choice(self.roll.students)]))
        while True:
            try:
                await self.campus.push(self.roll, *data)
            except (RedisError, OSError):
                await asyncio.sleep(0.05)
            else:
                return


class Ward:
    """See the module."""

    def __init__(self, ground: Ground, seed: int) -> None:
        self.ground = ground
        self.campus = ground.campus
        self.chance = random.Random(seed)
        self.splitter = Splitter(self.chance)
        self.classes: list[Class] = []
        self.gateways: dict[str, Gateway] = {}
        self.wrong: list[str] = []
        self._stacks: dict[str, AsyncExitStack] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.is_publishing = True

    @asynccontextmanager
    async def open(self, classes: int = 3, students: int = 6) -> AsyncIterator["Ward"]:
        """Everything is up and everybody is there."""
        async with self.splitter.open():
            for name in ("one", "two"):
                await self.start(name)
            for _ in range(classes):
                roll = await self.campus.roll(students=tuple(uuid4() for _ in range(students)))
                self.classes.append(Class(self.campus, roll))
            for each in self.classes:
                self.enter(each)
            publishing = asyncio.create_task(self._publish())
            try:
                await until(lambda: all(f.seen["SUBSCRIBED"] for f in self.followers()))
                yield self
            finally:
                await cancelled([publishing, *self._tasks])
                await self._close()

    def enter(self, each: Class) -> None:
        """Let the people of a session come: two of staff, and its students on its own path."""
        roll, path = each.roll, f"/ws/sessions/{each.roll.id}"
        people = [(roll.teacher, Role.TEACHER, "/ws"), (uuid4(), Role.ADMIN, "/ws")]
        people += [(student, Role.STUDENT, path) for student in roll.students]
        for user_id, role, where in people:
            token = self._token(user_id, role)
            follower = Follower(each, roll.channel, token, where, is_strict=role is not Role.STUDENT)
            each.followers.append(follower)
            run = follower.run(lambda: self.splitter.port, lambda: 0.02 + 0.1 * self.chance.random())
            self._tasks.append(asyncio.create_task(run))

    def followers(self) -> Iterator[Follower]:
        """Everybody."""
        for each in self.classes:
            yield from each.followers

    async def start(self, name: str, **changes: Any) -> None:
        """Start a gateway."""
        stack = self._stacks[name] = AsyncExitStack()
        self.gateways[name] = await stack.enter_async_context(
            self.ground.gateway(PACE, gateway_accept_rate=10_000, **changes)
        )
        self._route()

    async def stop(self, name: str) -> None:
        """End a gateway as SIGTERM does."""
        running = self.gateways.pop(name)
        self._route()
        await self._stacks.pop(name).aclose()
        self._look_for_leaks(running)

    async def crash(self, name: str) -> None:
        """End a gateway as SIGKILL does: it says nothing to anybody. What is left of it is cleared away afterwards."""
        running = self.gateways.pop(name)
        self._route()
        for task in running.background:
            task.cancel()
        for client in list(running._hub.clients):
            client.outlet.cut()
        await self._stacks.pop(name).aclose()

    async def settle(self) -> None:
        """Stop publishing, and wait until everybody shows the truth; what they were shown wrong is noted."""
        self.is_publishing = False
        self.splitter.crumbs, self.splitter.delay = 0, 0.0
        for follower in self.followers():
            follower.pause = 0.0
        try:
            await until(self._all_show_the_truth)
        except TimeoutError:
            self.wrong += [f"shows {f.state} instead of {each.rows}" for each in self.classes for f in each.followers
                           if f.state != each.rows]  # fmt: skip
        self.wrong += [wrong for follower in self.followers() for wrong in follower.wrong]

    def seen(self) -> Counter[str]:
        """How often everybody was told what."""
        return sum((follower.seen for follower in self.followers()), Counter())

    def _token(self, user_id: Any, role: Role) -> Any:
        return lambda: self.campus.token(user_id, role)

    def _route(self) -> None:
        self.splitter.ports = [gateway.port for gateway in self.gateways.values()]

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(0.005 * self.chance.random())
            if self.is_publishing:
                await self.chance.choice(self.classes).publish(self.chance)

    def _all_show_the_truth(self) -> bool:
        return all(follower.state == each.rows for each in self.classes for follower in each.followers)

    async def _close(self) -> None:
        for name in list(self.gateways):
            await self.stop(name)
        left = [key async for key in self.campus.redis.scan_iter(keys.gateway("*"))]
        self.wrong += [f"{len(left)} gateways still alive"] if left else []

    def _look_for_leaks(self, ended: Gateway) -> None:
        hub = ended._hub
        kept = {"clients": len(hub.clients), "rooms": len(hub.rooms)}
        self.wrong += [f"{count} {what} leaked" for what, count in kept.items() if count]
