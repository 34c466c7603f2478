"""A session over time, counted from facts (2-http-api 2.1)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from api.timeline import MOST_BUCKETS, TIMELINE
from shared.domain.presence import GAP
from shared.domain.words import UserType
from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Visitor, make_classroom
from tests.workers.events import append, attend, change_session, check_in, online_session
from workers.drain import drain
from workers.ports import Ports


async def timeline(lecture: Lecture, bucket: int = 60) -> list[dict[str, Any]]:
    """The buckets, as the teacher sees them."""
    body = good(await lecture.teacher.get(f"{lecture.path}/timeline?bucket={bucket}"))
    assert body.keys() == {"bucketSeconds", "buckets"}
    assert body["bucketSeconds"] == bucket
    return list(body["buckets"])


async def test_check_ins_stand_where_they_were_scanned(timed: Lecture, clock: Clock, ports: Ports) -> None:
    await timed.scan(timed.students[0])
    clock.forward(seconds=59)
    await timed.scan(timed.students[1])
    clock.forward(seconds=1)
    await timed.scan(timed.students[2])
    drain(ports)
    clock.forward(seconds=90)
    buckets = await timeline(timed)
    assert [bucket["checkIns"] for bucket in buckets] == [2, 1, 0]
    starts = [moment(bucket["start"]) for bucket in buckets]
    assert starts[0] == moment(timed.session["startTime"])
    assert [later - earlier for earlier, later in pairwise(starts)] == [timedelta(minutes=1)] * 2


async def test_a_repeat_is_not_counted_again(timed: Lecture, clock: Clock, ports: Ports) -> None:
    ann = timed.classroom.students[0]
    session_id = UUID(timed.id)
    moments = [clock.now + timedelta(seconds=wait) for wait in (1, 100)]
    append(ports.redis, *(check_in(session_id, ann, scanned_at=each, accepted_at=each) for each in moments))
    drain(ports)
    clock.forward(minutes=3)
    assert [bucket["checkIns"] for bucket in await timeline(timed)] == [1, 0, 0]


async def test_connected_counts_each_student_once_in_every_bucket_they_touch(
    timed: Lecture, clock: Clock, owner: Engine, ports: Ports
) -> None:
    """Two runs in one bucket are one student; what lies before the start belongs to nobody's bucket."""
    ann, ben, cy = (student.id for student in timed.classroom.students)
    change_session(owner, UUID(timed.id), f"started_at = '{clock.now - timedelta(minutes=20)}', mode = 'online'")
    for student, first, last in ((ann, 0, 1), (ann, 3, 4), (ben, 4.5, 12), (cy, -10, -2), (cy, 19, 19.5)):
        attend(ports.redis, owner, UUID(timed.id), student, first, last)
    attend(ports.redis, owner, UUID(timed.id), timed.classroom.teacher.id, 0, 15, UserType.TUTOR)
    drain(ports)
    assert [bucket["connected"] for bucket in await timeline(timed, 300)] == [2, 1, 1, 1]


async def test_it_ends_with_the_session(timed: Lecture, clock: Clock) -> None:
    clock.forward(minutes=2, seconds=1)
    await timed.end()
    clock.forward(minutes=30)
    assert len(await timeline(timed)) == 3


async def test_a_session_that_has_not_started_has_no_buckets(visitor: Visitor, classroom: Classroom) -> None:
    assert await timeline(await open_lecture(visitor, classroom, startNow=False)) == []


async def test_a_session_that_has_just_begun_has_one(timed: Lecture) -> None:
    assert [(each["checkIns"], each["connected"]) for each in await timeline(timed)] == [(0, 0)]


@pytest.mark.parametrize("bucket", ["9", "3601", "0", "-60", "1.5", "x", "", "1e2", "9" * 5000])
async def test_a_bucket_is_ten_seconds_to_an_hour(lecture: Lecture, bucket: str) -> None:
    assert wrong_fields(await lecture.teacher.get(f"{lecture.path}/timeline?bucket={bucket}")) == {"bucket"}


