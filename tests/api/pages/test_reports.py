"""The pages of reports: what they say, to whom, about which sessions, and that looking is noted."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Engine, text

from api.pages import reports
from api.reports.reading import STUDENTS
from tests.api.pages.conftest import Open
from tests.api.past import hold
from tests.api.reports.semester import MONDAY, enrolled_since, online
from tests.campus import Classroom, Person, Visitor, make_classroom

PATHS = [tab.path for tab in reports.TABS]


@pytest.fixture
def room(owner: Engine, classroom: Classroom) -> Classroom:
    """A class in two weeks: three of three present online, then one of three in its room."""
    enrolled_since(owner, classroom)
    tutor, first = classroom.teacher, classroom.students[0]
    suggested = {tutor: ("PRESENT", "high", 45.0), first: ("PRESENT", "high", 60.0)}
    online(owner, classroom, MONDAY, suggested, dict.fromkeys(classroom.students, "PRESENT"))
    hold(owner, classroom, MONDAY + timedelta(days=7), {first: "LATE"})
    return classroom


@pytest.fixture
def teacher(open_as: Open, room: Classroom) -> httpx.AsyncClient:
    """The teacher's browser."""
    return open_as(room.teacher)


async def get(browser: httpx.AsyncClient, path: str, **choice: str) -> str:
    """A page as HTML."""
    answer = await browser.get(path, params=choice or None)
    assert answer.status_code == 200, answer.text[:300]
    return answer.text


def rows(html: str) -> list[list[str]]:
    """The figures of each row, after whose they are; labels left out."""
    body = re.sub(r'<span class="reports__label">.*?</span>', "", html.partition("<tbody>")[2].partition("</tbody>")[0])
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[unescape(" ".join(re.sub(r"<[^>]+>", "", cell).split())) for cell in row] for row in cells]


# --- what they say --------------------------------------------------------------------------------------


async def test_the_weeks_are_drawn_and_told(teacher: httpx.AsyncClient) -> None:
    html = await get(teacher, "/reports")
    assert rows(html) == [
        ["2 March 2026", "100.0 %", "1", "3", "3", "0", "0", "0", "0"],
        ["9 March 2026", "33.3 %", "1", "3", "0", "1", "0", "0", "2"],
    ]
    assert "66.7 %" in html
    assert "attendance over 2 completed sessions" in html
    assert html.count('class="reports__column"') == 2
    assert 'height="33.3"' in html


async def test_a_course_is_followed_by_its_groups(teacher: httpx.AsyncClient, room: Classroom) -> None:
    figures = ["66.7 %", "2", "6", "3", "1", "0", "0", "2"]
    names = (room.code, f"{room.code} Section A")
    assert rows(await get(teacher, "/reports/courses")) == [[name, *figures] for name in names]


async def test_students_come_with_their_active_minutes(teacher: httpx.AsyncClient, room: Classroom) -> None:
    first, second, _ = rows(await get(teacher, "/reports/students"))
    assert first == [f"Test {room.code} {room.students[0].number}", "100.0 %", "2", "1", "1", "0", "0", "60.0 min"]
    assert second[1:] == ["100.0 %", "1", "1", "0", "0", "0", "0.0 min"]


async def test_tutors_come_with_engagement(teacher: httpx.AsyncClient, room: Classroom) -> None:
    [row] = rows(await get(teacher, "/reports/teachers"))
    assert row == [f"Test {room.code}", "66.7 %", "2", "75.0 %", "45.0 min", "100.0 %", "60.0 min"]


async def test_agreement_says_when_it_is_below_the_goal(
    teacher: httpx.AsyncClient, room: Classroom, owner: Engine
) -> None:
    assert "Not over 90 %" not in await get(teacher, "/reports/agreement")
    first = room.students[0]
    online(owner, room, MONDAY, {first: ("ABSENT", "high", 0)}, {first: "PRESENT"}, "manual")
    html = await get(teacher, "/reports/agreement")
    figures = ["50.0 %", "High confidence Not over 90 %", "2", "1"]
    assert rows(html) == [["All courses", *figures], [room.code, *figures]]


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_links_to_its_file_which_a_cookie_opens(
    teacher: httpx.AsyncClient, room: Classroom, path: str
) -> None:
    html = await get(teacher, path, **{"from": "2026-03-02", "courseId": str(room.course_id)})
    links = [unescape(link) for link in re.findall(r'href="([^"]+/file\?[^"]+)"', html)]
    assert [dict(httpx.URL(link).params)["format"] for link in links] == ["csv", "xlsx"]
    for link in links:
        file = await teacher.get(link)
        assert (file.status_code, "_2026-03-02." in file.headers["content-disposition"]) == (200, True)
        assert file.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
