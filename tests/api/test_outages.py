"""Outages: an event is accepted when it is safely queued, otherwise nobody is told so (4-pipeline)."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Engine

from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good, refusal
from tests.api.lecture import Lecture, open_lecture
from tests.api.outages import NO_DATABASE, NOWHERE, elsewhere, inbox, running, waits
from tests.api.test_checkin import marks
from tests.campus import Classroom, Visitor, make_classroom
from tests.gateway.valkey import Valkey
from workers.drain import drain
from workers.ports import Ports

# --- Redis is gone ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def no_redis(settings: Settings, tokens: Tokens) -> AsyncIterator[Visitor]:
    """Visitors of an application whose Redis is gone."""
    async with running(settings, tokens, redis_url=NOWHERE) as visitor:
        yield visitor


async def test_a_check_in_goes_to_the_inbox_and_becomes_one_mark(
    no_redis: Visitor, lecture: Lecture, owner: Engine, ports: Ports
) -> None:
    here = elsewhere(no_redis, lecture)
    body = await here.scan(here.student)
    assert (body["status"], body["duplicate"]) == ("present", False)
    [event] = inbox(owner, lecture.id)
    assert (str(event.id), str(event.student_id)) == (body["checkInId"], body["studentId"])
    drain(ports)
    assert marks(owner, lecture.id) == [("PRESENT", "qr_checkin")]
    assert inbox(owner, lecture.id) == []


async def test_a_repeat_during_the_outage_is_still_one_mark(
    no_redis: Visitor, lecture: Lecture, owner: Engine, ports: Ports
) -> None:
    """A check-in on its way to the database is remembered there, whichever way it came."""
    here = elsewhere(no_redis, lecture)
    token = await here.token()
    for _ in range(3):
        assert (await here.check_in(here.student, token=token)).status_code in (200, 202)
    good(await lecture.check_in(lecture.student, token=token), 202)
    drain(ports)
    assert marks(owner, lecture.id) == [("PRESENT", "qr_checkin")]


async def test_a_ticket_is_spent_once_and_repeats_hear_the_first_time_during_the_outage(
    no_redis: Visitor, lecture: Lecture, ports: Ports
) -> None:
    """The same promises as with Redis; and afterwards Redis knows what was promised."""
    here = elsewhere(no_redis, lecture)
    one, two, *_ = here.students
    token = await lecture.token()
    ticket = good(await one.post("/api/v1/checkin/tickets", json={"token": token}), 201)["ticket"]
    two.cookies.update(one.cookies)
    first = good(await here.check_in(one, ticket=ticket), 202)
    again = good(await here.check_in(one, ticket=ticket), 200)
    assert (again["duplicate"], again["checkInId"]) == (True, first["checkInId"])
    assert refusal(await here.check_in(two, ticket=ticket)) == (409, "code_already_used")
    drain(ports)
    afterwards = good(await lecture.check_in(lecture.student, token=await lecture.token()), 200)
    assert (afterwards["duplicate"], afterwards["checkInId"]) == (True, first["checkInId"])


async def test_a_whole_class_checks_in_during_the_outage(
    no_redis: Visitor, visitor: Visitor, owner: Engine, ports: Ports
) -> None:
    here = elsewhere(no_redis, await open_lecture(visitor, make_classroom(owner, 40)))
    token = await here.token()
    answers = await asyncio.gather(*(here.check_in(student, token=token) for student in here.students))
    assert {answer.status_code for answer in answers} == {202}
    drain(ports)
    assert len(marks(owner, here.id)) == 40


async def test_an_ended_session_takes_no_check_in_during_the_outage(no_redis: Visitor, lecture: Lecture) -> None:
    """What a process remembers may be stale; the database is asked in the same step that writes."""
    here = elsewhere(no_redis, lecture)
    token = await here.token()
    await lecture.end()
    assert refusal(await here.check_in(here.student, token=token)) == (409, "session_not_active")


async def test_nobody_guesses_for_free_during_the_outage(no_redis: Visitor, lecture: Lecture) -> None:
    here, nobody = elsewhere(no_redis, lecture), no_redis.anonymous()
    right = (await here.code())["shortCode"]
    assert waits(await here.check_in(here.student, shortCode=right))
    assert waits(await here.exchange(here.student, shortCode=right))
    assert waits(await here.exchange(nobody, shortCode=right))
    login = {"email": "teacher@campus.test", "password": "muster-demo"}
    assert waits(await nobody.post("/api/auth/login", json=login))


async def test_what_cannot_be_promised_is_refused(no_redis: Visitor, lecture: Lecture) -> None:
    here = elsewhere(no_redis, lecture)
    assert waits(await here.student.post("/api/v1/realtime/ticket"))
    assert waits(await here.student.post("/api/auth/logout"))
    assert waits(await here.teacher.post(f"{here.path}/cancel", headers={"idempotency-key": "a"}))
    good(await here.student.get("/api/v1/me"))
    assert good(await here.teacher.get(here.path))["status"] == "active"


async def test_counts_are_still_there_at_no_position(no_redis: Visitor, lecture: Lecture) -> None:
    here = elsewhere(no_redis, lecture)
    body = good(await here.teacher.get(f"{here.path}/stats"))
    assert (body["totalStudents"], body["version"], body["epoch"]) == (3, 0, "")


async def test_a_session_is_run_without_redis(no_redis: Visitor, classroom: Classroom, owner: Engine) -> None:
    lecture = await open_lecture(no_redis, classroom)
    await lecture.set_code(visible=False)
    assert (await lecture.set_code(visible=True))["token"]
    assert (await lecture.end(markRest="absent"))["summary"]["absentStudents"] == 3
    assert len(marks(owner, lecture.id)) == 3


# --- Redis is frozen --------------------------------------------------------------------------------------


async def test_a_frozen_redis_never_blocks_livez(
    settings: Settings, tokens: Tokens, valkey: Valkey, lecture: Lecture
) -> None:
    """While many requests wait for it, the event loop turns; and the check-ins among them end in the inbox."""
    async with running(settings, tokens, redis_url=valkey.url, redis_timeout=1.5) as visitor:
        here = elsewhere(visitor, lecture)
        token = await here.token()
        valkey.freeze()
        try:
            waiting = [asyncio.create_task(here.check_in(student, token=token)) for student in here.students]
            waiting += [asyncio.create_task(here.teacher.get(f"{here.path}/stats")) for _ in range(5)]
            slowest = 0.0
            while not all(task.done() for task in waiting):
                began = time.monotonic()
                good(await here.student.get("/livez"))
                slowest = max(slowest, time.monotonic() - began)
                await asyncio.sleep(0.01)
        finally:
            valkey.thaw()
        assert slowest < 1.0, "a block would last as long as one call may take"
        assert sorted(task.result().status_code for task in waiting) == [200] * 5 + [202] * 3


async def test_a_redis_that_comes_back_is_used_again(
    settings: Settings, tokens: Tokens, valkey: Valkey, lecture: Lecture, owner: Engine
) -> None:
    async with running(settings, tokens, redis_url=valkey.url) as visitor:
        here = elsewhere(visitor, lecture)
        valkey.stop()
        good(await here.check_in(here.students[0], token=await here.token()), 202)
        assert len(inbox(owner, lecture.id)) == 1
        valkey.start()
        visitor._app.state.services.intake._breaker._open_until = 0.0  # as two seconds later
        good(await here.check_in(here.students[1], token=await here.token()), 202)
        assert len(inbox(owner, lecture.id)) == 1


# --- readiness --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "failing"),
    [
        ({"redis_url": NOWHERE}, ["queue"]),
        ({"database_url": NO_DATABASE}, ["database"]),
        ({"redis_url": NOWHERE, "database_url": NO_DATABASE}, ["database", "queue"]),
    ],
)
async def test_not_ready_names_the_failing_check_and_alive_stays_alive(
    settings: Settings, tokens: Tokens, change: dict[str, str], failing: list[str]
) -> None:
    async with running(settings, tokens, **change) as visitor:
        nobody = visitor.anonymous()
        answer = await nobody.get("/readyz")
        assert (answer.status_code, answer.json()["failing"]) == (503, failing)
        assert good(await nobody.get("/livez")) == {"status": "ok"}
