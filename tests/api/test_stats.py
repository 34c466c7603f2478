"""The room at a glance, and what it says to whom (2-http-api 2.1)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncConnection

from api import stats
from shared import keys
from tests.api.answers import good, moment, refusal
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Visitor, make_classroom
from workers.drain import drain
from workers.ports import Ports

MEMBERS = {
    "sessionId", "status", "totalStudents", "presentStudents", "lateStudents", "absentStudents", "excusedStudents",
    "notMarked", "connectedCount", "attendanceRate", "recentCheckins", "version", "epoch", "flags",
}  # fmt: skip


async def read(client: httpx.AsyncClient, lecture: Lecture) -> dict[str, Any]:
    """The snapshot as this person sees it."""
    return good(await client.get(f"{lecture.path}/stats"))


async def test_an_empty_room_has_nobody_marked(lecture: Lecture) -> None:
    body = await read(lecture.teacher, lecture)
    assert body.keys() == MEMBERS
    counts = [body[name] for name in ("presentStudents", "lateStudents", "absentStudents", "excusedStudents")]
    assert (body["totalStudents"], counts, body["notMarked"]) == (3, [0] * 4, 3)
    assert (body["sessionId"], body["status"], body["attendanceRate"]) == (lecture.id, "active", 0.0)
    assert (body["recentCheckins"], body["flags"], body["connectedCount"]) == ([], [], 0)


async def test_present_counts_the_late_ones_too(timed: Lecture, clock: Clock, ports: Ports) -> None:
    await timed.scan(timed.students[0])
    clock.forward(minutes=6)
    await timed.scan(timed.students[1])
    drain(ports)
    body = await read(timed.teacher, timed)
    assert (body["presentStudents"], body["lateStudents"], body["notMarked"]) == (2, 1, 1)
    assert body["attendanceRate"] == 66.7
    assert [update["status"] for update in body["recentCheckins"]] == ["late", "present"]


async def test_a_recent_check_in_says_who_and_when_and_not_where(lecture: Lecture, ports: Ports) -> None:
    here = {"latitude": 52.5, "longitude": 13.4, "accuracyMeters": 10}
    first = good(await lecture.check_in(lecture.student, token=await lecture.token(), location=here), 202)
    drain(ports)
    answer = await lecture.teacher.get(f"{lecture.path}/stats")
    [update] = good(answer)["recentCheckins"]
    ann = lecture.classroom.students[0]
    assert update == {
        "sessionId": lecture.id,
        "studentId": str(ann.id),
        "studentNumber": ann.number,
        "studentName": f"Test {lecture.classroom.code}",
        "timestamp": first["timestamp"],
        "status": "present",
        "checkInLocation": None,
    }
    assert "52.5" not in answer.text


async def test_the_newest_twenty_come_first(punctual: Visitor, owner: Engine, clock: Clock, ports: Ports) -> None:
    lecture = await open_lecture(punctual, make_classroom(owner, 22))
    order = []
    for place, student in enumerate(lecture.students):
        clock.forward(milliseconds=10)
        await lecture.scan(student)
        order.append(str(lecture.classroom.students[place].id))
    drain(ports)
    recent = (await read(lecture.teacher, lecture))["recentCheckins"]
    assert [update["studentId"] for update in recent] == order[:1:-1]
    assert [moment(update["timestamp"]) for update in recent] == sorted(
        (moment(update["timestamp"]) for update in recent), reverse=True
    )


async def test_those_of_the_same_moment_stand_by_student(punctual: Visitor, owner: Engine, ports: Ports) -> None:
    """As on the live page, which gets to know of them in any order."""
    lecture = await open_lecture(punctual, make_classroom(owner, 6))
    for student in lecture.students:
        await lecture.scan(student)
    drain(ports)
    recent = (await read(lecture.teacher, lecture))["recentCheckins"]
    assert len({update["timestamp"] for update in recent}) == 1
    assert [update["studentId"] for update in recent] == sorted(str(one.id) for one in lecture.classroom.students)


async def test_students_get_counts_only(lecture: Lecture, ports: Ports) -> None:
    """Not even their own check-in, which row-level security would let them see."""
    for student in lecture.students[:2]:
        await lecture.scan(student)
    drain(ports)
    body = await read(lecture.student, lecture)
    assert (body["totalStudents"], body["presentStudents"], body["notMarked"]) == (3, 2, 1)
    assert not body["recentCheckins"]
    assert not body.get("flags")


async def test_others_see_no_counts(
    lecture: Lecture, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    assert refusal(await other_teacher.get(f"{lecture.path}/stats")) == (404, "not_found")
    assert refusal(await stranger.get(f"{lecture.path}/stats")) == (404, "not_found")
    assert refusal(await lecture.teacher.get(f"/api/v1/sessions/{uuid4()}/stats")) == (404, "not_found")
    assert (await read(admin, lecture))["totalStudents"] == 3


async def test_counts_are_never_cached(lecture: Lecture) -> None:
    answer = await lecture.teacher.get(f"{lecture.path}/stats")
    assert answer.headers["cache-control"] == "no-store"


# --- the position -----------------------------------------------------------------------------------------


async def test_the_version_grows_with_every_push_and_the_epoch_stays(lecture: Lecture, ports: Ports) -> None:
    seen = []
    for student in lecture.students:
        await lecture.scan(student)
        drain(ports)
        seen.append(await read(lecture.teacher, lecture))
    versions = [body["version"] for body in seen]
    assert versions == sorted(set(versions))
    assert len({body["epoch"] for body in seen}) == 1
    assert seen[0]["epoch"]


async def test_a_lost_position_gets_a_new_epoch(lecture: Lecture, redis: Redis) -> None:
    before = await read(lecture.teacher, lecture)
    redis.delete(keys.position(keys.channel(lecture.id)))
    after = await read(lecture.teacher, lecture)
    assert after["version"] == 0
    assert after["epoch"] not in ("", before["epoch"])


async def test_the_position_is_read_before_the_rows(
    lecture: Lecture, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push that falls between the two must look newer than the snapshot: applied twice, never missed."""
    before = (await read(lecture.teacher, lecture))["version"]
    real = stats._recent

    async def pushed_meanwhile(connection: AsyncConnection, session_id: Any) -> Any:
        redis.hincrby(keys.position(keys.channel(session_id)), "v", 1)
        return await real(connection, session_id)

    monkeypatch.setattr(stats, "_recent", pushed_meanwhile)
    assert (await read(lecture.teacher, lecture))["version"] == before
