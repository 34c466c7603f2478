"""Waiting for quiet: nothing waits in stream or inbox, everybody who left is noted, every suggestion is current."""

import asyncio
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import Engine, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from shared import keys
from shared.domain.presence import GAP
from shared.redis import sync_redis
from shared.settings import Settings

STEP = 0.5
_WAITING = text("SELECT count(*) FROM inbox")
_CONNECTED = text("""
    SELECT count(*) FROM presence WHERE connected AND last_activity_at < now() - CAST(:gap AS interval)
""")

_DUE = text("SELECT count(*) FROM session_suggestions WHERE facts_seen < facts")


class NeverQuiet(Exception):
    """Something still waits after a long time."""


async def until_drained(settings: Settings, owner: Engine, seconds: float) -> float:
    """Until stream and inbox are empty; how long that took. Raises :class:`NeverQuiet`."""
    return await _until(lambda: _waiting(settings, owner), seconds)


async def until_swept(owner: Engine, seconds: float) -> float:
    """Until everybody who went silent is noted as gone."""
    return await _until(lambda: _count(owner, _CONNECTED, {"gap": GAP}), seconds)


async def until_computed(owner: Engine, seconds: float) -> float:
    """Until every suggestion knows every fact."""
    return await _until(lambda: _count(owner, _DUE, {}), seconds)


async def _until(count: Callable[[], int], seconds: float) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while (waiting := await asyncio.to_thread(count)) != 0:
        if loop.time() - begun > seconds:
            raise NeverQuiet(f"{waiting} still wait after {seconds:g} s")
        await asyncio.sleep(STEP)
    return loop.time() - begun


def _waiting(settings: Settings, owner: Engine) -> int:
    redis: Any = sync_redis(settings)
    try:
        with owner.connect() as connection:
            rows: int = connection.execute(_WAITING).scalar_one()
        return rows + int(redis.xlen(keys.EVENTS))
    except (RedisError, SQLAlchemyError, OSError):
        return -1  # a service is still coming back
    finally:
        redis.close()


def _count(owner: Engine, statement: TextClause, values: dict[str, Any]) -> int:
    with owner.connect() as connection:
        found: int = connection.execute(statement, values).scalar_one()
    return found
