"""In which language a page is shown, and how that is chosen."""

import re
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from api.pages.choosing import YEAR
from api.pages.texts import ENGLISH, GERMAN, LANGUAGE_COOKIE, Language, language_of
from tests.api.pages.conftest import Open
from tests.campus import Classroom, Visitor


def asking(**headers: str) -> Request:
    """A request with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw})


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("", ENGLISH),
        ("de", GERMAN),
        ("de-AT", GERMAN),
        ("DE-ch,de;q=0.9", GERMAN),
        ("en-US,en;q=0.9,de;q=0.8", ENGLISH),
        ("de;q=0.3,en;q=0.7", ENGLISH),
        ("fr,it;q=0.9,de;q=0.2", GERMAN),
        ("fr", ENGLISH),
        ("*", ENGLISH),
        ("de;q=0", ENGLISH),
        ("de;q=none", ENGLISH),
        ("de;q=nan", ENGLISH),
        (";;,,=;q", ENGLISH),
        ("\xff\xfe", ENGLISH),
        ("fr," * 500 + "de", ENGLISH),
    ],
)
def test_the_browser_names_languages_in_the_order_that_people_want_them(wanted: str, given: Language) -> None:
    assert language_of(asking(accept_language=wanted)) is given


def test_what_somebody_chose_counts_more_than_what_their_browser_says() -> None:
    assert language_of(asking(accept_language="en", cookie=f"{LANGUAGE_COOKIE}=de")) is GERMAN
    assert language_of(asking(accept_language="de", cookie=f"{LANGUAGE_COOKIE}=tlh")) is GERMAN


async def choose(client: httpx.AsyncClient, language: str, page: str = "") -> httpx.Response:
    """Press a button at the foot of this page."""
    headers = {"referer": page} if page else {}
    return await client.post("/language", data={"language": language}, headers=headers)


async def test_a_choice_is_kept_and_the_page_is_shown_again(visitor: Visitor) -> None:
    client = visitor.anonymous()
    page = f"{client.base_url}/login?next=%2Fme"
    assert "Sign in" in (await client.get(page)).text
    answer = await choose(client, "de", page)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fme")
    kept = answer.headers["set-cookie"].lower()
    assert {"httponly", "samesite=lax", f"max-age={YEAR}"} <= set(kept.split("; "))
    german = (await client.get(page)).text
    assert '<html lang="de"' in german
    assert "Anmelden" in german
    assert "Sign in" not in german


@pytest.mark.parametrize(
    "page",
    [
        "",
        "http://elsewhere.test/login",
        "//elsewhere.test/login",
        "{site}/teach/sessions/00000000-0000-0000-0000-000000000001/roll/mark",  # it only takes forms
        "{site}//elsewhere.test",
        "http://[x/login",
        "{site}/\\elsewhere.test",
        "{site}/nowhere",
    ],
)
async def test_nobody_is_sent_where_no_page_of_ours_is(visitor: Visitor, page: str) -> None:
    client = visitor.anonymous()
    answer = await choose(client, "de", page.format(site=str(client.base_url).rstrip("/")))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("language", ["", "tlh", "../de", "de\r\nx: y"])
async def test_a_language_that_is_not_offered_is_refused_and_nothing_is_kept(visitor: Visitor, language: str) -> None:
    answer = await choose(visitor.anonymous(), language)
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


async def test_another_site_cannot_choose(visitor: Visitor) -> None:
    answer = await visitor.anonymous().post(
        "/language", data={"language": "de"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_trouble_and_dates_are_told_in_it_too(classroom: Classroom, open_as: Open) -> None:
    client: Any = open_as(classroom.teacher)
    client.headers["accept-language"] = "de"
    board = await client.get("/teach")
    assert "Ihre Veranstaltungen heute" in board.text
    assert re.search(r"(Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch", board.text)
    gone = await client.get("/teach/sessions/00000000-0000-0000-0000-000000000001/live")
    assert gone.status_code == 404
    assert "Hier ist nichts" in gone.text
