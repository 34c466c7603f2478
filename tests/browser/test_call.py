"""A call to confirm on the live page: it may come without the teacher's doing, and starts new codes."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.accessibility import violations
from tests.browser.chromium import DESKTOP, PHONE, collect_faults, keep
from tests.browser.conftest import Pull
from tests.browser.stage.world import SESSION

LIVE = f"/teach/sessions/{SESSION}/live"

pytestmark = pytest.mark.browser


async def live(browser: Browser, stage: str, *, phone: bool = False) -> Page:
    """The live page, connected."""
    context = await browser.new_context(viewport=PHONE if phone else DESKTOP, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(stage + LIVE)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    return page


async def test_a_call_is_shown_counts_answers_and_goes(browser: Browser, stage: str, pull: Pull) -> None:
    page = await live(browser, stage)
    faults = collect_faults(page)
    note = page.locator("open-call")
    await expect(note).to_be_hidden()
    await pull("call", seconds=4)
    await expect(note).to_contain_text("The session’s rule asked 12; 0 confirmed.")
    await pull("confirm", count=5)
    await expect(note).to_contain_text("asked 12; 5 confirmed.")
    await keep(page, "live-call")
    await expect(note).to_be_hidden(timeout=15_000)
    assert not faults
    await page.context.close()


async def test_the_new_codes_are_shown_within_the_same_step(browser: Browser, stage: str, pull: Pull) -> None:
    """Picture and short code; a browser would draw the same address from memory."""
    page = await live(browser, stage)
    short, picture = page.locator("[data-part=short]"), page.locator("[data-part=qr]")
    code, drawn = await short.text_content(), await picture.get_attribute("src")
    assert code
    assert drawn
    await pull("call", seconds=60)
    await expect(short).not_to_have_text(code, timeout=4_000)
    await expect(picture).not_to_have_attribute("src", drawn)
    await page.context.close()


async def test_a_call_told_late_leaves_the_code_that_counts(browser: Browser, stage: str, pull: Pull) -> None:
    """The page may show the new codes before it hears of the call, or hear of it twice."""
    await pull("reset", rotate_seconds=300)  # a minute of the step is left
    await pull("call", seconds=60)
    page = await browser.new_page()
    async with page.expect_response("**/qr"):
        await page.goto(stage + LIVE)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    await pull("tell_again")
    await pull("confirm", count=5)
    await expect(page.locator("open-call")).to_contain_text("5 confirmed.")
    digits = page.locator("[data-part=digits]")
    left = await digits.text_content()
    assert left
    await expect(digits).not_to_have_text(left)
    assert int(await digits.text_content() or 0) > 30
    await page.close()


async def test_a_page_that_missed_it_learns_of_it(browser: Browser, stage: str, pull: Pull) -> None:
    """Snapshot + deltas: also the call belongs to the snapshot."""
    page = await live(browser, stage)
    await pull("call", seconds=60, skip=1)
    await pull("lose_history")
    await pull("cut")
    await expect(page.locator("open-call")).to_contain_text("asked 12", timeout=15_000)
    await page.context.close()


@pytest.mark.parametrize("phone", [False, True])
async def test_the_server_paints_it(browser: Browser, stage: str, pull: Pull, phone: bool) -> None:
    await pull("call", seconds=60)
    page = await live(browser, stage, phone=phone)
    await expect(page.locator("open-call")).to_contain_text("asked 12; 0 confirmed.")
    assert not await violations(page)
    await keep(page, f"live-call-{'phone' if phone else 'desktop'}")
    await page.context.close()


async def test_a_participant_is_told_while_they_are_asked(browser: Browser, stage: str, pull: Pull) -> None:
    """Pushed to the page that keeps the connection; who is asked stands in the API."""
    context = await browser.new_context(viewport=PHONE, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{stage}/join/{SESSION}")
    await expect(page.locator("[data-state=connected]")).to_be_visible()
    note = page.get_by_text("Still here? Scan or type the code")
    await expect(note).to_be_hidden()
    await pull("call", seconds=5)
    await expect(note).to_be_visible()
    assert not await violations(page)
    await keep(page, "join-call")
    await expect(note).to_be_hidden(timeout=15_000)
    await context.close()


@pytest.mark.parametrize("disturbance", ["gap", "cut"])
async def test_a_participant_who_missed_the_call_is_told(
    browser: Browser, stage: str, pull: Pull, disturbance: str
) -> None:
    """Pushes that never came, on a socket that stays open and on one that is opened again."""
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{stage}/join/{SESSION}")
    await expect(page.locator("[data-state=connected]")).to_be_visible()
    await page.clock.run_for(3_000)  # what is asked on opening
    await pull("call", seconds=60, skip=1)
    await pull("lose_history")
    await pull(disturbance)
    await told_within(page, 25)
    await context.close()


async def test_a_participant_without_a_socket_is_told(browser: Browser, stage: str, pull: Pull) -> None:
    """Nobody pushes to them: the page asks."""
    await pull("set", sockets_allowed=False)
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{stage}/join/{SESSION}")
    for _ in range(40):
        await page.clock.run_for(2_000)
        if await page.locator("[data-state=fallback]").is_visible():
            break
    await pull("call", seconds=600)
    await told_within(page, 32)
    await context.close()


async def told_within(page: Page, seconds: int) -> None:
    """The page's time passes until its note is there."""
    note = page.get_by_text("Still here? Scan or type the code")
    for _ in range(seconds):
        await page.clock.run_for(1_000)
        if await note.is_visible():
            return
    raise AssertionError("not told")
