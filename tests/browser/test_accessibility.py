"""axe finds nothing, nothing is wider than the screen, and the console is silent: every page, state and scheme."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.accessibility import violations
from tests.browser.chromium import DESKTOP, PROJECTED, SMALL_PHONE, collect_faults, keep
from tests.browser.conftest import Pull
from tests.browser.stage.world import SESSION

LIVE = f"/teach/sessions/{SESSION}/live"
REFUSALS = (
    "code_expired", "code_invalid", "code_hidden", "code_already_used", "not_enrolled", "session_not_active",
    "rate_limited", "forbidden", "unavailable", "anything_else", "too_early", "over", "location_required",
    "outside_geofence", "device_already_used",
)  # fmt: skip
REVIEWS = ("changed", "no-whiteboard", "admin", "locked")
JOINS = ("early", "over", "left", "refused")
PAGES = [
    "/login",
    "/login?state=error",
    "/login?state=scan",
    "/teach",
    "/teach?state=empty",
    "/problem",
    "/status",
    "/status?state=amiss",
    f"/teach/sessions/{SESSION}/end",
    f"/teach/sessions/{SESSION}/cancel",
    *(f"/teach/sessions/{SESSION}/roll?state={state}" for state in ("marked", "refused")),
    "/me",
    "/me?state=empty",
    *(f"/family?state={state}" for state in ("reported", "invalid")),
    "/marks/1",
    *(f"/teach/sessions/{SESSION}/review?state={state}" for state in REVIEWS),
    *(f"/join/{SESSION}?state={state}" for state in JOINS),
    *(
        f"/checkin?state={state}"
        for state in ("scan", "place", "typed", "online", "mistyped", "present", "late", "again", *REFUSALS)
    ),
]
WORLDS: dict[str, dict[str, Any]] = {
    "nobody yet": {},
    "paused": {"visible": False},
    "scheduled": {"status": "scheduled"},
    "completed": {"status": "completed"},
    "cancelled": {"status": "cancelled"},
}

LOOKS = [("light", "en-GB"), ("dark", "en-GB"), ("light", "de-DE")]
"""A scheme and a language."""

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("scheme", "locale"), LOOKS)
async def test_no_page_has_an_accessibility_fault(
    browser: Browser, stage: str, pull: Pull, scheme: Any, locale: str
) -> None:
    """Every page in its states, on the smallest phone, where most goes wrong."""
    context = await browser.new_context(
        viewport=SMALL_PHONE, color_scheme=scheme, locale=locale, reduced_motion="reduce"
    )
    page = await context.new_page()
    faults = collect_faults(page)
    for path in PAGES:
        await page.goto(stage + path)
        found = await violations(page)
        assert not found, f"{path}: {found}"
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        await keep(page, f"{re.sub('[^a-z_]+', '-', path).strip('-')}-{scheme}-{locale[:2]}")
    assert not faults
    await context.close()


@pytest.mark.parametrize(("scheme", "locale"), LOOKS)
@pytest.mark.parametrize("world", WORLDS)
async def test_the_live_page_has_no_accessibility_fault(
    browser: Browser, stage: str, pull: Pull, scheme: Any, locale: str, world: str
) -> None:
    """The live page before, during and after a class, on all sizes."""
    await pull("set", **WORLDS[world])
    context = await browser.new_context(color_scheme=scheme, locale=locale, reduced_motion="reduce")
    page = await context.new_page()
    faults = collect_faults(page)
    for size in (SMALL_PHONE, PROJECTED, DESKTOP):
        await page.set_viewport_size(size)
        await page.goto(stage + LIVE)
        found = await violations(page)
        assert not found, f"{size}: {found}"
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{size} is too narrow"
        await keep(page, f"live-{world.replace(' ', '-')}-{size['width']}-{scheme}-{locale[:2]}")
    assert not faults
    await context.close()


async def test_the_question_before_the_end_has_no_accessibility_fault(browser: Browser, stage: str, pull: Pull) -> None:
    """The dialog, with check-ins behind it."""
    await pull("check_in", count=22)
    page = await browser.new_page(viewport=PROJECTED)
    await page.goto(stage + LIVE)
    await page.get_by_role("link", name="End session").click()
    await page.get_by_role("dialog", name="End TEST101 Section A?").wait_for()
    assert not await violations(page)
    await page.close()
