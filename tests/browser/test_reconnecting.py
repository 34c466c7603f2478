"""The live page's connection on bad networks and sleeping machines: never wrong, never two sockets, never a hammer."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect

from tests.browser.chromium import PROJECTED
from tests.browser.conftest import Pull
from tests.browser.test_live_page import LIVE, expect_count, open_live, sockets_opened_from_now

TICKETS = "/api/v1/realtime/ticket"
WAITS = """async ([failures, random]) => {
    const { backoff, spread } = await import("/static/js/backoff.js");
    return [backoff(failures, random), spread(20000, random)];
}"""

pytestmark = pytest.mark.browser


@pytest.fixture
async def live(browser: Browser, stage: str, pull: Pull) -> Page:
    """The live page, connected, with a clock that the test moves."""
    context = await browser.new_context(viewport=PROJECTED, reduced_motion="reduce")
    page = await context.new_page()
    await page.clock.install()
    await page.goto(stage + LIVE)
    await expect_pill(page, "Live")
    return page


async def expect_pill(page: Page, words: str | re.Pattern[str]) -> None:
    """What the page says of its connection, before long by its own time."""
    await expect_in_time(page, "connection-pill", words)


async def expect_in_time(page: Page, place: str, words: str | re.Pattern[str]) -> None:
    """What a place says, while the page's time goes by quickly."""
    for _ in range(40):
        if re.fullmatch(words, await page.locator(place).inner_text()):
            return
        await page.clock.run_for(500)
    await expect(page.locator(place)).to_have_text(words)


