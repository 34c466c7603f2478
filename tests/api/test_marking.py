"""Marking by hand (2-http-api 2.4): one student, many, everybody; changing and deleting."""

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.api.answers import good, moment
from tests.api.lecture import Lecture
from tests.api.marked import BULK, MARK, changes_of, many, marked, marks_of, one, plain
from tests.campus import Classroom

# --- one ------------------------------------------------------------------------------------------------


async def test_marking_one_student_answers_as_the_table_says(lecture: Lecture, owner: Engine) -> None:
    student = lecture.classroom.students[0]
    answer = good(await lecture.teacher.post(MARK, json=one(lecture, notes=" by hand ")), 201)
    mark = answer["attendance"]
    assert answer == {"message": "Attendance marked successfully", "attendance": mark}
    assert mark == {
        "id": mark["id"],
        "session": {
            "id": lecture.id,
            "class_name": f"{lecture.classroom.code} Section A",
            "start_time": lecture.session["startTime"],
        },
        "student": {
            "id": str(student.id),
            "student_id": student.number,
            "first_name": "Test",
            "last_name": lecture.classroom.code,
        },
        "status": "PRESENT",
        "marked_at": mark["marked_at"],
        "marked_by": str(lecture.classroom.teacher.id),
    }
    assert moment(mark["marked_at"])
    assert marks_of(owner, lecture) == [("PRESENT", "manual")]
    assert changes_of(owner, lecture) == 1


async def test_a_student_is_named_by_uuid_or_number(lecture: Lecture) -> None:
    by_uuid = one(lecture, student_id=str(lecture.classroom.students[0].id).upper())
    assert good(await lecture.teacher.post(MARK, json=by_uuid), 201)["attendance"]["student"]["student_id"]
    assert plain(await lecture.teacher.post(MARK, json=one(lecture)))[0] == 409


async def test_an_admin_may_mark_while_it_is_active(lecture: Lecture, admin: httpx.AsyncClient, owner: Engine) -> None:
    good(await admin.post(MARK, json=one(lecture, status="EXCUSED")), 201)
    assert marks_of(owner, lecture) == [("EXCUSED", "manual")]


async def test_who_is_marked_already_is_409(lecture: Lecture) -> None:
    said = {"non_field_errors": ["Attendance already marked for this student in this session"]}
    good(await lecture.teacher.post(MARK, json=one(lecture)), 201)
    assert plain(await lecture.teacher.post(MARK, json=one(lecture, status="LATE"))) == (409, said)
    good(await lecture.teacher.post(BULK, json={"session_id": lecture.id, "default_status": "ABSENT"}), 201)
    assert plain(await lecture.teacher.post(MARK, json=one(lecture, 1))) == (409, said)


# --- many -----------------------------------------------------------------------------------------------


async def test_many_are_made_and_changed_in_one_go(lecture: Lecture, owner: Engine) -> None:
    mark = await marked(lecture, notes="kept")
    answer = good(await lecture.teacher.post(MARK, json=many(lecture, "ABSENT", "LATE")), 201)
    records = answer["attendance_records"]
    assert answer == {"message": "Bulk attendance marked successfully", "count": 2, "attendance_records": records}
    first, second = lecture.classroom.students[:2]
    assert records == [
        {"id": mark["id"], "student_id": str(first.id), "status": "ABSENT"},
        {"id": records[1]["id"], "student_id": str(second.id), "status": "LATE"},
    ]
    assert marks_of(owner, lecture) == [("ABSENT", "manual"), ("LATE", "manual")]


async def test_the_same_bulk_again_changes_nothing(lecture: Lecture, owner: Engine) -> None:
    first, again = [good(await lecture.teacher.post(MARK, json=many(lecture, "LATE", "LATE")), 201) for _ in range(2)]
    assert first == again
    assert changes_of(owner, lecture) == 2


async def test_many_is_all_or_nothing(lecture: Lecture, elsewhere: Classroom, owner: Engine) -> None:
    stranger_number = elsewhere.students[0].number
    body = many(lecture, "PRESENT", "PRESENT")
    body["records"].append({"student_id": stranger_number, "status": "PRESENT"})
    said = f"Student '{stranger_number}' is not enrolled in '{lecture.classroom.code} Section A'"
    assert plain(await lecture.teacher.post(MARK, json=body)) == (400, {"student": [said]})
    body["records"][2]["student_id"] = "S-nobody"
    assert plain(await lecture.teacher.post(MARK, json=body)) == (404, {"detail": "There is no student 'S-nobody'."})
    assert marks_of(owner, lecture) == []


