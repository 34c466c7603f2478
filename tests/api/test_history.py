"""The record of a session and of a mark: everything that was done, newest first, with who did it."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, insert, text

from api.cursors import make_row_cursor
from shared.domain.words import Role
from shared.ids import new_id
from shared.models import ParentLink, User
from tests.api.answers import good, moment, refusal, wrong_fields
from tests.api.lecture import Lecture
from tests.campus import Person, Visitor
from tests.database.voices import speaking
from workers.drain import drain
from workers.ports import Ports


@pytest.fixture
async def ended(lecture: Lecture, owner: Engine, ports: Ports) -> Lecture:
    """A session in which one checked in, one was marked and excused, and the rest were absent at its end."""
    await lecture.scan(lecture.students[0])
    drain(ports)
    room = lecture.classroom
    with speaking(owner, "muster_teacher", room.teacher.id) as connection:
        values = {"session": lecture.id, "student": room.students[1].id, "me": room.teacher.id}
        connection.execute(_ABSENT, values)
        connection.execute(_EXCUSE, values)
    await lecture.end(markRest="absent")
    return lecture


_ABSENT = text("""INSERT INTO attendance_records (id, session_id, student_id, status, source, marked_by)
                  VALUES (gen_random_uuid(), :session, :student, 'ABSENT', 'manual', :me)""")
_EXCUSE = text("""UPDATE attendance_records SET status = 'EXCUSED', reason = 'Sick note', marked_by = :me
                  WHERE session_id = :session AND student_id = :student""")


async def items(client: httpx.AsyncClient, lecture: Lecture, **query: Any) -> list[dict[str, Any]]:
    """The history of the session, as one page."""
    found: list[dict[str, Any]] = good(await client.get(f"{lecture.path}/history", params=query))["items"]
    return found


async def test_a_sessions_history_says_what_became_of_it_and_of_its_marks(ended: Lecture) -> None:
    room = ended.classroom
    first, second, third = (str(student.id) for student in room.students)
    told = [
        (each["kind"], each.get("studentId"), each["oldStatus"], each["newStatus"], each.get("source"), each["reason"])
        for each in await items(ended.teacher, ended)
    ]
    assert told == [
        ("session", None, "active", "completed", None, None),
        ("mark", third, None, "absent", "system_default", "ended with the rest marked absent"),
        ("mark", second, "absent", "excused", "manual", "Sick note"),
        ("mark", second, None, "absent", "manual", None),
        ("mark", first, None, "present", "qr_checkin", None),
        ("session", None, None, "active", None, None),
    ]


async def test_every_change_names_who_made_it_and_when(ended: Lecture) -> None:
    teacher = {"id": str(ended.classroom.teacher.id), "name": f"Test {ended.classroom.code}"}
    changes = await items(ended.teacher, ended)
    assert [each["changedBy"] for each in changes] == [teacher, teacher, teacher, teacher, None, teacher]
    times = [moment(each["changedAt"]) for each in changes]
    assert times == sorted(times, reverse=True)


async def test_it_comes_in_pages_that_together_are_all_of_it(ended: Lecture) -> None:
    whole, pieces, cursor = await items(ended.teacher, ended), [], None
    for _ in range(3):
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = good(await ended.teacher.get(f"{ended.path}/history", params=query))
        pieces += page["items"]
        cursor = page["next"]
    assert (pieces, cursor) == (whole, None)


async def test_a_cursor_we_did_not_make_is_refused(lecture: Lecture) -> None:
    changed_at = moment((await items(lecture.teacher, lecture))[0]["changedAt"])
    for cursor in ("x", make_row_cursor(changed_at, 2**63), make_row_cursor(changed_at, 2**128 - 1)):
        for url in (f"{lecture.path}/history", f"/api/whiteboard/sessions/{lecture.id}/connection-status"):
            assert wrong_fields(await lecture.teacher.get(url, params={"cursor": cursor})) == {"cursor"}


async def test_its_teacher_and_admins_read_it(
    ended: Lecture, admin: httpx.AsyncClient, other_teacher: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    assert await items(admin, ended) == await items(ended.teacher, ended)
    for nobody in (other_teacher, stranger):
        assert refusal(await nobody.get(f"{ended.path}/history")) == (404, "not_found")
    assert refusal(await ended.student.get(f"{ended.path}/history")) == (403, "forbidden")


# --- one mark -------------------------------------------------------------------------------------------


@pytest.fixture
def record_id(ended: Lecture, owner: Engine) -> UUID:
    """The mark that was changed."""
    statement = text("SELECT id FROM attendance_records WHERE session_id = :session AND status = 'EXCUSED'")
    with owner.connect() as connection:
        found: UUID = connection.execute(statement, {"session": ended.id}).scalar_one()
    return found


@pytest.fixture
def parent(ended: Lecture, owner: Engine, visitor: Visitor) -> httpx.AsyncClient:
    """A parent of the student whose mark was changed."""
    person = Person(new_id(), Role.PARENT)
    child = ended.classroom.students[1].id
    user = {
        "id": person.id,
        "email": f"{person.id}@parents.test",
        "first_name": "Pat",
        "last_name": "P",
        "role": "PARENT",
    }
    with owner.begin() as connection:
        connection.execute(insert(User), [user])
        connection.execute(insert(ParentLink), [{"parent_id": person.id, "student_id": child}])
    return visitor.speaking_as(person)


async def test_a_marks_history_says_what_became_of_it(
    ended: Lecture, record_id: UUID, parent: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """Its teacher, its student, their parent and admins read the same."""
    url = f"/api/attendance/{record_id}/history/"
    teacher = {"id": str(ended.classroom.teacher.id), "name": f"Test {ended.classroom.code}"}
    for reader in (ended.teacher, ended.students[1], parent, admin):
        page = good(await reader.get(url))
        assert page["next"] is None
        assert [(each["old_status"], each["new_status"], each["reason"]) for each in page["items"]] == [
            ("ABSENT", "EXCUSED", "Sick note"),
            (None, "ABSENT", None),
        ]
        assert [each["changed_by"] for each in page["items"]] == [teacher, teacher]
        assert [each["source"] for each in page["items"]] == ["manual", "manual"]


async def test_nobody_else_reads_it(
    ended: Lecture,
    record_id: UUID,
    parent: httpx.AsyncClient,
    other_teacher: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    owner: Engine,
) -> None:
    others = text("SELECT id FROM attendance_records WHERE session_id = :session AND student_id = :student")
    with owner.connect() as connection:
        values = {"session": ended.id, "student": ended.classroom.students[0].id}
        another = connection.execute(others, values).scalar_one()
    for client, record in (
        (other_teacher, record_id),
        (stranger, record_id),
        (ended.students[0], record_id),
        (parent, another),
    ):
        answer = await client.get(f"/api/attendance/{record}/history/")
        assert (answer.status_code, answer.json()) == (403, {"detail": "This is somebody else's mark."})


async def test_a_mark_that_never_was_is_404(lecture: Lecture, admin: httpx.AsyncClient) -> None:
    for client in (lecture.student, lecture.teacher, admin):
        answer = await client.get(f"/api/attendance/{uuid4()}/history/")
        assert (answer.status_code, answer.json()) == (404, {"detail": "There is no such attendance record."})


async def test_a_deleted_mark_keeps_its_history(ended: Lecture, record_id: UUID, admin: httpx.AsyncClient) -> None:
    assert (await admin.delete(f"/api/attendance/{record_id}/")).status_code == 204
    items = good(await ended.teacher.get(f"/api/attendance/{record_id}/history/"))["items"]
    assert (items[0]["old_status"], items[0]["new_status"], items[0]["reason"]) == ("EXCUSED", None, "deleted")


async def test_its_pages_are_refused_in_the_familys_words(ended: Lecture, record_id: UUID) -> None:
    url = f"/api/attendance/{record_id}/history/"
    page = good(await ended.teacher.get(url, params={"limit": 1}))
    rest = good(await ended.teacher.get(url, params={"limit": 1, "cursor": page["next"]}))
    assert (rest["items"][0]["new_status"], rest["next"]) == ("ABSENT", None)
    for query in ({"limit": "0"}, {"limit": "many"}, {"cursor": "x"}):
        answer = await ended.teacher.get(url, params=query)
        assert (answer.status_code, list(answer.json())) == (400, list(query))
