"""The student's page on a bad day, where the server must be made to answer so; the rest is test_bad_days_walk.py."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.chromium import SMALL_PHONE, collect_faults, keep
from tests.browser.conftest import Pull

HERE = {"latitude": 52.5, "longitude": 13.4, "accuracy": 12}

pytestmark = pytest.mark.browser


async def phone(browser: Browser, stage: str, state: str = "place", **more: Any) -> Page:
    """A phone at the page after scanning a code of a class with a fence, or in another state."""
    context = await browser.new_context(viewport=SMALL_PHONE, reduced_motion="reduce", **more)
    page = await context.new_page()
    await page.goto(f"{stage}/checkin?state={state}")
    return page


async def tap(page: Page) -> None:
    """The one tap."""
    await page.get_by_role("button", name="Check me in").click()


async def test_a_class_with_a_fence_asks_where_the_phone_is(browser: Browser, stage: str, pull: Pull) -> None:
    """Says so before the browser does, sends what it heard, and only then shows the yes."""
    page = await phone(browser, stage, geolocation=HERE, permissions=["geolocation"])
    faults = collect_faults(page)
    await expect(page.get_by_text("This class asks where you are")).to_be_visible()
    await keep(page, "bad-day-place")
    await tap(page)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible()
    assert (await pull("set"))["located"] == [{"latitude": 52.5, "longitude": 13.4, "accuracyMeters": 12}]
    assert not faults
    await page.context.close()


async def test_a_class_without_a_fence_asks_nobody(browser: Browser, stage: str, pull: Pull) -> None:
    """Not even where the phone would tell."""
    page = await phone(browser, stage, "scan", geolocation=HERE, permissions=["geolocation"])
    await expect(page.get_by_text("asks where you are")).to_have_count(0)
    await tap(page)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible()
    assert (await pull("set"))["located"] == [None]
    await page.context.close()


async def test_a_repeat_says_the_same_place(browser: Browser, stage: str, pull: Pull) -> None:
    """The phone moved meanwhile; a repeat under the same key must not differ."""
    await pull("set", answers=[503, 202])
    page = await phone(browser, stage, geolocation=HERE, permissions=["geolocation"])
    await tap(page)
    await expect(page.locator("[data-part=progress]")).to_contain_text("Not recorded yet")
    await page.context.set_geolocation({"latitude": 1, "longitude": 1})
    await expect(page.get_by_role("heading", name="Present")).to_be_visible(timeout=10_000)
    first, second = (await pull("set"))["located"]
    assert first == second
    await page.context.close()


async def test_offline_for_longer_than_a_scan_lives_it_says_that_it_came_to_nothing(
    browser: Browser, stage: str, pull: Pull
) -> None:
    """Two minutes: then the server would refuse it, and a page that still hopes would be a lie."""
    context = await browser.new_context(viewport=SMALL_PHONE, reduced_motion="reduce")
    page = await context.new_page()
    await page.clock.install()
    await page.goto(f"{stage}/checkin")
    await context.set_offline(True)
    await tap(page)
    await expect(page.locator("[data-part=progress]")).to_contain_text("Not recorded yet")
    await page.clock.fast_forward(125_000)
    await expect(page.get_by_role("heading", name="This code is too old")).to_be_visible()
    await expect(page.get_by_text("You are not checked in by this try.")).to_be_visible()
    await context.close()
