"""The Live Session Card keeps one promise: snapshot + deltas = a fresh fetch, whatever happens to the network."""

import re

import pytest
from playwright.async_api import Browser, Page, WebSocket, expect

from tests.browser.chromium import PROJECTED, WITHOUT_SCRIPT, chromium, collect_faults
from tests.browser.conftest import Pull
from tests.browser.stage.world import SESSION, TOTAL

LIVE = f"/teach/sessions/{SESSION}/live"

pytestmark = pytest.mark.browser


async def open_live(browser: Browser, stage: str) -> Page:
    """The live page, connected."""
    context = await browser.new_context(viewport=PROJECTED, reduced_motion="reduce")
    page = await context.new_page()
    await page.goto(stage + LIVE)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    return page


def sockets_opened_from_now(page: Page) -> list[WebSocket]:
    """Fills as the page opens sockets."""
    opened: list[WebSocket] = []
    page.on("websocket", lambda socket: opened.append(socket))
    return opened


async def expect_count(page: Page, present: int, within: float = 5000) -> None:
    """The ring shows this many of all, and the list as many names as it may."""
    await expect(page.locator("[data-count=presentStudents]")).to_have_text(str(present), timeout=within)
    await expect(page.locator("recent-checkins li")).to_have_count(min(present, 20))


async def test_check_ins_appear_newest_first_and_once(browser: Browser, stage: str, pull: Pull) -> None:
    """Twenty-five arrive in batches; the newest twenty are listed, each once."""
    page = await open_live(browser, stage)
    faults = collect_faults(page)
    for count in (1, 4, 20):
        await pull("check_in", count=count)
    shown = await pull("check_in", count=1, late=True)
    await expect_count(page, 26)
    names = await page.locator("recent-checkins .recent__name").all_text_contents()
    assert names == [entry["studentName"] for entry in shown["recentCheckins"]]
    await expect(page.locator("[data-count=lateStudents]")).to_have_text("1")
    await expect(page.locator("[data-count=notMarked]")).to_have_text(str(TOTAL - 26))
    assert not faults
    await page.context.close()


async def test_a_closed_socket_resumes_without_a_gap(browser: Browser, stage: str, pull: Pull) -> None:
    """What happened while the socket was gone is there after it is back."""
    page = await open_live(browser, stage)
    await pull("check_in", count=2)
    await expect_count(page, 2)
    await pull("cut")
    await expect(page.locator("connection-pill")).to_have_attribute("data-state", re.compile("waiting|connecting"))
    await pull("check_in", count=3)
    await expect(page.locator("connection-pill")).to_have_text("Live", timeout=10_000)
    await expect_count(page, 5)
    await page.context.close()


async def test_a_lost_subscription_is_asked_for_again(browser: Browser, stage: str, pull: Pull) -> None:
    """The socket stays open, nothing is pushed on it: the page asks until it is told again, on the same socket."""
    page = await open_live(browser, stage)
    opened = sockets_opened_from_now(page)
    await pull("set", refusals=2)
    await pull("unsubscribe", code="unavailable")
    await expect(page.locator("connection-pill")).to_have_attribute("data-state", re.compile("waiting|connecting"))
    await pull("check_in", count=2)
    await expect(page.locator("connection-pill")).to_have_text("Live", timeout=10_000)
    await expect_count(page, 2)
    await pull("check_in", count=3)
    await expect_count(page, 5)
    assert not opened
    await page.context.close()


async def test_a_first_subscription_that_is_refused_for_now_is_asked_for_again(
    browser: Browser, stage: str, pull: Pull
) -> None:
    """A page that opens while Redis is away becomes live by itself."""
    await pull("set", refusals=2)
    page = await open_live(browser, stage)
    await pull("check_in", count=1)
    await expect_count(page, 1)
    await page.context.close()


async def test_without_a_subscription_the_page_polls(browser: Browser, stage: str, pull: Pull) -> None:
    """As long as the gateway cannot say whether we may follow, and it does not claim to be live."""
    page = await open_live(browser, stage)
    await pull("set", refusals=1000)
    await pull("unsubscribe", code="unavailable")
    await pull("check_in", count=4)
    await expect_count(page, 4, within=15_000)
    await expect(page.locator("connection-pill")).not_to_have_text("Live")
    await page.context.close()


async def test_a_lost_right_ends_following_for_good(browser: Browser, stage: str, pull: Pull) -> None:
    """Forbidden is no reason to ask again: the page goes on by polling, and opens no other socket."""
    page = await open_live(browser, stage)
    opened = sockets_opened_from_now(page)
    await pull("unsubscribe", code="forbidden")
    pill = page.locator("connection-pill")
    await expect(pill).to_have_text(await pill.get_attribute("data-polling") or "")
    await pull("check_in", count=2)
    await expect_count(page, 2, within=15_000)
    assert not opened
    await page.context.close()


