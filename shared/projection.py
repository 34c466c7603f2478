"""What Redis must know of a session: its status, its teacher and its roster.

PostgreSQL is the truth; this is a copy that gate (lua/accept.lua) and gateway can ask without a query. It may be
lost at any time and is written again by whoever misses it first: the API, or the worker that drains a change.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from shared import keys
from shared.domain.words import SessionStatus

OPEN_LIFE = timedelta(days=2)
OVER_LIFE = timedelta(hours=6)
"""A dashboard may stay open for a while after the end."""


@dataclass(frozen=True, slots=True)
class Projection:
    """One session as Redis knows it."""

    session_id: UUID
    status: SessionStatus
    teacher_id: UUID
    student_ids: Iterable[UUID]


def write(pipeline: Any, projection: Projection) -> None:
    """Queue the writes on a Redis pipeline (blocking or asyncio), made with ``transaction=True``."""
    life = OVER_LIFE if projection.status.is_over else OPEN_LIFE
    session_key, roster_key = keys.session(projection.session_id), keys.roster(projection.session_id)
    students = [str(student) for student in projection.student_ids]
    pipeline.hset(session_key, mapping={"status": projection.status.value, "teacher": str(projection.teacher_id)})
    pipeline.expire(session_key, life)
    pipeline.delete(roster_key)
    if students:
        pipeline.sadd(roster_key, *students)
        pipeline.expire(roster_key, life)