async def test_a_file_is_a_page_away_for_whoever_has_to_log_in_first(
    visitor: Visitor, teacher: httpx.AsyncClient, room: Classroom, open_as: Open, path: str
) -> None:
    file = f"{path}/file"
    refused = await visitor.anonymous().get(file, params={"format": "csv"})
    assert (refused.status_code, refused.headers["location"]) == (303, f"/login?next={file}")
    after = await teacher.get(file)
    assert (after.status_code, after.headers["location"]) == (303, path)
    student = await open_as(room.students[0]).get(file, params={"format": "csv"})
    assert (student.status_code, student.headers["location"]) == (303, "/checkin")


async def test_a_file_of_what_makes_no_sense_is_told_on_the_page(teacher: httpx.AsyncClient) -> None:
    answer = await teacher.get("/reports/courses/file?format=csv&from=today")
    assert (answer.status_code, answer.headers["location"]) == (303, "/reports/courses?format=csv&from=today")
    assert (await teacher.get(answer.headers["location"])).status_code == 422


# --- which sessions, and whose --------------------------------------------------------------------------


@pytest.mark.parametrize("path", PATHS)
async def test_teachers_see_their_own_and_admins_everything(
    open_as: Open, teacher: httpx.AsyncClient, owner: Engine, room: Classroom, administrator: Person, path: str
) -> None:
    other = open_as(make_classroom(owner).teacher)
    mine = rows(await get(teacher, path))
    assert mine
    html = await get(other, path)
    assert (rows(html), 'class="empty"' in html, room.code in html) == ([], True, False)
    everything = rows(await get(open_as(administrator), path, courseId=str(room.course_id)))
    assert mine[-1] in everything


async def test_days_and_a_course_are_chosen_and_kept_from_tab_to_tab(
    teacher: httpx.AsyncClient, room: Classroom
) -> None:
    html = await get(teacher, "/reports", to="2026-03-08", courseId=str(room.course_id), **{"from": ""})
    assert [row[0] for row in rows(html)] == ["2 March 2026"]
    assert f'<option value="{room.course_id}" selected>{room.code}' in html
    assert f'href="/reports/students?to=2026-03-08&amp;courseId={room.course_id}"' in html
    other = await get(teacher, "/reports", courseId=str(room.group_id))
    assert (rows(other), "Another course" in other) == ([], True)


async def test_a_long_report_comes_in_pages(
    teacher: httpx.AsyncClient, room: Classroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/reports/students"
    monkeypatch.setitem(reports.BY_PATH, path, reports.Tab(path, STUDENTS, 2))
    first = await get(teacher, path, **{"from": "2026-03-02"})
    [following] = [unescape(link) for link in re.findall(r'href="([^"]*cursor=[^"]*)"', first)]
    assert urlsplit(following).query.startswith("from=2026-03-02&cursor=")
    second = await get(teacher, following)
    assert (len(rows(first)), len(rows(second)), "From the beginning" in second) == (2, 1, True)
    assert "cursor=" not in second


@pytest.mark.parametrize("path", ["/reports", "/reports/students"])
@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"from": "today"}, "From"),
        ({"to": "2026-02-30"}, "To"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "To"),
        ({"courseId": "TEST101"}, "Course"),
        ({"courseId": "\0", "to": "1e9"}, "To, Course"),
        ({"cursor": "%"}, "the page’s address"),
        ({"cursor": "AA"}, "the page’s address"),
    ],
)
async def test_a_wrong_choice_is_named_and_nothing_is_shown(
    teacher: httpx.AsyncClient, path: str, choice: dict[str, str], named: str
) -> None:
    answer = await teacher.get(path, params=choice)
    assert (answer.status_code, f"Check: {named}." in answer.text) == (422, True)
    assert ("<tbody>" in answer.text, "/file?" in answer.text) == (False, False)


async def test_a_look_is_noted_once_and_a_refused_one_is_not(
    teacher: httpx.AsyncClient, room: Classroom, owner: Engine, open_as: Open
) -> None:
    await get(teacher, "/reports/students")
    await get(teacher, "/reports")
    await teacher.get("/reports", params={"from": "x"})
    assert (await open_as(room.students[0]).get("/reports")).headers["location"] == "/checkin"
    statement = text(
        "SELECT person_id, action, subject, detail FROM access_log WHERE person_id = ANY(:ids) ORDER BY id"
    )
    with owner.connect() as connection:
        found = connection.execute(statement, {"ids": [room.teacher.id, room.students[0].id]})
        assert [tuple(row) for row in found] == [
            (room.teacher.id, "view", "report", "students"),
            (room.teacher.id, "view", "report", "trend"),
        ]


async def test_the_day_leads_to_the_reports(teacher: httpx.AsyncClient) -> None:
    assert 'href="/reports"' in await get(teacher, "/teach")
