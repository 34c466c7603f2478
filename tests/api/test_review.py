"""Accepting and overriding what presence suggests (2-http-api 2.3, 1-domain 1.5)."""

from typing import Any
from uuid import uuid4

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from api import suggestions
from shared.bus import MemoryPublisher
from shared.domain.words import Mark
from shared.messages.pushes import Marks, Stats
from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.tutorial import Tutorial, hold
from tests.campus import Classroom, Visitor, make_classroom
from tests.workers.events import append, change_session, check_in
from workers.drain import drain
from workers.ports import Ports


@pytest.fixture
def tutorial(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor) -> Tutorial:
    """One tutor, one student who was there; it is over."""
    held = hold(owner, redis, ports, visitor, make_classroom(owner, 1))
    held.attend(held.classroom.teacher, 0, 60)
    held.attend(held.classroom.students[0], 7, 60)
    held.end()
    return held


@pytest.fixture
def seminar(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor, classroom: Classroom) -> Tutorial:
    """Three students: there, there half the time, never there; it is over."""
    held = hold(owner, redis, ports, visitor, classroom)
    there, half, _ = classroom.students
    held.attend(classroom.teacher, 0, 60)
    held.attend(there, 0, 60)
    held.attend(half, 0, 30)
    held.end()
    return held


async def test_accepting_marks_everybody(tutorial: Tutorial) -> None:
    student = tutorial.classroom.students[0]
    answer = await tutorial.accept(suggestion_version=1, attendance_notes="well done")
    assert moment(answer.pop("attendance_marked_at"))
    assert answer == {
        "session_id": str(tutorial.session_id),
        "tutor_attendance_status": "present",
        "student_attendance_status": "late",
        "attendance_source": "whiteboard_auto",
        "attendance_marked_by": str(tutorial.classroom.teacher.id),
        "attendance_notes": "well done",
        "records": [{"student_id": str(student.id), "status": "late", "source": "whiteboard_auto"}],
    }
    assert tutorial.marks()[tutorial.classroom.teacher.id] == ("PRESENT", "whiteboard_auto")


async def test_history_says_what_was_accepted(tutorial: Tutorial) -> None:
    await tutorial.accept()
    [(old, new, source, reason, who)] = tutorial.history(tutorial.classroom.students[0])
    assert (old, new, source, who) == (None, "LATE", "whiteboard_auto", tutorial.classroom.teacher.id)
    assert reason is not None
    assert reason.startswith("Suggestion 1, high confidence: Connected 7.0 min after the start")


async def test_accepting_twice_changes_nothing_the_second_time(tutorial: Tutorial) -> None:
    assert await tutorial.accept() == await tutorial.accept()
    assert len(tutorial.history(tutorial.classroom.students[0])) == 1


async def test_only_those_of_high_confidence(seminar: Tutorial) -> None:
    there, half, never = (student.id for student in seminar.classroom.students)
    answer = await seminar.accept(only_confidence="high")
    assert {record["student_id"] for record in answer["records"]} == {str(there), str(never)}
    assert half not in seminar.marks()


async def test_a_version_that_was_not_seen_is_refused_with_the_new_suggestion(seminar: Tutorial) -> None:
    seminar.attend(seminar.classroom.students[1], 30, 60)
    seminar.score()
    answer = await seminar.put(use_suggestion=True, suggestion_version=1)
    assert refusal(answer) == (409, "suggestion_changed")
    body = answer.json()
    assert body["suggestion_version"] == 2
    assert body["suggestion"] == await seminar.suggestion()
    assert seminar.marks() == {}
    good(await seminar.put(use_suggestion=True, suggestion_version=2))


async def test_statuses_win_for_whom_they_name(seminar: Tutorial) -> None:
    there, half, never = seminar.classroom.students
    records = [{"student_id": str(never.id), "status": "excused", "notes": "ill"}]
    answer = await seminar.accept(records=records, tutor_attendance_status="late")
    assert answer["tutor_attendance_status"] == "late"
    assert answer["attendance_source"] == "manual"
    assert seminar.marks() == {
        there.id: ("PRESENT", "whiteboard_auto"),
        half.id: ("PRESENT", "whiteboard_auto"),
        never.id: ("EXCUSED", "manual"),
        seminar.classroom.teacher.id: ("LATE", "manual"),
    }


async def test_an_override_is_on_the_record(tutorial: Tutorial) -> None:
    student = tutorial.classroom.students[0]
    await tutorial.accept()
    good(await tutorial.put(student_attendance_status="excused", reason="dentist", attendance_notes="until ten"))
    changes = tutorial.history(student)
    assert [(old, new, source) for old, new, source, _, _ in changes] == [
        (None, "LATE", "whiteboard_auto"),
        ("LATE", "EXCUSED", "manual"),
    ]
    assert changes[1][3] == "dentist"


