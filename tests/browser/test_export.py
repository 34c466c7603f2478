"""The page of a long export: follows by itself, with and without script."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.accessibility import violations
from tests.browser.chromium import DESKTOP, PHONE, WITHOUT_SCRIPT, chromium, collect_faults, keep
from tests.browser.conftest import Pull
from tests.browser.stage.exports import PAGE

pytestmark = pytest.mark.browser


async def test_it_counts_and_then_offers_the_file(browser: Browser, stage: str, pull: Pull) -> None:
    context = await browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    page = await context.new_page()
    faults = collect_faults(page)
    await page.goto(stage + PAGE)
    await expect(page.get_by_text("0 of 48000 people written.")).to_be_visible()
    await pull("set", exported=31_000)
    await expect(page.get_by_text("31000 of 48000 people written.")).to_be_visible()
    assert await page.locator("progress").evaluate("bar => bar.position") == pytest.approx(31 / 48)
    await pull("set", export="done", exported=48_000)
    await expect(page.get_by_role("link", name="Download as XLSX")).to_have_attribute("href", f"{PAGE}/file")
    await expect(page.locator("a[download]")).to_have_count(0)  # it would save a login that comes instead of the file
    assert not faults
    await context.close()


@pytest.mark.parametrize("refusal", [429, 503])
async def test_a_service_that_is_busy_is_asked_again(browser: Browser, stage: str, pull: Pull, refusal: int) -> None:
    """On the same page: a reload would be one more request, and may be refused without a page that goes on."""
    page = await browser.new_page()
    await page.goto(stage + PAGE)
    await page.evaluate("document.body.dataset.same = 'true'")
    await pull("set", answers=[refusal], exported=31_000)
    await expect(page.get_by_text("31000 of 48000 people written.")).to_be_visible(timeout=10_000)
    await expect(page.locator("body[data-same]")).to_have_count(1)
    await page.close()


async def test_a_file_that_is_gone_is_told_by_the_server(browser: Browser, stage: str, pull: Pull) -> None:
    page = await browser.new_page()
    await page.goto(stage + PAGE)
    await pull("set", answers=[404], export="gone")
    await expect(page.get_by_role("heading", name="This file is gone")).to_be_visible()
    await page.close()


async def test_it_follows_without_script(stage: str, pull: Pull) -> None:
    async with chromium(WITHOUT_SCRIPT) as browser:
        page = await browser.new_page()
        await page.goto(stage + PAGE)
        await pull("set", export="done")
        await expect(page.get_by_role("link", name="Download as XLSX")).to_be_visible(timeout=10_000)


@pytest.mark.parametrize("state", ["waiting", "late", "done", "failed", "gone"])
async def test_every_state_is_clear_on_a_phone(browser: Browser, stage: str, pull: Pull, state: str) -> None:
    """Nothing for axe to find, nothing wider than the screen."""
    await pull("set", export="waiting" if state == "late" else state, exported=0 if state == "late" else 31_000)
    context = await browser.new_context(viewport=PHONE, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(f"{stage}{PAGE}?state={state}")
    assert not await violations(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await keep(page, f"export-{state}")
    await context.close()
