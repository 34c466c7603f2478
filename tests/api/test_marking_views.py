"""Reading marks (2-http-api 2.4): a session's roll and a student's record, with statistics, filters and pages."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from shared.ids import new_id
from tests.api.answers import good, moment
from tests.api.lecture import Lecture, open_lecture
from tests.api.marked import BULK, MARK, many, marked, plain
from tests.api.past import Past
from tests.api.tutorial import parent_of
from tests.campus import Classroom, Person, Visitor, make_classroom


def roll(lecture: Lecture) -> str:
    """Where a session's marks are read."""
    return f"/api/attendance/session/{lecture.id}/"


def record_of(person: Person) -> str:
    """Where a student's marks are read."""
    return f"/api/attendance/student/{person.number}/"


async def pages(client: httpx.AsyncClient, path: str) -> list[list[dict[str, Any]]]:
    """Every page of one, from the first to the last."""
    found: list[list[dict[str, Any]]] = []
    following: dict[str, Any] = {}
    while following.get("cursor", "") is not None:
        page = good(await client.get(path, params={"limit": 1, **following}))
        found.append(page["records"])
        following = {"cursor": page["next"]}
    return found


@pytest.fixture
def past(owner: Engine, classroom: Classroom) -> Past:
    """What took place in the class."""
    with owner.begin() as connection:
        statement = text("UPDATE enrolments SET valid_from = '2020-01-01' WHERE group_id = :group")
        connection.execute(statement, {"group": classroom.group_id})
    return Past(owner, classroom)


# --- a session ------------------------------------------------------------------------------------------


async def test_a_sessions_roll_answers_as_the_table_says(lecture: Lecture) -> None:
    room, student = lecture.classroom, lecture.classroom.students[0]
    mark = await marked(lecture, status="LATE", notes="the bus")
    assert good(await lecture.teacher.get(roll(lecture))) == {
        "session": {
            "id": lecture.id,
            "class_name": f"{room.code} Section A",
            "subject_code": room.code,
            "teacher_name": f"Test {room.code}",
            "start_time": lecture.session["startTime"],
            "end_time": None,
            "status": "ACTIVE",
            "is_locked": False,
        },
        "statistics": {
            "total_enrolled": 3,
            "present": 0,
            "absent": 0,
            "late": 1,
            "excused": 0,
            "not_marked": 2,
            "attendance_rate": 33.3,
        },
        "records": [
            {
                "id": mark["id"],
                "student": {
                    "id": str(student.id),
                    "student_id": student.number,
                    "first_name": "Test",
                    "last_name": room.code,
                    "email": f"{student.id.hex}@{room.code.lower()}.test",
                },
                "status": "LATE",
                "marked_at": mark["marked_at"],
                "marked_by": str(room.teacher.id),
                "notes": "the bus",
            }
        ],
        "next": None,
    }


async def test_the_rate_is_of_those_who_are_not_excused(visitor: Visitor, owner: Engine) -> None:
    """25 present and 2 late of 30 are 90.0 (1-domain 1.6)."""
    room = make_classroom(owner, 30)
    lecture = await open_lecture(visitor, room)
    good(await lecture.teacher.post(MARK, json=many(lecture, *["PRESENT"] * 25, "LATE", "LATE")), 201)
    assert good(await lecture.teacher.get(roll(lecture)))["statistics"]["attendance_rate"] == 90.0
    good(await lecture.teacher.post(BULK, json={"session_id": lecture.id, "default_status": "EXCUSED"}), 201)
    statistics = good(await lecture.teacher.get(roll(lecture)))["statistics"]
    assert (statistics["excused"], statistics["not_marked"], statistics["attendance_rate"]) == (3, 0, 100.0)


async def test_statistics_are_kept_and_not_counted_again(lecture: Lecture, owner: Engine) -> None:
    """A class of 3,000 costs what one of 30 does: the answer is what the session's counters say."""
    with owner.begin() as connection:
        planted = text("UPDATE session_tallies SET enrolled = 3000, present = 2000 WHERE session_id = :id")
        connection.execute(planted, {"id": lecture.id})
    statistics = good(await lecture.teacher.get(roll(lecture)))["statistics"]
    assert (statistics["total_enrolled"], statistics["present"], statistics["not_marked"]) == (3000, 2000, 1000)


