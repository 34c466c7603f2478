"""The student's phone: one tap, and nothing green before the server's yes."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import SMALL_PHONE, collect_faults
from tests.browser.conftest import Pull

BUDGET = 60_000
"""Bytes that the page may cost in all (6-pages)."""

pytestmark = pytest.mark.browser


async def scan(browser: Browser, stage: str, *, script: bool = True) -> Page:
    """The page after scanning and logging in."""
    context = await browser.new_context(viewport=SMALL_PHONE, java_script_enabled=script, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{stage}/checkin")
    return page


async def tap(page: Page) -> None:
    """The one tap."""
    await page.get_by_role("button", name="Check me in").click()


@pytest.mark.parametrize(("answer", "word"), [(202, "Present"), (299, "Late")])
async def test_one_tap_and_a_full_screen_result(
    browser: Browser, stage: str, pull: Pull, answer: int, word: str
) -> None:
    """Word, time, class and room; and the heading has the focus, so that it is read out."""
    await pull("set", answers=[answer])
    page = await scan(browser, stage)
    faults = collect_faults(page)
    await tap(page)
    await expect(page.get_by_role("heading", name=word)).to_be_focused()
    await expect(page.locator(".result__time")).to_have_text("09:02")
    await expect(page.locator(".result__class")).to_have_text("TEST101 Section A · R 12")
    assert await page.locator(".result").evaluate("view => view.getBoundingClientRect().height >= innerHeight")
    assert not faults
    await page.context.close()


async def test_a_repeat_says_when_it_was_first(browser: Browser, stage: str, pull: Pull) -> None:
    """The first time counts, and the page says that nothing was changed."""
    await pull("set", answers=[200])
    page = await scan(browser, stage)
    await tap(page)
    await expect(page.get_by_text("You were checked in already")).to_be_visible()
    await page.context.close()


async def test_not_recorded_yet_is_said_and_tried_again(browser: Browser, stage: str, pull: Pull) -> None:
    """503 twice, then yes: not green until then."""
    await pull("set", answers=[503, 503, 202])
    page = await scan(browser, stage)
    await tap(page)
    await expect(page.locator("[data-part=progress]")).to_contain_text("Not recorded yet")
    await expect(page.locator(".result")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible(timeout=10_000)
    await page.context.close()


async def test_offline_it_waits_and_sends_itself(browser: Browser, stage: str, pull: Pull) -> None:
    """In the basement: says so, keeps it, and sends it when the phone is back."""
    page = await scan(browser, stage)
    await page.context.set_offline(True)
    await tap(page)
    await expect(page.locator("[data-part=progress]")).to_contain_text("this phone is offline")
    await expect(page.locator(".result")).to_have_count(0)
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible(timeout=10_000)
    await page.context.close()


async def test_a_refusal_says_what_to_do(browser: Browser, stage: str, pull: Pull) -> None:
    """In plain words, with the way out."""
    await pull("set", answers=[410])
    page = await scan(browser, stage)
    await tap(page)
    await expect(page.get_by_role("heading", name="This code is too old")).to_be_focused()
    await expect(page.get_by_text("Scan the code that is on the screen now")).to_be_visible()
    await page.context.close()


async def test_it_works_without_script(browser: Browser, stage: str, pull: Pull) -> None:
    """The button is a form."""
    page = await scan(browser, stage, script=False)
    await tap(page)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible()
    await page.context.close()


async def test_the_page_is_small(browser: Browser, stage: str, pull: Pull) -> None:
    """Everything it loads, headers not counted, stays within the budget."""
    context = await browser.new_context(viewport=SMALL_PHONE)
    page = await context.new_page()
    sizes: list[int] = []
    page.on("requestfinished", lambda request: loaded.append(request))
    loaded: list[object] = []
    await page.goto(f"{stage}/checkin", wait_until="networkidle")
    for request in loaded:
        response = await request.response()  # type: ignore[attr-defined]
        sizes.append(len(await response.body()))
    assert len(sizes) >= 4
    assert sum(sizes) < BUDGET
    await context.close()
