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
from shared.domain.words import SessionStatus
from shared.inbox import PUT, rows
from shared.messages import control
from shared.messages.events import Event
from shared.projection import write

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


async def set_gate(services: Services, session_id: UUID, status: SessionStatus | str) -> None:
    """Open or close the gate of check-ins at once, where they are appended, before PostgreSQL is asked."""
    try:
        if await services.redis.exists(keys.session(session_id)):
            await services.redis.hset(keys.session(session_id), "status", status)
    except RedisError as error:
        log.warning("redis away; the gate follows the database", reason=type(error).__name__)
