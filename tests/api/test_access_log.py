"""The access log: every look at a student's record by somebody else, and nobody can forge or erase one (5-security)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from api.history import read_mark_history
from api.history_views import MarkHistoryPage
from api.services import Services
from shared.tokens import Identity
from tests.api.answers import good
from tests.api.lecture import Lecture
from tests.api.pages.conftest import browser_of
from tests.api.tutorial import parent_of
from tests.campus import Classroom, Person, Visitor

APPLICATION = ("muster_admin", "muster_teacher", "muster_student", "muster_parent", "muster_worker", "muster_service")
ENTRY = "INSERT INTO access_log (person_id, action, subject) VALUES ('{person}', 'view', 'student')"


def views(owner: Engine, student: Person) -> list[Any]:
    """Who has looked at a student."""
    statement = text("SELECT person_id FROM access_log WHERE action = 'view' AND subject_id = :id ORDER BY id")
    with owner.connect() as connection:
        return list(connection.execute(statement, {"id": student.id}).scalars())


def say(owner: Engine, role: str, me: UUID, statement: str) -> list[Any]:
    """A statement in this person's voice."""
    with owner.begin() as connection:
        speak = text("SELECT set_config('role', :role, true), set_config('muster.user_id', :me, true)")
        connection.execute(speak, {"role": role, "me": str(me)})
        found = connection.execute(text(statement))
        return list(found.scalars()) if found.returns_rows else []


async def test_who_looks_at_a_students_record_is_noted(
    lecture: Lecture, owner: Engine, admin: httpx.AsyncClient, administrator: Person
) -> None:
    ann = lecture.classroom.students[0]
    for reader in (lecture.teacher, admin):
        good(await reader.get(f"/api/attendance/student/{ann.number}/"))
    assert views(owner, ann) == [lecture.classroom.teacher.id, administrator.id]


async def test_who_looks_at_the_history_of_a_mark_is_noted(lecture: Lecture, owner: Engine, services: Services) -> None:
    ann, teacher = lecture.classroom.students[0], lecture.classroom.teacher
    mark = {"session_id": lecture.id, "student_id": ann.number, "status": "LATE"}
    made = good(await lecture.teacher.post("/api/attendance/mark/", json=mark), 201)
    who = Identity(teacher.id, teacher.role, "a token", services.now() + timedelta(hours=1))
    await read_mark_history(services, who, UUID(made["attendance"]["id"]), MarkHistoryPage())
    assert views(owner, ann) == [teacher.id]


async def test_looking_at_oneself_is_nobodys_business(lecture: Lecture, owner: Engine) -> None:
    ann = lecture.classroom.students[0]
    good(await lecture.student.get(f"/api/attendance/student/{ann.number}/"))
    assert views(owner, ann) == []


async def test_who_may_not_look_leaves_no_note_of_having_looked(
    lecture: Lecture, owner: Engine, other_teacher: httpx.AsyncClient
) -> None:
    ann = lecture.classroom.students[0]
    assert (await other_teacher.get(f"/api/attendance/student/{ann.number}/")).status_code == 403
    assert views(owner, ann) == []


REPORTS = ("students", "courses", "teachers", "trend", "agreement")


def reports_seen(owner: Engine, person: Person) -> list[tuple[str, str]]:
    """What somebody has looked at or taken away of the reports."""
    statement = text("SELECT action, detail FROM access_log WHERE subject = 'report' AND person_id = :id ORDER BY id")
    with owner.connect() as connection:
        return [(row.action, row.detail) for row in connection.execute(statement, {"id": person.id})]


async def test_who_looks_at_a_report_or_takes_it_away_is_noted(lecture: Lecture, owner: Engine) -> None:
    """Each kind of report, as a page or as a file."""
    for name in REPORTS:
        good(await lecture.teacher.get(f"/api/v1/reports/{name}"))
        assert (await lecture.teacher.get(f"/api/v1/reports/{name}?format=csv")).status_code == 200
    expected = [note for name in REPORTS for note in (("view", name), ("export", f"{name} csv"))]
    assert reports_seen(owner, lecture.classroom.teacher) == expected


async def test_who_gets_no_report_leaves_no_note(lecture: Lecture, owner: Engine) -> None:
    """A student may not, and a question that makes no sense shows nothing."""
    for name in REPORTS:
        assert (await lecture.student.get(f"/api/v1/reports/{name}")).status_code == 403
        assert (await lecture.teacher.get(f"/api/v1/reports/{name}?cursor=x")).status_code == 422
    for person in (lecture.classroom.students[0], lecture.classroom.teacher):
        assert reports_seen(owner, person) == []


async def test_the_pages_of_a_record_are_noted_like_the_api(
    lecture: Lecture, owner: Engine, visitor: Visitor, elsewhere: Classroom
) -> None:
    """A parent's look at their child, and at how a mark came about; not the student's own, not one that was refused."""
    ann = lecture.classroom.students[0]
    mother, father = parent_of(owner, ann), parent_of(owner, elsewhere.students[0])
    mark = {"session_id": lecture.id, "student_id": ann.number, "status": "LATE"}
    record = good(await lecture.teacher.post("/api/attendance/mark/", json=mark), 201)["attendance"]["id"]
    home, stranger, own = (browser_of(visitor, person) for person in (mother, father, ann))
    for path in ("/family", f"/family?child={ann.id}", f"/marks/{record}"):
        assert (await home.get(path)).status_code == 200
    for path in (f"/family?child={ann.id}", f"/marks/{record}"):
        assert (await stranger.get(path)).status_code in (403, 404)
    for path in ("/me", f"/marks/{record}"):
        assert (await own.get(path)).status_code == 200
    assert views(owner, ann) == [mother.id] * 3


async def test_a_roll_that_is_refused_is_not_noted(
    lecture: Lecture, owner: Engine, other_teacher: httpx.AsyncClient
) -> None:
    for client in (lecture.student, other_teacher):
        assert (await client.get(f"{lecture.path}/export")).status_code in (403, 404)
    statement = text("SELECT count(*) FROM access_log WHERE subject_id = :id")
    with owner.connect() as connection:
        assert connection.execute(statement, {"id": lecture.id}).scalar_one() == 0


async def test_a_student_sees_who_looked_at_them_and_at_nobody_else(lecture: Lecture, owner: Engine) -> None:
    ann, ben, _cy = lecture.classroom.students
    for student in (ann, ben):
        good(await lecture.teacher.get(f"/api/attendance/student/{student.number}/"))
    assert say(owner, "muster_student", ann.id, "SELECT subject_id FROM access_log") == [ann.id]


async def test_a_teacher_cannot_read_the_log(lecture: Lecture, owner: Engine) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        say(owner, "muster_teacher", lecture.classroom.teacher.id, "SELECT * FROM access_log")


@pytest.mark.parametrize("role", ["muster_admin", "muster_teacher", "muster_parent"])
async def test_nobody_writes_in_somebody_elses_name(lecture: Lecture, owner: Engine, role: str) -> None:
    me, other = lecture.classroom.teacher.id, lecture.classroom.students[0].id
    with pytest.raises(ProgrammingError, match="row-level security"):
        say(owner, role, me, ENTRY.format(person=other))


@pytest.mark.parametrize("role", APPLICATION)
@pytest.mark.parametrize("act", ["UPDATE access_log SET detail = 'x'", "DELETE FROM access_log", "TRUNCATE access_log"])
async def test_no_application_role_changes_or_erases_an_entry(
    lecture: Lecture, owner: Engine, role: str, act: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        say(owner, role, lecture.classroom.teacher.id, act)
