"""Is this person disabled? Asked once per token and process, for all new tokens of the moment in one query.

A token that was remembered before is forgotten when the person is disabled (api/listener.py), and then asked again.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from api.breaker import Breaker
from api.microbatch import MicroBatch
from shared.database import speak_as

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
            try:
                async with speak_as(self._engine, None, None) as connection:
                    found = set((await connection.execute(_DISABLED, {"ids": user_ids})).scalars())
                return [user_id in found for user_id in user_ids]
            except (SQLAlchemyError, OSError) as error:
                self._breaker.trip()
                log.warning("database away; disabled people are not seen", reason=type(error).__name__)
        return [None] * len(user_ids)
