"""Everything derived once more from stored facts (4-pipeline 4.1): what was right before stays byte for byte.

Facts are the union of ranges per participant, connection events, check-ins, marks, enrolments and the session's
times. Suggestions are computed with the policy and the moment they name, so that only a different fact, or a
different program, can change them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import text

from workers.ports import Ports
from workers.store import store
from workers.suggestions import suggested, suggested_then
from workers.tallies import lock_tallies

BATCH = 200

_SESSIONS = text("SELECT id FROM live_sessions WHERE CAST(:only AS uuid) IS NULL OR id = :only ORDER BY id")
_PRESENCE = text("""
    WITH derived AS (
        SELECT p.session_id, p.user_id, lower(p.covered) AS first, upper(p.covered) - interval '75 s' AS last,
               muster_active_seconds(p.covered) AS active, muster_runs(p.covered) AS runs,
               (SELECT max(e.occurred_at) FROM connection_events e
                WHERE e.session_id = p.session_id AND e.user_id = p.user_id AND e.event = 'disconnect') AS gone
        FROM presence p WHERE p.session_id = ANY(:ids)
    )
    UPDATE presence p
    SET first_connected_at = d.first, last_activity_at = d.last, total_active_seconds = d.active, connects = d.runs,
        last_disconnected_at = d.gone
    FROM derived d
    WHERE p.session_id = d.session_id AND p.user_id = d.user_id
      AND (p.first_connected_at, p.last_activity_at, p.total_active_seconds, p.connects, p.last_disconnected_at)
          IS DISTINCT FROM (d.first, d.last, d.active, d.runs, d.gone)
    RETURNING p.session_id
""")
_TALLIES = text("""
    WITH derived AS (
        SELECT s.id,
               (SELECT count(*) FROM session_roll l WHERE l.session_id = s.id)::integer AS enrolled,
               count(r.id) FILTER (WHERE r.status = 'PRESENT')::integer AS present,
               count(r.id) FILTER (WHERE r.status = 'LATE')::integer AS late,
               count(r.id) FILTER (WHERE r.status = 'ABSENT')::integer AS absent,
               count(r.id) FILTER (WHERE r.status = 'EXCUSED')::integer AS excused,
               (SELECT count(*) FROM presence p
                WHERE p.session_id = s.id AND p.connected AND p.user_type = 'student')::integer AS connected
        FROM live_sessions s LEFT JOIN attendance_records r ON r.session_id = s.id AND r.user_type = 'student'
        WHERE s.id = ANY(:ids) GROUP BY s.id
    )
    UPDATE session_tallies t
    SET enrolled = d.enrolled, present = d.present, late = d.late, absent = d.absent, excused = d.excused,
        connected = d.connected, updated_at = now()
    FROM derived d
    WHERE t.session_id = d.id AND (t.enrolled, t.present, t.late, t.absent, t.excused, t.connected)
          IS DISTINCT FROM (d.enrolled, d.present, d.late, d.absent, d.excused, d.connected)
    RETURNING t.session_id
""")
_COMPUTED = text("""
    SELECT session_id, facts_seen < facts AS due FROM session_suggestions
    WHERE session_id = ANY(:ids) AND (computed_at IS NOT NULL OR facts_seen < facts)
""")


def sessions(ports: Ports, only: UUID | None = None) -> list[UUID]:
    """Every session, or one, in order."""
    with ports.engine.connect() as connection:
        return list(connection.execute(_SESSIONS, {"only": only}).scalars())


def recompute(ports: Ports, session_ids: Sequence[UUID]) -> Iterator[tuple[int, Counter[str]]]:
    """Derive everything of these sessions again, batch by batch: how many were done, and rows that changed by table."""
    for place in range(0, len(session_ids), BATCH):
        batch = session_ids[place : place + BATCH]
        yield len(batch), _recompute(ports, batch)


def _recompute(ports: Ports, batch: Sequence[UUID]) -> Counter[str]:
    changed: Counter[str] = Counter()
    with ports.engine.begin() as connection:
        lock_tallies(connection, sorted(batch))
        for name, statement in (("presence", _PRESENCE), ("session_tallies", _TALLIES)):
            changed[name] = len(connection.execute(statement, {"ids": list(batch)}).all())
        rows = connection.execute(_COMPUTED, {"ids": list(batch)}).all()
        due = [row.session_id for row in rows if row.due]
        current = [row.session_id for row in rows if not row.due]
        again = [*suggested(connection, due, ports.now()), *suggested_then(connection, current)]
        changed["suggestions"] = store(connection, again, again=True)
    return changed