async def test_the_same_student_twice_is_refused_also_by_two_names(lecture: Lecture, owner: Engine) -> None:
    student = lecture.classroom.students[0]
    body = many(lecture, "PRESENT")
    body["records"].append({"student_id": student.number, "status": "LATE"})
    said = {"records": [f"Student '{student.number}' is in records twice."]}
    assert plain(await lecture.teacher.post(MARK, json=body)) == (400, said)
    assert marks_of(owner, lecture) == []


async def test_a_bulk_may_be_long_but_not_endless(lecture: Lecture) -> None:
    entry = {"student_id": "S-nobody", "status": "PRESENT"}
    body = {"session_id": lecture.id, "records": [entry] * 5_000}
    assert plain(await lecture.teacher.post(MARK, json=body))[0] == 404
    body["records"] = [entry] * 5_001
    said = {"records": ["Ensure this field has no more than 5000 elements."]}
    assert plain(await lecture.teacher.post(MARK, json=body)) == (400, said)


async def test_the_rest_is_marked_as_a_default(lecture: Lecture, owner: Engine) -> None:
    await marked(lecture, status="LATE")
    wanted = {"session_id": lecture.id, "default_status": "ABSENT"}
    said = {"message": "Bulk attendance initialized", **wanted}
    assert good(await lecture.teacher.post(BULK, json=wanted), 201) == {**said, "count": 2}
    assert good(await lecture.teacher.post(BULK, json=wanted), 201) == {**said, "count": 0}
    assert marks_of(owner, lecture) == [("ABSENT", "system_default")] * 2 + [("LATE", "manual")]


# --- change and delete ----------------------------------------------------------------------------------


async def test_an_update_keeps_when_it_was_marked(lecture: Lecture, admin: httpx.AsyncClient, owner: Engine) -> None:
    mark = await marked(lecture, notes="early")
    answer = good(await admin.put(f"/api/attendance/{mark['id']}/", json={"status": "LATE"}))
    changed = answer["attendance"]
    assert answer == {"message": "Attendance updated successfully", "attendance": changed}
    assert changed == {
        "id": mark["id"],
        "student_id": mark["student"]["id"],
        "status": "LATE",
        "marked_at": mark["marked_at"],
        "updated_at": changed["updated_at"],
        "notes": "early",
    }
    assert moment(changed["updated_at"]) > moment(mark["marked_at"])
    assert changes_of(owner, lecture) == 2


@pytest.mark.parametrize(("sent", "kept"), [("new", "new"), ("", None), (None, None)])
async def test_notes_change_alone(lecture: Lecture, sent: str | None, kept: str | None, owner: Engine) -> None:
    """And leave where the mark came from as it is: a note makes no check-in a decision of a person."""
    mark = await marked(lecture, notes="old")
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE attendance_records SET source = 'qr_checkin' WHERE id = :id"), {"id": mark["id"]}
        )
    answer = good(await lecture.teacher.put(f"/api/attendance/{mark['id']}/", json={"notes": sent}))
    assert (answer["attendance"]["status"], answer["attendance"]["notes"]) == ("PRESENT", kept)
    assert marks_of(owner, lecture) == [("PRESENT", "qr_checkin")]


async def test_an_update_of_nothing_is_refused(lecture: Lecture) -> None:
    said = {"non_field_errors": ["Send a status, notes or both."]}
    mark = await marked(lecture)
    assert plain(await lecture.teacher.put(f"/api/attendance/{mark['id']}/", json={})) == (400, said)


async def test_a_deleted_mark_is_gone_but_not_from_the_history(lecture: Lecture, owner: Engine) -> None:
    path = f"/api/attendance/{(await marked(lecture))['id']}/"
    assert (await lecture.teacher.delete(path)).status_code == 204
    said = {"detail": "There is no such attendance record."}
    assert plain(await lecture.teacher.delete(path)) == (404, said)
    assert plain(await lecture.teacher.put(path, json={"status": "LATE"})) == (404, said)
    assert marks_of(owner, lecture) == []
    assert changes_of(owner, lecture) == 2


async def test_after_the_end_only_an_admin_deletes(lecture: Lecture, admin: httpx.AsyncClient, owner: Engine) -> None:
    path = f"/api/attendance/{(await marked(lecture))['id']}/"
    await lecture.end()
    status, body = plain(await lecture.teacher.delete(path))
    assert (status, body.keys()) == (403, {"detail"})
    assert marks_of(owner, lecture) == [("PRESENT", "manual")]
    assert (await admin.delete(path)).status_code == 204
    assert marks_of(owner, lecture) == []
