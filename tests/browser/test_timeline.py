"""The timeline on the live page: a table for everybody, a chart with the script, both true while it runs."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.accessibility import violations
from tests.browser.chromium import DESKTOP, SMALL_PHONE, WITHOUT_SCRIPT, chromium, collect_faults, keep
from tests.browser.conftest import Pull
from tests.browser.stage.world import SESSION

LIVE = f"/teach/sessions/{SESSION}/live"

pytestmark = pytest.mark.browser


async def test_the_chart_follows_what_happens(browser: Browser, stage: str, pull: Pull) -> None:
    """Drawn at first from the table, later from the API; the table follows too, and axe finds nothing."""
    await pull("check_in", count=8)
    page = await browser.new_page(viewport=DESKTOP, reduced_motion="reduce")
    faults = collect_faults(page)
    await page.clock.install()
    await page.goto(stage + LIVE)
    chart = page.locator("attendance-timeline")
    await expect(chart.get_by_role("img", name="Check-ins and connected students over time")).to_be_visible()
    await expect(chart.locator(".timeline__most")).to_have_text("8")
    await expect(chart.locator("rect")).to_have_count(1)
    await pull("check_in", count=9)
    await page.clock.fast_forward(31_000)
    await expect(chart.locator(".timeline__most")).to_have_text("17")
    await chart.get_by_text("The numbers as a table").click()
    await expect(chart.get_by_role("row").nth(2)).to_contain_text("17")
    assert not await violations(page)
    await chart.scroll_into_view_if_needed()
    await keep(page, "timeline-1440")
    await page.set_viewport_size(SMALL_PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await chart.scroll_into_view_if_needed()
    await keep(page, "timeline-320")
    assert not faults
    await page.close()


async def test_without_script_there_is_the_table(stage: str, pull: Pull) -> None:
    """And no empty frame where a chart would be."""
    await pull("check_in", count=5)
    async with chromium(WITHOUT_SCRIPT) as browser:
        page = await browser.new_page(viewport=DESKTOP)
        await page.goto(stage + LIVE)
        await page.get_by_text("The numbers as a table").click()
        await expect(page.locator("attendance-timeline").get_by_role("row").nth(2)).to_contain_text("5")
        await expect(page.locator(".timeline__chart")).to_be_hidden()
