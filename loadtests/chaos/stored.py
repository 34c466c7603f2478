"""What the database holds after the storm, read in a few statements."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from loadtests.chaos.ledger import Key
from loadtests.chaos.oracle import StoredPresence
from shared.domain.attendance import Tally
from shared.domain.presence import runs_covering

_PRESENCE = text("SELECT * FROM presence WHERE session_id = ANY(:ids)")
_AUDIT = text("SELECT session_id, user_id, event, occurred_at FROM connection_events WHERE session_id = ANY(:ids)")
_CHECK_INS = text("SELECT session_id, student_id, id FROM check_ins WHERE session_id = ANY(:ids)")
_MARKS = text("""
    SELECT session_id, student_id, status, source FROM attendance_records
    WHERE session_id = ANY(:ids) AND user_type = 'student'
""")
_HISTORY = text("""
    SELECT session_id, student_id, old_status, new_status, source FROM attendance_status_changes
    WHERE session_id = ANY(:ids) ORDER BY session_id, place
""")
_TALLIES = text("""
    SELECT session_id, enrolled, present, late, absent, excused, connected FROM session_tallies
    WHERE session_id = ANY(:ids)
""")
_DEAD = text("SELECT payload FROM dead_letters")

Change = tuple[str | None, str, str]
"""Old status, new status, source."""


def presence(connection: Connection, sessions: Sequence[UUID]) -> dict[Key, StoredPresence]:
    """Every presence row."""
    return {(row.session_id, row.user_id): _presence(row) for row in _rows(connection, _PRESENCE, sessions)}


def _presence(row: Any) -> StoredPresence:
    return StoredPresence(
        runs=runs_covering((part.lower, part.upper) for part in row.covered),
        active_seconds=row.total_active_seconds,
        connects=row.connects,
        first=row.first_connected_at,
        last=row.last_activity_at,
        disconnected=row.last_disconnected_at,
        activities=row.activity_counts,
    )


def audit(connection: Connection, sessions: Sequence[UUID]) -> dict[tuple[Key, str], list[datetime]]:
    """The moments of every event, by person and kind."""
    found: dict[tuple[Key, str], list[datetime]] = defaultdict(list)
    for row in _rows(connection, _AUDIT, sessions):
        found[(row.session_id, row.user_id), row.event].append(row.occurred_at)
    return found


def check_ins(connection: Connection, sessions: Sequence[UUID]) -> dict[Key, set[UUID]]:
    """The ids of every student's check-ins."""
    found: dict[Key, set[UUID]] = defaultdict(set)
    for row in _rows(connection, _CHECK_INS, sessions):
        found[row.session_id, row.student_id].add(row.id)
    return found


def marks(connection: Connection, sessions: Sequence[UUID]) -> dict[Key, tuple[str, str]]:
    """Status and source of every student's mark."""
    rows = _rows(connection, _MARKS, sessions)
    return {(row.session_id, row.student_id): (row.status, row.source) for row in rows}


def history(connection: Connection, sessions: Sequence[UUID]) -> dict[Key, list[Change]]:
    """Every change of every student's mark, in order."""
    found: dict[Key, list[Change]] = defaultdict(list)
    for row in _rows(connection, _HISTORY, sessions):
        found[row.session_id, row.student_id].append((row.old_status, row.new_status, row.source))
    return found


def tallies(connection: Connection, sessions: Sequence[UUID]) -> dict[UUID, Tally]:
    """The counters."""
    return {row.session_id: Tally(*row[1:]) for row in _rows(connection, _TALLIES, sessions)}


def dead_letters(connection: Connection) -> list[bytes]:
    """The payloads nobody could apply."""
    return [bytes(payload) for payload in connection.execute(_DEAD).scalars()]


def _rows(connection: Connection, statement: Any, sessions: Sequence[UUID]) -> Sequence[Any]:
    return connection.execute(statement, {"ids": list(sessions)}).all()
