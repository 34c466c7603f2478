"""Running a session: start, end, cancel (1-domain, 2-http-api 2.1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from api import running
from api.news import close_gate, open_gate
from api.services import Services
from shared import keys
from tests.api.answers import good, moment, refusal
from tests.api.lecture import Lecture, open_lecture
from tests.api.test_opening import LIVE, MEMBERS
from tests.campus import Classroom, Visitor
from workers.drain import drain
from workers.ports import Ports


@pytest.fixture
async def planned(visitor: Visitor, classroom: Classroom) -> Lecture:
    """A session for later."""
    return await open_lecture(visitor, classroom, startNow=False)


async def act(lecture: Lecture, way: str, **body: Any) -> httpx.Response:
    """Start, end or cancel."""
    return await lecture.teacher.post(f"{lecture.path}/{way}", json=body or None)


async def test_a_planned_session_starts(planned: Lecture) -> None:
    body = good(await act(planned, "start"))
    assert body.keys() == MEMBERS
    assert (body["status"], bool(moment(body["startTime"]))) == ("active", True)
    assert body["qrCodeData"]


async def test_starting_twice_gives_the_same_answer(planned: Lecture) -> None:
    first = good(await act(planned, "start"))
    again = good(await act(planned, "start"))
    assert (again["id"], again["startTime"], again["status"]) == (first["id"], first["startTime"], "active")


async def test_starting_beside_an_active_session_of_the_group_is_refused(
    planned: Lecture, classroom: Classroom
) -> None:
    active = good(await planned.teacher.post(LIVE, json=classroom.opening), 201)
    answer = await act(planned, "start")
    assert (refusal(answer)[1], answer.json()["activeSessionId"]) == ("session_already_active", active["id"])
    assert good(await planned.teacher.get(planned.path))["status"] == "scheduled"


async def test_an_end_carries_the_final_counts(lecture: Lecture, ports: Ports) -> None:
    await lecture.scan(lecture.student)
    drain(ports)
    body = await lecture.end()
    assert body.keys() == MEMBERS | {"summary"}
    assert (body["status"], body["qrCodeData"], bool(moment(body["endTime"]))) == ("completed", None, True)
    summary = body["summary"]
    assert (summary["status"], summary["presentStudents"], summary["notMarked"]) == ("completed", 1, 2)
    assert summary["absentStudents"] == 0


async def test_the_rest_is_absent_by_the_teachers_explicit_act_only(
    lecture: Lecture, ports: Ports, owner: Engine
) -> None:
    await lecture.scan(lecture.student)
    drain(ports)
    summary = (await lecture.end(markRest="absent"))["summary"]
    assert (summary["presentStudents"], summary["absentStudents"], summary["notMarked"]) == (1, 2, 0)
    with owner.connect() as connection:
        statement = text("SELECT status, source, marked_by FROM attendance_records WHERE session_id = :id")
        rows = {tuple(row) for row in connection.execute(statement, {"id": lecture.id})}
    teacher = lecture.classroom.teacher.id
    assert rows == {("PRESENT", "qr_checkin", None), ("ABSENT", "system_default", teacher)}


async def test_a_check_in_on_its_way_is_waited_for(lecture: Lecture, ports: Ports) -> None:
    """Nobody who was just told "present" is marked absent, though the drain comes after the end began."""
    await lecture.scan(lecture.student)
    ending = asyncio.create_task(lecture.end(markRest="absent"))
    await asyncio.sleep(0.1)
    assert not ending.done()
    await asyncio.to_thread(drain, ports)
    summary = (await ending)["summary"]
    assert (summary["presentStudents"], summary["absentStudents"]) == (1, 2)


async def test_ending_twice_gives_the_same_answer(lecture: Lecture, ports: Ports) -> None:
    first = await lecture.end(markRest="absent")
    drain(ports)
    again = good(await act(lecture, "end"))
    for body in (first, again):
        del body["summary"]["version"]  # the position of the channel, which has heard of the end since
    assert again == first


async def test_two_ends_at_once_make_one_change(lecture: Lecture, owner: Engine) -> None:
    first, second = await asyncio.gather(lecture.end(), lecture.end())
    assert first["endTime"] == second["endTime"]
    assert changes(owner, lecture) == [(None, "active"), ("active", "completed")]


def changes(owner: Engine, lecture: Lecture) -> list[tuple[str | None, str]]:
    """The session's history."""
    statement = text("SELECT old_status, new_status FROM session_status_changes WHERE session_id = :id ORDER BY id")
    with owner.connect() as connection:
        return [(row.old_status, row.new_status) for row in connection.execute(statement, {"id": lecture.id})]


