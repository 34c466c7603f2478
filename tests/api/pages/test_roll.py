"""The roll over the real API: its page of forms, and the data for the live page."""

import httpx
import pytest
from sqlalchemy import Engine

from tests.api.lecture import Lecture
from tests.api.marked import changes_of, marks_of
from tests.api.pages.conftest import Open
from tests.campus import Classroom, Visitor, make_classroom


@pytest.fixture
def path(lecture: Lecture) -> str:
    """Where the roll of the running lecture is."""
    return f"/teach/sessions/{lecture.id}/roll"


@pytest.fixture
def desk(lecture: Lecture, open_as: Open) -> httpx.AsyncClient:
    """The teacher's browser."""
    return open_as(lecture.classroom.teacher)


async def mark(desk: httpx.AsyncClient, path: str, student: object, status: str) -> httpx.Response:
    """Press a button of somebody's row."""
    return await desk.post(f"{path}/mark", data={"student": str(student), "status": status})


async def test_a_button_marks_and_can_be_undone(
    desk: httpx.AsyncClient, lecture: Lecture, path: str, owner: Engine
) -> None:
    """To the mark before, and from the first mark to none; everything on the record."""
    student = lecture.classroom.students[0].id
    first = await mark(desk, path, student, "late")
    assert first.headers["location"] == f"{path}?marked={student}&was=none#s-{student}"
    assert marks_of(owner, lecture) == [("LATE", "manual")]
    second = await mark(desk, path, student, "excused")
    assert "was=late" in second.headers["location"]
    page = (await desk.get(second.headers["location"])).text
    assert 'name="status" value="late">' in page.split('role="status"')[1].split("</div>")[0]
    await mark(desk, path, student, "late")
    await mark(desk, path, student, "none")
    assert marks_of(owner, lecture) == []
    assert changes_of(owner, lecture) == 4


async def test_the_rest_is_absent_by_default(
    desk: httpx.AsyncClient, lecture: Lecture, path: str, owner: Engine
) -> None:
    await mark(desk, path, lecture.classroom.students[0].id, "present")
    assert (await desk.post(f"{path}/rest", data={"-": "-"})).status_code == 303
    assert marks_of(owner, lecture) == [("ABSENT", "system_default")] * 2 + [("PRESENT", "manual")]


async def test_somebody_is_found_by_name_or_number(desk: httpx.AsyncClient, lecture: Lecture, path: str) -> None:
    """As typed, in any case; what people search for is no pattern."""
    wanted = lecture.classroom.students[1].number
    page = (await desk.get(path, params={"q": wanted.lower()})).text
    assert page.count("roll__row") == 1
    assert "1 of 1 shown" in page
    assert "Nobody of that name" in (await desk.get(path, params={"q": "%"})).text
    assert "Nobody of that name" in (await desk.get(path, params={"q": '"><script>\0'})).text


@pytest.mark.parametrize(("student", "status"), [("x", "late"), ("", ""), ("own", "sleeping"), ("own", "")])
async def test_a_form_that_makes_no_sense_marks_nobody(
    desk: httpx.AsyncClient, lecture: Lecture, path: str, owner: Engine, student: str, status: str
) -> None:
    who = lecture.classroom.students[0].id if student == "own" else student
    assert (await mark(desk, path, who, status)).status_code == 422
    assert marks_of(owner, lecture) == []


async def test_a_stranger_to_the_class_is_not_marked(
    desk: httpx.AsyncClient, lecture: Lecture, path: str, owner: Engine, elsewhere: Classroom
) -> None:
    answer = await mark(desk, path, elsewhere.students[0].id, "late")
    assert answer.status_code == 400
    assert "not on the roll" in answer.text
    assert marks_of(owner, lecture) == []


async def test_after_the_end_it_is_locked_and_says_so(
    desk: httpx.AsyncClient, lecture: Lecture, path: str, owner: Engine
) -> None:
    await lecture.end()
    page = (await desk.get(path)).text
    assert "its marks are locked" in page
    assert "roll__key" not in page
    late = await mark(desk, path, lecture.classroom.students[0].id, "late")
    assert late.status_code == 400
    assert "nobody can be marked" in late.text
    assert (await desk.post(f"{path}/rest", data={"-": "-"})).status_code == 400
    assert marks_of(owner, lecture) == []


async def test_it_is_the_teachers(
    lecture: Lecture, path: str, owner: Engine, visitor: Visitor, open_as: Open, elsewhere: Classroom
) -> None:
    student = lecture.classroom.students[0]
    for client, status in (
        (visitor.anonymous(), 303),
        (open_as(student), 303),
        (open_as(elsewhere.teacher), 404),
    ):
        assert (await client.get(path)).status_code == status
        assert (await client.get(f"{path}.json")).status_code == status
        assert (await mark(client, path, student.id, "present")).status_code in (303, 403, 404)
        assert (await client.post(f"{path}/rest", data={"-": "-"})).status_code in (303, 403, 404)
    assert marks_of(owner, lecture) == []


async def test_another_sites_form_marks_nobody(
    desk: httpx.AsyncClient, lecture: Lecture, path: str, owner: Engine
) -> None:
    desk.headers["sec-fetch-site"] = "cross-site"
    assert (await mark(desk, path, lecture.classroom.students[0].id, "present")).status_code == 403
    assert (await desk.post(f"{path}/rest", data={"-": "-"})).status_code == 403
    assert marks_of(owner, lecture) == []


async def test_the_data_holds_everybody_with_their_mark(desk: httpx.AsyncClient, lecture: Lecture, path: str) -> None:
    """In the order of the page; status in lower case, null without a mark."""
    marked = lecture.classroom.students[2]
    await mark(desk, path, marked.id, "excused")
    answer = await desk.get(f"{path}.json")
    assert answer.headers["cache-control"] == "no-store"
    students = answer.json()["students"]
    assert {each["number"] for each in students} == {each.number for each in lecture.classroom.students}
    [theirs] = [each for each in students if each["id"] == str(marked.id)]
    assert (theirs["status"], theirs["source"]) == ("excused", "manual")
    assert [each["status"] for each in students].count(None) == 2


async def test_a_large_class_is_searched_not_scrolled(owner: Engine, visitor: Visitor, open_as: Open) -> None:
    """The page lists the first two hundred and says of how many; the data has them all."""
    room = make_classroom(owner, 230)
    session = await visitor.speaking_as(room.teacher).post("/api/v1/sessions/live", json=room.opening)
    path = f"/teach/sessions/{session.json()['id']}/roll"
    desk = open_as(room.teacher)
    page = (await desk.get(path)).text
    assert page.count('class="roll__row"') == 200
    assert "200 of 230 shown" in page
    assert len((await desk.get(f"{path}.json")).json()["students"]) == 230
