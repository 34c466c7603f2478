"""Bad days on the real stack: a phone at the wrong moment, in the wrong place, of the wrong person, without a net."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text

from shared.domain.codes import CodeFace, make_token
from tests.api.answers import good
from tests.api.lecture import Lecture
from tests.browser.accessibility import violations
from tests.browser.chromium import keep
from tests.browser.rooms import Room
from tests.campus import Person
from tests.stack import Stack

FENCE = {"latitude": 48.137, "longitude": 11.575, "radiusMeters": 80}
SOON = timedelta(minutes=10)

pytestmark = [pytest.mark.browser, pytest.mark.stack]


async def refused(page: Page, title: str, way: str | None, name: str, *, script: bool) -> None:
    """The page says why, that nothing is recorded, and the way out where there is one."""
    await expect(page.get_by_role("heading", name=title)).to_be_visible()
    await expect(page.get_by_text("You are not checked in by this try.")).to_be_visible()
    await expect(page.locator(".result")).to_have_count(0)
    if way is not None:
        await expect(page.locator(".refusal .button").get_by_text(way)).to_be_visible()
    if script:  # axe is a script
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await keep(page, f"bad-day-{name}")
    await page.context.close()


def code_before_the_start(stack: Stack, lecture: Lecture) -> str:
    """The link of a session that no screen shows yet, as only the server can make it."""
    with stack.owner() as engine, engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM live_sessions WHERE id = :id"), {"id": lecture.id}).one()
    face = CodeFace(row.code_reference, row.code_generation, row.created_at, row.rotate_seconds, row.code_visible)
    return f"/C/{make_token(stack.settings.secret_key.get_secret_value().encode(), face, 0)}"


@pytest.mark.parametrize("script", [True, False])
async def test_a_scan_before_the_start(room: Room, script: bool) -> None:
    planned = (datetime.now(UTC) + SOON).isoformat()
    lecture = await room.lecture(startNow=False, scheduledStart=planned)
    page = await room.phone(lecture.classroom.students[0], script=script)
    await room.scan(page, code_before_the_start(room.stack, lecture))
    await expect(page.get_by_text("planned for")).to_be_visible()
    await refused(page, "This class has not started yet", "Type the code instead", "too_early", script=script)


@pytest.mark.parametrize("script", [True, False])
async def test_a_scan_after_the_end(room: Room, script: bool) -> None:
    lecture = await room.lecture()
    link = (await lecture.code())["checkInUrl"]
    await lecture.end()
    page = await room.phone(lecture.classroom.students[0], script=script)
    await room.scan(page, link)
    await refused(page, "This class is over", None, "over", script=script)


@pytest.mark.parametrize("script", [True, False])
async def test_a_code_that_is_dead(room: Room, script: bool) -> None:
    """Hidden and shown again: codes from before are over."""
    lecture = await room.lecture()
    link = (await lecture.code())["checkInUrl"]
    for visible in (False, True):
        await lecture.set_code(visible=visible)
    page = await room.phone(lecture.classroom.students[0], script=script)
    await room.scan(page, link)
    await refused(page, "This code is too old", "Type the code instead", "code_expired", script=script)


@pytest.mark.parametrize("script", [True, False])
async def test_the_wrong_class(room: Room, script: bool) -> None:
    lecture, other = await room.lecture(), await room.lecture()
    page = await room.phone(other.classroom.students[0], script=script)
    await room.scan(page, (await lecture.code())["checkInUrl"])
    await refused(page, "You are not on the list of this class", "Use another account", "not_enrolled", script=script)


async def test_a_second_student_on_one_phone(room: Room) -> None:
    lecture = await room.lecture(checkInRules={"device": "refuse"})
    first, second = lecture.classroom.students[:2]
    page = await room.phone(first)
    for student, expected in ((first, "Present"), (second, "This phone has already checked somebody in")):
        await room.sign_in(page.context, student)
        await room.scan(page, (await lecture.code())["checkInUrl"])
        await page.get_by_role("button", name="Check me in").click()
        await expect(page.get_by_role("heading", name=expected)).to_be_visible()
    await refused(page, expected, None, "device_already_used", script=True)


async def test_without_permission_the_scan_is_kept_until_there_is_one(room: Room) -> None:
    lecture = await room.lecture(geofence=FENCE)
    page = await room.phone(lecture.classroom.students[0])
    await room.scan(page, (await lecture.code())["checkInUrl"])
    await page.get_by_role("button", name="Check me in").click()
    await expect(page.get_by_role("heading", name="This class asks where you are")).to_be_focused()
    assert await violations(page) == []
    await keep(page, "bad-day-no-permission")
    await page.context.grant_permissions(["geolocation"])
    await page.context.set_geolocation({"latitude": 48.137, "longitude": 11.575, "accuracy": 12})
    await page.get_by_role("link", name="Try again").click()
    await page.get_by_role("button", name="Check me in").click()
    await expect(page.get_by_role("heading", name="Present")).to_be_visible()
    await page.context.close()


async def test_in_the_wrong_place(room: Room) -> None:
    lecture = await room.lecture(geofence=FENCE)
    page = await room.phone(lecture.classroom.students[0])
    await page.context.grant_permissions(["geolocation"])
    await page.context.set_geolocation({"latitude": 52.5, "longitude": 13.4, "accuracy": 12})
    await room.scan(page, (await lecture.code())["checkInUrl"])
    await page.get_by_role("button", name="Check me in").click()
    await refused(page, "You seem to be somewhere else", "Try again", "outside_geofence", script=True)


async def test_offline_and_back_keeps_the_time_of_the_scan(room: Room) -> None:
    """Queued, and never green before the server's yes."""
    lecture = await room.lecture()
    student = lecture.classroom.students[0]
    page = await room.phone(student)
    await room.scan(page, (await lecture.code())["checkInUrl"])
    scanned = datetime.now(UTC)
    await page.context.set_offline(True)
    await page.get_by_role("button", name="Check me in").click()
    await expect(page.locator("[data-part=progress]")).to_contain_text("Not recorded yet: this phone is offline")
    await expect(page.locator(".result")).to_have_count(0)
    assert good(await lecture.teacher.get(f"{lecture.path}/stats"))["presentStudents"] == 0
    assert await violations(page) == []
    await keep(page, "bad-day-offline")
    back = datetime.now(UTC)
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible(timeout=15_000)
    await keep(page, "bad-day-back")
    kept = await check_in_of(room.stack, lecture, student)
    assert kept.scanned_at <= scanned < back <= kept.accepted_at
    await page.context.close()


