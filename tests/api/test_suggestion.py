"""Reading a session's suggestion (2-http-api 2.3)."""

import asyncio

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine

from tests.api.answers import good, refusal
from tests.api.lecture import Lecture
from tests.api.tutorial import Tutorial, hold
from tests.campus import Classroom, Visitor, make_classroom
from tests.workers.events import change_session
from workers.ports import Ports

MEMBERS = {
    "session_id",
    "has_whiteboard",
    "provisional",
    "suggestion_version",
    "policy_version",
    "tutor_status_suggestion",
    "tutor_confidence",
    "tutor_metrics",
    "tutor_reasons",
    "student_status_suggestion",
    "student_confidence",
    "student_metrics",
    "student_reasons",
    "participants",
    "overall_recommendation",
}


@pytest.fixture
def tutorial(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor) -> Tutorial:
    """One tutor, one student."""
    return hold(owner, redis, ports, visitor, make_classroom(owner, 1))


@pytest.fixture
def seminar(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor, classroom: Classroom) -> Tutorial:
    """One tutor, three students."""
    return hold(owner, redis, ports, visitor, classroom)


async def test_one_to_one_has_both_parts_at_the_top(tutorial: Tutorial) -> None:
    student = tutorial.classroom.students[0]
    tutorial.attend(tutorial.classroom.teacher, 0, 60)
    tutorial.attend(student, 7, 60)
    tutorial.end()
    said = await tutorial.suggestion()
    assert said.keys() == MEMBERS
    assert (said["has_whiteboard"], said["provisional"], said["suggestion_version"]) == (True, False, 1)
    assert (said["tutor_status_suggestion"], said["tutor_confidence"]) == ("present", "high")
    assert (said["student_status_suggestion"], said["student_confidence"]) == ("late", "high")
    assert said["student_metrics"] == {"lateness_minutes": 7.0, "engagement_percentage": 88.3, "active_minutes": 53.0}
    assert said["student_reasons"][0] == "Connected 7.0 min after the start; late after 5 min"
    assert [person["user_type"] for person in said["participants"]] == ["tutor", "student"]
    assert said["participants"][1]["user_id"] == str(student.id)
    assert said["participants"][1]["current_status"] is None


async def test_a_class_has_only_participants(seminar: Tutorial) -> None:
    seminar.attend(seminar.classroom.students[0], 0, 60)
    seminar.end()
    said = await seminar.suggestion()
    assert said["student_status_suggestion"] is None
    assert said["student_metrics"] is None
    assert said["student_reasons"] == []
    statuses = sorted((person["status_suggestion"], person["confidence"]) for person in said["participants"])
    assert statuses == [("absent", "high")] * 3 + [("present", "high")]
    absent = next(person for person in said["participants"] if person["status_suggestion"] == "absent")
    assert absent["metrics"] == {"lateness_minutes": None, "engagement_percentage": 0.0, "active_minutes": 0.0}


async def test_an_in_person_session_without_presence_says_so(lecture: Lecture, scoring: None) -> None:
    said = good(await lecture.teacher.get(f"/api/tutor/sessions/{lecture.id}/attendance-suggestion"))
    assert said["has_whiteboard"] is False
    assert said["overall_recommendation"] == "No whiteboard data available. Please mark attendance manually."
    assert said["tutor_status_suggestion"] is None
    assert {person["status_suggestion"] for person in said["participants"]} == {None}


async def test_while_it_runs_it_is_provisional_and_at_most_medium(tutorial: Tutorial) -> None:
    tutorial.attend(tutorial.classroom.students[0], 0, 59)
    tutorial.score()
    said = await tutorial.suggestion()
    assert (said["provisional"], said["student_confidence"]) == (True, "medium")


async def test_a_stale_suggestion_is_computed_before_it_is_shown(tutorial: Tutorial, scoring: None) -> None:
    tutorial.attend(tutorial.classroom.students[0], 0, 59)
    tutorial.score()
    change_session(tutorial.owner, tutorial.session_id, "status = 'completed', ended_at = now()")
    assert (await tutorial.suggestion())["provisional"] is False


async def test_only_its_teacher_and_admins_see_it(
    tutorial: Tutorial, admin: httpx.AsyncClient, other_teacher: httpx.AsyncClient, visitor: Visitor
) -> None:
    tutorial.end()
    url = f"{tutorial.url}/attendance-suggestion"
    good(await admin.get(url))
    assert refusal(await other_teacher.get(url)) == (404, "not_found")
    student = visitor.speaking_as(tutorial.classroom.students[0])
    assert refusal(await student.get(url)) == (403, "forbidden")
    assert refusal(await visitor.anonymous().get(url)) == (401, "unauthenticated")


async def test_many_may_ask_at_once(tutorial: Tutorial) -> None:
    tutorial.end()
    answers = await asyncio.gather(*(tutorial.suggestion() for _ in range(8)))
    assert all(answer == answers[0] for answer in answers)
