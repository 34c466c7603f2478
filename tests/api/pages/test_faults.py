"""What a page shows when something is broken or away, and what the log says of it."""

from collections.abc import AsyncIterator, Iterator, MutableMapping, Sequence
from socket import gaierror
from typing import Any

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from api import accounts
from api.pages import scans
from api.problems import problem_of
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.outages import NO_DATABASE, running
from tests.api.pages.conftest import Open
from tests.campus import Classroom, Person, Visitor

Lines = Sequence[MutableMapping[str, Any]]


@pytest.fixture
def logged() -> Iterator[Lines]:
    """What the log says from now on."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
async def no_database(settings: Settings, tokens: Tokens) -> AsyncIterator[Visitor]:
    """Visitors of an application whose PostgreSQL is gone."""
    async with running(settings, tokens, database_url=NO_DATABASE) as visitor:
        yield visitor


@pytest.fixture
def misspelt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The statement behind everybody's name is wrong: a fault of ours, which no waiting mends."""
    monkeypatch.setattr(accounts, "_BY_ID", text("SELECT no_such_column FROM users WHERE id = :me"))


def said(lines: Lines, level: str) -> list[str]:
    """The log's lines of a level."""
    return [line["event"] for line in lines if line["log_level"] == level]


@pytest.mark.usefixtures("misspelt")
@pytest.mark.parametrize("path", ["/teach", "/admin/", "/checkin"])
async def test_a_fault_of_ours_is_a_page_that_says_so_and_an_error_in_the_log(
    open_as: Open, classroom: Classroom, administrator: Person, logged: Lines, path: str
) -> None:
    answer = await open_as(administrator if path == "/admin/" else classroom.teacher).get(path)
    assert (answer.status_code, "Something went wrong on our side" in answer.text) == (500, True)
    assert "no_such_column" not in answer.text
    assert "retry-after" not in answer.headers
    assert said(logged, "error") == ["request failed"]
    assert any("UndefinedColumn" in repr(line.get("exc_info")) for line in logged)


@pytest.mark.parametrize("path", ["/teach", "/admin/"])
async def test_a_database_that_is_away_is_a_page_that_says_so_and_a_warning_in_the_log(
    no_database: Visitor, open_as: Open, administrator: Person, logged: Lines, path: str
) -> None:
    browser = no_database.anonymous()
    browser.cookies = open_as(administrator).cookies
    answer = await browser.get(path)
    assert (answer.status_code, "Not possible right now" in answer.text) == (503, True)
    assert int(answer.headers["retry-after"]) > 0
    assert "dependency away" in said(logged, "warning")
    assert said(logged, "error") == []


async def test_a_login_that_cannot_be_done_now_is_in_the_log(no_database: Visitor, logged: Lines) -> None:
    answer = await no_database.anonymous().post("/login", data={"email": "teacher@campus.test", "password": "any"})
    assert (answer.status_code, "Signing in is not possible right now" in answer.text) == (503, True)
    assert "dependency away" in said(logged, "warning")


async def test_the_login_page_hides_no_fault_of_ours(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, logged: Lines
) -> None:
    """It may do without the scan that waits while a service is away, and only then."""

    async def held(_request: object) -> None:
        raise LookupError

    monkeypatch.setattr(scans, "held", held)
    answer = await visitor.anonymous().get("/login")
    assert (answer.status_code, said(logged, "error")) == (500, ["request failed"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FileNotFoundError("teach/index.html"), 500),
        (PermissionError("teach/index.html"), 500),
        (ConnectionResetError(), 503),
        (TimeoutError(), 503),
        (gaierror("no such host"), 503),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_missing_file_is_a_fault_and_a_missing_service_is_not(error: Exception, status: int) -> None:
    """Both are ``OSError`` to Python."""
    assert problem_of(error).status == status