@pytest.mark.parametrize("bucket", [10, 3600])
async def test_the_bounds_themselves_are_allowed(lecture: Lecture, bucket: int) -> None:
    assert len(await timeline(lecture, bucket)) == 1


async def test_more_buckets_than_fit_an_answer_are_refused_with_the_least_that_does(
    timed: Lecture, clock: Clock, owner: Engine
) -> None:
    began = clock.now - timedelta(seconds=10 * MOST_BUCKETS + 1)
    change_session(owner, UUID(timed.id), f"started_at = '{began}'")
    answer = await timed.teacher.get(f"{timed.path}/timeline?bucket=10")
    assert wrong_fields(answer) == {"bucket"}
    assert "at least 11" in answer.json()["errors"][0]["message"]
    assert len(await timeline(timed, 11)) <= MOST_BUCKETS


async def test_only_its_teacher_and_admins_see_it(
    lecture: Lecture, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    path = f"{lecture.path}/timeline"
    assert refusal(await lecture.student.get(path)) == (403, "forbidden")
    for other in (other_teacher, stranger):
        assert refusal(await other.get(path)) == (404, "not_found")
    assert refusal(await lecture.teacher.get(f"/api/v1/sessions/{uuid4()}/timeline")) == (404, "not_found")
    good(await admin.get(path))


# --- against a plain second writing -----------------------------------------------------------------------

Runs = list[tuple[int, int]]
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
students = st.lists(st.lists(st.tuples(st.integers(-400, 4_000), st.integers(0, 900)), max_size=4), max_size=3)


def expected(everybody: list[Runs], seconds: int, length: int) -> list[int]:
    """Connected students per bucket, by looking at every bucket of everybody."""
    return [
        sum(
            any(first < min(begin + seconds, length) and first + lasting >= begin for first, lasting in runs)
            for runs in everybody
        )
        for begin in range(0, length, seconds)
    ]


@given(everybody=students, seconds=st.integers(10, 700), length=st.integers(1, 4_000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_count_is_what_looking_at_every_bucket_gives(
    owner: Engine, present: tuple[UUID, list[UUID]], everybody: list[Runs], seconds: int, length: int
) -> None:
    session_id, people = present
    everybody = [apart(runs) for runs in everybody]
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM presence WHERE session_id = :id"), {"id": session_id})
        for person, runs in zip(people, everybody, strict=False):
            if runs:
                ranges = ",".join(f"[{at(first)},{at(first + lasting) + GAP})" for first, lasting in runs)
                values = {"id": session_id, "person": person, "covered": f"{{{ranges}}}", "at": START}
                connection.execute(_PRESENT, values)
        last = -(-length // seconds) - 1
        asked = {"id": session_id, "start": START, "end": at(length), "seconds": seconds, "last": last}
        found = [row.connected for row in connection.execute(TIMELINE, asked)]
    assert found == expected(everybody, seconds, length)


@pytest.fixture(scope="module")
def present(owner: Engine) -> tuple[UUID, list[UUID]]:
    """A session, and the people in it."""
    room = make_classroom(owner)
    return online_session(owner, room), [student.id for student in room.students]


def at(seconds: int) -> datetime:
    """A moment of the session."""
    return START + timedelta(seconds=seconds)


def apart(runs: Runs) -> Runs:
    """Only runs that are more than the gap away from the one before: the others would be one run."""
    kept: Runs = []
    for first, lasting in sorted(runs):
        if not kept or first - sum(kept[-1]) > GAP.total_seconds():
            kept.append((first, lasting))
    return kept


_PRESENT = text("""
    INSERT INTO presence (session_id, user_id, user_type, covered, first_connected_at, last_activity_at,
                          total_active_seconds, connects)
    VALUES (:id, :person, 'student', CAST(:covered AS tstzmultirange), :at, :at, 0, 1)
""")
