"""Coming back: exactly what was missed, or RESYNC."""

from uuid import uuid4

import pytest

from gateway.recovery import Gap
from gateway.serving import Gateway
from shared import keys
from shared.domain.words import Role
from tests.gateway.campus import Campus, check_in, stats
from tests.gateway.conftest import Ground
from tests.gateway.page import Page, page


async def come_back(client: Page, channel: str, version: int, epoch: str | None) -> tuple[bool, int]:
    """Subscribe with a position; whether that recovered, and the top."""
    answer = await client.subscribe(channel, version, epoch)
    return answer["recovered"], answer["version"]


async def test_exactly_the_missed_pushes_come_in_order_then_live_ones(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    token = campus.token(roll.teacher)
    await campus.push(roll, *[stats(n) for n in range(10)])
    async with ground.gateway() as one, page(one, token) as teacher:
        epoch = (await teacher.subscribe(roll.channel))["epoch"]
    async with ground.gateway() as other, page(other, token) as teacher:
        assert await come_back(teacher, roll.channel, 4, epoch) == (True, 10)
        await campus.push(roll, stats(11))
        assert await teacher.versions(7) == [5, 6, 7, 8, 9, 10, 11]


async def test_whoever_missed_nothing_gets_nothing(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher)) as teacher:
        epoch = (await teacher.subscribe(roll.channel))["epoch"]
        assert await come_back(teacher, roll.channel, 0, epoch) == (True, 0)
        await campus.push(roll, stats(1))
        await teacher.expect("STATS_UPDATE")
        assert await come_back(teacher, roll.channel, 1, epoch) == (True, 1)
        assert await teacher.quiet()


async def test_connect_resumes_too(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    await campus.push(roll, stats(1), stats(2))
    epoch = await campus.redis.hget(keys.position(roll.channel), "e")
    assert isinstance(epoch, bytes)
    resume = {"channel": roll.channel, "version": 1, "epoch": epoch.decode()}
    async with page(running, campus.token(roll.teacher), subscribe=[resume]) as teacher:
        assert (await teacher.data("SUBSCRIBED"))["recovered"] is True
        assert await teacher.versions(1) == [2]


async def test_a_student_who_resumes_gets_only_their_own(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll(students=(uuid4(), uuid4()))
    mine, yours = roll.students
    await campus.push(roll, stats(1), check_in(roll, [yours]), check_in(roll, [mine, yours]))
    async with page(running, campus.token(mine, Role.STUDENT)) as student:
        epoch = (await student.subscribe(roll.channel))["epoch"]
        assert await come_back(student, roll.channel, 0, epoch) == (True, 3)
        await student.expect("STATS_UPDATE")
        [own] = (await student.data("CHECK_IN"))["checkIns"]
        assert own["studentId"] == str(mine)
        assert await student.quiet()


@pytest.mark.parametrize(
    ("version", "epoch", "reason"),
    [
        (1, "another", Gap.NEW_EPOCH),
        (3, "another", Gap.NEW_EPOCH),
        (1, None, Gap.NEW_EPOCH),
        (4, "same", Gap.AHEAD),
        (-1, "same", Gap.AHEAD),
        (2**70, "same", Gap.AHEAD),
        (0, "same", Gap.TRIMMED),
    ],
)
async def test_what_cannot_be_bridged_is_a_resync(
    running: Gateway, campus: Campus, version: int, epoch: str | None, reason: Gap
) -> None:
    roll = await campus.roll()
    await campus.push(roll, stats(1), stats(2), stats(3))
    await campus.redis.xdel(keys.history(roll.channel), "1-0")
    async with page(running, campus.token(roll.teacher)) as teacher:
        true_epoch = (await teacher.subscribe(roll.channel))["epoch"]
        given = true_epoch if epoch == "same" else epoch
        assert await come_back(teacher, roll.channel, version, given) == (False, 3)
        assert await teacher.data("RESYNC") == {"channel": roll.channel, "reason": reason}
        await campus.push(roll, stats(4))
        assert await teacher.versions(1) == [4]


async def test_history_that_ended_is_a_resync(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    await campus.push(roll, stats(1), stats(2))
    async with page(running, campus.token(roll.teacher)) as teacher:
        epoch = (await teacher.subscribe(roll.channel))["epoch"]
        await campus.redis.delete(keys.history(roll.channel))
        assert await come_back(teacher, roll.channel, 1, epoch) == (False, 2)
        await teacher.expect("RESYNC")


async def test_long_history_is_trimmed_and_then_a_resync(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    for _ in range(8):
        await campus.push(roll, *[stats(n) for n in range(100)])
    async with page(running, campus.token(roll.teacher)) as teacher:
        epoch = (await teacher.subscribe(roll.channel))["epoch"]
        assert await come_back(teacher, roll.channel, 600, epoch) == (True, 800)
        assert await teacher.versions(200) == list(range(601, 801))
        assert await come_back(teacher, roll.channel, 100, epoch) == (False, 800)
