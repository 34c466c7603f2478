"""A session that asks by itself, on the running product: schedule, worker, gateway, and every page it reaches."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.accessibility import violations
from tests.browser.chromium import DESKTOP, PHONE, PROJECTED, keep
from tests.browser.rooms import Room

TICK = 25_000
"""Milliseconds; the schedule looks every 10 s."""

pytestmark = [pytest.mark.browser, pytest.mark.stack]


async def test_the_room_is_asked_without_anybodys_doing_and_answers(room: Room) -> None:
    """Five minutes before the planned end: on the teacher's desk, on the wall, and on the student's phone."""
    now = datetime.now(UTC)
    schedule = {"scheduledStart": now.isoformat(), "scheduledEnd": (now + timedelta(minutes=4)).isoformat()}
    lecture = await room.lecture(**schedule, checkInRules={"exitCheck": {}})
    teacher, student = lecture.classroom.teacher, lecture.classroom.students[0]
    desk, wall = await room.phone(teacher, size=DESKTOP), await room.phone(teacher, size=PROJECTED)
    phone = await room.phone(student)
    await desk.goto(f"{room.stack.api}/teach/sessions/{lecture.id}/live")
    await wall.goto(f"{room.stack.api}/teach/sessions/{lecture.id}/projector")
    for page in (desk, wall):
        await expect(page.locator("connection-pill")).to_have_text("Live", timeout=15_000)
    await room.scan(phone, (await lecture.code())["checkInUrl"])
    await phone.get_by_role("button", name="Check me in").click()
    await expect(phone.get_by_role("heading", name="Present")).to_be_visible()

    await expect(desk.locator("open-call")).to_contain_text("The session’s rule asked 1; 0 confirmed.", timeout=TICK)
    await expect(wall.get_by_text("Still here? Scan this code and confirm")).to_be_visible(timeout=10_000)
    await keep(wall, "walk-call-wall")
    await phone.goto(f"{room.stack.api}/checkin?again=1")
    await expect(phone.get_by_text("asks who is still here.")).to_be_visible()
    assert await violations(phone) == []
    await keep(phone, "walk-call-phone")
    await room.scan(phone, (await lecture.code())["checkInUrl"])
    await phone.get_by_role("button", name="I am still here").click()
    await expect(phone.get_by_role("heading", name="Confirmed")).to_be_visible()
    await expect(desk.locator("open-call")).to_contain_text("asked 1; 1 confirmed.", timeout=10_000)
    await keep(desk, "walk-call-desk")
    await desk.goto(f"{room.stack.api}/teach/sessions/{lecture.id}/honesty")
    await expect(desk.get_by_text("asked by the session’s rule")).to_be_visible()
    assert await violations(desk) == []
    await keep(desk, "walk-call-rules")
    await desk.set_viewport_size(PHONE)
    await desk.get_by_text("Ask once before the planned end").scroll_into_view_if_needed()
    assert await desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await keep(desk, "walk-call-rules-phone")
    for page in (desk, wall, phone):
        await page.context.close()
