"""Idempotency-Key: a repeat gets the first answer and has no second effect (2-http-api, head)."""

import asyncio
import secrets
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from api import opening
from tests.api.answers import good, refusal, wrong_fields
from tests.api.lecture import Lecture
from tests.api.test_opening import LIVE
from tests.campus import Classroom, Visitor


@pytest.fixture
def key() -> dict[str, str]:
    """A key nobody has used."""
    return {"idempotency-key": secrets.token_hex(8)}


async def test_a_repeat_gets_the_first_answer(
    teacher: httpx.AsyncClient, classroom: Classroom, key: dict[str, str], owner: Engine
) -> None:
    later = {**classroom.opening, "startNow": False}
    first, again = [await teacher.post(LIVE, json=later, headers=key) for _ in range(2)]
    assert good(first, 201) == good(again, 201)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["content-type"] == first.headers["content-type"]
    with owner.connect() as connection:
        statement = text("SELECT count(*) FROM live_sessions WHERE course_id = :id")
        assert connection.execute(statement, {"id": classroom.course_id}).scalar_one() == 1


async def test_without_a_key_there_are_two_effects(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    later = {**classroom.opening, "startNow": False}
    first, again = [good(await teacher.post(LIVE, json=later), 201) for _ in range(2)]
    assert first["id"] != again["id"]


async def test_a_refusal_is_repeated_too(teacher: httpx.AsyncClient, classroom: Classroom, key: dict[str, str]) -> None:
    active = good(await teacher.post(LIVE, json=classroom.opening), 201)
    first = await teacher.post(LIVE, json=classroom.opening, headers=key)
    good(await teacher.post(f"/api/v1/sessions/{active['id']}/end"))
    again = await teacher.post(LIVE, json=classroom.opening, headers=key)
    assert refusal(first) == refusal(again) == (409, "session_already_active")
    assert first.json() == again.json()


async def test_the_same_key_with_another_body_is_422(
    teacher: httpx.AsyncClient, classroom: Classroom, key: dict[str, str]
) -> None:
    good(await teacher.post(LIVE, json={**classroom.opening, "startNow": False}, headers=key), 201)
    answer = await teacher.post(LIVE, json=classroom.opening, headers=key)
    assert wrong_fields(answer) == {"Idempotency-Key"}


async def test_while_the_first_is_in_flight_a_repeat_is_409(
    teacher: httpx.AsyncClient, classroom: Classroom, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()
    real = opening._course

    async def slow(*arguments: Any) -> Any:
        entered.set()
        await go_on.wait()
        return await real(*arguments)

    monkeypatch.setattr(opening, "_course", slow)
    first = asyncio.create_task(teacher.post(LIVE, json=classroom.opening, headers=key))
    await entered.wait()
    assert refusal(await teacher.post(LIVE, json=classroom.opening, headers=key)) == (409, "request_in_flight")
    go_on.set()
    made = good(await first, 201)
    assert good(await teacher.post(LIVE, json=classroom.opening, headers=key), 201) == made


@pytest.mark.parametrize("fault", [OperationalError("", {}, Exception("away")), RuntimeError("ours")])
async def test_after_a_fault_of_ours_the_same_key_tries_again(
    teacher: httpx.AsyncClient,
    classroom: Classroom,
    key: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    async def broken(*_arguments: Any) -> Any:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(opening, "_course", broken)
        answer = await teacher.post(LIVE, json=classroom.opening, headers=key)
        assert answer.status_code >= 500
    good(await teacher.post(LIVE, json=classroom.opening, headers=key), 201)


async def test_a_key_belongs_to_one_person(lecture: Lecture, key: dict[str, str]) -> None:
    token = {"token": await lecture.token()}
    answers = [
        await student.post(f"{lecture.path}/attendance", json=token, headers=key) for student in lecture.students
    ]
    assert len({good(answer, 202)["studentId"] for answer in answers}) == 3


async def test_a_key_belongs_to_one_path_and_method(lecture: Lecture, key: dict[str, str]) -> None:
    hidden = await lecture.teacher.put(f"{lecture.path}/qr", json={"visible": False}, headers=key)
    ended = await lecture.teacher.post(f"{lecture.path}/end", json={}, headers=key)
    assert (good(hidden)["visible"], good(ended)["status"]) == (False, "completed")


async def test_a_repeated_check_in_is_the_first_answer_not_a_duplicate(lecture: Lecture, key: dict[str, str]) -> None:
    token = {"token": await lecture.token()}
    first, again = [await lecture.student.post(f"{lecture.path}/attendance", json=token, headers=key) for _ in range(2)]
    assert good(first, 202) == good(again, 202)


async def test_a_repeated_exchange_works_though_the_first_answer_was_lost(
    lecture: Lecture, visitor: Visitor, key: dict[str, str]
) -> None:
    """The ticket is bound to the cookie of the answer that never came."""
    token = {"token": await lecture.token()}
    phone = visitor.speaking_as(lecture.classroom.students[0])
    await phone.post("/api/v1/checkin/tickets", json=token, headers=key)
    phone.cookies.clear()
    ticket = good(await phone.post("/api/v1/checkin/tickets", json=token, headers=key), 201)
    good(await lecture.check_in(phone, ticket=ticket["ticket"]), 202)


@pytest.mark.parametrize("wrong", ["", "x" * 201])
async def test_a_key_has_one_to_two_hundred_characters(lecture: Lecture, wrong: str) -> None:
    answer = await lecture.teacher.post(f"{lecture.path}/end", headers={"idempotency-key": wrong})
    assert wrong_fields(answer) == {"Idempotency-Key"}
    assert good(await lecture.teacher.get(lecture.path))["status"] == "active"


async def test_a_get_takes_no_notice_of_a_key(lecture: Lecture, key: dict[str, str]) -> None:
    first = good(await lecture.teacher.get(lecture.path, headers=key))
    await lecture.set_code(visible=False)
    assert good(await lecture.teacher.get(lecture.path, headers=key)) != first


async def test_an_unknown_session_is_404_with_a_key_as_well(teacher: httpx.AsyncClient, key: dict[str, str]) -> None:
    for _ in range(2):
        answer = await teacher.post(f"/api/v1/sessions/{uuid4()}/end", headers=key)
        assert refusal(answer) == (404, "not_found")
