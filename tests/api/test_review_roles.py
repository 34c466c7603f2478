"""Who may review what, in which state (1-domain 1.5); the database says so too."""

from typing import Any

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from shared.database import APP, sqlalchemy_url
from shared.settings import Settings
from tests.api.answers import good, refusal, wrong_fields
from tests.api.tutorial import Tutorial, hold, parent_of
from tests.campus import Visitor, make_classroom
from tests.workers.events import change_session
from workers.ports import Ports


@pytest.fixture
def tutorial(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor) -> Tutorial:
    """One tutor, one student; it is over."""
    held = hold(owner, redis, ports, visitor, make_classroom(owner, 1))
    held.attend(held.classroom.teacher, 0, 60)
    held.attend(held.classroom.students[0], 0, 60)
    held.end()
    return held


@pytest.fixture
def parent(tutorial: Tutorial, visitor: Visitor) -> httpx.AsyncClient:
    """A parent of the student."""
    return visitor.speaking_as(parent_of(tutorial.owner, tutorial.classroom.students[0]))


def become(tutorial: Tutorial, change: str) -> None:
    """Change the session behind everybody's back."""
    change_session(tutorial.owner, tutorial.session_id, change)


async def test_an_admin_gives_a_reason_after_the_end(tutorial: Tutorial, admin: httpx.AsyncClient) -> None:
    assert wrong_fields(await tutorial.put(admin, student_attendance_status="excused")) == {"reason"}
    assert wrong_fields(await tutorial.put(admin, use_suggestion=True)) == {"reason"}
    answer = good(await tutorial.put(admin, student_attendance_status="excused", reason="an appeal"))
    assert answer["attendance_source"] == "admin_override"
    assert tutorial.history(tutorial.classroom.students[0])[-1][3] == "an appeal"


async def test_after_an_in_person_session_only_admins_review(
    tutorial: Tutorial, admin: httpx.AsyncClient, parent: httpx.AsyncClient
) -> None:
    become(tutorial, "mode = 'in_person'")
    assert refusal(await tutorial.put(use_suggestion=True)) == (400, "session_locked")
    report = {"student_attendance_status": "absent", "attendance_notes": "ill"}
    assert refusal(await tutorial.put(parent, **report)) == (400, "session_locked")
    assert tutorial.marks() == {}
    good(await tutorial.put(admin, student_attendance_status="late", reason="seen by the porter"))


@pytest.mark.parametrize("change", ["status = 'scheduled', started_at = NULL, ended_at = NULL", "status = 'cancelled'"])
async def test_before_the_start_and_after_a_cancellation_nobody_reviews(
    tutorial: Tutorial, admin: httpx.AsyncClient, parent: httpx.AsyncClient, change: str
) -> None:
    become(tutorial, change)
    for client in (tutorial.tutor, admin, parent):
        body = {"student_attendance_status": "absent", "attendance_notes": "x", "reason": "y"}
        assert refusal(await tutorial.put(client, **body)) == (400, "session_not_active")
    assert tutorial.marks() == {}


async def test_a_student_and_another_teacher_review_nothing(
    tutorial: Tutorial, visitor: Visitor, other_teacher: httpx.AsyncClient
) -> None:
    student = visitor.speaking_as(tutorial.classroom.students[0])
    assert refusal(await tutorial.put(student, student_attendance_status="present")) == (403, "forbidden")
    assert refusal(await tutorial.put(other_teacher, use_suggestion=True)) == (404, "not_found")
    assert tutorial.marks() == {}


async def test_a_parent_reports_their_child(tutorial: Tutorial, parent: httpx.AsyncClient) -> None:
    report = {"student_attendance_status": "excused", "attendance_notes": "at the dentist"}
    answer = good(await tutorial.put(parent, **report))
    assert (answer["student_attendance_status"], answer["attendance_source"]) == ("excused", "parent_reported")
    assert answer["attendance_notes"] == "at the dentist"
    good(await tutorial.put(parent, student_attendance_status="late", attendance_notes="it took less time"))
    good(await tutorial.put(student_attendance_status="present"))
    sources = [source for _, _, source, _, _ in tutorial.history(tutorial.classroom.students[0])]
    assert sources == ["parent_reported", "parent_reported", "manual"]


@pytest.mark.parametrize(
    "body",
    [
        {"student_attendance_status": "present", "attendance_notes": "x"},
        {"use_suggestion": True},
        {"tutor_attendance_status": "absent", "attendance_notes": "x"},
    ],
)
async def test_what_a_parent_never_may(tutorial: Tutorial, parent: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert refusal(await tutorial.put(parent, **body)) == (403, "forbidden")
    assert tutorial.marks() == {}


async def test_a_parents_report_needs_a_note(tutorial: Tutorial, parent: httpx.AsyncClient) -> None:
    assert wrong_fields(await tutorial.put(parent, student_attendance_status="absent")) == {"attendance_notes"}


async def test_a_parent_never_replaces_what_staff_decided(tutorial: Tutorial, parent: httpx.AsyncClient) -> None:
    await tutorial.accept()
    before = tutorial.marks()
    report = {"student_attendance_status": "excused", "attendance_notes": "x"}
    assert refusal(await tutorial.put(parent, **report)) == (403, "forbidden")
    assert tutorial.marks() == before


async def test_a_parent_reports_when_the_session_is_over(tutorial: Tutorial, parent: httpx.AsyncClient) -> None:
    become(tutorial, "status = 'active', ended_at = NULL")
    report = {"student_attendance_status": "excused", "attendance_notes": "x"}
    assert refusal(await tutorial.put(parent, **report)) == (403, "forbidden")


async def test_a_parent_of_one_names_nobody_elses_child(
    owner: Engine, redis: Redis, ports: Ports, visitor: Visitor
) -> None:
    seminar = hold(owner, redis, ports, visitor, make_classroom(owner, 2))
    seminar.end()
    mine, other = seminar.classroom.students
    parent = visitor.speaking_as(parent_of(owner, mine))
    for student, expected in ((other, 403), (mine, 200)):
        records = [{"student_id": str(student.id), "status": "absent", "notes": "ill"}]
        assert (await seminar.put(parent, records=records)).status_code == expected
    assert seminar.marks() == {mine.id: ("ABSENT", "parent_reported")}


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE attendance_records SET status = 'PRESENT' WHERE session_id = :session",
        "UPDATE attendance_records SET source = 'manual' WHERE session_id = :session",
        "UPDATE attendance_records SET marked_by = NULL WHERE session_id = :session",
    ],
)
async def test_the_database_too_keeps_a_parent_to_reports(
    tutorial: Tutorial, settings: Settings, parent: httpx.AsyncClient, act: str
) -> None:
    report = {"student_attendance_status": "excused", "attendance_notes": "x"}
    good(await tutorial.put(parent, **report))
    me = tutorial.history(tutorial.classroom.students[0])[0][4]
    engine = create_engine(sqlalchemy_url(settings.database_url), connect_args={"options": f"-c role={APP}"})
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('role', 'muster_parent', true)"))
        connection.execute(text("SELECT set_config('muster.user_id', :me, true)"), {"me": str(me)})
        with pytest.raises(ProgrammingError, match="row-level security"):
            connection.execute(text(act), {"session": tutorial.session_id})
    engine.dispose()
