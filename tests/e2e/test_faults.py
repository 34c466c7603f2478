"""Faults lose nothing acknowledged and double nothing: real processes, killed for real."""

import asyncio
from collections import Counter

import pytest

from tests.e2e.classes import meet
from tests.stack import Stack

pytestmark = pytest.mark.stack

EVENTS_WORKER = ("celery", "-Q", "events")


async def test_killing_the_worker_in_the_middle_of_2000_check_ins_loses_and_doubles_none(stack: Stack) -> None:
    meeting = await meet(stack, 2000)
    rush = asyncio.create_task(meeting.all_check_in(await meeting.token()))
    kills = 0
    while not rush.done():
        await asyncio.sleep(0.7)
        kills += bool(stack.kill(*EVENTS_WORKER))
    answers = await rush
    assert kills >= 2
    assert Counter(answer.status_code for answer in answers if answer) == {202: 2000}
    assert await meeting.drained(2000) == (2000, 2000, 2000)


async def test_killing_redis_loses_no_acknowledged_check_in(stack: Stack) -> None:
    meeting = await meet(stack, 400)
    rush = asyncio.create_task(meeting.all_check_in(await meeting.token()))
    await asyncio.sleep(0.2)
    assert stack.kill("valkey") == 1
    answers = await rush
    accepted = sum(answer is not None and answer.status_code in (200, 202) for answer in answers)
    refused = {answer.status_code for answer in answers if answer and answer.status_code not in (200, 202)}
    assert refused <= {503}
    records, _, changes = await meeting.drained(accepted)
    assert records >= accepted
    assert records == changes


async def test_killing_the_api_loses_no_acknowledged_check_in(stack: Stack) -> None:
    meeting = await meet(stack, 400)
    rush = asyncio.create_task(meeting.all_check_in(await meeting.token()))
    await asyncio.sleep(0.3)
    assert stack.kill("-m", "api") >= 1
    answers = await rush
    accepted = sum(answer is not None and answer.status_code in (200, 202) for answer in answers)
    records, check_ins, changes = await meeting.drained(accepted)
    assert records >= accepted
    assert records == check_ins == changes
