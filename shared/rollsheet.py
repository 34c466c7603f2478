"""The roll as a spreadsheet: one row per student of a session, with mark, evidence and presence (2-http-api 2.1).

The API, the exports queue and ``muster export`` write the same rows; only whose rights they read with differs. Who made
a mark belongs to it also where the reader may not look that person up, so names are asked for apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, TextClause, text

from shared.domain.engagement import in_minutes, one_decimal
from shared.sheets import Cell, Sheet

COLUMNS = (
    "student_number", "last_name", "first_name", "email", "status", "source", "marked_at", "marked_by", "check_in_at",
    "active_minutes", "notes",
)  # fmt: skip

FETCHED = 500
"""Rows that a cursor brings at once."""
REPORTED = 1_000
"""Rows between two reports of progress."""
STATEMENT_LIMIT = timedelta(minutes=5)
"""Sorting a very long roll may take longer than an ordinary statement is allowed to."""

# Active time is what lies inside the person's window (1-domain 1.2); a run is its range without the last 75 s.
_ROWS = """
    SELECT s.session_date, s.class_name, n.student_number, u.last_name, u.first_name, u.email,
           lower(a.status) AS status, a.source, a.marked_at, a.marked_by, c.scanned_at AS check_in_at, w.active, a.notes
    FROM live_sessions s
    JOIN session_roll r ON r.session_id = s.id
    JOIN users u ON u.id = r.student_id
    JOIN students n ON n.user_id = r.student_id
    LEFT JOIN attendance_records a ON a.session_id = s.id AND a.student_id = r.student_id
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
_COUNT = "SELECT count(*) FROM session_roll r JOIN live_sessions s ON s.id = r.session_id WHERE {which}"
_MARKERS = """
    SELECT DISTINCT a.marked_by FROM attendance_records a JOIN live_sessions s ON s.id = a.session_id
    WHERE {which} AND a.marked_by IS NOT NULL
"""
_PATIENCE = text("SELECT set_config('statement_timeout', :millis, true)")
NAMES = text("SELECT id, first_name || ' ' || last_name AS name FROM users WHERE id = ANY(:ids)")
"""Names of the people that :attr:`RollSheet.markers` gave as ``ids``."""


@dataclass(frozen=True, slots=True)
class RollSheet:
    """One kind of sheet: its header and its statements.

    ``count`` and ``markers`` take ``id``, ``rows`` also ``now``, the end of a window that is still open; it comes
    through a cursor on the server, so that a roll of any length is never in memory.
    """

    columns: tuple[str, ...]
    rows: TextClause
    count: TextClause
    markers: TextClause

    @classmethod
    def where(cls, which: str, *more: str) -> "RollSheet":
        """The sheet of these sessions; ``more`` are columns of the session before the student's."""
        rows = text(_ROWS.format(which=which)).execution_options(yield_per=FETCHED)
        return cls((*more, *COLUMNS), rows, text(_COUNT.format(which=which)), text(_MARKERS.format(which=which)))

    def cells(self, row: Row[Any], names: Mapping[UUID, str]) -> tuple[Cell, ...]:
        """A row under the header. What nobody knows is an empty cell; who never came was active for 0.0 minutes."""
        known = {
            **row._mapping,
            "session_date": row.session_date.isoformat(),
            "marked_at": _moment(row.marked_at),
            "marked_by": names.get(row.marked_by),
            "check_in_at": _moment(row.check_in_at),
            "active_minutes": one_decimal(in_minutes(row.active or timedelta(0))),
        }
        return tuple(known[column] for column in self.columns)


SESSION = RollSheet.where("s.id = :id")
"""The roll of one session."""

COURSE = RollSheet.where("s.course_id = :id AND s.status IN ('active', 'completed')", "session_date", "class_name")
"""The rolls of every session of a course that was held, one after the other."""


def write_sheet(
    connection: Connection,
    kind: RollSheet,
    subject_id: UUID,
    now: datetime,
    sheet: Sheet,
    told: Callable[[int], None],
) -> int:
    """Write every row in this transaction; how many there were. ``told`` hears of them now and then."""
    connection.execute(_PATIENCE, {"millis": str(int(STATEMENT_LIMIT.total_seconds() * 1000))})
    markers = list(connection.execute(kind.markers, {"id": subject_id}).scalars())
    names = {row.id: row.name for row in connection.execute(NAMES, {"ids": markers})}
    done = 0
    with connection.execute(kind.rows, {"id": subject_id, "now": now}) as found:
        for done, row in enumerate(found, 1):
            sheet.append(kind.cells(row, names))
            if done % REPORTED == 0:
                told(done)
    return done


def _moment(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC, as everywhere in the API."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
