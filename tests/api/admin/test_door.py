"""Who gets into the admin interface, and what a page of it may do."""

import re

import httpx
import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from shared.domain.words import Role
from shared.models import User
from shared.tokens import Tokens
from tests.api.admin.conftest import CSRF, BrowserOf, Desk
from tests.campus import Classroom, Person, Visitor, make_admin


async def test_a_stranger_logs_in_first(visitor: Visitor) -> None:
    answer = await visitor.anonymous().get("/admin/users/list")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/admin/users/list")


@pytest.mark.parametrize("role", [Role.TEACHER, Role.STUDENT, Role.PARENT])
@pytest.mark.parametrize("path", ["/", "/users/list", "/users/create", "/_api/users/row-action?name=disable&pk=1"])
async def test_nobody_else_gets_in(browser_of: BrowserOf, classroom: Classroom, role: Role, path: str) -> None:
    browser = browser_of(Person(classroom.teacher.id, role))
    assert (await browser.get(f"/admin{path}")).status_code == 403
    assert (await browser.post(f"/admin{path}", data={"reason": "x"})).status_code == 403


async def test_a_bearer_token_opens_no_page(admin: httpx.AsyncClient) -> None:
    """Pages go by their cookie, so what protects the cookie protects every page."""
    assert (await admin.get("/admin/users/list")).status_code == 303


async def test_an_admin_who_is_locked_out_is_a_stranger(browser_of: BrowserOf, owner: Engine) -> None:
    gone = make_admin(owner)
    with owner.begin() as connection:
        connection.execute(update(User).where(User.id == gone.id).values(disabled_at=User.created_at))
    assert (await browser_of(gone).get("/admin/")).status_code == 303


@pytest.mark.parametrize("token", [None, "forged", "somebody else's"])
async def test_a_form_without_the_pages_own_token_changes_nothing(
    desk: Desk, browser_of: BrowserOf, administrator: Person, classroom: Classroom, token: str | None
) -> None:
    await desk.read("/")
    if token == "somebody else's":
        other = browser_of(administrator)
        await other.get("/admin/")
        token = other.cookies[CSRF]
    form = {"email": "new@campus.test", "first_name": "New", "last_name": "Name"}
    sent = {**form, **({} if token is None else {"csrftoken": token})}
    answer = await desk.browser.post(f"/admin/users/edit?pk={classroom.teacher.id}", data=sent)
    assert answer.status_code == 403
    assert desk.trace("users", classroom.teacher.id) == []


async def test_another_sites_page_sends_no_form(desk: Desk, classroom: Classroom) -> None:
    await desk.read("/")
    desk.browser.headers["sec-fetch-site"] = "cross-site"
    answer = await desk.act("users", "disable", classroom.teacher.id)
    assert answer.status_code == 403
    assert answer.json()["code"] == "cross_site"


async def test_scripts_run_only_with_the_nonce_of_their_page(desk: Desk) -> None:
    first, second = await desk.read("/users/list"), await desk.read("/users/list")
    policies = [page.headers["content-security-policy"] for page in (first, second)]
    scripts = [re.search(r"script-src ([^;]*)", policy) for policy in policies]
    assert all(found and "unsafe-inline" not in found[1] for found in scripts)
    assert policies[0] != policies[1]
    [nonce] = set(re.findall(r'<(?:script|style) nonce="([^"]+)"', first.text))
    assert f"'nonce-{nonce}'" in policies[0]
    assert not re.search(r"<(script|style)>", first.text)


async def test_pages_fetch_nothing_from_elsewhere(desk: Desk) -> None:
    for path in ("/", "/users/list", "/users/create"):
        page = await desk.read(path)
        assert not re.search(r"(src|href|url\()\W*https?://(?!localhost:8000)", page.text)


async def test_a_name_is_text_and_never_a_script(desk: Desk, owner: Engine, classroom: Classroom) -> None:
    evil = '<script>alert(1)</script>"onload="x'
    with owner.begin() as connection:
        connection.execute(update(User).where(User.id == classroom.teacher.id).values(last_name=evil))
    for path in (f"/users/list?q={classroom.teacher.id.hex}", f"/users/detail?pk={classroom.teacher.id}"):
        page = await desk.read(path)
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.text


async def test_a_form_may_be_as_large_as_any_body(desk: Desk) -> None:
    answer = await desk.send("/users/create", {"email": "x" * 70_000})
    assert answer.status_code == 413


NONSENSE = [
    "/users/detail?pk=nonsense",
    "/users/edit?pk=nonsense",
    "/presence/detail?pk=nonsense",
    "/presence/detail?pk=a,b",
    "/nothing/list",
    "/users/list?filter=nonsense__",
    "/live_sessions/list?filter=session_date__date_eq%3Dnonsense",
    "/users/list?q=%00",
    "/users/list?page=0",
    "/users/list?page=999999999999999999999",
    "/users/list?sort=password_hash__asc",
    "/_api/users/relation-lookup?pks=nonsense",
]


@pytest.mark.parametrize("path", NONSENSE)
async def test_nonsense_is_no_crash(desk: Desk, path: str) -> None:
    assert (await desk.read(path)).status_code < 500


async def test_what_fails_leaves_nothing(desk: Desk, owner: Engine, tokens: Tokens) -> None:
    """The person is written before the number is found to be taken: neither stays."""
    with Session(owner) as session:
        taken = session.scalars(select(User.email).where(User.email == "s12345@campus.test")).one()
    form = {"email": "twin@campus.test", "first_name": "T", "last_name": "W", "role": "STUDENT"}
    answer = await desk.send("/users/create", {**form, "student_number": "S12345"})
    assert (answer.status_code, "There is another row with this value" in answer.text) == (422, True)
    with Session(owner) as session:
        assert taken
        assert session.scalars(select(User).where(User.email == "twin@campus.test")).all() == []
