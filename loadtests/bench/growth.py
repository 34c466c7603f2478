"""How costs grow: with the rate of events, with the size of a class, with worker processes, with gateways.

What costs the same per event whatever there is of it can be scaled by adding processes (docs/operations.md).
"""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import cycle
from multiprocessing import get_context

import uvloop
from redis import Redis

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.bench.drain import BEAT, append, drain_all
from loadtests.bench.marking import burst
from loadtests.bench.servers import api_environment, server
from loadtests.campus import build_campus, build_classes, let_redis_know
from loadtests.gateway.contestants import push
from loadtests.gateway.hall import MUSTER, crowd, open_halls, students_of
from loadtests.load.running import own_stack
from loadtests.visible.stream import stream
from shared.domain.words import Connection, UserType
from shared.logs import configure_logs
from shared.messages.events import PointProven
from shared.settings import Settings
from workers.ports import make_ports

RATES, RATE_SECONDS = (100, 1_000, 5_000), 8.0
STUDENTS, PER_SESSION = 8_000, 80
"""Nobody reports more than 60 times a minute, which is as often as a person may."""
SIZES, BURST, BURSTS = (30, 300, 3_000), 30, 60
DRAIN_SESSIONS, DRAIN_STUDENTS, BEATS = 100, 50, 12
WORKERS, GATEWAYS = (1, 2), (1, 2)
HALLS, SEATS, SAYS, SAY_SECONDS = 20, 50, 30, 0.3
FIRST_PORT = 18_520
PARTS = ("api", "workers: events", "gateway", "postgres", "valkey-server")


def run(local: LocalServices) -> Iterator[str]:
    """All four; about two minutes."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))  # processes are what grows here: they get every core
    settings = checked(api_environment(local, 0))
    configure_logs(settings, "bench")
    yield from rates()
    yield from sizes(settings)
    yield from drains(settings)
    yield from gateways(local)


def rates() -> Iterator[str]:
    """CPU per event of every process of a whole stack."""
    yield "CPU per event, µs, of events by HTTP" + "".join(f"{part:>18}" for part in PARTS)
    with own_stack() as settings:
        for rate in RATES:
            classes = build_classes(settings.database_url, settings, cohorts=STUDENTS // PER_SESSION, size=PER_SESSION)
            let_redis_know(settings)
            found = uvloop.run(stream(settings, classes, rate, RATE_SECONDS, asking=0))
            accepted = found.accepted.total() / found.seconds
            cells = "".join(f"{found.cores.get(part, 0.0) / accepted * 1e6:18,.0f}" for part in PARTS)
            yield f"  {rate:>6,} a second, {accepted:6,.0f} accepted   {cells}"


def sizes(settings: Settings) -> Iterator[str]:
    """A check-in, drained in bursts, in classes of three sizes that take turns."""
    rooms = {
        size: cycle(build_classes(settings.database_url, settings, cohorts=max(1, BURST * BURSTS // size), size=size))
        for size in SIZES
    }
    ports = make_ports(settings, "bench")
    seconds = dict.fromkeys(SIZES, 0.0)
    for turn in range(BURSTS):
        for size in SIZES:
            room = next(rooms[size])
            first = turn // max(1, BURST * BURSTS // size) * BURST
            seconds[size] += burst(ports, room, room.students[first : first + BURST])
    ports.engine.dispose()
    yield "a check-in, drained in bursts of 30: ms on the clock, ÷ the smallest class"
    for size in SIZES:
        each = seconds[size] / BURST / BURSTS * 1e3
        yield f"  class of {size:>6,}   {each:6.2f}   {each / (seconds[SIZES[0]] / BURST / BURSTS * 1e3):6.2f}"


def drains(settings: Settings) -> Iterator[str]:
    """The same backlog, drained by one worker process and by two."""
    campus = build_campus(settings.database_url, settings, sessions=DRAIN_SESSIONS, students=DRAIN_STUDENTS)
    ports = make_ports(settings, "bench")
    start = datetime.now(UTC) - timedelta(hours=1)
    yield "a backlog of heartbeats, drained: events per second on the clock, per CPU second of the workers"
    for round_number, count in enumerate(WORKERS):
        moments = [start + BEAT * (round_number * BEATS + beat) for beat in range(BEATS)]
        points = [
            PointProven(session.id, student, UserType.STUDENT, Connection.HEARTBEAT, moment)
            for moment in moments
            for session in campus.sessions
            for student in campus.students
        ]
        with ProcessPoolExecutor(count, get_context("spawn")) as pool:
            list(pool.map(_warm, [settings] * count, range(count)))
            append(ports, points)
            begun = time.perf_counter()
            used = sum(pool.map(_drain, [settings] * count, range(count)))
            elapsed = time.perf_counter() - begun
        yield f"  {count} processes   {len(points) / elapsed:9,.0f}   {len(points) / used:9,.0f}"
    ports.engine.dispose()


def _warm(settings: Settings, number: int) -> None:
    """Everything is imported, and the process is there: nothing waits yet."""
    _drain(settings, number)
    time.sleep(0.2)  # so that the next one is given to another process


def _drain(settings: Settings, number: int) -> float:
    """CPU seconds that this process spent until nothing waited."""
    configure_logs(settings, "bench")
    begun = time.process_time()
    ports = make_ports(settings, f"bench-{number}")
    drain_all(ports)
    ports.engine.dispose()
    return time.process_time() - begun


def gateways(local: LocalServices) -> Iterator[str]:
    """The same pushes to the same people, who are with one gateway or spread over two."""
    yield "pushes of 20 channels to 1,000 sockets: µs of CPU per delivery, all gateways together"
    for count in GATEWAYS:
        with ExitStack() as stack:
            redis = stack.enter_context(Redis.from_url(local.redis_url))
            ports = range(FIRST_PORT, FIRST_PORT + count)
            running = [stack.enter_context(server(["-m", "gateway"], port, _gateway(local, port))) for port in ports]
            for core, gateway in enumerate(running):
                gateway.process.cpu_affinity([core % (os.cpu_count() or 1)])
            people = stack.enter_context(crowd())
            halls = open_halls(redis, HALLS, SEATS)
            guests = students_of(checked(_gateway(local, FIRST_PORT)), halls)
            for place, port in enumerate(ports):
                people.join(port, guests[place::count], MUSTER, 150.0)
            people.tell("reset")
            before = sum(gateway.cpu_seconds() for gateway in running)
            for number in range(SAYS):
                for hall in halls:
                    data = b'{"presentStudents":%d,"at":%d}' % (number, time.time() * 1e6)
                    push(redis, hall.channel, hall.session_id, [data], kind=b"STATS_UPDATE")
                time.sleep(SAY_SECONDS)
            used = sum(gateway.cpu_seconds() for gateway in running) - before
            heard = people.tell("report")["pushes"]
        yield f"  {count} gateways   {used / heard * 1e6:8.1f}   ({heard:,} deliveries)"


def _gateway(local: LocalServices, port: int) -> dict[str, str]:
    return {
        **local.environment(),
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_GATEWAY_PORT": str(port),
        "MUSTER_GATEWAY_METRICS_PORT": "0",
        "MUSTER_LOG_LEVEL": "WARNING",
    }
