"""Making a live session (2-http-api 2.1)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, insert, text

from shared.ids import new_id
from shared.models import Group
from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.lecture import Clock
from tests.campus import Classroom, Visitor

LIVE = "/api/v1/sessions/live"
MEMBERS = {
    "id", "courseId", "className", "sessionType", "mode", "groupId", "groupIds", "startTime", "endTime",
    "scheduledStart", "scheduledEnd", "status", "qrCodeData", "webSocket",
}  # fmt: skip


def add_group(owner: Engine, classroom: Classroom, name: str = "Section B") -> UUID:
    """Another section of the same course."""
    group_id = new_id()
    with owner.begin() as connection:
        connection.execute(insert(Group), [{"id": group_id, "course_id": classroom.course_id, "name": name}])
    return group_id


async def test_a_session_starts_now(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    answer = await teacher.post(LIVE, json=classroom.opening)
    body = good(answer, 201)
    assert body.keys() == MEMBERS
    assert answer.headers["location"] == f"/api/v1/sessions/{body['id']}"
    assert good(await teacher.get(answer.headers["location"])) == body
    assert (body["status"], body["mode"], body["sessionType"]) == ("active", "in_person", "lecture")
    assert (body["courseId"], body["groupId"]) == (str(classroom.course_id), str(classroom.group_id))
    assert (body["groupIds"], body["className"]) == ([str(classroom.group_id)], f"{classroom.code} Section A")
    assert (body["endTime"], body["scheduledStart"], body["scheduledEnd"]) == (None, None, None)
    assert moment(body["startTime"])
    assert UUID(body["id"]).version == 7


async def test_a_session_says_where_to_follow_it(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    body = good(await teacher.post(LIVE, json=classroom.opening), 201)
    channel = f"attendance_updates_{body['id']}"
    assert body["webSocket"] == {"url": "ws://localhost:8001/ws", "channel": channel}


async def test_every_field_is_kept(punctual: Visitor, classroom: Classroom, clock: Clock) -> None:
    start, end = clock.now + timedelta(hours=1), clock.now + timedelta(hours=2)
    wanted = {
        **classroom.opening,
        "sessionType": "  lab ",
        "scheduledStart": start.isoformat(),
        "scheduledEnd": end.isoformat(),
        "mode": "hybrid",
        "room": "R 12",
        "qr": {"rotateSeconds": 30},
    }
    teacher = punctual.speaking_as(classroom.teacher)
    body = good(await teacher.post(LIVE, json=wanted), 201)
    assert (body["sessionType"], body["mode"]) == ("lab", "hybrid")
    assert (moment(body["scheduledStart"]), moment(body["scheduledEnd"])) == (start, end)
    assert moment(body["startTime"]) == clock.now
    code = good(await teacher.get(f"/api/v1/sessions/{body['id']}/qr"))
    assert code["rotateSeconds"] == 30


async def test_a_time_with_another_zone_is_answered_in_utc(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    wanted = {**classroom.opening, "scheduledStart": "2026-03-02T01:30:00.250+05:30"}
    body = good(await teacher.post(LIVE, json=wanted), 201)
    assert body["scheduledStart"] == "2026-03-01T20:00:00.250000Z"


async def test_a_session_for_later_has_not_started(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    body = good(await teacher.post(LIVE, json={**classroom.opening, "startNow": False}), 201)
    assert (body["status"], body["startTime"], body["qrCodeData"]) == ("scheduled", None, None)


async def test_several_groups_meet_together(teacher: httpx.AsyncClient, classroom: Classroom, owner: Engine) -> None:
    second = add_group(owner, classroom)
    groups = [str(second), str(classroom.group_id), str(second)]
    wanted = {"courseId": str(classroom.course_id), "sessionType": "lecture", "groupIds": groups}
    body = good(await teacher.post(LIVE, json=wanted), 201)
    assert sorted(body["groupIds"]) == sorted(set(groups))
    assert body["className"] == f"{classroom.code} Section A, Section B"


async def test_an_admin_opens_it_for_the_teacher(
    admin: httpx.AsyncClient, teacher: httpx.AsyncClient, classroom: Classroom
) -> None:
    body = good(await admin.post(LIVE, json=classroom.opening), 201)
    assert good(await teacher.get(f"/api/v1/sessions/{body['id']}"))["qrCodeData"]


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["groupId", "groupIds"])
async def test_an_unknown_group_is_named(teacher: httpx.AsyncClient, classroom: Classroom, member: str) -> None:
    group: Any = str(uuid4()) if member == "groupId" else [str(classroom.group_id), str(uuid4())]
    wanted = {"courseId": str(classroom.course_id), "sessionType": "lecture", member: group}
    assert wrong_fields(await teacher.post(LIVE, json=wanted)) == {member}


async def test_a_group_of_another_course_is_refused(
    teacher: httpx.AsyncClient, classroom: Classroom, elsewhere: Classroom
) -> None:
    wanted = {**classroom.opening, "groupId": str(elsewhere.group_id)}
    assert wrong_fields(await teacher.post(LIVE, json=wanted)) == {"groupId"}


async def test_a_foreign_course_and_an_unknown_one_look_the_same(
    other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient, classroom: Classroom
) -> None:
    unknown = {**classroom.opening, "courseId": str(uuid4())}
    answers = [
        await other_teacher.post(LIVE, json=classroom.opening),
        await other_teacher.post(LIVE, json=unknown),
        await stranger.post(LIVE, json=classroom.opening),
    ]
    assert {refusal(answer) for answer in answers} == {(404, "not_found")}
    assert len({answer.text for answer in answers}) == 1


async def test_a_student_opens_nothing(student: httpx.AsyncClient, classroom: Classroom) -> None:
    assert refusal(await student.post(LIVE, json=classroom.opening)) == (403, "forbidden")


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"courseId": "x", "sessionType": "", "mode": "home"}, {"courseId", "sessionType", "mode"}),
        ({"groupIds": []}, {"groupIds"}),
        ({"groupId": None}, {"groupId"}),
        ({"groupIds": [str(uuid4())]}, {"groupId"}),
        ({"groupIds": ["x", str(uuid4())]}, {"groupIds.0"}),
        ({"scheduledStart": "2026-03-02T09:00:00"}, {"scheduledStart"}),
        ({"scheduledStart": "1772442000"}, {"scheduledStart"}),
        ({"scheduledStart": 1772442000}, {"scheduledStart"}),
        ({"scheduledStart": "0001-01-01T00:00:00Z"}, {"scheduledStart"}),
        ({"scheduledEnd": "2026-03-02T09:00:00Z"}, {"scheduledEnd"}),
        ({"scheduledStart": "2026-03-02T09:00:00Z", "scheduledEnd": "2026-03-02T09:00:00Z"}, {"scheduledEnd"}),
        ({"qr": {"rotateSeconds": 4}}, {"qr.rotateSeconds"}),
        ({"qr": {"rotateSeconds": 301}}, {"qr.rotateSeconds"}),
        ({"qr": {"rotateSeconds": "15"}}, {"qr.rotateSeconds"}),
        ({"qr": {"rotateSeconds": 15.5}}, {"qr.rotateSeconds"}),
        ({"room": "x" * 101}, {"room"}),
        ({"room": "a\0b"}, {"room"}),
        ({"startNow": "yes"}, {"startNow"}),
        ({"teacherId": str(uuid4()), "status": "completed"}, {"teacherId", "status"}),
    ],
)
async def test_every_wrong_field_is_named(
    teacher: httpx.AsyncClient, classroom: Classroom, wrong: dict[str, Any], fields: set[str]
) -> None:
    assert wrong_fields(await teacher.post(LIVE, json={**classroom.opening, **wrong})) == fields


# --- one at a time ----------------------------------------------------------------------------------------


async def test_a_second_active_session_of_a_group_is_refused(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    first = good(await teacher.post(LIVE, json=classroom.opening), 201)
    answer = await teacher.post(LIVE, json=classroom.opening)
    assert refusal(answer) == (409, "session_already_active")
    assert answer.json()["activeSessionId"] == first["id"]


async def test_one_busy_group_of_two_is_enough(teacher: httpx.AsyncClient, classroom: Classroom, owner: Engine) -> None:
    first = good(await teacher.post(LIVE, json=classroom.opening), 201)
    groups = [str(add_group(owner, classroom)), str(classroom.group_id)]
    wanted = {"courseId": str(classroom.course_id), "sessionType": "lecture", "groupIds": groups}
    answer = await teacher.post(LIVE, json=wanted)
    assert (refusal(answer)[1], answer.json()["activeSessionId"]) == ("session_already_active", first["id"])


async def test_a_refused_session_leaves_nothing_behind(
    teacher: httpx.AsyncClient, classroom: Classroom, owner: Engine
) -> None:
    for _ in range(3):
        await teacher.post(LIVE, json=classroom.opening)
    with owner.connect() as connection:
        statement = text("SELECT count(*) FROM live_sessions WHERE course_id = :id")
        assert connection.execute(statement, {"id": classroom.course_id}).scalar_one() == 1


async def test_planned_sessions_do_not_count(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    good(await teacher.post(LIVE, json={**classroom.opening, "startNow": False}), 201)
    good(await teacher.post(LIVE, json=classroom.opening), 201)


@pytest.mark.parametrize("way", ["end", "cancel"])
async def test_after_the_end_the_next_may_start(teacher: httpx.AsyncClient, classroom: Classroom, way: str) -> None:
    first = good(await teacher.post(LIVE, json=classroom.opening), 201)
    good(await teacher.post(f"/api/v1/sessions/{first['id']}/{way}"))
    good(await teacher.post(LIVE, json=classroom.opening), 201)


async def test_of_twenty_at_once_exactly_one_starts(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    answers = await asyncio.gather(*(teacher.post(LIVE, json=classroom.opening) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    winner = next(answer for answer in answers if answer.status_code == 201).json()
    losers = [answer.json() for answer in answers if answer.status_code == 409]
    assert {loser["activeSessionId"] for loser in losers} == {winner["id"]}


async def test_two_groups_named_in_either_order_do_not_block_each_other(
    teacher: httpx.AsyncClient, classroom: Classroom, owner: Engine
) -> None:
    groups = [str(classroom.group_id), str(add_group(owner, classroom))]
    body = {"courseId": str(classroom.course_id), "sessionType": "lecture"}
    wanted = [{**body, "groupIds": groups}, {**body, "groupIds": groups[::-1]}] * 5
    answers = await asyncio.gather(*(teacher.post(LIVE, json=each) for each in wanted))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
