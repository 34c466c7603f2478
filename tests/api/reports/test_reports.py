"""Reports (1-domain 1.6, 2-http-api 2.5): the figures, whose they are, and which sessions they are about."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from tests.api.answers import good, refusal, wrong_fields
from tests.api.past import Past, hold
from tests.api.reports.semester import MONDAY, enrolled_since, online, read, second_group
from tests.campus import Classroom, Visitor, make_classroom

REPORTS = ("students", "courses", "teachers", "trend", "agreement")


@pytest.fixture
def room(owner: Engine, classroom: Classroom) -> Classroom:
    """A class that has a past."""
    enrolled_since(owner, classroom)
    return classroom


# --- figures --------------------------------------------------------------------------------------------


async def test_a_students_rate_is_of_the_sessions_they_were_marked_in(
    owner: Engine, room: Classroom, teacher: httpx.AsyncClient
) -> None:
    """45 present and 2 late of 50 are 94.0."""
    past = Past(owner, room)
    past.attend("PRESENT", 45)
    past.attend("LATE", 2)
    past.attend("ABSENT", 3)
    person = room.students[0]
    online(owner, room, MONDAY, {person: ("PRESENT", "high", 42.04), room.students[1]: ("ABSENT", "low", 0)}, {})
    first, second = await read(teacher, "students")
    assert first == {
        "studentId": str(person.id),
        "studentNumber": person.number,
        "firstName": "Test",
        "lastName": room.code,
        "totalSessions": 50,
        "present": 45,
        "late": 2,
        "absent": 3,
        "excused": 0,
        "attendanceRate": 94.0,
        "activeMinutes": 42.0,
    }
    assert (second["studentNumber"], second["totalSessions"]) == (room.students[1].number, 0)


async def test_a_sessions_rate_is_of_the_enrolled(owner: Engine, visitor: Visitor) -> None:
    """25 present and 2 late of 30 are 90.0; who is excused does not count."""
    room = make_classroom(owner, 30)
    enrolled_since(owner, room)
    statuses = ["PRESENT"] * 25 + ["LATE"] * 2
    hold(owner, room, MONDAY, dict(zip(room.students, statuses, strict=False)))
    teacher = visitor.speaking_as(room.teacher)
    counts = {"sessions": 1, "enrolled": 30, "present": 25, "late": 2, "absent": 0, "excused": 0, "notMarked": 3}
    course = {"courseId": str(room.course_id), "subjectCode": room.code, **counts, "attendanceRate": 90.0}
    group = {"groupId": str(room.group_id), "groupName": "Section A"}
    assert await read(teacher, "courses") == [{**course, "groupId": None, "groupName": None}, {**course, **group}]
    assert await read(teacher, "trend") == [{"week": "2026-03-02", **counts, "attendanceRate": 90.0}]
    hold(owner, room, MONDAY, dict.fromkeys(room.students, "EXCUSED"))
    [row] = await read(teacher, "trend")
    assert (row["sessions"], row["enrolled"], row["excused"], row["attendanceRate"]) == (2, 60, 30, 90.0)


async def test_a_group_counts_its_own_students(owner: Engine, room: Classroom, teacher: httpx.AsyncClient) -> None:
    """In a session of two groups; who is in both counts once for the course."""
    both, only_a, _ = room.students
    group = second_group(owner, room, both)
    hold(owner, room, MONDAY, {both: "PRESENT", only_a: "ABSENT"}, groups=(room.group_id, group))
    whole, a, b = await read(teacher, "courses")
    assert [row["groupName"] for row in (whole, a, b)] == [None, "Section A", "Section B"]
    assert [row["enrolled"] for row in (whole, a, b)] == [3, 3, 1]
    assert [row["notMarked"] for row in (whole, a, b)] == [1, 1, 0]
    assert [row["attendanceRate"] for row in (whole, a, b)] == [33.3, 33.3, 100.0]


async def test_a_tutor_is_measured_by_session_and_their_students_by_place(
    owner: Engine, room: Classroom, teacher: httpx.AsyncClient
) -> None:
    tutor, one, two = room.teacher, *room.students[:2]
    hold(owner, room, MONDAY, {})  # in person: nothing to measure, and no zero in the average
    online(owner, room, MONDAY, {tutor: ("PRESENT", "high", 60), one: ("PRESENT", "high", 45)}, {one: "PRESENT"})
    seen = {tutor: ("LATE", "high", 45.5), one: ("PRESENT", "high", 60), two: ("ABSENT", "high", 0)}
    online(owner, room, MONDAY, seen, {one: "PRESENT", two: "ABSENT"})
    [row] = await read(teacher, "teachers")
    assert row == {
        "teacherId": str(tutor.id),
        "firstName": "Test",
        "lastName": room.code,
        "sessions": 3,
        "enrolled": 9,
        "present": 2,
        "late": 0,
        "absent": 1,
        "excused": 0,
        "notMarked": 6,
        "attendanceRate": 22.2,
        "averageActiveMinutes": 52.8,  # 52.75, half up
        "averageEngagement": 87.9,
        "studentsAverageActiveMinutes": 35.0,
        "studentsAverageEngagement": 58.3,
    }


async def test_the_trend_goes_week_by_week(owner: Engine, room: Classroom, teacher: httpx.AsyncClient) -> None:
    one = room.students[0]
    for days, status in ((0, "PRESENT"), (6, "ABSENT"), (7, "PRESENT"), (28, "LATE")):
        hold(owner, room, MONDAY + timedelta(days=days), {one: status})
    rows = await read(teacher, "trend")
    found = [(row["week"], row["sessions"], row["attendanceRate"]) for row in rows]
    assert found == [("2026-03-02", 2, 16.7), ("2026-03-09", 1, 33.3), ("2026-03-30", 1, 33.3)]


async def test_agreement_is_of_what_a_person_decided(
    owner: Engine, room: Classroom, teacher: httpx.AsyncClient
) -> None:
    tutor, one, two, three = room.teacher, *room.students
    suggested = {
        tutor: ("PRESENT", "high", 60.0),
        one: ("PRESENT", "high", 60.0),
        two: ("ABSENT", "high", 0.0),
        three: ("LATE", "low", 20.0),
    }
    online(owner, room, MONDAY, suggested, {one: "PRESENT", two: "ABSENT", three: "PRESENT"})
    online(owner, room, MONDAY, suggested, {one: "LATE"}, source="manual")
    online(owner, room, MONDAY, suggested, {one: "ABSENT"}, source="system_default")  # nobody decided that
    hold(owner, room, MONDAY, {one: "PRESENT"})  # nothing was suggested
    course = {"courseId": str(room.course_id), "subjectCode": room.code}
    both = [
        {"confidence": "high", "decided": 3, "agreed": 2, "agreement": 66.7},
        {"confidence": "low", "decided": 1, "agreed": 0, "agreement": 0.0},
    ]
    everywhere = {"courseId": None, "subjectCode": None}
    assert await read(teacher, "agreement") == [
        {**everywhere, **both[0]},
        {**everywhere, **both[1]},
        {**course, **both[0]},
        {**course, **both[1]},
    ]


# --- which sessions, and whose ---------------------------------------------------------------------------


async def test_days_are_included_and_courses_chosen(owner: Engine, room: Classroom, teacher: httpx.AsyncClient) -> None:
    one = room.students[0]
    for days in range(3):
        hold(owner, room, MONDAY + timedelta(days=days), {one: "PRESENT"})

    async def sessions(**wanted: Any) -> int:
        return sum(row["sessions"] for row in await read(teacher, "trend", **wanted))

    assert await sessions() == 3
    assert await sessions(**{"from": "2026-03-03"}) == 2
    assert await sessions(**{"from": "2026-03-03", "to": "2026-03-03"}) == 1
    assert await sessions(to="2026-03-01") == 0
    assert await sessions(courseId=str(room.course_id)) == 3
    assert await sessions(courseId=str(room.group_id)) == 0
    [row] = await read(teacher, "students", to="2026-03-03")
    assert row["totalSessions"] == 2


@pytest.mark.parametrize("report", REPORTS)
async def test_a_session_that_runs_is_in_no_count_of_the_enrolled(
    owner: Engine, classroom: Classroom, teacher: httpx.AsyncClient, report: str
) -> None:
    good(await teacher.post("/api/v1/sessions/live", json=classroom.opening), 201)
    assert await read(teacher, report) == []


@pytest.mark.parametrize("report", REPORTS)
async def test_teachers_see_their_own_and_admins_everything(
    owner: Engine,
    room: Classroom,
    visitor: Visitor,
    teacher: httpx.AsyncClient,
    other_teacher: httpx.AsyncClient,
    student: httpx.AsyncClient,
    admin: httpx.AsyncClient,
    report: str,
) -> None:
    online(owner, room, MONDAY, {room.students[0]: ("PRESENT", "high", 60)}, {room.students[0]: "PRESENT"}, "manual")
    mine = await read(teacher, report)
    assert mine
    assert await read(other_teacher, report) == []
    assert mine[-1] in await read(admin, report, courseId=str(room.course_id))
    assert refusal(await student.get(f"/api/v1/reports/{report}")) == (403, "forbidden")


# --- pages and wrong queries ----------------------------------------------------------------------------


@pytest.mark.parametrize("report", REPORTS)
async def test_pages_add_up_to_the_whole(
    owner: Engine, room: Classroom, teacher: httpx.AsyncClient, report: str
) -> None:
    for days in range(3):
        confidence = ("high", "medium", "low")[days]
        suggested = dict.fromkeys(room.students, ("PRESENT", confidence, 60.0))
        day = MONDAY + timedelta(days=7 * days)
        online(owner, room, day, suggested, dict.fromkeys(room.students, "PRESENT"))
    whole = await read(teacher, report, limit=500)
    found: list[dict[str, Any]] = []
    following: str | None = ""
    while following is not None:
        wanted = {"limit": "2", **({"cursor": following} if following else {})}
        page = good(await teacher.get(f"/api/v1/reports/{report}", params=wanted))
        assert 0 < len(page["items"]) <= 2
        found += page["items"]
        following = page["next"]
    assert found == whole


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "today"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"format": "pdf"}, "format"),
        ({"courseId": "TEST101"}, "courseId"),
        ({"limit": "501"}, "limit"),
        ({"cursor": "%"}, "cursor"),
        ({"cursor": "AA"}, "cursor"),
        ({"cursor": "YQ", "format": "csv"}, "cursor"),
        ({"teacher": "x"}, "teacher"),
    ],
)
async def test_a_wrong_query_names_its_fields(teacher: httpx.AsyncClient, query: dict[str, str], field: str) -> None:
    assert wrong_fields(await teacher.get("/api/v1/reports/students", params=query)) == {field}
