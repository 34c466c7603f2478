"""Flags: what check-ins show, alone and together; they never change a mark."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from tests.campus import Classroom, Person, make_classroom
from tests.workers.events import append, change_session, check_in, end_session, marks, running_session
from workers.drain import drain
from workers.flags import flag_patterns, flag_patterns_of
from workers.ports import Ports


def ago(**much: float) -> datetime:
    """So long before now."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(**much)


@pytest.fixture
def session_id(owner: Engine, classroom: Classroom) -> UUID:
    """A running session of the test's class."""
    return running_session(owner, classroom)


def flags(owner: Engine, session_id: UUID) -> set[tuple[UUID, str]]:
    """Who is flagged for what."""
    statement = text("SELECT student_id, kind FROM check_in_flags WHERE session_id = :id")
    with owner.connect() as connection:
        return {(row.student_id, row.kind) for row in connection.execute(statement, {"id": session_id})}


def scan(redis: Redis, session_id: UUID, student: Person, at: datetime, age: float) -> None:
    """A check-in so many seconds into its step."""
    values: dict[str, Any] = {"scanned_at": at, "accepted_at": at, "step_age_ms": int(age * 1000)}
    append(redis, check_in(session_id, student, **values))


def test_two_students_on_one_device_are_both_flagged(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    one, two, three = classroom.students
    append(redis, check_in(session_id, one, device=b"12345678"), check_in(session_id, three, device=b"abcdefgh"))
    drain(ports)
    assert flags(owner, session_id) == set()
    append(redis, check_in(session_id, two, device=b"12345678"))
    drain(ports)
    assert flags(owner, session_id) == {(one.id, "shared_device"), (two.id, "shared_device")}
    assert marks(owner, session_id) == [("PRESENT", "qr_checkin")] * 3


def test_place_and_network_are_flagged(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    change_session(owner, session_id, "fence_latitude = 1, fence_longitude = 2, fence_radius_meters = 50")
    out, silent, away = classroom.students
    append(
        redis,
        check_in(session_id, out, inside=False, distance_meters=500),
        check_in(session_id, silent),
        check_in(session_id, away, inside=True, distance_meters=25, on_campus=False),
    )
    drain(ports)
    assert flags(owner, session_id) == {
        (out.id, "outside_geofence"),
        (silent.id, "no_location"),
        (away.id, "off_campus"),
    }


def test_a_second_delivery_flags_nobody_twice(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    event = check_in(session_id, classroom.students[0], on_campus=False)
    append(redis, event, event)
    append(redis, event)
    drain(ports)
    assert len(flags(owner, session_id)) == 1


def test_codes_that_come_late_again_and_again_are_flagged(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom
) -> None:
    relayed, honest, _ = classroom.students
    for week in range(5):
        session_id = running_session(owner, classroom)
        at = ago(weeks=4 - week)
        scan(redis, session_id, relayed, at, 17)
        scan(redis, session_id, honest, at + timedelta(seconds=40), 17 if week == 4 else 6)
        drain(ports)
        if week < 4:
            end_session(owner, session_id)
    flag_patterns(ports)
    assert flags(owner, session_id) == {(relayed.id, "late_in_step")}


def test_one_code_that_went_round_is_a_burst(ports: Ports, redis: Redis, owner: Engine) -> None:
    classroom = make_classroom(owner, 12)
    session_id, now = running_session(owner, classroom), ago()
    for place, student in enumerate(classroom.students):
        step = now - timedelta(seconds=60 if place < 6 else 30)
        age = 16 + place / 10 if place < 6 else place
        scan(redis, session_id, student, step + timedelta(seconds=age), age)
    drain(ports)
    with owner.begin() as connection:
        flag_patterns_of(connection, session_id, ago(days=1))
    assert flags(owner, session_id) == {(student.id, "burst") for student in classroom.students[:6]}


def test_the_same_pair_every_week_is_flagged_and_neighbours_are_not(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom
) -> None:
    one, two, neighbour = classroom.students
    for week in range(13):
        session_id = running_session(owner, classroom)
        at = ago(weeks=12 - week)
        scan(redis, session_id, one, at, 3)
        scan(redis, session_id, two, at + timedelta(seconds=1), 4)
        scan(redis, session_id, neighbour, at + timedelta(seconds=2 if week % 3 == 0 else 30), 5)
        drain(ports)
        if week < 12:
            end_session(owner, session_id)
    flag_patterns(ports)
    assert flags(owner, session_id) == {(one.id, "always_together"), (two.id, "always_together")}
