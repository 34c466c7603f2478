"""After a write: what other processes must hear, and what PostgreSQL promises to tell.

A person's write puts its news into the inbox in its own transaction; the drain publishes it after the commit, however
often the API crashes in between. What is done here on Redis after the commit only makes it quicker.
"""

from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.services import Services
from shared import keys
from shared.inbox import PUT, rows
from shared.messages import control
from shared.messages.events import Event
from shared.projection import write

GATE_SECONDS = 15
"""Longer than an end waits for the drain; an end that died with its process closes the gate no longer."""

log = structlog.get_logger()


async def tell(connection: AsyncConnection, *events: Event) -> None:
    """Promise, in this transaction, that the drain will publish these events."""
    await connection.execute(PUT, rows(events))


async def spread(services: Services, session_id: UUID) -> None:
    """After the commit: forget stale facts everywhere, let Redis know the session as it is now, call the drain."""
    services.facts.forget(session_id)
    services.nudger.nudge()
    try:
        facts = await services.facts.get(session_id)
        async with services.redis.pipeline(transaction=True) as pipeline:
            if facts is not None:
                write(pipeline, facts.projection())
            pipeline.publish(keys.CONTROL, control.encode(control.SessionFactsChanged(session_id)))
            await pipeline.execute()
    except RedisError as error:
        log.warning("redis away; the drain will project the session", reason=type(error).__name__)


async def close_gate(services: Services, session_id: UUID) -> None:
    """Refuse check-ins at once, where they are appended, before PostgreSQL is asked."""
    try:
        await services.redis.set(keys.ending(session_id), 1, ex=GATE_SECONDS)
    except RedisError as error:
        log.warning("redis away; the gate follows the database", reason=type(error).__name__)


async def open_gate(services: Services, session_id: UUID) -> None:
    """The end did not come about; whether the session is active decides again."""
    try:
        await services.redis.delete(keys.ending(session_id))
    except RedisError as error:
        log.warning("redis away; the gate opens by itself", reason=type(error).__name__)