def tickets_asked_from_now(page: Page) -> list[Request]:
    """Fills as the page asks for tickets."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith(TICKETS) else None)
    return asked


async def test_after_a_sleep_the_dead_socket_is_replaced_at_once_and_nothing_is_missing(live: Page, pull: Pull) -> None:
    """An hour with the lid closed: the socket is half open, the browser believes in it, and the page does not."""
    await pull("check_in", count=2)
    await expect_count(live, 2)
    since = datetime.fromtimestamp(await live.evaluate("Date.now() / 1000"), UTC).strftime("%H:%M")
    await pull("silence")
    await pull("check_in", count=3)
    opened, asked = sockets_opened_from_now(live), tickets_asked_from_now(live)
    await live.clock.fast_forward(3_600_000)
    pill = live.locator("connection-pill")
    await expect(pill).to_have_text(re.compile(f"Stale since {since}"))
    await expect_pill(live, "Live")
    await expect_count(live, 5)
    assert len(opened) == len(asked) == 1
    await live.context.close()


async def test_a_line_that_carries_nothing_more_is_noticed_by_asking(live: Page, pull: Pull) -> None:
    """No sleep, no word from the network: a PING that is not answered for ten seconds."""
    await pull("silence")
    await pull("check_in", count=2)
    await live.clock.run_for(24_000)
    await expect_pill(live, "Live")
    await expect_count(live, 2)
    await live.context.close()


async def test_a_network_that_comes_and_goes_leaves_one_socket(live: Page, pull: Pull) -> None:
    """However often the browser says that it is online while a ticket is on its way."""
    opened = sockets_opened_from_now(live)
    held: list[Route] = []
    await live.route(f"**{TICKETS}", lambda route: held.append(route))
    await pull("cut")
    await _until_held(live, held)
    for _ in range(5):
        await live.evaluate("dispatchEvent(new Event('online'))")
        await live.clock.run_for(1_100)
    assert len(held) == 1
    await held[0].continue_()
    await expect_pill(live, "Live")
    assert len(opened) == 1
    await live.context.close()


async def test_a_ticket_that_never_comes_is_given_up(browser: Browser, stage: str, pull: Pull) -> None:
    """A request on a line that died in our sleep would hang for a quarter of an hour."""
    context = await browser.new_context(viewport=PROJECTED)
    await context.add_init_script("AbortSignal.timeout = () => AbortSignal.abort(new Error('ten seconds'));")
    page = await context.new_page()
    held: list[Route] = []
    await page.route(f"**{TICKETS}", lambda route: held.append(route))
    await page.goto(stage + LIVE)
    await expect(page.locator("connection-pill")).to_have_text(re.compile(r"Reconnecting in \d+ s"))
    await context.close()


async def test_who_stops_while_a_ticket_is_on_its_way_opens_nothing(live: Page, pull: Pull) -> None:
    """The session ended meanwhile, or the screen was painted anew: another page follows now."""
    opened = sockets_opened_from_now(live)
    held: list[Route] = []
    await live.route(f"**{TICKETS}", lambda route: held.append(route))
    await pull("cut")
    await _until_held(live, held)
    await live.evaluate("document.querySelector('live-session').follower.stop()")
    async with live.expect_response(f"**{TICKETS}"):
        await held[0].continue_()
    await live.clock.run_for(30_000)
    assert not opened
    await live.context.close()


async def test_up_to_4499_the_page_comes_back_with_a_fresh_ticket_each_time(live: Page, pull: Pull) -> None:
    await live.evaluate("() => { Math.random = () => 0; }")
    for code in (1000, 1001, 1011, 1012, 1013, 4000, 4001, 4002, 4003, 4499):
        async with live.expect_response(f"**{TICKETS}"):
            await pull("cut", code=code)
            await live.clock.run_for(500)
        await expect_pill(live, "Live")
    await live.context.close()


async def test_from_4500_on_the_page_asks_without_a_socket(live: Page, pull: Pull) -> None:
    """Whatever is the matter with the socket, the numbers stay true."""
    for count, code in enumerate((4500, 4501, 4502, 4503, 4999), start=1):
        await pull("cut", code=code)
        await expect_pill(live, "Refreshed every 5 s")
        asked = tickets_asked_from_now(live)
        await live.evaluate("dispatchEvent(new Event('online'))")
        await pull("check_in", count=1)
        await expect_in_time(live, "[data-count=presentStudents]", str(count))
        await live.clock.run_for(30_000)
        assert not asked
        await live.reload()
        await expect_pill(live, "Live")
    await live.context.close()


async def test_who_is_signed_out_is_led_to_the_login(live: Page, pull: Pull) -> None:
    async with live.expect_navigation():
        await pull("cut", code=4504)
    await live.context.close()


async def test_while_it_catches_up_it_is_not_called_live(live: Page, pull: Pull) -> None:
    """The socket is there, what was missed is not: the pill says since when the numbers are old."""
    await pull("check_in", count=1)
    await expect_count(live, 1)
    await pull("set", api_up=False)
    await live.route(f"**{TICKETS}", _ticket_of())
    await pull("lose_history")
    await pull("check_in", count=1, skip=9)
    await pull("cut")
    await live.clock.run_for(20_000)
    await expect_pill(live, re.compile(r"Stale since \d\d:\d\d"))
    await expect_count(live, 1)
    await pull("set", api_up=True)
    await expect_pill(live, "Live")
    await expect_count(live, 2)
    await live.context.close()


async def test_two_tabs_follow_without_knowing_of_each_other(browser: Browser, stage: str, pull: Pull) -> None:
    """One is sent away for good; the other one comes back and misses nothing."""
    one, two = await open_live(browser, stage), await open_live(browser, stage)
    await pull("check_in", count=2)
    await pull("cut")
    await pull("check_in", count=2)
    for page in (one, two):
        await expect(page.locator("connection-pill")).to_have_text("Live", timeout=10_000)
        await expect_count(page, 4)
    await one.context.close()
    await pull("check_in", count=1)
    await expect_count(two, 5)
    await two.context.close()


async def test_waits_are_spread_between_half_a_second_and_twenty(browser: Browser, stage: str) -> None:
    """Full jitter: everything from the least to what this many failures allow."""
    page = await browser.new_page()
    await page.goto(f"{stage}/login")
    ends = [[(await page.evaluate(WAITS, [failures, random]))[0] for random in (0, 1)] for failures in (0, 1, 2, 5, 50)]
    assert ends == [[500, 1000], [500, 2000], [500, 4000], [500, 20000], [500, 20000]]
    assert (await page.evaluate(WAITS, [0, 0.5]))[1] == 10_000
    await page.close()


async def test_sockets_that_open_and_close_at_once_are_failures(live: Page, pull: Pull) -> None:
    """A gateway that throws everybody out is not hammered: waits grow until a socket has lasted."""
    await live.evaluate("() => { Math.random = () => 0.999; }")
    await pull("set", throw_out=1011)
    await pull("cut")
    await expect_pill(live, re.compile("Reconnecting in [78] s"))
    await pull("set", throw_out=None)
    await expect_pill(live, "Live")
    await live.context.close()


async def _until_held(page: Page, held: list[Route]) -> None:
    """Until the page has asked."""
    for _ in range(40):
        if held:
            return
        await page.clock.run_for(250)
    raise AssertionError("the page asked for no ticket")


def _ticket_of() -> Callable[[Route], Awaitable[None]]:
    """Tickets also while the rest of the API is away."""

    async def answer(route: Route) -> None:
        url = route.request.url.replace("http", "ws", 1).replace(TICKETS, "/ws")
        await route.fulfill(json={"ticket": "t", "url": url, "expiresAt": ""}, status=201)

    return answer
