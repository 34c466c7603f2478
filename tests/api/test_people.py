"""Courses, groups, rosters: the ids a client needs (7-running)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.api.answers import good, refusal
from tests.api.test_opening import add_group
from tests.campus import Classroom

COURSES = "/api/v1/courses"


async def test_a_teacher_sees_the_courses_they_teach(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    [course] = good(await teacher.get(COURSES))["items"]
    group = {
        "id": str(classroom.group_id),
        "name": "Section A",
        "className": f"{classroom.code} Section A",
        "enrolled": 3,
    }
    assert course == {
        "id": str(classroom.course_id),
        "subjectCode": classroom.code,
        "title": "A test",
        "teacherId": str(classroom.teacher.id),
        "groups": [group],
    }
    assert good(await teacher.get(f"{COURSES}/{classroom.course_id}/groups"))["items"] == [group]


async def test_a_student_sees_the_courses_they_are_in(student: httpx.AsyncClient, classroom: Classroom) -> None:
    [course] = good(await student.get(COURSES))["items"]
    assert course["id"] == str(classroom.course_id)


async def test_an_admin_sees_all_courses(admin: httpx.AsyncClient, classroom: Classroom, elsewhere: Classroom) -> None:
    seen = {course["id"] for course in good(await admin.get(COURSES))["items"]}
    assert {str(classroom.course_id), str(elsewhere.course_id)} <= seen


async def test_a_group_without_students_is_there_too(
    teacher: httpx.AsyncClient, classroom: Classroom, owner: Engine
) -> None:
    add_group(owner, classroom)
    groups = good(await teacher.get(f"{COURSES}/{classroom.course_id}/groups"))["items"]
    assert [(group["name"], group["enrolled"]) for group in groups] == [("Section A", 3), ("Section B", 0)]


async def test_a_roster_lists_its_students_by_number(teacher: httpx.AsyncClient, classroom: Classroom) -> None:
    roster = good(await teacher.get(f"/api/v1/groups/{classroom.group_id}/students"))["items"]
    assert [entry["studentNumber"] for entry in roster] == sorted(person.number for person in classroom.students)
    assert all(entry.keys() == {"id", "studentNumber", "firstName", "lastName", "email"} for entry in roster)
    assert {entry["id"] for entry in roster} == {str(person.id) for person in classroom.students}


async def test_who_moved_away_is_on_the_roster_no_more(
    teacher: httpx.AsyncClient, student: httpx.AsyncClient, classroom: Classroom, owner: Engine
) -> None:
    today = datetime.now(UTC).date()
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE enrolments SET valid_until = :today WHERE student_id = :id"),
            {"today": today, "id": classroom.students[0].id},
        )
        connection.execute(
            text("UPDATE enrolments SET valid_from = :later WHERE student_id = :id"),
            {"later": today + timedelta(days=1), "id": classroom.students[1].id},
        )
    roster = good(await teacher.get(f"/api/v1/groups/{classroom.group_id}/students"))["items"]
    assert [entry["id"] for entry in roster] == [str(classroom.students[2].id)]
    [course] = good(await teacher.get(COURSES))["items"]
    assert course["groups"][0]["enrolled"] == 1


async def test_a_roster_is_for_staff(
    student: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    other_teacher: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    classroom: Classroom,
) -> None:
    path = f"/api/v1/groups/{classroom.group_id}/students"
    assert refusal(await student.get(path)) == (403, "forbidden")
    assert refusal(await stranger.get(path)) == (404, "not_found")
    assert refusal(await other_teacher.get(path)) == (404, "not_found")
    assert len(good(await admin.get(path))["items"]) == 3


@pytest.mark.parametrize("path", ["/api/v1/courses/{}/groups", "/api/v1/groups/{}/students"])
async def test_an_unknown_and_a_foreign_one_look_the_same(
    other_teacher: httpx.AsyncClient, classroom: Classroom, path: str
) -> None:
    theirs = classroom.course_id if "courses" in path else classroom.group_id
    foreign, unknown = [await other_teacher.get(path.format(one)) for one in (theirs, uuid4())]
    assert refusal(foreign) == refusal(unknown) == (404, "not_found")
    assert foreign.text == unknown.text
