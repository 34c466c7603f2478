"""The review page as people use it: at a desk, on a phone, and without script."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import DESKTOP, SMALL_PHONE, collect_faults
from tests.browser.stage.world import SESSION

REVIEW = f"/teach/sessions/{SESSION}/review"

pytestmark = pytest.mark.browser


async def look(browser: Browser, stage: str, query: str = "", **options: Any) -> Page:
    """The page, just opened."""
    context = await browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce", **options})
    page = await context.new_page()
    await page.goto(stage + REVIEW + query)
    return page


async def test_the_button_says_how_many_are_ticked(browser: Browser, stage: str) -> None:
    """From the first paint on, and after every tick."""
    page = await look(browser, stage)
    faults = collect_faults(page)
    await expect(page.get_by_role("button", name="Accept the ticked (4)")).to_be_visible()
    await page.get_by_label("Accept for Chidinma Okafor").check()
    await expect(page.get_by_role("button", name="Accept the ticked (5)")).to_be_visible()
    assert not faults
    await page.context.close()


@pytest.mark.parametrize("script", [True, False])
async def test_one_person_is_overridden_in_their_own_row(browser: Browser, stage: str, script: bool) -> None:
    """The form opens without script; what it sends names the person and the status."""
    page = await look(browser, stage, java_script_enabled=script, viewport=SMALL_PHONE)
    row = page.locator("tr", has_text="Amira Haddad")
    await row.locator("summary").click()
    await row.get_by_label("Status").select_option("excused")
    await row.get_by_label("Reason").fill("dentist")
    async with page.expect_request("**/review/mark") as sent:
        await row.get_by_role("button", name="Save mark").click()
    form = (await sent.value).post_data or ""
    assert "status=excused" in form
    assert "reason=dentist" in form
    await page.context.close()


async def test_accepting_sends_what_was_seen(browser: Browser, stage: str) -> None:
    """The version, and which button; ticks of rows outside the form belong to it."""
    page = await look(browser, stage, java_script_enabled=False)
    async with page.expect_request("**/review/accept") as sent:
        await page.get_by_role("button", name="Accept the ticked").click()
    form = (await sent.value).post_data or ""
    assert "version=7" in form
    assert "whom=ticked" in form
    assert form.count("tick=") == 4
    await page.context.close()


async def test_enter_in_the_note_accepts_only_what_is_sure(browser: Browser, stage: str) -> None:
    """The first button of the form is what a browser presses on Enter."""
    page = await look(browser, stage)
    await page.get_by_label("Note on these marks").fill("seen")
    async with page.expect_request("**/review/accept") as sent:
        await page.keyboard.press("Enter")
    assert "whom=high" in ((await sent.value).post_data or "")
    await page.context.close()


async def test_a_strip_is_as_wide_as_its_place(browser: Browser, stage: str) -> None:
    """On the smallest phone and at a desk."""
    for viewport in (SMALL_PHONE, DESKTOP):
        page = await look(browser, stage, viewport=viewport)
        strip, cell = page.locator(".strip").first, page.locator(".entry__evidence").first
        inside = await cell.evaluate("cell => cell.clientWidth - 2 * parseFloat(getComputedStyle(cell).paddingLeft)")
        assert await strip.evaluate("strip => strip.clientWidth") == pytest.approx(inside, abs=1)
        await page.context.close()
