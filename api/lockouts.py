"""Is this person disabled? Asked once per token and process, for all new tokens of the moment in one query.

A token that was remembered before is forgotten when the person is disabled (api/listener.py), and then asked again.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from api.breaker import Breaker
from api.microbatch import MicroBatch
from shared.database import speak_as

PATIENCE_SECONDS = 2.0
"""How long a request waits to hear whether its person is disabled."""

log = structlog.get_logger()

_DISABLED = text("SELECT id FROM users WHERE id = ANY(:ids) AND disabled_at IS NOT NULL")


class Lockouts:
    """Disabled people, as PostgreSQL knows them.

    While PostgreSQL is away nothing is known and nobody is refused here: hardly anything works then, but a check-in
    into a session whose facts are remembered does, and a whole class may not be locked out of that. What is not known
    is not remembered: it is asked again.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._breaker = Breaker()
        self._batch: MicroBatch[UUID, bool | None] = MicroBatch(self._ask)

    async def disabled(self, user_id: UUID) -> bool | None:
        """Whether the person may do nothing any more, whatever their token says; None while nobody can say."""
        return await self._batch.add(user_id)

    async def _ask(self, user_ids: list[UUID]) -> Sequence[bool | None]:
        if self._breaker.closed:
            # Waited for, not cancelled: ending a query on a frozen server takes longer than anybody should wait here.
            reading = asyncio.create_task(self._read(user_ids))
            await asyncio.wait({reading}, timeout=PATIENCE_SECONDS)
            if reading.done() and (found := reading.result()) is not None:
                return [user_id in found for user_id in user_ids]
            self._breaker.trip()
        return [None] * len(user_ids)

    async def _read(self, user_ids: list[UUID]) -> set[UUID] | None:
        try:
            async with speak_as(self._engine, None, None) as connection:
                return set((await connection.execute(_DISABLED, {"ids": user_ids})).scalars())
        except (SQLAlchemyError, OSError) as error:
            log.warning("database away; disabled people are not seen", reason=type(error).__name__)
            return None
