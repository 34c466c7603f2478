"""Suggestions in batches: sessions whose facts changed are computed and stored (1-domain 1.3).

Triggers count the changes of a session's facts; a stored suggestion names the count it saw, so what is due is a
comparison of two numbers, and losing a call loses nothing. Facts are read without a lock and the result is stored
only if nobody stored a later one meanwhile. A running session's facts change with every heartbeat, so those are
computed at most every 30 s, or when somebody asks.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from shared.domain.engagement import SessionTimes
from shared.domain.evidence import CheckIn, Participant, SessionFacts
from shared.domain.policy import DEFAULTS, Policy
from shared.domain.presence import runs_covering
from shared.domain.suggestion import suggest_session
from shared.domain.words import Mark, Mode, SessionStatus, UserType
from workers.ports import Ports
from workers.store import Computed, store

BATCH = 100
"""Sessions computed in one go."""
BUDGET_SECONDS = 10.0

_DUE = text("""
    SELECT q.session_id FROM session_suggestions q JOIN live_sessions s ON s.id = q.session_id
    WHERE q.facts_seen < q.facts
      AND (s.status IN ('completed', 'cancelled') OR q.computed_at IS NULL OR q.computed_at < now() - interval '30 s')
    ORDER BY q.session_id LIMIT :most
""")
_SESSIONS = """
    SELECT s.id, s.mode, s.status, s.scheduled_start, s.scheduled_end, s.started_at, s.ended_at, q.facts,
           q.computed_at, p.version, p.late_after_minutes, p.absent_after_minutes, p.low_engagement,
           p.medium_engagement, p.high_engagement, p.short_session_minutes, p.max_connects
    FROM live_sessions s JOIN session_suggestions q ON q.session_id = s.id
    LEFT JOIN {policies} WHERE s.id = ANY(:ids)
"""
_WITH_CURRENT_POLICY = text(_SESSIONS.format(policies="current_policies p ON p.course_id = s.course_id"))
_WITH_STORED_POLICY = text(
    _SESSIONS.format(policies="course_policies p ON p.course_id = s.course_id AND p.version = q.policy_version")
)
_PEOPLE = text("""
    WITH people AS (
        SELECT s.id AS session_id, s.teacher_id AS user_id, 'tutor' AS user_type
        FROM live_sessions s WHERE s.id = ANY(:ids)
        UNION
        SELECT r.session_id, r.student_id, 'student' FROM session_roll r WHERE r.session_id = ANY(:ids)
    )
    SELECT people.*, p.covered, c.status, c.scanned_at
    FROM people
    LEFT JOIN presence p ON p.session_id = people.session_id AND p.user_id = people.user_id
    LEFT JOIN LATERAL (SELECT c.status, c.scanned_at FROM check_ins c
                       WHERE c.session_id = people.session_id AND c.student_id = people.user_id
                       ORDER BY c.accepted_at, c.id LIMIT 1) c ON people.user_type = 'student'
    ORDER BY people.session_id, people.user_type DESC, people.user_id
""")


def compute_due(ports: Ports) -> int:
    """Compute every session that is due, within bounds; how many there were."""
    until = time.monotonic() + BUDGET_SECONDS
    done = 0
    while time.monotonic() < until:
        with ports.engine.connect() as connection:
            due = list(connection.execute(_DUE, {"most": BATCH}).scalars())
        compute(ports, due)
        done += len(due)
        if len(due) < BATCH:
            break
    return done


def compute(ports: Ports, session_ids: Sequence[UUID]) -> None:
    """Compute these sessions with the policies that count now, and store what comes out."""
    if not session_ids:
        return
    with ports.engine.begin() as connection:
        found = list(suggested(connection, session_ids, ports.now()))
        store(connection, found)


def suggested(connection: Connection, session_ids: Sequence[UUID], now: datetime) -> Iterator[Computed]:
    """The suggestions of sessions as they are now."""
    yield from _suggested(connection, connection.execute(_WITH_CURRENT_POLICY, {"ids": list(session_ids)}).all(), now)


def suggested_then(connection: Connection, session_ids: Sequence[UUID]) -> Iterator[Computed]:
    """The suggestions of sessions once more as they were computed: same policy, same moment."""
    rows = connection.execute(_WITH_STORED_POLICY, {"ids": list(session_ids)}).all()
    yield from _suggested(connection, rows, None)


def _suggested(connection: Connection, sessions: Sequence[Row[Any]], now: datetime | None) -> Iterator[Computed]:
    people = _people(connection, [row.id for row in sessions])
    for row in sessions:
        at = now or row.computed_at
        present = people.get(row.id, [])
        yield Computed(row.id, row.facts, at, present, suggest_session(_facts(row), present, _policy(row), at))


def _people(connection: Connection, session_ids: Sequence[UUID]) -> dict[UUID, list[Participant]]:
    found: dict[UUID, list[Participant]] = {}
    for row in connection.execute(_PEOPLE, {"ids": list(session_ids)}):
        runs = runs_covering((part.lower, part.upper) for part in row.covered or ())
        check_in = None if row.status is None else CheckIn(Mark(row.status), row.scanned_at)
        person = Participant(row.user_id, UserType(row.user_type), runs, check_in)
        found.setdefault(row.session_id, []).append(person)
    return found


def _facts(row: Row[Any]) -> SessionFacts:
    times = SessionTimes(row.scheduled_start, row.scheduled_end, row.started_at, row.ended_at)
    return SessionFacts(Mode(row.mode), SessionStatus(row.status), times)


def _policy(row: Row[Any]) -> Policy:
    if row.version is None:
        return DEFAULTS
    return Policy(**{name: getattr(row, name) for name in Policy.__dataclass_fields__})
