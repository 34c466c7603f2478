"""Presence in the drain: the stored row is a function of the set of points."""

import os
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from sqlalchemy import Engine, text

from shared.bus import MemoryPublisher
from shared.domain.presence import active_time, runs_of
from shared.domain.words import Connection, UserType
from shared.inbox import PUT, rows
from shared.messages.events import PointProven
from shared.messages.pushes import PresenceChanged, Stats
from tests.campus import Classroom
from tests.workers.events import append, running_session
from workers.drain import drain
from workers.ports import Ports
from workers.sweep import sweep

EXAMPLES = 10_000 if os.environ.get("MUSTER_LONG") == "1" else 200
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def session_id(owner: Engine, classroom: Classroom) -> UUID:
    """A running session of the test's class."""
    return running_session(owner, classroom)


def point(session_id: UUID, user: UUID, seconds: float, **more: Any) -> PointProven:
    """A heartbeat this long after the start."""
    values: dict[str, Any] = {"user_type": UserType.STUDENT, "event": Connection.HEARTBEAT, **more}
    return PointProven(session_id, user, at=START + timedelta(seconds=seconds), **values)


def stored(owner: Engine, session_id: UUID, user: UUID) -> tuple[Any, ...]:
    """Everything kept of one participant."""
    statement = text("""SELECT CAST(covered AS text), first_connected_at, last_activity_at, last_disconnected_at,
        total_active_seconds, connects, activity_counts, connected
        FROM presence WHERE session_id = :session AND user_id = :user""")
    with owner.connect() as connection:
        return tuple(connection.execute(statement, {"session": session_id, "user": user}).one())


def connected(owner: Engine, session_id: UUID) -> int:
    """The session's counter."""
    statement = text("SELECT connected FROM session_tallies WHERE session_id = :id")
    with owner.connect() as connection:
        return int(connection.execute(statement, {"id": session_id}).scalar_one())


def test_runs_are_joined_across_batches(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    user = classroom.students[0].id
    for seconds in (0, 150, 75, 300):  # 75 s apart is one run, the last is not
        append(redis, point(session_id, user, seconds))
        drain(ports)
    kept = stored(owner, session_id, user)
    assert kept[4:6] == (150.0, 2)
    assert kept[1:3] == (START, START + timedelta(seconds=300))


def test_two_devices_are_counted_once(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    user = classroom.students[0].id
    append(redis, *(point(session_id, user, 15 * beat + shift) for shift in (0, 7.5) for beat in range(5)))
    drain(ports)
    assert stored(owner, session_id, user)[4:6] == (67.5, 1)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seconds=st.lists(st.integers(0, 900).map(lambda tick: tick * 2.5), min_size=1, max_size=12),
    seed=st.integers(0, 2**32),
)
def test_order_duplicates_and_batches_do_not_matter(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID, seconds: list[float], seed: int
) -> None:
    chance = random.Random(seed)
    kinds = {second: chance.choice(list(Connection)) for second in seconds}
    rows = []
    for user in classroom.students[:2]:
        _forget(owner, session_id)
        points = [point(session_id, user.id, second, event=kinds[second]) for second in seconds * chance.randint(1, 2)]
        chance.shuffle(points)
        for batch in _split(points, chance):
            append(redis, *batch)
            drain(ports)
        rows.append(stored(owner, session_id, user.id))
    assert rows[0] == rows[1]
    runs = runs_of(START + timedelta(seconds=second) for second in seconds)
    assert rows[0][4:6] == (active_time(runs).total_seconds(), len(runs))


def test_activities_are_counted_once_however_often_delivered(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = classroom.students[0].id
    append(redis, *(point(session_id, user, second, activity="draw") for second in (1, 2)))
    monkeypatch.setattr("workers.sources.StreamSource.settle", lambda *_: None)
    monkeypatch.setattr("workers.sources.STALE_MS", 0)
    monkeypatch.setattr("workers.drain.BUDGET_SECONDS", 0.2)
    drain(ports)  # delivers the same entry again and again, as a worker that dies before it settles
    monkeypatch.undo()
    drain(ports)
    assert stored(owner, session_id, user)[6] == {"draw": 2}


def test_an_activity_is_counted_once_when_it_comes_by_stream_and_by_inbox(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    user = classroom.students[0].id
    drawn = point(session_id, user, 1, activity="draw")
    append(redis, drawn, drawn)  # its answer was lost, so it was also put into the inbox
    with owner.begin() as connection:
        connection.execute(PUT, rows([drawn]))
    drain(ports)
    assert stored(owner, session_id, user)[6] == {"draw": 1}


def test_who_comes_and_goes_is_told_and_counted(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    heard = MemoryPublisher()
    worker = replace(ports, publisher=heard)
    one, two, _ = (student.id for student in classroom.students)
    tutor = classroom.teacher.id
    append(redis, point(session_id, one, 0), point(session_id, two, 1))
    append(redis, point(session_id, tutor, 1, user_type=UserType.TUTOR))
    drain(worker)
    assert connected(owner, session_id) == 2
    append(redis, point(session_id, two, 30, event=Connection.DISCONNECT))
    drain(worker)
    assert connected(owner, session_id) == 1
    told = [push.data for push in heard.published if isinstance(push.data, PresenceChanged)]
    assert set(told[0].joined) == {one, two, tutor}
    assert (told[-1].joined, told[-1].left, told[-1].connected_count) == ([], [two], 1)


def test_connects_and_disconnects_are_listed_once(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    user = classroom.students[0].id
    points = [point(session_id, user, second, event=event) for second, event in enumerate(Connection)]
    for _ in range(2):
        append(redis, *points)
        drain(ports)
    with owner.connect() as connection:
        statement = text("SELECT event FROM connection_events WHERE session_id = :id ORDER BY occurred_at")
        assert connection.execute(statement, {"id": session_id}).scalars().all() == ["connect", "disconnect"]


def test_a_client_that_vanished_is_credited_to_its_last_proof_of_life(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    heard = MemoryPublisher()
    one, two, _ = (student.id for student in classroom.students)
    append(redis, point(session_id, one, 0), point(session_id, two, 0), point(session_id, two, 60))
    drain(ports)
    later = replace(ports, publisher=heard, now=lambda: START + timedelta(seconds=76))
    sweep(later)
    sweep(later)
    assert connected(owner, session_id) == 1
    told = [push.data for push in heard.published if push.session_id == session_id]
    assert told == [PresenceChanged([], [one], 1), Stats(connected_count=1)]
    with owner.connect() as connection:
        statement = text("SELECT user_id, event, occurred_at FROM connection_events WHERE session_id = :id")
        assert connection.execute(statement, {"id": session_id}).all() == [(one, "timeout", START)]
    append(redis, point(session_id, one, 100))
    drain(ports)
    assert connected(owner, session_id) == 2


def _forget(owner: Engine, session_id: UUID) -> None:
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM presence WHERE session_id = :id"), {"id": session_id})


def _split(points: Sequence[PointProven], chance: random.Random) -> list[Sequence[PointProven]]:
    cut = chance.randint(0, len(points))
    return [part for part in (points[:cut], points[cut:]) if part]
