"""``python -m loadtests.gateway.kill``: two gateways behind a splitter, a thousand people present, one is killed.

Everybody follows their session all the while, and every session is published to. Exit 1 when somebody was not live
again within 10 s, missed something, was shown something twice, or when the witnessed points say that somebody left.
Ends by itself, talks to loopback only.
"""

import argparse
import asyncio
import random
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import psutil
import uvloop
from redis import Redis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio import Redis as AsyncRedis

from deploy.stack.local import local_services, temporary_home
from loadtests.bench.servers import Server, server
from loadtests.gateway.contestants import push
from loadtests.gateway.hall import open_halls
from loadtests.gateway.pages import Lesson, Page
from loadtests.gateway.soak import environment
from loadtests.gateway.splitter import Splitter
from loadtests.gateway.stays import witnessed
from shared.domain.words import Role

PORTS = (18_520, 18_521)
GOAL = 10.0
"""Seconds until everybody is live again."""
COMING = 150.0
"""Pages opened per second."""
REDIS_CONNECTIONS = 32
PATIENCE = 20.0
"""How long to wait for what should take less than the goal."""


@dataclass(frozen=True)
class Plan:
    """What is to be done; ``ping`` is the gateways' ping interval in seconds."""

    clients: int = 1000
    sessions: int = 20
    ping: float = 15.0
    seed: int = field(default_factory=lambda: secrets.randbelow(2**32))


