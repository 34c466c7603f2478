"""The page that keeps a connection: it says what is so, comes back by itself, and stops when it must."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Request, expect

from tests.browser.chromium import PHONE, SMALL_PHONE, collect_faults
from tests.browser.conftest import Pull
from tests.browser.stage.world import SESSION

JOIN = f"/join/{SESSION}"
TICKETS = "/api/v1/realtime/ticket"
HANGING = """([session]) => {
    window.asked = 0;
    const token = () => { window.asked += 1; return new Promise(() => {}); };
    Muster.presence({ session, token });
}"""

pytestmark = pytest.mark.browser


async def join(browser: Browser, stage: str, *, clock: bool = False) -> Page:
    """The page, just opened; with a clock that the test moves."""
    context = await browser.new_context(viewport=PHONE, reduced_motion="reduce")
    page = await context.new_page()
    if clock:
        await page.clock.install()
    await page.goto(stage + JOIN)
    return page


async def expect_word(page: Page, word: str | re.Pattern[str], within: float = 5000) -> None:
    """The one state that is shown."""
    shown = page.locator("[data-part=live] .join__word:visible")
    await expect(shown).to_have_text(word, timeout=within)
    await expect(shown).to_have_count(1)


def requests_of(page: Page, ending: str) -> list[Request]:
    """Fills as the page asks for URLs that end like this."""
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if request.url.endswith(ending) else None)
    return asked


async def test_it_says_since_when_one_is_connected(browser: Browser, stage: str, pull: Pull) -> None:
    """Word and time, also in the tab's title; nothing of what is for pages without script."""
    page = await join(browser, stage)
    faults = collect_faults(page)
    await expect_word(page, "Connected")
    await expect(page.locator("[data-state=connected] time")).to_have_text(re.compile(r"\d\d:\d\d"))
    await expect(page).to_have_title(re.compile("^Connected · MATH201 Tutorial"))
    await expect(page.get_by_role("button", name="I am here")).to_be_hidden()
    assert not faults
    await page.context.close()


async def test_a_closed_socket_is_opened_again_with_a_fresh_ticket(browser: Browser, stage: str, pull: Pull) -> None:
    """Whatever the gateway's reason was, as long as it is one to come back."""
    page = await join(browser, stage)
    await expect_word(page, "Connected")
    asked = requests_of(page, TICKETS)
    for code in (1012, 4001):
        await pull("cut", code=code)
        await expect_word(page, "Connecting again")
        await expect_word(page, "Connected", within=10_000)
    assert len(asked) == 2
    await page.context.close()


async def test_the_gateways_hint_decides_when_to_come_back(browser: Browser, stage: str, pull: Pull) -> None:
    """A deploy spreads its clients itself."""
    page = await join(browser, stage, clock=True)
    await expect_word(page, "Connected")
    await page.evaluate("() => { Math.random = () => 0.5; }")
    await pull("deploy", jitter=60_000)
    await expect(page.locator("[data-part=countdown]")).to_have_text(re.compile(r"Next try in (29|30) s"))
    await page.context.close()


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (4500, "You are signed out"),
        (4501, "You have no part in this session any more"),
        (4502, "The connection was refused"),
        (4503, "Open in too many places"),
        (4504, "You are signed out"),
    ],
)
async def test_a_refusal_ends_it_and_is_explained(
    browser: Browser, stage: str, pull: Pull, code: int, word: str
) -> None:
    """From 4500 on nobody knocks again, however long the page stays open."""
    await pull("set", close_with=code)
    page = await join(browser, stage, clock=True)
    await expect_word(page, word)
    asked = requests_of(page, TICKETS)
    await page.clock.run_for(120_000)
    assert not asked
    await expect(page.get_by_role("button", name="Leave the session")).to_be_hidden()
    await page.context.close()


async def test_where_no_socket_opens_it_reports_over_http_and_goes_back(
    browser: Browser, stage: str, pull: Pull
) -> None:
    """Connect, then a heartbeat every 15 s; a socket that opens ends the reports without a goodbye."""
    await pull("set", sockets_allowed=False)
    page = await join(browser, stage, clock=True)
    await move_until(page, "Connected by reports")
    await page.clock.run_for(16_000)
    await page.clock.run_for(16_000)
    reported = (await pull("look"))["reported"]
    assert reported[:2] == ["connect", "heartbeat"]
    await pull("set", sockets_allowed=True)
    await move_until(page, "Connected")
    before = (await pull("look"))["reported"]
    for _ in range(8):  # in steps, so that pings are answered between them
        await page.clock.run_for(5_000)
        assert (await pull("look"))["reported"] == before
    assert "disconnect" not in before
    await page.context.close()


async def move_until(page: Page, word: str) -> None:
    """Let the page's time pass until it says so."""
    for _ in range(40):
        if await page.locator("[data-part=live] .join__word:visible").text_content() == word:
            return
        await page.clock.run_for(2_000)
        await page.wait_for_load_state("networkidle")
    await expect_word(page, word)


