"""One timer for everybody who has to do something soon."""

import asyncio

from gateway.hurry import Hurry


async def test_who_was_added_and_not_removed_is_late_in_turn() -> None:
    late: list[str] = []
    hurry = Hurry[str](0.05, late.append)
    for name in ("Ada", "Bo", "Cy"):
        hurry.add(name)
    hurry.remove("Bo")
    hurry.remove("nobody")
    await asyncio.sleep(0.03)
    hurry.add("Ada")
    hurry.add("Di")
    await asyncio.sleep(0.035)
    assert late == ["Cy"]
    await asyncio.sleep(0.05)
    assert late == ["Cy", "Ada", "Di"]


async def test_it_goes_on_after_everybody_was_told() -> None:
    told = asyncio.Event()
    hurry = Hurry[str](0.01, lambda _: told.set())
    for _ in range(3):
        hurry.add("Ada")
        await asyncio.wait_for(told.wait(), 5)
        told.clear()


async def test_whoever_is_told_may_add_and_remove() -> None:
    late: list[str] = []

    def is_late(name: str) -> None:
        late.append(name)
        hurry.remove("Bo")
        if name == "Ada" and len(late) == 1:
            hurry.add("Ada")

    hurry = Hurry[str](0.02, is_late)
    for name in ("Ada", "Bo", "Cy"):
        hurry.add(name)
    await asyncio.sleep(0.03)
    assert late == ["Ada", "Cy"]
    await asyncio.sleep(0.03)
    assert late == ["Ada", "Cy", "Ada"]
