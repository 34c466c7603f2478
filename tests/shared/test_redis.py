"""A rush of commands waits for a connection; it is not mistaken for an outage."""

import asyncio

from shared.redis import async_redis
from shared.settings import Settings

RUSH = 300
"""More than redis-py gives connections to by default."""


async def test_a_rush_of_commands_waits_for_connections(settings: Settings) -> None:
    redis = async_redis(settings)
    answers = await asyncio.gather(*(redis.echo(str(number)) for number in range(RUSH)))
    await redis.aclose()
    assert answers == [str(number).encode() for number in range(RUSH)]
