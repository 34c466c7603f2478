"""Redis connections, with a limit on every call.

redis-py's own retries are off: whoever calls decides what a failure means (the API turns to its inbox, a drain
leaves the entry where it is), and a hidden retry would double the time before it can.
"""

from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from shared.settings import Settings

CONNECTIONS = 50
"""Connections of one event loop at most. redis-py would refuse whoever comes when a hundred are busy, at once and as if
Redis were away: a rush of requests that each ask something is no outage, so they wait in line."""


def _limits(settings: Settings) -> dict[str, Any]:
    return {"socket_timeout": settings.redis_timeout, "socket_connect_timeout": settings.redis_timeout}


def async_redis(settings: Settings) -> redis.asyncio.Redis:
    """The client of an event loop. Whoever listens makes a connection of its own, without a limit on silence."""
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=CONNECTIONS,
        timeout=settings.redis_timeout,
        retry=AsyncRetry(NoBackoff(), 0),
        **_limits(settings),
    )
    return redis.asyncio.Redis.from_pool(pool)


def sync_redis(settings: Settings) -> "redis.Redis":
    """The client of a worker process."""
    return redis.Redis.from_url(settings.redis_url, retry=Retry(NoBackoff(), 0), **_limits(settings))
