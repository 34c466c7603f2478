"""What a mark costs in a class of 30 and in one of 3,000: check-ins in the drain, and marks by hand in bulk.

Costs are per student on the clock, because most of the work is PostgreSQL's; both classes take turns within a round.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event

from api.app import open_services
from api.marking import bulk_mark, mark_many
from api.marking_bodies import RecordMark
from api.services import Services
from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.bench.figures import Figure, Ratio, Table
from loadtests.bench.servers import api_environment
from loadtests.campus import RunningClass, build_classes
from shared import keys
from shared.domain.words import Mark, Role, Via
from shared.ids import new_id
from shared.logs import configure_logs
from shared.messages.events import CheckInAccepted, encode
from shared.settings import Settings
from shared.tokens import Identity
from workers.drain import drain
from workers.ports import Ports, make_ports

Way = Callable[[Services, Identity, RunningClass], Awaitable[None]]

ROUNDS = 5
SMALL, LARGE = 30, 3_000
TURNS = LARGE // SMALL // ROUNDS
"""Bursts of check-ins in a round: each is a small class that arrives, or as many students of the large one."""


def run(local: LocalServices) -> Iterator[str]:
    """Check-ins, then marks by hand."""
    settings = checked(api_environment(local, 0))
    configure_logs(settings, "bench")
    yield from check_ins(local, settings)
    yield from asyncio.run(by_hand(local, settings))


# --- check-ins ------------------------------------------------------------------------------------------


def check_ins(local: LocalServices, settings: Settings) -> Iterator[str]:
    """Bursts of 30, each drained in one transaction."""
    [large] = build_classes(local.database_url, settings, cohorts=1, size=LARGE)
    small = build_classes(local.database_url, settings, cohorts=ROUNDS * TURNS, size=SMALL)
    ports = make_ports(settings, "bench")
    figures = Figure("check-ins drained in a class of 30"), Figure("check-ins drained in a class of 3,000")
    for number in range(ROUNDS):
        seconds = [0.0, 0.0]
        for turn in range(number * TURNS, (number + 1) * TURNS):
            seconds[0] += burst(ports, small[turn], small[turn].students)
            seconds[1] += burst(ports, large, large.students[turn * SMALL : (turn + 1) * SMALL])
        for figure, spent in zip(figures, seconds, strict=True):
            figure.rates.append(SMALL * TURNS / spent)
    ports.engine.dispose()
    ratio = Ratio(figures[0], figures[1], 1.3)
    yield from Table("check-ins per second on the clock (goal of the ratio: at most 1.3)", [*figures], [ratio]).lines()


def burst(ports: Ports, room: RunningClass, students: Sequence[UUID]) -> float:
    """These check in at once; seconds until they are drained."""
    now, redis = datetime.now(UTC), ports.redis
    events = [CheckInAccepted(new_id(), room.session.id, each, Mark.PRESENT, Via.TOKEN, now, now) for each in students]
    redis.xadd(keys.EVENTS, {str(place): encode(event) for place, event in enumerate(events)})
    start = time.perf_counter()
    while drain(ports):
        continue
    return time.perf_counter() - start


# --- by hand --------------------------------------------------------------------------------------------

CLASSES = 5
"""Small classes that are marked by hand in a round, beside one large."""


async def by_hand(local: LocalServices, settings: Settings) -> list[str]:
    """One request for a whole class: the bulk of ``mark/``, and ``bulk-mark/``; the number of statements is fixed."""
    ways = {"bulk of mark/": mark_each, "bulk-mark/": mark_rest}
    large = build_classes(local.database_url, settings, cohorts=1, size=LARGE, sessions_each=2 * ROUNDS)
    small = build_classes(local.database_url, settings, cohorts=1, size=SMALL, sessions_each=2 * ROUNDS * CLASSES + 1)
    figures, ratios, statements = [], [], []
    async with open_services(settings) as services:
        await note(services, Figure("warm up"), mark_each, [small.pop()])
        for way, mark in ways.items():
            few, many = Figure(f"{way}, class of 30"), Figure(f"{way}, class of 3,000")
            sent: set[int] = set()
            for _ in range(ROUNDS):
                sent |= await note(services, few, mark, [small.pop() for _ in range(CLASSES)])
                sent |= await note(services, many, mark, [large.pop()])
            if len(sent) != 1:
                raise AssertionError(
                    f"{way} takes {sorted(sent)} statements; their number must not depend on the class"
                )
            figures += [few, many]
            ratios.append(Ratio(many, few, 1.0))
            statements.append(f"  {way}: {sent.pop()} statements, whatever the class")
    return [*Table("marks by hand per second on the clock", figures, ratios).lines(), *statements]


async def note(services: Services, figure: Figure, mark: Way, rooms: Sequence[RunningClass]) -> set[int]:
    """Mark these classes; keep the rate per student. How many statements each took."""
    for room in rooms:
        await services.facts.get(room.session.id)  # remembered from the session's start, as in a running API
    who = Identity(rooms[0].teacher, Role.TEACHER, "bench", datetime.now(UTC) + timedelta(hours=1))
    sent = []
    start = time.perf_counter()
    for room in rooms:
        with counted(services) as statements:
            await mark(services, who, room)
        sent.append(len(statements))
    figure.rates.append(sum(len(room.students) for room in rooms) / (time.perf_counter() - start))
    return set(sent)


async def mark_each(services: Services, who: Identity, room: RunningClass) -> None:
    """Everybody by name."""
    records = [RecordMark(student_id=str(each), status=Mark.PRESENT) for each in room.students]
    await mark_many(services, who, room.session.id, records)


async def mark_rest(services: Services, who: Identity, room: RunningClass) -> None:
    """Everybody who has no mark."""
    await bulk_mark(services, who, room.session.id, Mark.ABSENT)


@contextmanager
def counted(services: Services) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(services.engine.sync_engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(services.engine.sync_engine, "before_cursor_execute", keep)
