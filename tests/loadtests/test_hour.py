"""The hour change and the steady stream: small ones against the running stack, and what their judges find."""

import asyncio
from uuid import UUID

import pytest

from loadtests.campus import Manner, RunningClass, build_classes, let_redis_know
from loadtests.hour.change import Change, change, moments
from loadtests.hour.judge import judge
from loadtests.hour.kept import lost
from loadtests.hour.report import report
from loadtests.load.prepare import CODE_SECONDS
from loadtests.visible.stream import stream
from shared.domain.words import Mode
from tests.stack import Stack


def classes_of(stack: Stack, cohorts: int, size: int) -> list[RunningClass]:
    """Classes that run now, with codes that turn."""
    manner = Manner(Mode.ONLINE, CODE_SECONDS)
    built = build_classes(stack.settings.database_url, stack.settings, cohorts=cohorts, size=size, manner=manner)
    let_redis_know(stack.settings)
    return built


def good(people: int) -> Change:
    """An hour change in which all went well."""
    found = Change(journeys=[0.1] * people, late=[0.1] * people)
    found.seen.seconds["check-in"] = [0.1] * people
    found.seen.accepted = {(UUID(int=1), UUID(int=number)): UUID(int=number) for number in range(people)}
    found.seen.stayed = people
    return found


def test_everybody_comes_within_the_time_and_most_in_the_middle() -> None:
    found = moments(1000, 60)
    assert found == sorted(found)
    assert 0 <= found[0] < found[-1] <= 60
    assert sum(20 < moment < 40 for moment in found) > 650


def test_a_change_in_which_all_went_well_is_not_wrong() -> None:
    assert judge(good(3), 3) == []


def test_a_refusal_a_missing_check_in_and_a_lost_socket_are_found() -> None:
    found = good(3)
    found.seen.failures["realtime ticket: 503"] += 1
    assert len(judge(found, 4)) == 3


def test_a_slow_change_and_one_without_figures_are_found() -> None:
    found = good(100)
    found.journeys = [0.1] * 98 + [3.0] * 2
    assert [line.split(":")[0] for line in judge(found, 100)] == ["check-in → dashboard"]
    found.journeys = []
    assert judge(found, 100)


def test_a_generator_that_was_late_proves_nothing() -> None:
    found = good(100)
    found.late = [0.1] * 98 + [1.5] * 2
    assert judge(found, 100) == ["the generator was late by 1.5 s at p99, at most 1 are allowed: nothing is proven"]


@pytest.mark.stack
async def test_a_small_hour_change_loses_nobody(stack: Stack) -> None:
    classes = await asyncio.to_thread(classes_of, stack, 2, 10)
    found = await change(stack.settings, classes, 3.0)
    assert judge(found, 20) == []
    assert len(found.journeys) == 20
    assert any("check-in → dashboard" in line for line in report(found, []))


@pytest.mark.stack
async def test_a_check_in_that_is_not_in_the_database_is_found(stack: Stack) -> None:
    [meeting] = await asyncio.to_thread(classes_of, stack, 1, 1)
    nobody = {(meeting.session.id, meeting.students[0]): UUID(int=1)}
    assert len(await asyncio.to_thread(lost, stack.settings, [meeting], nobody)) == 4


@pytest.mark.stack
async def test_a_steady_stream_is_seen_on_dashboards_and_in_the_status(stack: Stack) -> None:
    classes = await asyncio.to_thread(classes_of, stack, 3, 30)
    found = await stream(stack.settings, classes, rate=60, seconds=3)
    assert found.wrong == []
    assert found.seen.failures.total() == 0
    assert found.accepted.keys() == {"check-in", "connect", "heartbeat"}
    assert found.shown
    assert found.read