async def test_a_lost_history_is_replaced_by_a_snapshot(browser: Browser, stage: str, pull: Pull) -> None:
    """Another epoch: nothing can be resumed, so everything is fetched anew."""
    page = await open_live(browser, stage)
    await pull("check_in", count=2)
    await expect_count(page, 2)
    await pull("lose_history")
    await pull("cut")
    await pull("check_in", count=1)
    await expect(page.locator("connection-pill")).to_have_text("Live", timeout=10_000)
    await expect_count(page, 3)
    await page.context.close()


async def test_a_missed_frame_is_noticed(browser: Browser, stage: str, pull: Pull) -> None:
    """A frame that never came leaves a hole in the versions; the page asks instead of guessing."""
    page = await open_live(browser, stage)
    await pull("check_in", count=4, skip=1)
    await expect_count(page, 4)
    await page.context.close()


async def test_a_blocked_socket_still_shows_the_truth(browser: Browser, stage: str, pull: Pull) -> None:
    """Some networks allow no WebSocket: the page asks every five seconds and says that it is not live."""
    await pull("set", sockets_allowed=False)
    page = await browser.new_page(viewport=PROJECTED)
    await page.goto(stage + LIVE)
    await expect(page.locator("connection-pill")).to_have_text(re.compile(r"Reconnecting in \d+ s"), timeout=10_000)
    await pull("check_in", count=7)
    await expect_count(page, 7, within=15_000)
    await page.close()


async def test_without_a_network_the_page_says_since_when_it_is_stale(browser: Browser, stage: str, pull: Pull) -> None:
    """Old numbers are never shown as if they were new; back online, it catches up at once."""
    page = await open_live(browser, stage)
    await page.clock.install()
    await page.reload()
    await expect(page.locator("connection-pill")).to_have_text("Live")
    await page.context.set_offline(True)
    await page.clock.run_for(60_000)
    await expect(page.locator("connection-pill")).to_have_text(re.compile(r"Stale since \d\d:\d\d"))
    await expect(page.locator("[data-part=dead]")).to_be_visible()
    await expect(page.locator("[data-part=short]")).to_have_text("···· ····")
    await pull("check_in", count=2)
    await page.context.set_offline(False)
    await page.clock.run_for(2_000)
    await expect(page.locator("connection-pill")).to_have_text("Live")
    await expect_count(page, 2)
    await page.context.close()


async def test_the_code_turns_and_can_be_hidden(browser: Browser, stage: str, pull: Pull) -> None:
    """Picture, short code and countdown change together; hiding pauses check-in without a reload."""
    await pull("set", rotate_seconds=5)
    page = await open_live(browser, stage)
    short = page.locator("[data-part=short]")
    before = await short.text_content()
    await expect(short).not_to_have_text(before or "", timeout=8_000)
    assert await page.locator("[data-part=qr]").evaluate("picture => picture.complete && picture.naturalWidth > 0")
    await page.get_by_role("button", name="Hide the code").click()
    await expect(page.get_by_text("Check-in is paused")).to_be_visible()
    await expect(page.locator("[data-part=qr]")).to_be_hidden()
    await page.get_by_role("button", name="Show the code").click()
    await expect(page.locator("[data-part=qr]")).to_be_visible()
    await page.context.close()


async def test_a_screen_reader_hears_a_crowd_as_one_sentence(browser: Browser, stage: str, pull: Pull) -> None:
    """Twelve check-ins in three batches are announced once, in one polite region."""
    page = await open_live(browser, stage)
    for count in (3, 4, 5):
        await pull("check_in", count=count)
    announcer = page.locator("[data-part=announcer]")
    await expect(announcer).to_have_text("12 more checked in. 12 of 30 present.", timeout=6_000)
    await page.context.close()


async def test_the_end_of_the_session_ends_the_live_page(browser: Browser, stage: str, pull: Pull) -> None:
    """Ended elsewhere: the page becomes the final one, without a code."""
    page = await open_live(browser, stage)
    await pull("check_in", count=2)
    await pull("end")
    await expect(page.locator(".live__head .chip")).to_have_text("Ended")
    await expect(page.locator("check-in-code")).to_have_count(0)
    await page.context.close()


async def test_without_script_the_live_page_is_complete(browser: Browser, stage: str, pull: Pull) -> None:
    """Painted by the server, with real forms, and a question page where a dialog would be."""
    await pull("check_in", count=3)
    context = await browser.new_context(java_script_enabled=False, viewport=PROJECTED)
    page = await context.new_page()
    await page.goto(stage + LIVE)
    await expect(page.get_by_text("Refreshed every 5 s")).to_be_visible()
    await expect_count(page, 3)
    await page.get_by_role("link", name="End session").click()
    await expect(page.get_by_role("button", name="End and mark the rest absent")).to_be_visible()
    await context.close()


async def test_without_script_the_live_page_refreshes_itself(stage: str, pull: Pull) -> None:
    """Every five seconds, as the requests show."""
    async with chromium(WITHOUT_SCRIPT) as plain:
        page = await plain.new_page()
        await page.goto(stage + LIVE)
        for _ in range(2):
            await page.wait_for_event("request", lambda request: request.url == stage + LIVE, timeout=8_000)
