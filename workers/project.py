"""Telling Redis what it must know of sessions, from the truth."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from shared import keys
from shared.domain.lifecycle import opens_at
from shared.domain.tickets import to_millis
from shared.domain.words import Mode, SessionStatus
from shared.messages import control
from shared.messages.events import CheckInAccepted
from shared.projection import Projection, write
from workers.ports import Ports

RECEIPT_SECONDS = 86_400
"""As api/intake.py keeps them."""

_PROJECTED = """
    SELECT s.id, s.status, s.teacher_id, s.mode, s.scheduled_start,
           ARRAY(SELECT r.student_id FROM session_roll r WHERE r.session_id = s.id) AS students
    FROM live_sessions s WHERE
"""
_BY_IDS = text(_PROJECTED + "s.id = ANY(:ids)")
_OPEN = text("""
    SELECT id, status FROM live_sessions
    WHERE status IN ('scheduled', 'active') OR ended_at > now() - interval '6 hours'
""")


def project(ports: Ports, connection: Connection, session_ids: Collection[UUID]) -> None:
    """Write the projections of sessions that changed, and tell every process to forget its copy."""
    if not session_ids:
        return
    rows = connection.execute(_BY_IDS, {"ids": list(session_ids)}).all()
    pipeline: Any = ports.redis.pipeline(transaction=True)
    for row in rows:
        write(pipeline, _projection(row))
        pipeline.publish(keys.CONTROL, control.encode(control.SessionFactsChanged(row.id)))
    pipeline.execute()


def remember_receipts(ports: Ports, check_ins: Iterable[CheckInAccepted]) -> None:
    """Let Redis answer repeats of check-ins that were accepted while it was away, as lua/accept.lua would have."""
    pipeline: Any = ports.redis.pipeline(transaction=False)
    for event in check_ins:
        receipt = f"{event.id} {event.status} {to_millis(event.scanned_at)}"
        pipeline.hsetnx(keys.receipts(event.session_id), str(event.student_id), receipt)
        pipeline.expire(keys.receipts(event.session_id), RECEIPT_SECONDS)
    pipeline.execute()


def reproject(ports: Ports) -> None:
    """Write the projections of open sessions, and of those ended lately, that Redis has forgotten or has wrong."""
    with ports.engine.connect() as connection:
        status = {row.id: row.status for row in connection.execute(_OPEN)}
        pipeline: Any = ports.redis.pipeline(transaction=False)
        for session_id in status:
            pipeline.hget(keys.session(session_id), "status")
        known = dict(zip(status, pipeline.execute(), strict=True))
        wrong = [session_id for session_id in status if (known[session_id] or b"").decode() != status[session_id]]
        project(ports, connection, wrong)


def _projection(row: Row[Any]) -> Projection:
    opens = opens_at(Mode(row.mode), row.scheduled_start)
    return Projection(row.id, SessionStatus(row.status), row.teacher_id, row.students, opens)
