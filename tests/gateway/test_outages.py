"""Redis goes and comes back: nothing is missed in silence."""

import asyncio
from dataclasses import replace

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from gateway.asking import Asking
from gateway.closing import Close
from gateway.recovery import Gap
from gateway.redis_bus import RedisBus
from gateway.serving import Gateway
from gateway.tasks import cancelled
from shared import keys
from tests.gateway.campus import Campus, Roll, stats, until
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import page, raw


async def cut_pub_sub(redis: Redis) -> None:
    """Cut every pub/sub connection, as a network would."""
    await redis.client_kill_filter(_type="pubsub")


async def hearing(campus: Campus, roll: Roll) -> None:
    """Until a gateway listens to the channel again. Redis can only be asked, it tells nobody."""
    async with asyncio.timeout(10):
        while not (await campus.redis.pubsub_numsub(roll.channel))[0][1]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_was_published_while_pub_sub_was_lost_is_shown(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await campus.push(roll, stats(1))
        assert await teacher.versions(1) == [1]
        for start in range(2, 20, 2):
            await cut_pub_sub(campus.redis)
            await campus.push(roll, stats(1), stats(2))
            assert await teacher.versions(2) == [start, start + 1]


async def test_a_gap_that_history_cannot_bridge_is_a_resync(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await cut_pub_sub(campus.redis)
        async with campus.redis.pipeline() as pipe:
            pipe.hset(keys.position(roll.channel), "v", 7)
            await pipe.execute()
        assert (await teacher.data("RESYNC"))["reason"] == Gap.TRIMMED
        await hearing(campus, roll)
        await campus.push(roll, stats(1))
        assert await teacher.versions(1) == [8]


async def test_a_gap_in_the_numbers_is_bridged(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await campus.push(roll, stats(1))
        [first] = await campus.history(roll)
        unheard = first.replace(b"1 ", b"2 ", 1).replace(b'"version":1', b'"version":2')
        await campus.redis.hset(keys.position(roll.channel), "v", 2)
        await campus.redis.xadd(keys.history(roll.channel), {"m": unheard}, id="2-0")
        await campus.push(roll, stats(3))
        assert await teacher.versions(3) == [1, 2, 3]


async def test_a_push_that_was_never_heard_is_found_by_looking_at_the_top(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    async with (
        ground.gateway(replace(QUICK, tops_seconds=0.05)) as running,
        page(running, campus.token(roll.teacher), roll.channel) as teacher,
    ):
        await campus.push(roll, stats(1))
        assert await teacher.versions(1) == [1]
        await campus.redis.hset(keys.position(roll.channel), "v", 5)
        assert (await teacher.data("RESYNC"))["reason"] == Gap.TRIMMED
        await campus.redis.delete(keys.position(roll.channel), keys.history(roll.channel))
        assert (await teacher.data("RESYNC"))["reason"] == Gap.NEW_EPOCH


async def test_a_lost_position_begins_a_new_epoch_for_everyone(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await campus.push(roll, stats(1), stats(2))
        assert await teacher.versions(2) == [1, 2]
        await campus.redis.delete(keys.position(roll.channel))
        await campus.push(roll, stats(3))
        assert (await teacher.data("RESYNC"))["reason"] == Gap.NEW_EPOCH
        await campus.push(roll, stats(4))
        assert await teacher.versions(1) == [2]


async def test_a_position_that_is_made_anew_leaves_no_old_history_in_the_way(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher)) as teacher:
        await campus.push(roll, stats(1), stats(2))
        await campus.redis.delete(keys.position(roll.channel))
        assert (await teacher.subscribe(roll.channel))["version"] == 0
        await campus.push(roll, stats(3))
        assert await teacher.versions(1) == [1]


async def test_after_a_restart_of_redis_subscriptions_live_again(fragile: Ground) -> None:
    campus = fragile.campus
    roll = await campus.roll()
    token = campus.token(roll.teacher)
    async with fragile.gateway() as running, page(running, token, roll.channel) as teacher:
        await campus.push(roll, stats(1))
        assert await teacher.versions(1) == [1]
        fragile.valkey.stop()
        fragile.valkey.start()
        assert (await teacher.data("RESYNC"))["reason"] == Gap.NEW_EPOCH
        await hearing(campus, roll)
        await campus.project(roll)
        await campus.push(roll, stats(2), stats(3))
        assert await teacher.versions(2) == [1, 2]


async def test_while_redis_is_away_nobody_new_gets_in_and_nobody_is_thrown_out(fragile: Ground) -> None:
    roll = await fragile.campus.roll()
    token = fragile.campus.token(roll.teacher)
    async with fragile.gateway() as running, page(running, token, roll.channel) as teacher:
        fragile.valkey.stop()
        assert await teacher.quiet()
        await teacher.send("SUBSCRIBE", channel=roll.channel)
        assert (await teacher.data("ERROR"))["code"] == "unavailable"
        async with raw(running) as newcomer:
            await newcomer.send("CONNECT", token=token)
            assert await newcomer.code() == Close.TRY_AGAIN


async def test_a_redis_that_says_nothing_is_noticed(fragile: Ground) -> None:
    roll = await fragile.campus.roll()
    token = fragile.campus.token(roll.teacher)
    async with fragile.gateway(redis_timeout=0.3) as running, page(running, token, roll.channel) as teacher:
        fragile.valkey.freeze()
        await teacher.send("SUBSCRIBE", channel=roll.channel)
        assert (await teacher.data("ERROR"))["code"] == "unavailable"
        fragile.valkey.thaw()
        assert (await teacher.subscribe(roll.channel))["version"] == 0


async def test_a_refused_command_begins_the_listening_anew(ground: Ground) -> None:
    asking = Asking(ground.campus.redis, 2.0)
    bus = RedisBus(ground.campus.redis, asking, 2.0)
    running = asyncio.create_task(bus.run())
    await bus.subscribe("room")
    bus._take([ResponseError("BUSY")])
    await until(lambda: bus._lives == 2)
    assert bus.is_up
    await cancelled([running])
    await asking.stop()
