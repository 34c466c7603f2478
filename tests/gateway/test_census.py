"""Gateways say how many sockets they hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from gateway.census import Census
from gateway.hub import Hub
from shared import keys
from shared.messages.condition import REPORT_LIFE, GatewayReport, Held, encode, held
from shared.redis import async_redis
from shared.settings import Settings


async def _held(redis: Redis) -> Held:
    reports: Any = await redis.hgetall(keys.GATEWAYS)
    return held(reports, datetime.now(UTC))


async def test_a_gateway_reports_strikes_out_the_silent_and_leaves(settings: Settings) -> None:
    redis = async_redis(settings)
    dead = encode(GatewayReport(9, datetime.now(UTC) - REPORT_LIFE - timedelta(seconds=1)))
    await redis.hset(keys.GATEWAYS, "dead", dead)
    before = await _held(redis)
    census = Census(redis, Hub(), "counted")
    await census.report()
    assert (await _held(redis)).gateways == before.gateways + 1
    assert not await redis.hexists(keys.GATEWAYS, "dead")
    await census.leave()
    assert await _held(redis) == before
    await redis.aclose()


async def test_leaving_without_redis_is_quiet(settings: Settings) -> None:
    away = async_redis(settings.model_copy(update={"redis_url": "unix:///nowhere.sock"}))
    await Census(away, Hub(), "lost").leave()