async def test_status_words_and_the_lock(lecture: Lecture, admin: httpx.AsyncClient) -> None:
    ended = await lecture.end()
    session = good(await admin.get(roll(lecture)))["session"]
    assert (session["status"], session["is_locked"], session["end_time"]) == ("ENDED", True, ended["endTime"])


async def test_filters_narrow_the_records_and_not_the_statistics(lecture: Lecture) -> None:
    good(await lecture.teacher.post(MARK, json=many(lecture, "PRESENT", "ABSENT")), 201)
    first = good(await lecture.teacher.get(roll(lecture)))
    late = await marked(lecture, 2, status="LATE")

    async def found(**wanted: Any) -> list[str]:
        answer = good(await lecture.teacher.get(roll(lecture), params=wanted))
        assert answer["statistics"]["not_marked"] == 0
        return sorted(record["status"] for record in answer["records"])

    assert await found() == ["ABSENT", "LATE", "PRESENT"]
    assert await found(status="LATE") == ["LATE"]
    assert await found(include_absent="false") == ["LATE", "PRESENT"]
    assert await found(include_absent="true", status="ABSENT") == ["ABSENT"]
    assert await found(marked_after=first["records"][0]["marked_at"]) == ["LATE"]
    assert await found(marked_after=late["marked_at"]) == []


async def test_a_roll_comes_in_pages(lecture: Lecture) -> None:
    good(await lecture.teacher.post(MARK, json=many(lecture, "PRESENT", "ABSENT", "LATE")), 201)
    whole = good(await lecture.teacher.get(roll(lecture)))["records"]
    assert await pages(lecture.teacher, roll(lecture)) == [[record] for record in whole]


# --- a student ------------------------------------------------------------------------------------------


async def test_a_students_record_answers_as_the_table_says(lecture: Lecture) -> None:
    student = lecture.classroom.students[0]
    mark = await marked(lecture)
    answer = good(await lecture.student.get(record_of(student)))
    date = moment(lecture.session["startTime"]).date().isoformat()
    start = lecture.session["startTime"]
    session = {"class_name": f"{lecture.classroom.code} Section A", "subject_code": lecture.classroom.code}
    assert answer == {
        "student": {
            "id": str(student.id),
            "student_id": student.number,
            "first_name": "Test",
            "last_name": lecture.classroom.code,
        },
        "statistics": {
            "total_sessions": 1,
            "present": 1,
            "absent": 0,
            "late": 0,
            "excused": 0,
            "attendance_rate": 100.0,
        },
        "records": [
            {
                "id": mark["id"],
                "session": {**session, "date": date, "start_time": start},
                "status": "PRESENT",
                "marked_at": mark["marked_at"],
            }
        ],
        "next": None,
    }
    assert good(await lecture.student.get(f"/api/attendance/student/{student.id}/")) == answer


async def test_a_students_rate_is_of_the_sessions_they_were_marked_in(teacher: httpx.AsyncClient, past: Past) -> None:
    """45 present and 2 late of 50 are 94.0 (1-domain 1.6)."""
    past.attend("PRESENT", 45)
    past.attend("LATE", 2)
    past.attend("ABSENT", 3)
    past.attend("EXCUSED", 4)
    statistics = good(await teacher.get(record_of(past.student)))["statistics"]
    assert statistics == {
        "total_sessions": 54,
        "present": 45,
        "absent": 3,
        "late": 2,
        "excused": 4,
        "attendance_rate": 94.0,
    }


async def test_a_record_is_filtered_by_day_course_and_status(teacher: httpx.AsyncClient, past: Past) -> None:
    past.attend("PRESENT", 5)

    async def found(**wanted: Any) -> list[str]:
        answer = good(await teacher.get(record_of(past.student), params=wanted))
        assert answer["statistics"]["total_sessions"] == 5
        return [record["session"]["date"] for record in answer["records"]]

    days = await found()
    assert days == sorted(days, reverse=True)
    assert await found(date_from=days[1], date_to=days[0]) == days[:2]
    assert await found(date_to=days[3]) == days[3:]
    assert await found(subject_id=str(past.room.course_id), status="PRESENT") == days
    assert await found(subject_id=str(new_id())) == []
    assert await found(status="LATE") == []
    assert await pages(teacher, record_of(past.student)) == [
        [record] for record in good(await teacher.get(record_of(past.student)))["records"]
    ]


