"""The reducer of the live page, in the browser it is written for: snapshot + deltas = a fresh fetch."""

import random
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.stage.world import TOTAL, World, student_id

REDUCE = """async ([snapshot, frames]) => {
    const { apply, fromSnapshot } = await import("/static/js/live/state.js");
    return frames.reduce(apply, fromSnapshot(snapshot));
}"""
FROM_SNAPSHOT = """async ([snapshot]) => (await import("/static/js/live/state.js")).fromSnapshot(snapshot)"""
CASES = 60

pytestmark = pytest.mark.browser


def grow(world: World, dice: random.Random) -> None:
    """One thing happens in the class."""
    if dice.random() < 0.7 and len(world.checked_in) < 28:
        world.check_in(dice.randint(1, 2), late=dice.random() < 0.3)
    else:
        student = str(student_id(dice.randrange(TOTAL)))
        sources = ("manual", "system_default")
        if student not in world.marked():
            world.mark([student], dice.choice(("present", "late", "absent", "excused")), dice.choice(sources))
        elif world.marked()[student][1] == "manual":
            world.mark([student], dice.choice(("late", "excused")))


def whole(world: World) -> dict[str, Any]:
    """A snapshot with the roll, as the live page takes them together."""
    return {**world.stats(), "roll": world.roll()}


@pytest.mark.parametrize("seed", range(CASES))
async def test_snapshot_and_deltas_make_a_fresh_fetch(browser: Browser, stage: str, seed: int) -> None:
    """From any moment on, with any frames repeated, the state is what a fetch would give."""
    dice = random.Random(seed)
    world = World()
    for _ in range(dice.randint(0, 15)):
        grow(world, dice)
    snapshot, told = whole(world), list(world.history)
    for _ in range(dice.randint(0, 15)):
        grow(world, dice)
    news = world.history[len(told) :]
    frames = [*told[-3:], *(frame for new in news for frame in [new] * dice.randint(1, 2)), *news[-2:]]
    expected, reached = await reduce(browser, stage, whole(world), [snapshot, frames])
    assert reached == expected


async def test_those_who_came_in_the_same_moment_stand_as_in_a_snapshot(browser: Browser, stage: str) -> None:
    """By student, in whatever order the deltas name them."""
    world = World()
    snapshot = whole(world)
    for _ in range(2):
        world.check_in(3)
    for entry in world.checked_in:
        entry["timestamp"] = world.checked_in[0]["timestamp"]
    for frame in world.history:
        frame["payload"]["data"].get("checkIns", []).reverse()
    expected, reached = await reduce(browser, stage, whole(world), [snapshot, world.history])
    assert [entry["studentId"] for entry in expected["recent"]] == [str(student_id(place)) for place in range(6)]
    assert reached == expected


@pytest.mark.parametrize("seed", range(10))
async def test_a_missing_frame_is_never_guessed_over(browser: Browser, stage: str, seed: int) -> None:
    """Whichever frame is lost, the state stops before it and says that it is behind."""
    dice = random.Random(seed)
    world = World()
    snapshot = world.stats()
    for _ in range(8):
        grow(world, dice)
    lost = dice.randrange(len(world.history) - 1)
    frames = world.history[:lost] + world.history[lost + 1 :]
    _, reached = await reduce(browser, stage, world.stats(), [snapshot, frames])
    assert reached["behind"]
    assert reached["version"] == lost


async def reduce(browser: Browser, stage: str, final: dict[str, Any], arguments: list[Any]) -> tuple[Any, Any]:
    """What a fetch gives, and what the frames lead to."""
    page = await browser.new_page()
    await page.goto(f"{stage}/login")
    expected = await page.evaluate(FROM_SNAPSHOT, [final])
    reached = await page.evaluate(REDUCE, arguments)
    await page.close()
    return expected, reached
