"""The room at a glance: a snapshot that stands at a version of the session's channel (3-realtime 3.2).

Version and epoch are read *before* the rows. A push that falls between is then applied once more by whoever follows
the channel from here; pushes carry absolute values, so that is harmless. The other way round it would be missed.
"""

import secrets
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.ownership import STAFF, as_person
from api.services import Services
from api.sessions import SessionRow, load
from api.views import FlagView, LiveAttendanceUpdateView, LiveSessionStats, LocationView
from shared import keys
from shared.domain.attendance import Tally
from shared.lua import script
from shared.tokens import Identity

RECENT = 20
FLAGS = 500
POSITION_SECONDS = 7 * 86_400
NOWHERE = (0, "")
"""Position while Redis is away: no channel has this epoch, so a follower resyncs as soon as it can."""

log = structlog.get_logger()

_TALLY = text("SELECT enrolled, present, late, absent, excused, connected FROM session_tallies WHERE session_id = :id")
_RECENT = text("""
    SELECT c.session_id, c.student_id, n.student_number, u.first_name || ' ' || u.last_name AS student_name,
           c.scanned_at, c.status, c.inside, c.distance_meters
    FROM (SELECT DISTINCT ON (student_id) * FROM check_ins WHERE session_id = :id ORDER BY student_id, accepted_at) c
    JOIN users u ON u.id = c.student_id JOIN students n ON n.user_id = c.student_id
    ORDER BY c.scanned_at DESC, c.student_id LIMIT :most
""")

_FLAGS = text("""
    SELECT student_id, kind, detail, raised_at FROM check_in_flags WHERE session_id = :id
    ORDER BY raised_at DESC, student_id, kind LIMIT :most
""")


async def read_position(services: Services, session_id: UUID) -> tuple[int, str]:
    """The channel's version and epoch."""
    arguments: list[Any] = [secrets.token_hex(8), POSITION_SECONDS]
    try:
        channel = keys.channel(session_id)
        version, epoch = await services.redis.eval(
            script("position"), 2, keys.position(channel), keys.history(channel), *arguments
        )
    except RedisError as error:
        log.warning("redis away; the snapshot has no position", reason=type(error).__name__)
        return NOWHERE
    return int(version), epoch.decode()


async def read_stats(services: Services, who: Identity, session_id: UUID) -> LiveSessionStats:
    """The snapshot, as this person may see it."""
    position = await read_position(services, session_id)
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id)
        tally = Tally(*(await connection.execute(_TALLY, {"id": session_id})).one())
        recent = await _recent(connection, session_id) if who.role in STAFF else []
        flags = await _flags(connection, session_id) if who.role in STAFF else None
    return _view(row, tally, recent, position, flags)


async def _flags(connection: AsyncConnection, session_id: UUID) -> list[FlagView]:
    rows = await connection.execute(_FLAGS, {"id": session_id, "most": FLAGS})
    return [
        FlagView(student_id=row.student_id, kind=row.kind, detail=row.detail, timestamp=row.raised_at) for row in rows
    ]


async def _recent(connection: AsyncConnection, session_id: UUID) -> list[LiveAttendanceUpdateView]:
    rows = await connection.execute(_RECENT, {"id": session_id, "most": RECENT})
    return [_update(row) for row in rows]


def _update(row: Row[Any]) -> LiveAttendanceUpdateView:
    return LiveAttendanceUpdateView(
        session_id=row.session_id,
        student_id=row.student_id,
        student_number=row.student_number,
        student_name=row.student_name,
        timestamp=row.scanned_at,
        status=row.status.lower(),
        check_in_location=_location(row),
    )


def _location(row: Row[Any]) -> LocationView | None:
    return None if row.inside is None else LocationView(inside=row.inside, distance_meters=row.distance_meters)


def _view(
    row: SessionRow,
    tally: Tally,
    recent: list[LiveAttendanceUpdateView],
    position: tuple[int, str],
    flags: list[FlagView] | None,
) -> LiveSessionStats:
    return LiveSessionStats(
        session_id=row.id,
        status=row.status,
        total_students=tally.enrolled,
        present_students=tally.present + tally.late,
        late_students=tally.late,
        absent_students=tally.absent,
        excused_students=tally.excused,
        not_marked=tally.not_marked,
        connected_count=tally.connected,
        attendance_rate=tally.rate,
        recent_checkins=recent,
        flags=flags,
        version=position[0],
        epoch=position[1],
    )
