"""The real gateway under real pages: killed, and frozen so that its sockets are half open. Nothing is shown wrong."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.browser.test_walk import teaching
from tests.browser.walks import Walk, arrive, code_of, end_class, expect_present, log_in, scan, start_class, tap
from tests.stack import Stack

GATEWAY = ("-m", "gateway")
PATIENCE = 30_000
"""Milliseconds: the only gateway has to be started again first, and a page may have failed a few times by then."""

pytestmark = [pytest.mark.browser, pytest.mark.stack]


async def check_in(browser: Browser, stack: Stack, teacher: Walk, session: str, student: str) -> None:
    """Somebody scans what the teacher's screen shows."""
    phone = await arrive(browser, stack.api, phone=True)
    await scan(phone, await code_of(teacher, session))
    await log_in(phone, f"{student}@campus.test")
    await tap(phone)
    await phone.leave()


async def test_pages_come_back_from_a_gateway_that_was_killed(browser: Browser, stack: Stack) -> None:
    """Two tabs of the teacher's: live again, and in step with what happens from then on."""
    teacher, session = await teaching(browser, stack.api)
    second = Walk(await teacher.page.context.new_page(), stack.api)
    await second.go(f"/teach/sessions/{session}/live")
    pills = [walk.page.locator("connection-pill") for walk in (teacher, second)]
    await expect(pills[1]).to_have_text("Live", timeout=PATIENCE)
    assert stack.kill(*GATEWAY)
    await asyncio.gather(*(expect(pill).not_to_have_text("Live") for pill in pills))
    await asyncio.gather(*(expect(pill).to_have_text("Live", timeout=PATIENCE) for pill in pills))
    await check_in(browser, stack, teacher, session, "s12350")
    await asyncio.gather(expect_present(teacher, 1), expect_present(second, 1))
    await end_class(teacher, rest_absent=False)
    await teacher.leave()


async def test_a_frozen_gateway_is_found_out_and_the_numbers_stay_true(browser: Browser, stack: Stack) -> None:
    """It closes nothing and answers nothing. The page asks the API meanwhile, and follows again when it wakes."""
    teacher, session = await teaching(browser, stack.api)
    await teacher.page.clock.install()
    await teacher.page.reload()
    pill = teacher.page.locator("connection-pill")
    await expect(pill).to_have_text("Live", timeout=PATIENCE)
    [frozen] = stack.processes(*GATEWAY)
    frozen.suspend()
    try:
        await teacher.page.clock.run_for(26_000)  # a ping, and ten seconds without an answer
        await expect(pill).not_to_have_text("Live")
        await check_in(browser, stack, teacher, session, "s12351")
        await teacher.page.clock.run_for(8_000)
        await expect_present(teacher, 1)
        await expect(pill).not_to_have_text("Live")
    finally:
        frozen.resume()
    for _ in range(10):
        await teacher.page.clock.run_for(2_000)
        if await pill.inner_text() == "Live":
            break
    await expect(pill).to_have_text("Live", timeout=PATIENCE)
    await check_in(browser, stack, teacher, session, "s12352")
    await expect_present(teacher, 2)
    await end_class(teacher, rest_absent=False)
    await teacher.leave()


async def test_presence_goes_on_over_the_death_of_a_gateway(browser: Browser, stack: Stack) -> None:
    """A participant's page comes back, and what it proves is still one stay."""
    tutor, student = await arrive(browser, stack.api), await arrive(browser, stack.api, phone=True)
    await tutor.go("/teach")
    await log_in(tutor, "teacher@campus.test")
    session = await start_class(tutor, "MATH201 Tutorial", room="")
    await student.go(f"/login?next=/join/{session}")
    await log_in(student, "s12345@campus.test")
    connected = student.page.locator("[data-state=connected]")
    await expect(connected).to_be_visible(timeout=PATIENCE)
    assert stack.kill(*GATEWAY)
    await expect(connected).to_be_hidden()
    witnessed = student.page.locator(":is([data-state=connected], [data-state=fallback]):visible")
    await expect(witnessed).to_be_visible(timeout=PATIENCE)  # by reports, while the gateway is started again
    status = f"{stack.api}/api/whiteboard/sessions/{session}/connection-status"
    for _ in range(100):
        said = await (await tutor.page.request.get(status)).json()
        if said["participants"] and said["participants"][0]["total_active_seconds"] > 0:
            break
        await asyncio.sleep(0.1)
    [there] = said["participants"]
    assert (there["connected"], there["connects"]) == (True, 1)
    assert [log["event"] for log in said["connection_logs"] if log["event"] != "connect"] == []
    await end_class(tutor, rest_absent=False)
    await asyncio.gather(tutor.leave(), student.leave())
