"""What Redis must know of a session: its status, when it opens, its teacher and its roster.

PostgreSQL is the truth; this is a copy that gate (lua/accept.lua) and gateway can ask without a query. It may be
lost at any time and is written again by whoever misses it first: the API at a check-in, the worker that drains a
change, or the periodic one that looks after open sessions and those that ended lately.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from shared import keys
from shared.domain.words import SessionStatus
from shared.lua import script

OPEN_LIFE = timedelta(days=2)
OVER_LIFE = timedelta(hours=6)
"""A dashboard may stay open for a while after the end."""


@dataclass(frozen=True, slots=True)
class Projection:
    """One session as Redis knows it. ``opens_at`` is when it takes connection events although it has not started."""

    session_id: UUID
    status: SessionStatus
    teacher_id: UUID
    student_ids: Iterable[UUID]
    opens_at: datetime | None = None


def write(pipeline: Any, projection: Projection) -> None:
    """Queue the write on a Redis pipeline (blocking or asyncio); see lua/project.lua."""
    life = OVER_LIFE if projection.status.is_over else OPEN_LIFE
    students = msgspec.json.encode([str(student) for student in projection.student_ids])
    pipeline.eval(
        script("project"),
        2,
        keys.session(projection.session_id),
        keys.roster(projection.session_id),
        projection.status.value,
        str(projection.teacher_id),
        int(life.total_seconds()),
        students,
        projection.opens_at.isoformat() if projection.opens_at else "",
    )
