"""Locust as a process against the running stack: it measures what it promises to, and its status says how it went."""

import asyncio
import csv
from pathlib import Path

import pytest

from loadtests.load.prepare import prepare
from loadtests.load.running import Wish, run
from loadtests.load.scenarios import JOURNEY
from tests.stack import Stack

pytestmark = pytest.mark.stack


def rows(folder: Path) -> dict[str, dict[str, str]]:
    """The table of the only run in a folder, by name."""
    [file] = folder.glob("*/load_stats.csv")
    with file.open() as lines:
        return {row["Name"]: row for row in csv.DictReader(lines)}


def left_behind(folder: Path) -> list[Path]:
    """Campuses that are still there."""
    return list(folder.glob("**/campus.json"))


async def test_a_rush_checks_everybody_in_and_measures_the_way_to_the_dashboard(stack: Stack, tmp_path: Path) -> None:
    prepared = await asyncio.to_thread(prepare, stack.settings, students=20, class_size=20)
    status = await asyncio.to_thread(run, Wish("rush", 20, seconds=12, arrive=3.0), prepared, tmp_path)
    found = rows(tmp_path)
    assert found["/api/v1/sessions/{id}/attendance"]["Request Count"] == "20"
    assert int(found[JOURNEY]["Request Count"]) > 0
    assert found["Aggregated"]["Failure Count"] == "0"
    assert status == 0
    assert not left_behind(tmp_path), "its tokens let people in"


async def test_a_run_that_reaches_nobody_ends_with_status_1(stack: Stack, tmp_path: Path) -> None:
    prepared = await asyncio.to_thread(prepare, stack.settings, students=2, class_size=2)
    nowhere = type(prepared)("http://127.0.0.1:9", "ws://127.0.0.1:9", prepared.meetings, prepared.reviews)
    assert await asyncio.to_thread(run, Wish("rush", 2, seconds=5, arrive=0.0), nowhere, tmp_path) == 1
