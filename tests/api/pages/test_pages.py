"""Pages and forms over the real API: who sees what, and where a form leads."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette

from api.auth import TOKEN_COOKIE
from api.body import MAX_BODY
from tests.api.pages.conftest import Open
from tests.campus import Classroom, Visitor, make_classroom, show_code, start_session


async def scanned_path(visitor: Visitor, classroom: Classroom) -> str:
    """The path of the link in the picture of a running session."""
    teacher = visitor.speaking_as(classroom.teacher)
    session = await start_session(teacher, classroom, room="R 12")
    link: str = (await show_code(teacher, session))["checkInUrl"]
    return urlsplit(link).path


async def test_a_scan_survives_the_login(visitor: Visitor, classroom: Classroom, open_as: Open) -> None:
    """The code is exchanged at once; after the login one tap is left, and it counts from the scan."""
    phone = visitor.anonymous()
    answer = await phone.get(await scanned_path(visitor, classroom))
    assert (answer.status_code, answer.headers["location"]) == (303, "/checkin")
    answer = await phone.get("/checkin")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/checkin")
    assert "Your scan for" in (await phone.get("/login?next=/checkin")).text

    phone.cookies.update(open_as(classroom.students[0]).cookies)
    page = await phone.get("/checkin")
    assert "Check me in" in page.text
    assert "R 12" in page.text
    ticket = page.text.split('name="ticket" value="')[1].split('"')[0]
    answer = await phone.post("/checkin", data={"ticket": ticket})
    assert answer.status_code == 200
    assert "result--present" in answer.text
    again = await phone.post("/checkin", data={"ticket": ticket})
    assert "You were checked in already" in again.text


async def test_an_old_link_of_ones_own_shows_the_check_in(
    visitor: Visitor, classroom: Classroom, open_as: Open
) -> None:
    """Not a refusal: the student is present, and wants to see it."""
    path = await scanned_path(visitor, classroom)
    phone = open_as(classroom.students[0])
    await phone.get(path)
    ticket = (await phone.get("/checkin")).text.split('name="ticket" value="')[1].split('"')[0]
    await phone.post("/checkin", data={"ticket": ticket})
    await phone.get(path)
    assert "result--present" in (await phone.get("/checkin")).text


async def test_a_stranger_is_told_before_the_tap(
    visitor: Visitor, classroom: Classroom, owner: object, open_as: Open
) -> None:
    """Somebody else's student: no button, and what to do."""
    stranger = make_classroom(owner).students[0]  # type: ignore[arg-type]
    phone = open_as(stranger)
    await phone.get(await scanned_path(visitor, classroom))
    page = await phone.get("/checkin")
    assert page.status_code == 403
    assert "You are not on the list of this class" in page.text
    assert "result--" not in page.text


@pytest.mark.parametrize("token", ["0" * 32, "x", "%00", "A" * 500])
async def test_a_forged_link_is_refused_in_words(visitor: Visitor, token: str) -> None:
    """Also to somebody who has not logged in."""
    page = await visitor.anonymous().get(f"/C/{token}")
    assert page.status_code == 400
    assert "This is not a code of a running class" in page.text


async def test_a_scan_on_another_phone_is_worth_nothing(visitor: Visitor, classroom: Classroom, open_as: Open) -> None:
    """A ticket that was passed on: the other device is refused."""
    phone = visitor.anonymous()
    await phone.get(await scanned_path(visitor, classroom))
    friend = open_as(classroom.students[1])
    friend.cookies.set("muster_scan", phone.cookies["muster_scan"])
    ticket = (await friend.get("/checkin")).text.split('name="ticket" value="')[1].split('"')[0]
    page = await friend.post("/checkin", data={"ticket": ticket})
    assert page.status_code == 409
    assert "This check-in link was used before" in page.text


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [("", "/checkin"), ("/checkin", "/checkin"), ("//evil.test", "/checkin"), ("https://evil.test", "/checkin")],
)
async def test_a_login_leads_only_within_the_site(visitor: Visitor, wanted: str, leads_to: str) -> None:
    """An open redirect would lend our name to somebody else's login page."""
    form = {"email": "s12345@campus.test", "password": "muster-demo", "next": wanted}
    answer = await visitor.anonymous().post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)
    assert "httponly" in answer.headers["set-cookie"].lower()


async def test_a_wrong_password_is_said_in_place(visitor: Visitor) -> None:
    """With the email kept, and nothing that tells whether the account exists."""
    known = await visitor.anonymous().post("/login", data={"email": "s12345@campus.test", "password": "wrong"})
    unknown = await visitor.anonymous().post("/login", data={"email": "nobody@campus.test", "password": "wrong"})
    assert known.status_code == unknown.status_code == 401
    assert known.text.replace("s12345", "nobody") == unknown.text


