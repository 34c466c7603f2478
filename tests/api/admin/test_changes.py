"""Changing: what an admin may change, the trace it leaves, and what nobody may."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from api.admin.tree import tables
from api.admin.writing import ChangingView
from shared.models import Base, Course, Enrolment, Group, Student, User
from tests.api.admin.conftest import Desk
from tests.campus import Classroom

FIXED = sorted(view.table.name for view in tables() if not isinstance(view, ChangingView))
KEPT = sorted(view.table.name for view in tables() if not getattr(view, "deletes", False))


Only = Callable[..., Any]


@pytest.fixture
def only(owner: Engine) -> Only:
    """The one row of a model with these values."""

    def find(model: type[Base], **values: object) -> Any:
        with Session(owner, expire_on_commit=False) as session:
            return session.scalars(select(model).filter_by(**values)).one()

    return find


@pytest.mark.parametrize("table", FIXED)
@pytest.mark.parametrize("path", ["create", "edit?pk=1"])
async def test_what_is_derived_or_history_has_no_form(desk: Desk, table: str, path: str) -> None:
    assert (await desk.send(f"/{table}/{path}", {})).status_code == 403


@pytest.mark.parametrize("table", KEPT)
async def test_what_history_needs_is_never_deleted(desk: Desk, table: str) -> None:
    for path in (f"/_api/{table}/row-action?pk=1&name=delete", f"/_api/{table}/action?pks=1&name=delete"):
        answer = await desk.send(path, {})
        assert (answer.status_code, answer.json()["msg"] in ("Forbidden", "Invalid row action", "Invalid action")) == (
            400,
            True,
        )


async def test_a_student_is_made_with_their_number(desk: Desk, classroom: Classroom, only: Only) -> None:
    email = f"new-{classroom.code.lower()}@campus.test"
    form = {"email": email, "first_name": "New", "last_name": "Student", "role": "STUDENT"}
    answer = await desk.send("/users/create", {**form, "student_number": f"N{classroom.code}"})
    assert answer.status_code == 303
    user = only(User, email=email)
    assert only(Student, user_id=user.id, student_number=f"N{classroom.code}")
    [made] = desk.trace("users", user.id)
    assert (made.action, made.before, made.after and made.after["email"]) == ("create", None, email)
    assert [change.action for change in desk.trace("students", user.id)] == ["create"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"email": "no address"}, "email"), ({"email": ""}, "email"), ({"first_name": ""}, "first_name"),
     ({"role": "KING"}, "role"), ({"student_number": ""}, "student_number"), ({"last_name": "\0"}, "email"),
     ({"role": "TEACHER"}, "student_number"), ({"email": "admin@campus.test"}, "email")],
)  # fmt: skip
async def test_a_wrong_field_is_named_and_nothing_is_made(
    desk: Desk, owner: Engine, wrong: dict[str, str], field: str
) -> None:
    good = {"email": "wrong@campus.test", "first_name": "W", "last_name": "Rong", "role": "STUDENT",
            "student_number": "WRONG"}  # fmt: skip
    answer = await desk.send("/users/create", {**good, **wrong})
    assert answer.status_code == 422
    assert f'id="{field}"' in answer.text
    assert "is-invalid" in answer.text
    with Session(owner) as session:
        assert session.scalars(select(User).where(User.email == "wrong@campus.test")).all() == []


async def test_a_renamed_person_leaves_both_names(desk: Desk, classroom: Classroom) -> None:
    person = classroom.students[0].id
    answer = await desk.change("users", person, email=f"{person.hex}@renamed.test", first_name="Re", last_name="Named")
    assert answer.status_code == 303
    [change] = desk.trace("users", person)
    assert (change.before or {})["first_name"] == "Test"
    assert (change.after or {})["first_name"] == "Re"
    assert change.action == "change"


async def test_nobody_changes_a_role_through_the_form(desk: Desk, classroom: Classroom, only: Only) -> None:
    person = classroom.students[0].id
    names = {"email": f"{person.hex}@king.test", "first_name": "A", "last_name": "B"}
    await desk.change("users", person, **names, role="ADMIN", id=str(UUID(int=1)), disabled_at="2026-01-01T00:00")
    user = only(User, id=person)
    assert (user.role, user.disabled_at) == ("STUDENT", None)


async def test_saving_without_a_change_leaves_no_trace(desk: Desk, classroom: Classroom) -> None:
    number = classroom.students[0].number
    assert (await desk.change("students", classroom.students[0].id, student_number=number)).status_code == 303
    assert desk.trace("students", classroom.students[0].id) == []


async def test_a_course_with_its_group_and_a_student(
    desk: Desk, classroom: Classroom, only: Only, owner: Engine
) -> None:
    code, teacher = f"N{classroom.code}", only(User, id=classroom.teacher.id)
    await desk.send("/courses/create", {"subject_code": code, "title": "New", "teacher_email": teacher.email})
    course = only(Course, subject_code=code)
    await desk.send("/groups/create", {"course": code, "name": "Section B"})
    group = only(Group, course_id=course.id)
    number, since = classroom.students[0].number, date.today().isoformat()  # noqa: DTZ011
    form = {"group_name": f"{code} Section B", "student_number": number, "valid_from": since}
    assert (await desk.send("/enrolments/create", form)).status_code == 303
    enrolment = only(Enrolment, group_id=group.id)
    traces = [desk.trace("courses", course.id), desk.trace("groups", group.id), desk.trace("enrolments", enrolment.id)]
    assert [[change.action for change in trace] for trace in traces] == [["create"]] * 3
    refused = await desk.act("groups", "delete", group.id)
    assert (refused.status_code, refused.json()["msg"]) == (400, "This group has, or had, students.")
    assert (await desk.act("courses", "delete", course.id)).status_code == 400


@pytest.mark.parametrize(
    ("table", "form", "sentence"),
    [("courses", {"subject_code": "X1", "title": "X", "teacher_email": "s12345@campus.test"}, "No teacher has this"),
     ("groups", {"course": "NONE", "name": "A"}, "No course has this subject code"),
     ("groups", {"course": "TEST101", "name": "Section A"}, "There is another row"),
     ("enrolments", {"group_name": "TEST101", "student_number": "S12345", "valid_from": "2026-01-01"}, "No class has"),
     ("enrolments", {"group_name": "TEST101 Section A", "student_number": "?", "valid_from": "2026-01-01"}, "No stud"),
     ("enrolments", {"group_name": "TEST101 Section A", "student_number": "S12345", "valid_from": "x"}, "required"),
     ("parent_links", {"parent_email": "teacher@campus.test", "student_number": "S12345"}, "No parent has this")],
)  # fmt: skip
async def test_what_is_named_must_exist(desk: Desk, table: str, form: dict[str, str], sentence: str) -> None:
    answer = await desk.send(f"/{table}/create", form)
    assert (answer.status_code, sentence in answer.text) == (422, True)


async def test_a_parent_is_linked_and_unlinked(desk: Desk, only: Only) -> None:
    parent, student = only(User, email="parent@campus.test"), only(Student, student_number="S12346")
    form = {"parent_email": "parent@campus.test", "student_number": "S12346"}
    assert (await desk.send("/parent_links/create", form)).status_code == 303
    key = f"{parent.id},{student.user_id}"
    assert (await desk.act("parent_links", "delete", key)).status_code == 200
    assert [change.action for change in desk.trace("parent_links", key)][-2:] == ["create", "delete"]


async def test_an_enrolment_does_not_end_before_a_mark(desk: Desk, owner: Engine, only: Only) -> None:
    student = only(Student, student_number="S12345").user_id
    with Session(owner) as session:
        wanted = select(Enrolment.id).join(Group).join(Course).where(Course.subject_code == "TEST101")
        enrolment = session.scalars(wanted.where(Enrolment.student_id == student)).one()
    early = (date.today() - timedelta(days=20)).isoformat()  # noqa: DTZ011
    refused = await desk.change("enrolments", enrolment, valid_until=early)
    assert (refused.status_code, "There is a mark of" in refused.text) == (422, True)


async def test_traces_hold_no_secrets(desk: Desk, owner: Engine) -> None:
    from api.admin.record import plain

    row = {
        "id": UUID(int=1),
        "password_hash": "x",
        "payload": b"y",
        "code_reference": 7,
        "valid_from": date(2026, 1, 2),
    }
    assert plain(row) == {"id": str(UUID(int=1)), "valid_from": "2026-01-02"}
