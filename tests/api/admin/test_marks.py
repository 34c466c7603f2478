"""Marks in the admin interface: overridden with a reason, in the open, and deleted only there after the end."""

from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from shared.models import AttendanceRecord, AttendanceStatusChange
from tests.api.admin.conftest import Desk
from tests.api.answers import good
from tests.api.lecture import Lecture
from workers.drain import drain
from workers.ports import Ports

CHANGED = {"status": "EXCUSED", "notes": "ill", "why": "A doctor's note"}


@pytest.fixture
async def mark(lecture: Lecture, owner: Engine) -> UUID:
    """The teacher's mark of the first student."""
    student = lecture.classroom.students[0]
    body = {"session_id": lecture.id, "student_id": str(student.id), "status": "ABSENT"}
    good(await lecture.teacher.post("/api/attendance/mark/", json=body), 201)
    with Session(owner) as session:
        return session.scalars(select(AttendanceRecord.id).filter_by(session_id=lecture.id)).one()


def record_of(owner: Engine, mark: UUID) -> AttendanceRecord | None:
    """The mark as it stands."""
    with Session(owner, expire_on_commit=False) as session:
        return session.get(AttendanceRecord, mark)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_changed_mark_is_an_override_with_its_reason(
    desk: Desk, owner: Engine, lecture: Lecture, mark: UUID, ports: Ports, ended: bool
) -> None:
    if ended:
        drain(ports)
        good(await lecture.teacher.post(f"{lecture.path}/end"))
    assert (await desk.change("attendance_records", mark, **CHANGED)).status_code == 303
    record = record_of(owner, mark)
    assert record is not None
    assert (record.status, record.source, record.notes) == ("EXCUSED", "admin_override", "ill")
    with Session(owner) as session:
        history = session.scalars(select(AttendanceStatusChange).filter_by(record_id=mark)).all()
    assert (history[-1].old_status, history[-1].new_status, history[-1].reason) == ("ABSENT", "EXCUSED", CHANGED["why"])
    [change] = desk.trace("attendance_records", mark)
    assert (change.action, change.reason) == ("change", CHANGED["why"])
    assert ((change.before or {})["status"], (change.after or {})["source"]) == ("ABSENT", "admin_override")


@pytest.mark.parametrize(
    "wrong", [{"why": ""}, {"status": "MAYBE"}, {"status": ""}, {"why": "x" * 501}, {"notes": "\0"}]
)
async def test_a_wrong_form_leaves_the_mark_as_it_is(
    desk: Desk, owner: Engine, mark: UUID, wrong: dict[str, str]
) -> None:
    assert (await desk.change("attendance_records", mark, **{**CHANGED, **wrong})).status_code == 422
    record = record_of(owner, mark)
    assert record is not None
    assert (record.status, record.source) == ("ABSENT", "manual")
    assert desk.trace("attendance_records", mark) == []


async def test_nobody_is_marked_in_a_cancelled_session(desk: Desk, lecture: Lecture, mark: UUID) -> None:
    good(await lecture.teacher.post(f"{lecture.path}/cancel"))
    refused = await desk.change("attendance_records", mark, **CHANGED)
    assert (refused.status_code, "This session is cancelled" in refused.text) == (422, True)


async def test_a_deleted_mark_stays_in_the_history(
    desk: Desk, owner: Engine, lecture: Lecture, mark: UUID, ports: Ports
) -> None:
    drain(ports)
    good(await lecture.teacher.post(f"{lecture.path}/end"))
    assert (await desk.act("attendance_records", "delete", mark)).status_code == 200
    assert record_of(owner, mark) is None
    [change] = desk.trace("attendance_records", mark)
    assert (change.action, change.after) == ("delete", None)
    with Session(owner) as session:
        history = session.scalars(select(AttendanceStatusChange).filter_by(record_id=mark)).all()
    assert history[-1].new_status is None


async def test_marks_are_found_by_person_class_and_status(desk: Desk, lecture: Lecture, mark: UUID) -> None:
    student, code = lecture.classroom.students[0], lecture.classroom.code
    for query in (f"q={student.number}", f"q={code}", f"q=test {code}", "filter=status__in%3DABSENT",
                  "filter=session_status__in%3Dactive", f"q={code}&filter=session_status__in%3Dactive"):  # fmt: skip
        assert str(mark) in (await desk.read(f"/attendance_records/list?{query}")).text, query
    for query in (f"q={lecture.classroom.students[1].number}", "q=%25", f"q={code}&filter=status__in%3DPRESENT",
                  f"q={code}&filter=session_status__in%3Dcompleted"):  # fmt: skip
        assert str(mark) not in (await desk.read(f"/attendance_records/list?{query}")).text, query