async def test_who_reads_whose_record(
    lecture: Lecture,
    visitor: Visitor,
    owner: Engine,
    admin: httpx.AsyncClient,
    other_teacher: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
) -> None:
    child = lecture.classroom.students[0]
    await marked(lecture)
    parent = visitor.speaking_as(parent_of(owner, child))
    for client in (lecture.teacher, lecture.student, parent, admin):
        assert good(await client.get(record_of(child)))["statistics"]["present"] == 1
    for client in (other_teacher, stranger, lecture.students[1]):
        status, body = plain(await client.get(record_of(child)))
        assert (status, body.keys()) == (403, {"detail"})
    assert plain(await parent.get(record_of(lecture.classroom.students[1])))[0] == 403
    assert plain(await parent.get(roll(lecture)))[0] == 403
    for client in (lecture.teacher, parent, stranger):
        unknown = await client.get("/api/attendance/student/S-nobody/")
        assert plain(unknown) == (404, {"detail": "There is no student 'S-nobody'."})


async def test_a_teacher_sees_and_counts_their_own_sessions_only(
    lecture: Lecture, other_teacher: httpx.AsyncClient, elsewhere: Classroom, owner: Engine
) -> None:
    """The student is in both teachers' classes and marked in one of them."""
    child = lecture.classroom.students[0]
    await marked(lecture)
    with owner.begin() as connection:
        connection.execute(
            text("INSERT INTO enrolments (id, group_id, student_id, valid_from) VALUES (:id, :group, :student, :day)"),
            {"id": new_id(), "group": elsewhere.group_id, "student": child.id, "day": datetime.now(UTC).date()},
        )
    answer = good(await other_teacher.get(record_of(child)))
    assert (answer["records"], answer["statistics"]["total_sessions"]) == ([], 0)


@pytest.mark.parametrize("odd", ["%00", "S%00", "%2F", "..", "x" * 3_000, "%F0%9F%8E%93", "'--"])
async def test_an_odd_number_is_an_unknown_student(lecture: Lecture, odd: str) -> None:
    assert (await lecture.teacher.get(f"/api/attendance/student/{odd}/")).status_code == 404


# --- wrong filters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"status": "MAYBE"}, {"status": ['"MAYBE" is not a valid choice.']}),
        ({"limit": "0"}, {"limit": ["Input should be greater than or equal to 1"]}),
        ({"limit": "x"}, {"limit": ["A valid integer is required."]}),
        ({"cursor": "x"}, {"cursor": ["is not a cursor of this list"]}),
        ({"page": "2"}, {"page": ["This field is not known here."]}),
    ],
)
async def test_wrong_filters_of_both_lists(lecture: Lecture, query: dict[str, str], said: dict[str, Any]) -> None:
    for path in (roll(lecture), record_of(lecture.classroom.students[0])):
        assert plain(await lecture.teacher.get(path, params=query)) == (400, said)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"date_from": "yesterday"}, "date_from"),
        ({"date_from": "86400"}, "date_from"),
        ({"date_to": "2026-13-01"}, "date_to"),
        ({"date_to": "2026-01-10T00:00:00Z"}, "date_to"),
        ({"date_from": "2026-01-02", "date_to": "2026-01-01"}, "date_to"),
        ({"subject_id": "TEST101"}, "subject_id"),
    ],
)
async def test_wrong_filters_of_a_record(lecture: Lecture, query: dict[str, str], field: str) -> None:
    status, body = plain(await lecture.teacher.get(record_of(lecture.classroom.students[0]), params=query))
    assert (status, body.keys()) == (400, {field})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"marked_after": "1700000000"}, "marked_after"),
        ({"marked_after": "2026-01-10"}, "marked_after"),
        ({"include_absent": "maybe"}, "include_absent"),
    ],
)
async def test_wrong_filters_of_a_roll(lecture: Lecture, query: dict[str, str], field: str) -> None:
    status, body = plain(await lecture.teacher.get(roll(lecture), params=query))
    assert (status, body.keys()) == (400, {field})
