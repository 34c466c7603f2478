"""Calls to confirm: a random re-check or an exit check, answered with a code of the moment."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from shared.bus import MemoryPublisher
from shared.messages.pushes import Called, ConfirmedBy, PushData
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.lecture import Clock, Lecture
from tests.api.outages import NOWHERE, elsewhere, running
from workers.drain import drain
from workers.ports import Ports


@pytest.fixture
async def room(timed: Lecture, ports: Ports) -> Lecture:
    """A session with two of three students in the room."""
    for student in timed.students[:2]:
        await timed.scan(student)
    drain(ports)
    return timed


async def call(room: Lecture, **body: Any) -> dict[str, Any]:
    """Ask."""
    return good(await room.teacher.post(f"{room.path}/calls", json=body), 201)


async def confirm(room: Lecture, student: httpx.AsyncClient, **shown: Any) -> httpx.Response:
    """Answer with the code on the screen now."""
    body = shown or {"token": await room.token()}
    return await student.post(f"{room.path}/confirmations", json=body)


async def missing(room: Lecture, ports: Ports) -> list[str]:
    """Who has not answered the last call."""
    drain(ports)
    found: list[str] = good(await room.teacher.get(f"{room.path}/calls"))["items"][0]["missing"]
    return found


async def test_those_in_the_room_are_asked_and_answer(room: Lecture, ports: Ports) -> None:
    made = await call(room, kind="exit")
    there = sorted(str(student.id) for student in room.classroom.students[:2])
    assert (made["kind"], made["asked"], made["confirmed"], made["missing"]) == ("exit", 2, 0, there)
    assert moment(made["closesAt"]) - moment(made["calledAt"]) == timedelta(seconds=120)
    answer = good(await confirm(room, room.student), 202)
    assert (answer["callId"], answer["kind"], answer["studentId"]) == (made["id"], "exit", there[0])
    assert await missing(room, ports) == there[1:]
    [own] = good(await room.student.get(f"{room.path}/calls/mine"))["items"]
    assert set(own) == {"id", "kind", "calledAt", "closesAt", "confirmedAt"}  # as docs/calls.md has it
    assert own["confirmedAt"] == answer["timestamp"]


async def test_a_call_starts_new_codes(room: Lecture) -> None:
    before = await room.token()
    await call(room)
    assert refusal(await confirm(room, room.student, token=before)) == (410, "code_expired")


async def test_a_ticket_from_before_the_call_proves_nothing(room: Lecture, clock: Clock) -> None:
    ticket = (await room.ticket(room.student))["ticket"]
    clock.forward(seconds=1)
    await call(room)
    assert refusal(await confirm(room, room.student, ticket=ticket)) == (410, "code_expired")
    good(await confirm(room, room.student, ticket=(await room.ticket(room.student))["ticket"]), 202)


async def test_an_answer_after_the_time_is_no_answer(room: Lecture, clock: Clock) -> None:
    await call(room, seconds=30)
    clock.forward(seconds=31)
    assert refusal(await confirm(room, room.student)) == (409, "no_call")


async def test_who_was_not_asked_answers_nothing(room: Lecture) -> None:
    assert refusal(await confirm(room, room.student)) == (409, "no_call")
    await call(room)
    assert refusal(await confirm(room, room.students[2])) == (409, "no_call")
    assert good(await room.students[2].get(f"{room.path}/calls/mine")) == {"items": []}


async def test_a_sample_is_asked(room: Lecture) -> None:
    assert (await call(room, share=0.5))["asked"] == 1


async def test_one_call_at_a_time(room: Lecture, clock: Clock) -> None:
    await call(room)
    assert refusal(await room.teacher.post(f"{room.path}/calls", json={})) == (409, "call_open")
    clock.forward(minutes=3)
    await call(room)


async def test_answers_change_no_mark_and_are_kept_once(room: Lecture, ports: Ports, owner: Engine) -> None:
    await call(room)
    for _ in range(2):
        good(await confirm(room, room.student), 202)
    drain(ports)
    with owner.connect() as connection:
        for table, rows in (("confirmations", 1), ("attendance_records", 2), ("check_ins", 2)):
            found = connection.execute(text(f"SELECT count(*) FROM {table} WHERE session_id = :id"), {"id": room.id})
            assert (table, found.scalar_one()) == (table, rows)


async def test_a_repeat_hears_the_time_that_is_stored(room: Lecture, clock: Clock, ports: Ports) -> None:
    await call(room)
    first = good(await confirm(room, room.student), 202)["timestamp"]
    clock.forward(seconds=3)
    assert good(await confirm(room, room.student), 202)["timestamp"] == first
    drain(ports)
    [own] = good(await room.student.get(f"{room.path}/calls/mine"))["items"]
    assert own["confirmedAt"] == first


async def test_a_repeat_hears_the_time_that_is_stored_also_while_redis_is_away(
    lecture: Lecture, settings: Settings, tokens: Tokens, ports: Ports
) -> None:
    await lecture.scan(lecture.student)
    drain(ports)
    await call(lecture)
    first = good(await confirm(lecture, lecture.student), 202)["timestamp"]
    drain(ports)
    async with running(settings, tokens, redis_url=NOWHERE) as visitor:
        here = elsewhere(visitor, lecture)
        assert good(await confirm(here, here.student), 202)["timestamp"] == first


async def test_participants_and_staff_are_told(room: Lecture, ports: Ports) -> None:
    made = await call(room)
    good(await confirm(room, room.student), 202)
    publisher = MemoryPublisher()
    drain(Ports(ports.settings, ports.engine, ports.redis, publisher, ports.consumer))
    told: list[PushData] = [push.data for push in publisher.published if str(push.session_id) == room.id]
    [asked] = [data for data in told if isinstance(data, Called)]
    [answered] = [data for data in told if isinstance(data, ConfirmedBy)]
    assert (str(asked.call_id), asked.asked) == (made["id"], 2)
    assert asked.generation == good(await room.teacher.get(f"{room.path}/qr"))["generation"] == 1
    assert (list(answered.student_ids), answered.confirmed) == ([room.classroom.students[0].id], 1)


async def test_an_empty_room_and_a_finished_session_are_not_asked(timed: Lecture) -> None:
    assert refusal(await timed.teacher.post(f"{timed.path}/calls", json={})) == (409, "nobody_to_ask")
    await timed.end()
    assert refusal(await timed.teacher.post(f"{timed.path}/calls", json={})) == (409, "session_not_active")
    assert refusal(await confirm(timed, timed.student, token="0" * 32)) == (409, "session_not_active")


async def test_calls_are_made_and_seen_by_staff(room: Lecture, other_teacher: httpx.AsyncClient) -> None:
    url = f"{room.path}/calls"
    assert refusal(await room.student.post(url, json={})) == (403, "forbidden")
    assert refusal(await room.student.get(url)) == (403, "forbidden")
    assert refusal(await room.teacher.get(f"{url}/mine")) == (403, "forbidden")
    assert refusal(await confirm(room, room.teacher)) == (403, "forbidden")
    for answer in (await other_teacher.post(url, json={}), await other_teacher.get(url)):
        assert refusal(answer) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [({"share": 0}, "share"), ({"share": 1.1}, "share"), ({"seconds": 5}, "seconds"), ({"kind": "x"}, "kind")],
)
async def test_calls_that_make_no_sense_are_named(room: Lecture, body: dict[str, Any], field: str) -> None:
    assert wrong_fields(await room.teacher.post(f"{room.path}/calls", json=body)) == {field}