async def test_a_slow_login_without_script_keeps_it_too(room: Room) -> None:
    """Scanned first, signed in later, one tap."""
    lecture = await room.lecture()
    student = lecture.classroom.students[0]
    page = await room.phone(script=False)
    await room.scan(page, (await lecture.code())["checkInUrl"])
    await expect(page.get_by_text(f"Your scan for {lecture.classroom.code} Section A")).to_be_visible()
    for visible in (False, True):  # meanwhile the code dies
        await lecture.set_code(visible=visible)
    await room.sign_in(page.context, student)
    before = datetime.now(UTC)
    await page.goto(f"{room.stack.api}/checkin")
    await page.get_by_role("button", name="Check me in").click()
    await expect(page.get_by_role("heading", name="Present")).to_be_visible()
    kept = await check_in_of(room.stack, lecture, student)
    assert kept.scanned_at < before < kept.accepted_at
    await page.context.close()


async def check_in_of(stack: Stack, lecture: Lecture, student: Person) -> Any:
    """The check-in in the database, as soon as it is drained."""
    statement = text("SELECT scanned_at, accepted_at FROM check_ins WHERE session_id = :id AND student_id = :student")
    for _ in range(200):
        if good(await lecture.teacher.get(f"{lecture.path}/stats"))["presentStudents"]:
            break
        await asyncio.sleep(0.05)
    with stack.owner() as engine, engine.connect() as connection:
        return connection.execute(statement, {"id": lecture.id, "student": student.id}).one()
