"""The roll as a spreadsheet: one row per student of a session, with mark, evidence and presence (2-http-api 2.1).

The API, the exports queue and ``muster export`` write the same rows; only whose rights they read with differs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from shared.domain.engagement import in_minutes, one_decimal
from shared.sheets import Cell

COLUMNS = (
    "student_number", "last_name", "first_name", "email", "status", "source", "marked_at", "marked_by", "check_in_at",
    "active_minutes", "notes",
)  # fmt: skip
COURSE_COLUMNS = ("session_date", "class_name", *COLUMNS)
"""Of a whole course: which session each row belongs to stands before it."""

FETCHED = 500
"""Rows that a cursor brings at once."""

# Active time is what lies inside the person's window (1-domain 1.2); a run is its range without the last 75 s.
_ROWS = """
    SELECT s.session_date, s.class_name, n.student_number, u.last_name, u.first_name, u.email,
           lower(a.status) AS status, a.source, a.marked_at, m.first_name || ' ' || m.last_name AS marked_by,
           c.scanned_at AS check_in_at, w.active, a.notes
    FROM live_sessions s
    JOIN session_roll r ON r.session_id = s.id
    JOIN users u ON u.id = r.student_id
    JOIN students n ON n.user_id = r.student_id
    LEFT JOIN attendance_records a ON a.session_id = s.id AND a.student_id = r.student_id
    LEFT JOIN users m ON m.id = a.marked_by
    LEFT JOIN LATERAL (SELECT i.scanned_at FROM check_ins i WHERE i.session_id = s.id AND i.student_id = r.student_id
                       ORDER BY i.accepted_at LIMIT 1) c ON true
    LEFT JOIN presence p ON p.session_id = s.id AND p.user_id = r.student_id AND p.user_type = 'student'
    LEFT JOIN LATERAL (
        SELECT sum(greatest(interval '0',
                            least(upper(run) - interval '75 s', s.scheduled_end, coalesce(s.ended_at, :now))
                            - greatest(lower(run), s.scheduled_start, s.started_at))) AS active
        FROM unnest(p.covered) AS run) w ON true
    WHERE {which}
    ORDER BY s.session_date, s.id, u.last_name, u.first_name, n.student_number
"""
ROLL = text(_ROWS.format(which="s.id = :id"))
"""Takes :func:`roll_of`."""
COURSE = text(_ROWS.format(which="s.course_id = :id AND s.status IN ('active', 'completed')"))
"""Takes :func:`roll_of`, with a course."""
COUNT = text("SELECT count(*) FROM session_roll r WHERE r.session_id = :id")
COUNT_COURSE = text("""
    SELECT count(*) FROM session_roll r JOIN live_sessions s ON s.id = r.session_id
    WHERE s.course_id = :id AND s.status IN ('active', 'completed')
""")


def roll_of(subject: UUID, now: datetime) -> Mapping[str, Any]:
    """The parameters of a roll; ``now`` is the end of a window that is still open."""
    return {"id": subject, "now": now}


def streamed(statement: TextClause) -> TextClause:
    """The same, through a cursor on the server: a roll of any length is never in memory."""
    return statement.execution_options(yield_per=FETCHED)


def cells(row: Row[Any]) -> tuple[Cell, ...]:
    """A row of :data:`ROLL` under :data:`COLUMNS`. Nobody's mark, time or presence is an empty cell or 0.0."""
    return (
        row.student_number,
        row.last_name,
        row.first_name,
        row.email,
        row.status,
        row.source,
        _moment(row.marked_at),
        row.marked_by,
        _moment(row.check_in_at),
        one_decimal(in_minutes(row.active or timedelta(0))),
        row.notes,
    )


def course_cells(row: Row[Any]) -> tuple[Cell, ...]:
    """A row of :data:`COURSE` under :data:`COURSE_COLUMNS`."""
    return (row.session_date.isoformat(), row.class_name, *cells(row))


def _moment(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, as everywhere in the API."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
