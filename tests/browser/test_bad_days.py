"""The student's page on a bad day: no permission, no network, the wrong moment; never green before the server's yes."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.accessibility import violations
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


async def test_without_permission_it_says_what_to_do_and_keeps_the_scan(
    browser: Browser, stage: str, pull: Pull
) -> None:
    """The server decides; where it insists, the same scan can be tried again."""
    await pull("set", answers=[400])
    page = await phone(browser, stage)
    await tap(page)
    await expect(page.get_by_role("heading", name="This class asks where you are")).to_be_focused()
    assert (await pull("set"))["located"] == [None]
    assert not await violations(page)
    await keep(page, "bad-day-no-permission")
    await page.context.grant_permissions(["geolocation"])
    await page.context.set_geolocation({"latitude": 52.5, "longitude": 13.4})
    await expect(page.get_by_role("link", name="Try again")).to_have_attribute("href", "/checkin")
    await page.goto(f"{stage}/checkin?state=place")
    await tap(page)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible()
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


async def test_offline_it_waits_says_so_and_is_never_green(browser: Browser, stage: str, pull: Pull) -> None:
    """The ticket is kept in the page and sent when the phone is back."""
    page = await phone(browser, stage, "scan")
    await page.context.set_offline(True)
    await tap(page)
    await expect(page.locator("[data-part=progress]")).to_contain_text("Not recorded yet: this phone is offline")
    await expect(page.locator(".result")).to_have_count(0)
    await keep(page, "bad-day-offline")
    assert (await violations(page)) == []
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Present")).to_be_visible(timeout=10_000)
    await keep(page, "bad-day-back")
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


@pytest.mark.parametrize(
    ("state", "title", "way"),
    [
        ("too_early", "This class has not started yet", "Type the code instead"),
        ("over", "This class is over", None),
        ("code_expired", "This code is too old", "Type the code instead"),
        ("not_enrolled", "You are not on the list of this class", "Use another account"),
        ("outside_geofence", "You seem to be somewhere else", "Try again"),
        ("device_already_used", "This phone has already checked somebody in", None),
    ],
)
async def test_the_wrong_moment_is_explained_with_what_to_do(
    browser: Browser, stage: str, pull: Pull, state: str, title: str, way: str | None
) -> None:
    """In words, with the way out where there is one, on the smallest phone and without script."""
    page = await phone(browser, stage, state, java_script_enabled=False)
    await expect(page.get_by_role("heading", name=title)).to_be_visible()
    await expect(page.get_by_text("You are not checked in by this try.")).to_be_visible()
    if way is not None:
        await expect(page.locator(".refusal .button").get_by_text(way)).to_be_visible()
    await keep(page, f"bad-day-{state}")
    await page.context.close()