async def test_notes_stay_until_others_are_written(tutorial: Tutorial) -> None:
    good(await tutorial.put(student_attendance_status="late", attendance_notes="the bus"))
    kept = good(await tutorial.put(student_attendance_status="present"))
    assert kept["attendance_notes"] == "the bus"
    gone = good(await tutorial.put(student_attendance_status="present", attendance_notes=""))
    assert gone["attendance_notes"] is None


async def test_accepting_leaves_a_check_in_as_it_is(seminar: Tutorial, redis: Redis, ports: Ports) -> None:
    half = seminar.classroom.students[1]
    append(redis, check_in(seminar.session_id, half, status=Mark.LATE))
    seminar.score()
    await seminar.accept()
    assert seminar.marks()[half.id] == ("LATE", "qr_checkin")


async def test_marks_reach_the_dashboards(seminar: Tutorial, ports: Ports) -> None:
    drain(ports)
    publisher = MemoryPublisher()
    await seminar.accept()
    drain(type(ports)(ports.settings, ports.engine, ports.redis, publisher, ports.consumer))
    mine = [push.data for push in publisher.published if push.session_id == seminar.session_id]
    [marks] = [data for data in mine if isinstance(data, Marks)]
    assert {change.student_id for change in marks.changes} == {student.id for student in seminar.classroom.students}
    assert {change.source for change in marks.changes} == {"whiteboard_auto"}
    assert [data.present_students for data in mine if isinstance(data, Stats)] == [2]


async def test_nothing_to_accept_is_409(tutorial: Tutorial, ports: Ports) -> None:
    change_session(tutorial.owner, tutorial.session_id, "mode = 'in_person', status = 'active', ended_at = NULL")
    with tutorial.owner.begin() as connection:
        connection.execute(text("DELETE FROM presence WHERE session_id = :id"), {"id": tutorial.session_id})
    tutorial.score()
    assert refusal(await tutorial.put(use_suggestion=True)) == (409, "no_suggestion")
    assert tutorial.marks() == {}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"use_suggestion"}),
        ({"use_suggestion": False}, {"use_suggestion"}),
        ({"attendance_notes": "only notes"}, {"use_suggestion"}),
        ({"suggestion_version": 1, "tutor_attendance_status": "late"}, {"use_suggestion"}),
        ({"use_suggestion": True, "only_confidence": "sure"}, {"only_confidence"}),
        ({"use_suggestion": True, "suggestion_version": -1}, {"suggestion_version"}),
        ({"student_attendance_status": "PRESENT"}, {"student_attendance_status"}),
        ({"tutor_attendance_status": "maybe"}, {"tutor_attendance_status"}),
        ({"records": [{"student_id": "S12345", "status": "late"}]}, {"records.0.student_id"}),
        ({"tutor_attendance_status": "late", "attendance_notes": "x" * 2001}, {"attendance_notes"}),
        ({"tutor_attendance_status": "late", "attendance_notes": "a\0b"}, {"attendance_notes"}),
        ({"tutor_attendance_status": "late", "marked_by": str(uuid4())}, {"marked_by"}),
    ],
)
async def test_what_makes_no_sense_is_named_and_writes_nothing(
    tutorial: Tutorial, body: dict[str, Any], fields: set[str]
) -> None:
    assert wrong_fields(await tutorial.put(**body)) == fields
    assert tutorial.marks() == {}


async def test_the_same_student_twice_is_422(seminar: Tutorial) -> None:
    record = {"student_id": str(seminar.classroom.students[0].id), "status": "late"}
    assert wrong_fields(await seminar.put(records=[record, record])) == {"records"}


async def test_one_students_status_is_for_sessions_of_one_student(seminar: Tutorial) -> None:
    answer = await seminar.put(student_attendance_status="late")
    assert wrong_fields(answer) == {"student_attendance_status"}
    assert seminar.marks() == {}


async def test_somebody_who_is_not_enrolled_is_422_and_nobody_is_marked(seminar: Tutorial) -> None:
    records = [
        {"student_id": str(seminar.classroom.students[0].id), "status": "late"},
        {"student_id": str(uuid4()), "status": "late"},
    ]
    assert refusal(await seminar.put(records=records)) == (422, "not_enrolled")
    assert seminar.marks() == {}


async def test_without_workers_what_was_never_computed_is_unavailable(
    seminar: Tutorial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seminar.owner.begin() as connection:
        forget = "UPDATE session_suggestions SET facts_seen = 0 WHERE session_id = :id"
        connection.execute(text(forget), {"id": seminar.session_id})
    monkeypatch.setattr(suggestions, "WAIT_SECONDS", 0.1)
    answer = await seminar.tutor.get(f"{seminar.url}/attendance-suggestion")
    assert refusal(answer) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) >= 1