async def test_logging_out_ends_the_login(visitor: Visitor) -> None:
    """The cookie that was kept is worth nothing afterwards."""
    browser = visitor.anonymous()
    await browser.post("/login", data={"email": "teacher@campus.test", "password": "muster-demo"})
    kept = browser.cookies[TOKEN_COOKIE]
    assert (await browser.get("/teach")).status_code == 200
    assert (await browser.post("/logout")).headers["location"] == "/login"
    browser.cookies.set(TOKEN_COOKIE, kept)
    assert (await browser.get("/teach")).headers["location"] == "/login?next=/teach"


@pytest.mark.parametrize("path", ["/logout", "/login"])
async def test_a_strangers_flood_is_refused_before_it_is_read(visitor: Visitor, path: str) -> None:
    """Two hundred megabytes in pieces of 16 KiB: no more than the cap is taken in."""
    piece, taken = b"x" * 16_384, 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal taken
        while taken < 200_000_000:
            taken += len(piece)
            yield piece

    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await visitor.anonymous().post(path, content=flood(), headers=form)
    assert answer.status_code == 413
    assert taken <= MAX_BODY + len(piece)


async def test_a_logout_leads_on_within_the_site_and_reads_only_forms(visitor: Visitor) -> None:
    """Without a body it needs no media type; with one it must be the form."""
    stranger = visitor.anonymous()
    assert (await stranger.post("/logout", data={"next": "/checkin"})).headers["location"] == "/login?next=/checkin"
    assert (await stranger.post("/logout", data={"next": "//evil.test"})).headers["location"] == "/login"
    assert (await stranger.post("/logout", json={})).status_code == 415


async def test_the_teachers_pages_are_the_teachers(visitor: Visitor, classroom: Classroom, open_as: Open) -> None:
    """Students are shown their own start, strangers the login; other teachers find nothing."""
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom)
    path = f"/teach/sessions/{session['id']}/live"
    assert (await open_as(classroom.teacher).get(path)).status_code == 200
    assert (await open_as(classroom.students[0]).get(path)).headers["location"] == "/checkin"
    assert (await visitor.anonymous().get(path)).headers["location"] == f"/login?next={path}"


async def test_another_teacher_can_neither_look_nor_act(
    visitor: Visitor, classroom: Classroom, owner: object, open_as: Open
) -> None:
    """The same 404 for every page and form."""
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom)
    other = open_as(make_classroom(owner).teacher)  # type: ignore[arg-type]
    for page in ("live", "end", "cancel"):
        assert (await other.get(f"/teach/sessions/{session['id']}/{page}")).status_code == 404
    for form in ("start", "end", "cancel", "code"):
        assert (
            await other.post(f"/teach/sessions/{session['id']}/{form}", data={"visible": "false"})
        ).status_code == 404
    other_group = await other.post("/teach/sessions", data={"group": str(classroom.group_id)})
    assert other_group.status_code == 404


async def test_start_live_opens_the_card_and_twice_the_same(classroom: Classroom, open_as: Open) -> None:
    """A second click goes to the session that is running already."""
    teacher = open_as(classroom.teacher)
    form = {"group": str(classroom.group_id), "room": "R 12"}
    first = await teacher.post("/teach/sessions", data=form)
    second = await teacher.post("/teach/sessions", data=form)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert "R 12" in (await teacher.get(first.headers["location"])).text
    assert "Running: open it" in (await teacher.get("/teach")).text


async def test_hide_show_and_end_are_forms(classroom: Classroom, open_as: Open) -> None:
    """What the buttons do without script."""
    teacher = open_as(classroom.teacher)
    card = (await teacher.post("/teach/sessions", data={"group": str(classroom.group_id)})).headers["location"]
    session = card.removesuffix("/live")
    await teacher.post(f"{session}/code", data={"visible": "false"})
    assert 'data-visible="false"' in (await teacher.get(card)).text
    await teacher.post(f"{session}/code", data={"visible": "true"})
    assert 'data-visible="true"' in (await teacher.get(card)).text
    assert "3 students are not marked" in (await teacher.get(f"{session}/end")).text
    ended = await teacher.post(f"{session}/end", data={"rest": "absent"})
    assert (ended.status_code, ended.headers["location"]) == (303, card)
    assert "live-page--completed" in (await teacher.get(card)).text
    late = await teacher.post(f"{session}/code", data={"visible": "true"})
    assert late.status_code == 409
    assert "not possible any more" in late.text


async def test_only_forms_are_read_as_forms(classroom: Classroom, open_as: Open) -> None:
    """JSON, or a file upload, is not what these pages send."""
    teacher = open_as(classroom.teacher)
    assert (await teacher.post("/teach/sessions", json={"group": str(classroom.group_id)})).status_code == 415
    assert (await teacher.post("/login", json={})).status_code == 415
    assert (await teacher.post("/checkin/code", files={"code": b"x"})).status_code == 415


async def test_every_page_forbids_foreign_content_and_is_kept_by_nobody(app: Starlette, visitor: Visitor) -> None:
    """The policy is on the pages too, and no page needs an inline script or style."""
    page = await visitor.anonymous().get("/login")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert page.headers["cache-control"] == "no-store"
    assert " style=" not in page.text
    assert "<script>" not in page.text
