"""A course's thresholds: read, changed, versioned (2-http-api 2.1, 1-domain 1.3)."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.api.answers import good, refusal, wrong_fields
from tests.api.lecture import Clock, open_lecture
from tests.campus import Classroom, Visitor

DEFAULTS = {
    "lateAfterMinutes": 5.0,
    "absentAfterMinutes": 15.0,
    "lowEngagement": 30.0,
    "mediumEngagement": 40.0,
    "highEngagement": 70.0,
    "shortSessionMinutes": 15.0,
    "maxConnects": 3,
    "version": 0,
}


@pytest.fixture
def url(classroom: Classroom) -> str:
    """Where the class's policy is."""
    return f"/api/v1/courses/{classroom.course_id}/policy"


async def test_before_anybody_sets_one_the_defaults_count(teacher: httpx.AsyncClient, url: str) -> None:
    assert good(await teacher.get(url)) == DEFAULTS


async def test_every_change_is_a_new_version(
    teacher: httpx.AsyncClient, url: str, owner: Engine, classroom: Classroom
) -> None:
    first = good(await teacher.put(url, json={"lateAfterMinutes": 10}))
    assert first == {**DEFAULTS, "lateAfterMinutes": 10.0, "version": 1}
    second = good(await teacher.put(url, json={**first, "maxConnects": 5}))
    assert second == {**first, "maxConnects": 5, "version": 2}
    assert good(await teacher.get(url)) == second
    statement = text(
        "SELECT version, late_after_minutes, max_connects, set_by FROM course_policies "
        "WHERE course_id = :id ORDER BY version"
    )
    with owner.connect() as connection:
        kept = connection.execute(statement, {"id": classroom.course_id}).all()
    me = classroom.teacher.id
    assert [tuple(row) for row in kept] == [(1, 10.0, 3, me), (2, 10.0, 5, me)]


async def test_what_changes_nothing_makes_no_version(teacher: httpx.AsyncClient, url: str) -> None:
    assert good(await teacher.put(url, json=DEFAULTS)) == DEFAULTS
    assert good(await teacher.put(url, json={})) == DEFAULTS


async def test_a_version_that_is_not_the_newest_is_refused(teacher: httpx.AsyncClient, url: str) -> None:
    good(await teacher.put(url, json={"lateAfterMinutes": 10}))
    assert refusal(await teacher.put(url, json={"lateAfterMinutes": 9, "version": 0})) == (409, "policy_changed")


async def test_of_two_changes_at_once_none_is_lost(teacher: httpx.AsyncClient, url: str) -> None:
    answers = await asyncio.gather(*(teacher.put(url, json={"lateAfterMinutes": late}) for late in range(1, 5)))
    accepted = [answer.json()["version"] for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len(set(accepted)) == len(accepted) == good(await teacher.get(url))["version"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"lateAfterMinutes": -1}, {"lateAfterMinutes"}),
        ({"lateAfterMinutes": "5"}, {"lateAfterMinutes"}),
        ({"lateAfterMinutes": 16}, {"absentAfterMinutes"}),
        ({"highEngagement": 101}, {"highEngagement"}),
        ({"lowEngagement": 41}, {"mediumEngagement"}),
        ({"maxConnects": 0}, {"maxConnects"}),
        ({"maxConnects": 2.5}, {"maxConnects"}),
        ({"shortSessionMinutes": 1e9}, {"shortSessionMinutes"}),
        ({"late_after_minutes": 3}, {"late_after_minutes"}),
    ],
)
async def test_thresholds_without_sense_are_named(
    teacher: httpx.AsyncClient, url: str, body: dict[str, Any], fields: set[str]
) -> None:
    assert wrong_fields(await teacher.put(url, json=body)) == fields
    assert good(await teacher.get(url)) == DEFAULTS


async def test_only_its_teacher_and_admins_have_it(
    student: httpx.AsyncClient, other_teacher: httpx.AsyncClient, admin: httpx.AsyncClient, url: str
) -> None:
    for method, body in (("GET", None), ("PUT", {"maxConnects": 9})):
        assert refusal(await student.request(method, url, json=body)) == (403, "forbidden")
        assert refusal(await other_teacher.request(method, url, json=body)) == (404, "not_found")
        good(await admin.request(method, url, json=body))


async def test_a_running_sessions_check_ins_are_judged_by_the_new_threshold(
    punctual: Visitor, classroom: Classroom, clock: Clock, url: str
) -> None:
    lecture = await open_lecture(punctual, classroom)
    clock.forward(minutes=8)
    first, second = lecture.students[:2]
    assert (await lecture.scan(first))["status"] == "late"
    good(await lecture.teacher.put(url, json={"lateAfterMinutes": 10}))
    assert (await lecture.scan(second))["status"] == "present"