async def test_a_machine_that_slept_opens_another_socket_at_once(browser: Browser, stage: str, pull: Pull) -> None:
    """The old one is dead and nobody told the page; its timers stood still."""
    page = await join(browser, stage, clock=True)
    await expect_word(page, "Connected")
    await pull("silence")
    asked = requests_of(page, TICKETS)
    await page.clock.fast_forward(3_600_000)
    await expect_word(page, "Connecting again")
    await expect_word(page, "Connected")
    assert len(asked) == 1
    await page.context.close()


async def test_an_embedding_page_whose_token_never_comes_is_not_waited_for(
    browser: Browser, stage: str, pull: Pull
) -> None:
    """Its promise may hang on a line that died while the machine slept: the next try asks again."""
    page = await join(browser, stage, clock=True)
    await expect_word(page, "Connected")
    await page.evaluate(HANGING, [str(SESSION)])
    await page.wait_for_function("() => window.asked === 1")
    await page.clock.run_for(12_000)
    await page.wait_for_function("() => window.asked > 1")
    await page.context.close()


async def test_a_page_that_closes_says_goodbye_without_a_socket_too(browser: Browser, stage: str, pull: Pull) -> None:
    """By a beacon, which carries a one-time ticket and nothing else."""
    await pull("set", sockets_allowed=False)
    page = await join(browser, stage, clock=True)
    await move_until(page, "Connected by reports")
    async with page.expect_response(f"**{TICKETS}") as ticket:  # the one for the goodbye comes with every report
        await page.clock.run_for(16_000)
    await (await ticket.value).finished()
    await page.goto(f"{stage}/login")
    assert (await pull("await_goodbye"))["reported"][-1] == "disconnect"
    await page.context.close()


async def test_what_one_does_is_evidence_beside_it(browser: Browser, stage: str, pull: Pull) -> None:
    """One activity of a kind per second on the socket; over HTTP the next heartbeat carries it."""
    page = await join(browser, stage, clock=True)
    await expect_word(page, "Connected")
    keeper = page.locator("presence-keeper")
    await keeper.evaluate("keeper => { for (let n = 0; n < 50; n++) keeper.presence.activity('draw'); }")
    await keeper.evaluate("keeper => keeper.presence.activity('chat')")
    await pull("set", sockets_allowed=False)
    await pull("cut")
    await move_until(page, "Connected by reports")
    await keeper.evaluate("keeper => keeper.presence.activity('type')")
    await page.clock.run_for(16_000)
    await page.wait_for_load_state("networkidle")
    assert (await pull("look"))["reported"][:4] == ["activity draw", "activity chat", "connect", "heartbeat type"]
    await page.context.close()


async def test_without_a_network_it_says_so_and_comes_back(browser: Browser, stage: str, pull: Pull) -> None:
    """Never "connected" while it is not; back online it does not wait."""
    page = await join(browser, stage)
    await expect_word(page, "Connected")
    await page.context.set_offline(True)
    await expect_word(page, "Not connected")
    await page.context.set_offline(False)
    await expect_word(page, "Connected", within=3_000)
    await page.context.close()


async def test_the_end_of_the_session_is_the_end_of_it(browser: Browser, stage: str, pull: Pull) -> None:
    """Told by the channel while connected, and asked for when it was missed."""
    page = await join(browser, stage)
    await expect_word(page, "Connected")
    await pull("end")
    await expect_word(page, "This session has ended")
    await page.reload()
    await expect_word(page, "This session has ended")
    await page.context.close()


async def test_who_comes_early_is_told_from_when_it_counts(browser: Browser, stage: str, pull: Pull) -> None:
    """The connection is kept already; the note goes when the session starts."""
    await pull("set", status="scheduled")
    context = await browser.new_context(viewport=PHONE)
    page = await context.new_page()
    await page.goto(f"{stage}{JOIN}?state=early")
    await expect_word(page, "Connected")
    note = page.get_by_text("from 15:45 on your time here counts")
    await expect(note).to_be_visible()
    await pull("start")
    await expect(note).to_be_hidden()
    await context.close()


async def test_leaving_is_one_tap(browser: Browser, stage: str, pull: Pull) -> None:
    """The socket closes at once, and the page says what that means."""
    page = await join(browser, stage)
    await expect_word(page, "Connected")
    await page.get_by_role("button", name="Leave the session").click()
    await expect(page.get_by_role("heading", name="You have left")).to_be_visible()
    await expect(page.get_by_role("link", name="Join again")).to_be_visible()
    await page.context.close()


@pytest.mark.parametrize("script", [True, False])
async def test_without_the_script_it_says_what_its_buttons_prove(
    browser: Browser, stage: str, pull: Pull, script: bool
) -> None:
    """Also when JavaScript is on and the file did not load: nothing claims to be connected."""
    options: dict[str, Any] = {"viewport": SMALL_PHONE, "java_script_enabled": script}
    context = await browser.new_context(**options)
    page = await context.new_page()
    await page.route("**/keeper.js", lambda route: route.abort())
    await page.goto(stage + JOIN)
    await expect(page.get_by_text("the time between them does not count by itself")).to_be_visible()
    await expect(page.get_by_role("button", name="I am here")).to_be_visible()
    await expect(page.locator("[data-part=live]")).to_be_hidden()
    await context.close()
