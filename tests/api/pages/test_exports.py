"""A long export in a browser: a page that says how far it is, and what became of it (docs/exports.md)."""

from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.api.lecture import Lecture
from tests.api.pages.conftest import Open, browser_of
from tests.campus import Classroom, Person, Visitor
from workers.exports import write_waiting
from workers.ports import Ports

REFRESH = 'http-equiv="refresh"'


@pytest.fixture
def browser(patient: Visitor, long: Lecture) -> httpx.AsyncClient:
    """The teacher's browser."""
    made = browser_of(patient, long.classroom.teacher)
    made.follow_redirects = True
    return made


def path_of(lecture: Lecture, form: str = "csv") -> str:
    """What the live page links to."""
    return f"/teach/sessions/{lecture.id}/export?format={form}"


def change(owner: Engine, lecture: Lecture, to: str) -> None:
    """Change the session's exports in the database."""
    with owner.begin() as connection:
        connection.execute(text(f"UPDATE exports SET {to} WHERE session_id = :id"), {"id": lecture.id})


async def test_the_live_page_leads_here(long: Lecture, browser: httpx.AsyncClient) -> None:
    assert path_of(long, "xlsx") in (await browser.get(f"/teach/sessions/{long.id}/live")).text


async def test_a_short_roll_is_the_file(lecture: Lecture, classroom: Classroom, open_as: Open) -> None:
    answer = await open_as(classroom.teacher).get(path_of(lecture))
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.startswith("student_number,")


async def test_a_long_one_is_waited_for_and_fetched(long: Lecture, browser: httpx.AsyncClient, ports: Ports) -> None:
    waiting = await browser.get(path_of(long))
    assert (waiting.status_code, REFRESH in waiting.text) == (200, True)
    assert "0 of 3 people written." in waiting.text
    file = f"{waiting.url.path}/file"
    assert (await browser.get(file)).url.path == waiting.url.path  # too early: the page again
    write_waiting(ports)
    done = await browser.get(waiting.url.path)
    assert (REFRESH in done.text, f'href="{file}"' in done.text) == (False, True)
    assert (await browser.get(file)).headers["content-disposition"].startswith("attachment")


async def test_it_says_how_far_it_is(long: Lecture, browser: httpx.AsyncClient, owner: Engine) -> None:
    url = (await browser.get(path_of(long))).url.path
    change(owner, long, "rows_done = 2")
    page = (await browser.get(url)).text
    assert ("2 of 3 people written." in page, 'max="3" value="2"' in page) == (True, True)


async def test_a_worker_that_does_not_begin_is_named(long: Lecture, browser: httpx.AsyncClient, owner: Engine) -> None:
    page = await browser.get(path_of(long))
    assert "has not begun yet" not in page.text
    change(owner, long, "requested_at = now() - interval '31 s'")
    assert "has not begun yet" in (await browser.get(page.url.path)).text


async def test_one_that_failed_says_so(long: Lecture, browser: httpx.AsyncClient, owner: Engine) -> None:
    url = (await browser.get(path_of(long))).url.path
    change(owner, long, "status = 'failed'")
    page = (await browser.get(url)).text
    assert ("could not be written" in page, path_of(long) in page, REFRESH in page) == (True, True, False)
    assert "could not be written" in (await browser.get(f"{url}/file")).text


async def test_one_that_expired_is_gone(long: Lecture, browser: httpx.AsyncClient, ports: Ports, owner: Engine) -> None:
    url = (await browser.get(path_of(long))).url.path
    write_waiting(ports)
    change(owner, long, "expires_at = now() - interval '1 s'")
    for path in (url, f"{url}/file", f"{url[:-36]}{uuid4()}"):
        page = await browser.get(path)
        assert (page.status_code, "This file is gone" in page.text) == (404, True)


async def test_it_is_nobody_elses(
    long: Lecture, browser: httpx.AsyncClient, elsewhere: Classroom, open_as: Open, administrator: Person
) -> None:
    """A student and a parent are sent home, another teacher finds nothing, an admin a page without a file."""
    url = (await browser.get(path_of(long))).url.path
    assert (await open_as(long.classroom.students[0]).get(url)).headers["location"] == "/checkin"
    assert "There is nothing here" in (await open_as(elsewhere.teacher).get(url)).text
    assert "This file is gone" in (await open_as(administrator).get(url)).text


async def test_a_format_that_is_none_is_refused(long: Lecture, browser: httpx.AsyncClient) -> None:
    assert (await browser.get(path_of(long, "pdf"))).status_code == 422


async def test_a_file_is_noted_each_time_it_leaves_and_not_before(
    long: Lecture, browser: httpx.AsyncClient, ports: Ports, owner: Engine
) -> None:
    def noted() -> int:
        statement = text("SELECT count(*) FROM access_log WHERE subject_id = :id AND action = 'export'")
        with owner.connect() as connection:
            found: int = connection.execute(statement, {"id": long.id}).scalar_one()
        return found

    url = (await browser.get(path_of(long))).url.path
    await browser.get(f"{url}/file")
    assert noted() == 1  # asked for
    write_waiting(ports)
    await browser.get(f"{url}/file")
    assert noted() == 2
