"""Every refusal of the marking family, word for word and in its order (2-http-api 2.4)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import Engine, text

from api.marking import mark_one
from api.problems import Problem
from api.services import Services
from shared.domain.words import Mark, Role
from shared.tokens import Identity
from tests.api.answers import good, moment, refusal
from tests.api.lecture import Lecture, open_lecture
from tests.api.marked import BULK, MARK, many, marked, marks_of, one, plain
from tests.campus import Classroom, Visitor

# --- the session's state --------------------------------------------------------------------------------


def locked(ended: str) -> str:
    """The sentence about a session that has ended."""
    when = moment(ended).astimezone(ZoneInfo("UTC"))
    return f"Cannot mark attendance - session ended at {when:%H:%M} on {when:%b} {when:%d}, {when.year}"


async def test_nobody_marks_after_the_end(lecture: Lecture, admin: httpx.AsyncClient, owner: Engine) -> None:
    mark = await marked(lecture)
    ended = await lecture.end()
    said = {"session": [locked(ended["endTime"])]}
    everybody = {"session_id": lecture.id, "default_status": "ABSENT"}
    for client in (lecture.teacher, admin):
        assert plain(await client.post(MARK, json=one(lecture, 1))) == (400, said)
        assert plain(await client.post(MARK, json=many(lecture, "LATE"))) == (400, said)
        assert plain(await client.post(BULK, json=everybody)) == (400, said)
        answer = await client.put(f"/api/attendance/{mark['id']}/", json={"status": "LATE"})
        assert plain(answer) == (400, {"session": ["Cannot modify attendance - session ended and is locked"]})
    assert marks_of(owner, lecture) == [("PRESENT", "manual")]


async def test_the_end_is_said_in_the_campus_zone(lecture: Lecture, owner: Engine, services: Services) -> None:
    await lecture.end()
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE live_sessions SET ended_at = :at WHERE id = :id"),
            {"at": datetime(2026, 1, 10, 9, 5, tzinfo=UTC), "id": lecture.id},
        )
    said = {"session": ["Cannot mark attendance - session ended at 09:05 on Jan 10, 2026"]}
    assert plain(await lecture.teacher.post(MARK, json=one(lecture))) == (400, said)
    kolkata = replace(services, settings=services.settings.model_copy(update={"time_zone": "Asia/Kolkata"}))
    teacher = Identity(lecture.classroom.teacher.id, Role.TEACHER, "", services.now())
    with pytest.raises(Problem) as refused:
        await mark_one(kolkata, teacher, UUID(lecture.id), lecture.classroom.students[0].number, Mark.LATE)
    assert refused.value.detail == "Cannot mark attendance - session ended at 14:35 on Jan 10, 2026"


async def test_nobody_marks_before_the_start_or_after_a_cancellation(visitor: Visitor, classroom: Classroom) -> None:
    lecture = await open_lecture(visitor, classroom, startNow=False)
    said = {"session": ["Cannot mark attendance - session has not started"]}
    assert plain(await lecture.teacher.post(MARK, json=one(lecture))) == (400, said)
    good(await lecture.teacher.post(f"{lecture.path}/start"))
    mark = await marked(lecture)
    good(await lecture.teacher.post(f"{lecture.path}/cancel"))
    said = {"session": ["Cannot mark attendance - session was cancelled"]}
    assert plain(await lecture.teacher.post(MARK, json=one(lecture, 1))) == (400, said)
    assert plain(await lecture.teacher.put(f"/api/attendance/{mark['id']}/", json={"status": "LATE"})) == (400, said)


# --- who may --------------------------------------------------------------------------------------------


async def test_others_are_403_and_write_nothing(
    lecture: Lecture, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient, owner: Engine
) -> None:
    mark = await marked(lecture)
    record = f"/api/attendance/{mark['id']}/"
    for client in (other_teacher, lecture.student, stranger):
        for answer in (
            await client.post(MARK, json=one(lecture, 1)),
            await client.post(MARK, json=many(lecture, "LATE")),
            await client.post(BULK, json={"session_id": lecture.id, "default_status": "ABSENT"}),
            await client.get(f"/api/attendance/session/{lecture.id}/"),
            await client.put(record, json={"status": "LATE"}),
            await client.delete(record),
        ):
            status, body = plain(answer)
            assert (status, body.keys()) == (403, {"detail"})
    assert marks_of(owner, lecture) == [("PRESENT", "manual")]


async def test_what_does_not_exist_is_404_before_anything_else(lecture: Lecture, admin: httpx.AsyncClient) -> None:
    nothing = str(uuid4())
    await lecture.end()
    for client in (lecture.teacher, lecture.student, admin):
        said = {"detail": "There is no such session."}
        assert plain(await client.post(MARK, json=one(lecture, session_id=nothing))) == (404, said)
        everybody = {"session_id": nothing, "default_status": "ABSENT"}
        assert plain(await client.post(BULK, json=everybody)) == (404, said)
        assert plain(await client.get(f"/api/attendance/session/{nothing}/")) == (404, said)
        said = {"detail": "There is no such attendance record."}
        assert plain(await client.delete(f"/api/attendance/{nothing}/")) == (404, said)
    for key in ("S-nobody", nothing):
        said = {"detail": f"There is no student '{key}'."}
        assert plain(await lecture.teacher.post(MARK, json=one(lecture, student_id=key))) == (404, said)


async def test_outsiders_do_not_learn_which_students_exist(lecture: Lecture, other_teacher: httpx.AsyncClient) -> None:
    known = await other_teacher.post(MARK, json=one(lecture))
    unknown = await other_teacher.post(MARK, json=one(lecture, student_id="S-nobody"))
    assert plain(known) == plain(unknown)


# --- the form -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "MAYBE"}, {"status": ['"MAYBE" is not a valid choice.']}),
        ({"status": "present"}, {"status": ['"present" is not a valid choice.']}),
        ({"status": 7}, {"status": ['"7" is not a valid choice.']}),
        ({"status": None}, {"status": ["This field is required."]}),
        ({"session_id": "x"}, {"session_id": ["Must be a valid UUID."]}),
        ({"session_id": None}, {"session_id": ["This field may not be null."]}),
        ({"student_id": 12345}, {"student_id": ["Not a valid string."]}),
        ({"student_id": ""}, {"student_id": ["This field may not be blank."]}),
        ({"student_id": None}, {"non_field_errors": ["Send exactly one of student_id and records."]}),
        ({"notes": "x" * 2_001}, {"notes": ["Ensure this field has no more than 2000 characters."]}),
        ({"marked_by": "me"}, {"marked_by": ["This field is not known here."]}),
        (
            {"records": [{"student_id": "S1", "status": "LATE"}]},
            {"non_field_errors": ["Send exactly one of student_id and records."]},
        ),
        ({"student_id": None, "status": None, "records": []}, {"records": ["This list may not be empty."]}),
        (
            {"student_id": None, "records": [{"student_id": "S1", "status": "LATE"}]},
            {"records": ["Each record has a status and notes of its own."]},
        ),
        (
            {"records": [{"student_id": "S1", "status": "MAYBE"}]},
            {
                "status": ['"MAYBE" is not a valid choice.'],
                "records": ['Record 1, status: "MAYBE" is not a valid choice.'],
            },
        ),
    ],
)
async def test_a_wrong_form_names_its_fields(lecture: Lecture, change: dict[str, Any], said: dict[str, Any]) -> None:
    """Before anything is looked at: the session has ended."""
    await lecture.end()
    assert plain(await lecture.teacher.post(MARK, json=one(lecture, **change))) == (400, said)


async def test_every_missing_field_is_named(lecture: Lecture) -> None:
    required = ["This field is required."]
    assert plain(await lecture.teacher.post(BULK, json={})) == (
        400,
        {"session_id": required, "default_status": required},
    )
    body = {"session_id": lecture.id, "default_status": "MAYBE"}
    said = {"default_status": ['"MAYBE" is not a valid choice.']}
    assert plain(await lecture.teacher.post(BULK, json=body)) == (400, said)


async def test_a_thousand_wrong_records_are_not_a_thousand_messages(lecture: Lecture) -> None:
    body = {"session_id": lecture.id, "records": [{"student_id": "S1", "status": "MAYBE"}] * 1_000}
    status, said = plain(await lecture.teacher.post(MARK, json=body))
    assert (status, len(said["records"]), len(said["status"])) == (400, 20, 1)


# --- a request sent twice -------------------------------------------------------------------------------


async def test_a_repeat_with_its_key_hears_the_first_answer_also_a_plain_refusal(lecture: Lecture) -> None:
    key = {"idempotency-key": str(uuid4())}
    first, again = [await lecture.teacher.post(MARK, json=one(lecture), headers=key) for _ in range(2)]
    assert good(first, 201) == good(again, 201)
    key = {"idempotency-key": str(uuid4())}
    first, again = [await lecture.teacher.post(MARK, json=one(lecture), headers=key) for _ in range(2)]
    assert plain(first)[0] == 409
    assert plain(first) == plain(again)


async def test_a_key_used_for_another_body_is_the_transports_problem(lecture: Lecture) -> None:
    key = {"idempotency-key": str(uuid4())}
    good(await lecture.teacher.post(MARK, json=one(lecture), headers=key), 201)
    answer = await lecture.teacher.post(MARK, json=one(lecture, 1), headers=key)
    assert refusal(answer) == (422, "validation_failed")
