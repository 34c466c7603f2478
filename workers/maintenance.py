"""Periodic care: overdue sessions, counter snapshots, and what Redis may have forgotten."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from shared.domain.words import SessionStatus
from shared.inbox import PUT, rows
from shared.messages.events import SessionStatusChanged
from workers.ports import Ports
from workers.project import reproject

UNSCHEDULED_HOURS = 12
"""A session without a planned end is closed this long after its start (1-domain 1.5)."""

log = structlog.get_logger()

_OVERDUE = text("""
    SELECT s.id FROM live_sessions s JOIN session_tallies t ON t.session_id = s.id
    WHERE s.status = 'active'
      AND :now >= coalesce(greatest(s.scheduled_end, s.started_at) + :grace, s.started_at + :longest)
    ORDER BY s.id FOR UPDATE OF t SKIP LOCKED
""")
_CLOSE = text(
    "UPDATE live_sessions SET status = 'completed', ended_at = :now WHERE id = ANY(:ids) AND status = 'active' "
    "RETURNING id"
)
_BECAUSE = text("SELECT set_config('muster.reason', 'overdue', true)")
_SNAPSHOT = text("""
    INSERT INTO session_analytics (session_id, enrolled, present, late, absent, excused, connected)
    SELECT t.session_id, t.enrolled, t.present, t.late, t.absent, t.excused, t.connected
    FROM session_tallies t
    WHERE t.updated_at > now() - interval '10 minutes'
      AND NOT EXISTS (SELECT 1 FROM session_analytics a WHERE a.session_id = t.session_id
                      AND (a.taken_at >= t.updated_at OR a.taken_at > now() - interval '10 seconds'))
    RETURNING session_id
""")
_FORGET = text("DELETE FROM counted_deliveries WHERE counted_at < now() - interval '1 day'")
_FORGET_REDEMPTIONS = text("DELETE FROM redemptions WHERE redeemed_at < now() - interval '1 day'")
_ACTIVITY = text("""
    UPDATE websocket_channels c SET last_activity_at = t.updated_at
    FROM session_tallies t WHERE t.session_id = c.session_id AND t.session_id = ANY(:ids)
""")


def close_overdue(ports: Ports) -> int:
    """Close sessions that nobody ended: 60 min after the planned end, 12 h after the start without one."""
    now = ports.now()
    bounds = {
        "now": now,
        "grace": timedelta(minutes=ports.settings.overdue_minutes),
        "longest": timedelta(hours=UNSCHEDULED_HOURS),
    }
    with ports.engine.begin() as connection:
        overdue = list(connection.execute(_OVERDUE, bounds).scalars())
        connection.execute(_BECAUSE)
        closed = list(connection.execute(_CLOSE, {"now": now, "ids": overdue}).scalars())
        if closed:
            connection.execute(PUT, rows([_ended(session, now) for session in closed]))
    if closed:
        log.info("closed overdue sessions", count=len(closed))
    return len(closed)


def take_snapshots(ports: Ports) -> int:
    """Keep the counters of sessions that changed: at most one snapshot per session per 10 s."""
    with ports.engine.begin() as connection:
        taken = list(connection.execute(_SNAPSHOT).scalars())
        if taken:
            connection.execute(_ACTIVITY, {"ids": taken})
    return len(taken)


def forget_deliveries(ports: Ports) -> None:
    """Entries are settled within seconds, or dead after five tries; tickets and receipts end within a day too."""
    with ports.engine.begin() as connection:
        connection.execute(_FORGET)
        connection.execute(_FORGET_REDEMPTIONS)


def project_sessions(ports: Ports) -> None:
    """Let Redis know open sessions again after it lost them."""
    reproject(ports)


def _ended(session_id: UUID, now: datetime) -> SessionStatusChanged:
    return SessionStatusChanged(session_id, SessionStatus.ACTIVE, SessionStatus.COMPLETED, now, "overdue")