@dataclass
class Report:
    """What came of it: seconds that those of the killed gateway were away, and what was wrong."""

    away: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pushes: int = 0
    resyncs: int = 0
    longest: float = 0.0
    """The longest time between two points of somebody's presence, seconds."""

    def told(self) -> str:
        """In a few lines."""
        p50, p99 = (self.away[len(self.away) * mark // 100] for mark in (50, 99))
        lines = [f"live again after {p50:.2f} s (p50), {p99:.2f} s (p99), {self.away[-1]:.2f} s (all {len(self.away)})"]
        lines.append(f"{self.pushes:,} pushes shown, {self.resyncs} told to resync")
        lines.append(f"two points of a presence were at most {self.longest:.1f} s apart")
        return "\n".join([*lines, *(self.problems or ["nobody missed anything, nobody left"])])


def main() -> None:
    """Run and judge."""
    parser = argparse.ArgumentParser("python -m loadtests.gateway.kill")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--ping", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    plan = Plan(**vars(parser.parse_args()))
    print(f"seed {plan.seed}", flush=True)
    with temporary_home() as home, local_services(home, environment={}) as local:
        report = uvloop.run(kill_one(plan, local.redis_url, [environment(local, port, 0) for port in PORTS]))
    print(report.told())
    sys.exit(bool(report.problems))


async def kill_one(plan: Plan, redis_url: str, environments: Sequence[Mapping[str, str]]) -> Report:
    """Let everybody come, kill a gateway, let everybody come back, and judge."""
    chance = random.Random(plan.seed)
    with ExitStack() as stack:
        redis = stack.enter_context(Redis.from_url(redis_url))
        variables = {"MUSTER_PING_SECONDS": str(plan.ping)}
        gateways = [
            stack.enter_context(server(["-m", "gateway"], int(each["MUSTER_GATEWAY_PORT"]), {**each, **variables}))
            for each in environments
        ]
        for gateway in gateways:
            gateway.process.cpu_affinity([])  # wherever there is room
        pool = BlockingConnectionPool.from_url(redis_url, max_connections=REDIS_CONNECTIONS, timeout=PATIENCE)
        async with AsyncRedis.from_pool(pool) as shared, Splitter(chance).open() as splitter:
            splitter.ports = [int(each["MUSTER_GATEWAY_PORT"]) for each in environments]
            halls = open_halls(redis, plan.sessions, plan.clients // plan.sessions - 1)
            lessons = [Lesson(hall, shared) for hall in halls]
            return await _Day(plan, chance, redis, lessons).run(splitter.port, gateways[0])


class _Day:
    def __init__(self, plan: Plan, chance: random.Random, redis: Redis, lessons: Sequence[Lesson]) -> None:
        self._plan = plan
        self._chance = chance
        self._redis = redis
        self._lessons = lessons
        self._pages = [
            Page(lesson, who, Role.TEACHER if who == lesson.hall.teacher else Role.STUDENT, chance.random)
            for lesson in lessons
            for who in (lesson.hall.teacher, *lesson.hall.students)
        ]

    async def run(self, port: int, doomed: Server) -> Report:
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(self._publish())]
            for page in self._pages:
                work.append(group.create_task(page.run(port)))
                await asyncio.sleep(1 / COMING)
            await self._until(lambda: all(page.live_at for page in self._pages))
            await asyncio.sleep(self._plan.ping / 5)  # some have been pinged, most have not
            report = await self._kill(doomed)
            await asyncio.sleep(self._plan.ping + 1)  # everybody has been pinged by the gateway that is left
            work.pop(0).cancel()
            await self._until(lambda: not self._stale())
            self._judge(report)
            for task in work:
                task.cancel()
        return report

    async def _kill(self, doomed: Server) -> Report:
        loop = asyncio.get_running_loop()
        there = sum(line.status == psutil.CONN_ESTABLISHED for line in doomed.process.net_connections("tcp"))
        doomed.process.kill()
        killed_at = loop.time()
        await self._until(lambda: sum(page.breaks for page in self._pages) >= there)
        await self._until(lambda: all(page.live_at for page in self._pages))
        cut = [page for page in self._pages if page.breaks]
        return Report(sorted((page.live_at or loop.time()) - killed_at for page in cut))

    def _stale(self) -> int:
        return sum(page.state != page.lesson.as_seen_by(page.user_id) for page in self._pages)

    async def _publish(self) -> None:
        """Each session about twice a second: the counter for all, or a mark for some, numbered per student."""
        while True:
            lesson = self._chance.choice(self._lessons)
            if self._chance.random() < 0.5:
                lesson.present += 1
                await self._push(lesson, b"STATS_UPDATE", b'{"presentStudents":%d}' % lesson.present)
            else:
                some = self._chance.sample(lesson.hall.students, min(5, len(lesson.hall.students)))
                lesson.marks.update(some)
                changes = [b'{"studentId":"%s","times":%d}' % (str(who).encode(), lesson.marks[who]) for who in some]
                await self._push(lesson, b"MARK", b'{"changes":[%s]}' % b",".join(changes))
            await asyncio.sleep(self._chance.random() / len(self._lessons))

    async def _push(self, lesson: Lesson, kind: bytes, data: bytes) -> None:
        hall = lesson.hall
        await asyncio.to_thread(push, self._redis, hall.channel, hall.session_id, [data], kind)

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait for what should be so soon; whether it is so is judged afterwards."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not holds():  # noqa: ASYNC110 - a thousand pages tell nobody
                    await asyncio.sleep(0.02)

    def _judge(self, report: Report) -> None:
        pages = self._pages
        report.pushes = sum(page.seen["STATS_UPDATE"] + page.seen["MARK"] for page in pages)
        report.resyncs = sum(page.seen["RESYNC"] for page in pages)
        gone = sum(page.live_at is None for page in pages)
        stale = self._stale()
        report.problems += [f"{gone} never came back"] * bool(gone) + [f"{stale} show something else"] * bool(stale)
        report.problems += ["nobody was on the gateway that was killed"] * (not report.away)
        report.problems += [f"the last one was away for {away:.1f} s" for away in report.away[-1:] if away > GOAL]
        report.problems += [wrong for page in pages for wrong in page.wrong][:10]
        self._judge_presence(report)

    def _judge_presence(self, report: Report) -> None:
        found = witnessed(self._redis)
        report.longest = found.longest
        report.problems += [f"{found.left} count as having left"] * bool(found.left)
        report.problems += [f"{found.broken} presences are broken"] * bool(found.broken)
        report.problems += [f"{found.away} are away"] * bool(found.away)
        if found.people != len(self._pages):
            report.problems.append(f"{found.people} of {len(self._pages)} were witnessed")


if __name__ == "__main__":
    main()
