"""The feed of a live page under everything a network, a gateway and an API can do to it, in any order."""

import random
import secrets
from pathlib import Path

import pytest
from playwright.async_api import Browser

WORLD = (Path(__file__).parent / "feed_world.js").read_text()
EVENTS = {
    "push": 8, "arrive": 10, "twice": 2, "lose": 1, "cut": 2, "connect": 4, "storm": 1, "forget": 1, "reset": 1,
    "poll": 3, "read": 3, "answer": 4, "fail": 1, "wait": 3,
}  # fmt: skip
CASES = 300
SEED = secrets.randbelow(2**32)

pytestmark = pytest.mark.browser


def play_of(seed: int) -> list[str]:
    """What happens, in order."""
    dice = random.Random(seed)
    return dice.choices(list(EVENTS), list(EVENTS.values()), k=dice.randint(5, 80))


async def test_no_order_of_events_makes_a_page_wrong_or_leaves_it_behind(browser: Browser, stage: str) -> None:
    """What is shown was true at its version, never goes back, and is in the end what a fresh fetch gives."""
    page = await browser.new_page()
    await page.goto(f"{stage}/login")
    wrong = {}
    for seed in range(SEED, SEED + CASES):
        if problems := await page.evaluate(WORLD, [play_of(seed)]):
            wrong[seed] = problems
    assert not wrong, f"again with SEED = {SEED}"
    await page.close()


@pytest.mark.parametrize(
    "events",
    [
        # A snapshot that was asked for before the gateway said RESYNC may lie before the gap.
        ["push", "connect", "arrive", "poll", "read", "reset", "push", "arrive", "answer", "arrive"],
        # Frames of an epoch that has ended wait beside those of the next one.
        ["connect", "push", "push", "lose", "arrive", "fail", "reset", "push", "arrive", "arrive", "read", "answer"],
        # A snapshot that is older than what was pushed meanwhile takes nothing back.
        ["connect", "poll", "read", "push", "arrive", "push", "push", "lose", "arrive", "answer"],
    ],
    ids=["resync_overtakes_a_fetch", "an_epoch_ends_while_behind", "a_late_snapshot"],
)
async def test_what_once_left_a_page_behind(browser: Browser, stage: str, events: list[str]) -> None:
    page = await browser.new_page()
    await page.goto(f"{stage}/login")
    assert await page.evaluate(WORLD, [events]) == []
    await page.close()