@pytest.mark.parametrize("first", ["scheduled", "active"])
async def test_what_has_not_ended_may_be_cancelled(visitor: Visitor, classroom: Classroom, first: str) -> None:
    lecture = await open_lecture(visitor, classroom, startNow=first == "active")
    assert lecture.session["status"] == first
    body = good(await act(lecture, "cancel"))
    assert body.keys() == MEMBERS
    assert (body["status"], body["qrCodeData"]) == ("cancelled", None)
    assert good(await act(lecture, "cancel")) == body


async def test_cancelling_leaves_check_ins_as_they_are(lecture: Lecture, ports: Ports) -> None:
    await lecture.scan(lecture.student)
    good(await act(lecture, "cancel"))
    drain(ports)
    stats = good(await lecture.teacher.get(f"{lecture.path}/stats"))
    assert (stats["status"], stats["presentStudents"]) == ("cancelled", 1)


@pytest.mark.parametrize(
    ("before", "way"),
    [
        ((), "end"),
        (("start", "end"), "start"),
        (("start", "end"), "cancel"),
        (("cancel",), "start"),
        (("cancel",), "end"),
    ],
)
async def test_a_way_that_does_not_exist_is_refused(planned: Lecture, before: tuple[str, ...], way: str) -> None:
    for earlier in before:
        good(await act(planned, earlier))
    before_it = good(await planned.teacher.get(planned.path))
    assert refusal(await act(planned, way)) == (409, "session_not_active")
    assert good(await planned.teacher.get(planned.path)) == before_it


@pytest.mark.parametrize("way", ["start", "end", "cancel"])
async def test_others_run_nothing(
    lecture: Lecture, way: str, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    path = f"{lecture.path}/{way}"
    assert refusal(await other_teacher.post(path)) == (404, "not_found")
    assert refusal(await stranger.post(path)) == (404, "not_found")
    assert refusal(await lecture.student.post(path)) == (403, "forbidden")
    assert refusal(await lecture.teacher.post(f"/api/v1/sessions/{uuid4()}/{way}")) == (404, "not_found")
    assert good(await lecture.teacher.get(lecture.path))["status"] == "active"


@pytest.mark.parametrize("body", [{"markRest": "present"}, {"markRest": True}, {"rest": "absent"}, [], "absent"])
async def test_an_end_takes_nothing_but_mark_rest_absent(lecture: Lecture, body: Any) -> None:
    assert refusal(await lecture.teacher.post(f"{lecture.path}/end", json=body)) == (422, "validation_failed")
    assert good(await lecture.teacher.get(lecture.path))["status"] == "active"


# --- the gate of check-ins while a session ends -----------------------------------------------------------


@pytest.fixture
def broken_end(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Ends fail after the gate was closed; what ``first`` does happens in between."""

    def break_it(first: Any) -> None:
        async def fail(*_arguments: Any) -> None:
            await first()
            raise OperationalError("", {}, Exception("away"))

        monkeypatch.setattr(running, "_wait_for_drain", fail)

    return break_it


async def test_an_end_that_fails_opens_the_gate_again(lecture: Lecture, broken_end: Any) -> None:
    broken_end(lambda: asyncio.sleep(0))
    assert refusal(await act(lecture, "end")) == (503, "unavailable")
    good(await lecture.check_in(lecture.student, token=await lecture.token()), 202)


async def test_an_end_that_fails_does_not_open_a_session_that_was_cancelled_meanwhile(
    lecture: Lecture, broken_end: Any, redis: Redis
) -> None:
    async def cancel() -> None:
        good(await act(lecture, "cancel"))

    broken_end(cancel)
    assert refusal(await act(lecture, "end")) == (503, "unavailable")
    status: Any = redis.hget(f"muster:session:{lecture.id}", "status")
    assert status == b"cancelled"


async def test_while_a_session_ends_nobody_checks_in(lecture: Lecture, services: Services, redis: Redis) -> None:
    token = await lecture.token()
    async with closed_gate(services, lecture):
        assert refusal(await lecture.check_in(lecture.student, token=token)) == (409, "session_not_active")
    assert redis.hlen(keys.receipts(lecture.session["id"])) == 0


@asynccontextmanager
async def closed_gate(services: Services, lecture: Lecture) -> AsyncIterator[None]:
    """As while an end waits for the drain."""
    await close_gate(services, UUID(lecture.session["id"]))
    yield
    await open_gate(services, UUID(lecture.session["id"]))
