"""The projector: read from the last row, on any number of screens, in every state of a class (6-pages)."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.accessibility import violations
from tests.browser.chromium import PROJECTED, SMALL_PHONE, WITHOUT_SCRIPT, chromium, collect_faults, keep
from tests.browser.conftest import Pull
from tests.browser.stage.world import SESSION

PATH = f"/teach/sessions/{SESSION}/projector"
FULL_HD: ViewportSize = {"width": 1920, "height": 1080}
OLD_BEAMER: ViewportSize = {"width": 1024, "height": 768}
TALL: ViewportSize = {"width": 1080, "height": 1920}
WORLDS: dict[str, dict[str, Any]] = {
    "running": {},
    "paused": {"visible": False},
    "scheduled": {"status": "scheduled"},
    "completed": {"status": "completed"},
    "cancelled": {"status": "cancelled"},
    "called": {"call_closes": "2099-01-01T00:00:00Z"},
}

pytestmark = pytest.mark.browser


async def projected(browser: Browser, stage: str, size: ViewportSize = PROJECTED, **context: Any) -> Page:
    """The screen in front of the room."""
    made = await browser.new_context(viewport=size, reduced_motion="reduce", **context)
    page = await made.new_page()
    await page.goto(stage + PATH)
    return page


async def box(page: Page, place: str) -> dict[str, float]:
    """Where something is, in pixels."""
    found: dict[str, float] = await page.locator(place).evaluate(
        "place => { const { x, y, width, height } = place.getBoundingClientRect(); return { x, y, width, height } }"
    )
    return found


@pytest.mark.parametrize("size", [PROJECTED, FULL_HD, OLD_BEAMER], ids=lambda size: str(size["width"]))
async def test_it_is_read_from_the_last_row(browser: Browser, stage: str, pull: Pull, size: ViewportSize) -> None:
    """The picture takes 60 % of the height and more; characters are large, everything fits without scrolling."""
    await pull("check_in", count=17)
    page = await projected(browser, stage, size)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    picture = await box(page, "[data-part=qr]")
    assert min(picture["width"], picture["height"]) >= 0.6 * size["height"]
    short, ring, count = [await box(page, place) for place in ("[data-part=short]", ".countdown", ".projector__here")]
    assert short["height"] >= 0.08 * size["height"]
    assert ring["height"] >= 0.12 * size["height"]
    assert count["height"] >= 0.1 * size["height"]
    for place in (picture, short, ring, count):
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= size["width"]
        assert place["y"] + place["height"] <= size["height"]
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    await expect(page.get_by_text("R 12")).to_be_visible()
    await keep(page, f"projector-{size['width']}")
    await page.context.close()


async def test_it_is_dark_on_white_also_on_a_dark_machine(browser: Browser, stage: str, pull: Pull) -> None:
    """Some cameras do not read a light code on a dark ground."""
    page = await projected(browser, stage, color_scheme="dark")
    colours = await page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(17, 22, 29)"]
    await keep(page, "projector-dark-machine")
    await page.context.close()


async def test_no_state_has_an_accessibility_fault(browser: Browser, stage: str, pull: Pull) -> None:
    """Before, during and after a class, hidden and called; also on a screen that stands upright, and on a phone."""
    page = await projected(browser, stage)
    faults = collect_faults(page)
    for world, values in WORLDS.items():
        await pull("reset", **values)
        for size in (PROJECTED, TALL if world == "running" else SMALL_PHONE):
            await page.set_viewport_size(size)
            await page.goto(stage + PATH)
            found = await violations(page)
            assert not found, f"{world}, {size}: {found}"
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{size} is too narrow"
            await keep(page, f"projector-{world}-{size['width']}")
    assert not faults
    await page.context.close()


async def test_code_and_count_are_the_same_on_every_screen(browser: Browser, stage: str, pull: Pull) -> None:
    """Two screens and three check-ins."""
    await pull("set", rotate_seconds=60)
    screens = [await projected(browser, stage) for _ in range(2)]
    for page in screens:
        await expect(page.locator("connection-pill")).to_have_text("Live")
    await pull("check_in", count=3)
    for page in screens:
        await expect(page.locator("[data-count=presentStudents]")).to_have_text("3")
    codes = {await page.locator("[data-part=short]").text_content() for page in screens}
    assert re.fullmatch(r"[0-9A-Z]{4} [0-9A-Z]{4}", codes.pop() or "")
    assert not codes
    for page in screens:
        await page.context.close()


async def test_a_class_begins_and_ends_without_leaving_the_full_screen(
    browser: Browser, stage: str, pull: Pull
) -> None:
    """Opened before the class, full screen at once, and nobody has to touch it again."""
    await pull("set", status="scheduled")
    page = await projected(browser, stage)
    faults = collect_faults(page)
    await expect(page.get_by_text("Check-in opens when the class starts")).to_be_visible()
    await expect(page.locator("connection-pill")).to_have_text("Live")
    await page.get_by_role("button", name="Full screen").click()
    await expect(page.get_by_role("button", name="Full screen")).to_be_hidden()
    await pull("start")
    await expect(page.locator("[data-part=qr]")).to_be_visible()
    await expect(page.locator("connection-pill")).to_have_text("Live")
    await pull("check_in", count=2)
    await expect(page.locator("[data-count=presentStudents]")).to_have_text("2")
    await pull("end")
    await expect(page.get_by_text("Check-in is closed")).to_be_visible()
    await expect(page.locator(".projector__here")).to_contain_text("2 of 30 present")
    assert await page.evaluate("document.fullscreenElement !== null")
    assert not faults
    await page.context.close()


async def test_a_call_to_confirm_is_shown_until_it_closes(browser: Browser, stage: str, pull: Pull) -> None:
    """Pushed to the screen, and taken away by itself."""
    page = await projected(browser, stage)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    await pull("call", seconds=3)
    await expect(page.get_by_text("Still here? Scan this code and confirm until 09:32.")).to_be_visible()
    await expect(page.locator("[data-part=call]")).to_have_count(0, timeout=6_000)
    await page.context.close()


async def test_it_says_that_a_code_is_dead_when_nobody_answers(browser: Browser, stage: str, pull: Pull) -> None:
    """A code that cannot be renewed is covered: scanning it would be in vain."""
    page = await later(browser, stage)
    await page.context.set_offline(True)
    await page.clock.fast_forward(21_000)
    await expect(page.get_by_text("This code has ended")).to_be_visible()
    await expect(page.locator("[data-part=short]")).to_have_text("···· ····")
    await keep(page, "projector-offline")
    await page.context.set_offline(False)
    await page.clock.fast_forward(5_000)
    await expect(page.get_by_text("This code has ended")).to_be_hidden(timeout=10_000)
    await page.context.close()


async def test_hiding_the_code_elsewhere_pauses_it_here(browser: Browser, stage: str, pull: Pull) -> None:
    """With the next step."""
    page = await later(browser, stage)
    await expect(page.locator("[data-part=qr]")).to_be_visible()
    await pull("set", visible=False)
    await page.clock.fast_forward(15_000)
    await expect(page.get_by_text("Check-in is paused")).to_be_visible()
    await expect(page.locator("[data-part=qr]")).to_be_hidden()
    await page.context.close()


async def later(browser: Browser, stage: str) -> Page:
    """A screen whose time the test may put forward, connected."""
    context = await browser.new_context(viewport=PROJECTED, reduced_motion="reduce")
    page = await context.new_page()
    await page.clock.install()
    await page.goto(stage + PATH)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    return page


async def test_it_asks_the_machine_to_stay_awake(browser: Browser, stage: str, pull: Pull) -> None:
    """A beamer that goes dark after ten minutes shows nobody a code."""
    page = await projected(browser, stage)
    await expect(page.locator("projector-screen")).to_have_attribute("data-awake", re.compile("true|false"))
    await page.context.close()


async def test_without_script_it_refreshes_itself(stage: str, pull: Pull) -> None:
    """Code and count are there; the browser asks again every 5 s."""
    await pull("check_in", count=4)
    async with chromium(WITHOUT_SCRIPT) as browser:
        page = await projected(browser, stage)
        assert await page.locator("noscript meta[http-equiv=refresh]").get_attribute("content") == "5"
        await expect(page.locator("[data-count=presentStudents]")).to_have_text("4")
        await expect(page.locator("[data-part=qr]")).to_be_visible()
        await expect(page.get_by_role("button", name="Full screen")).to_be_hidden()
