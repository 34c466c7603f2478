"""A student's record as they and their parents see it: session by session, with source and evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.cursors import make_cursor, read_cursor
from api.marking_bodies import StudentFilter
from api.marking_views import StudentHistory
from api.narrowing import STARTS
from api.ownership import as_person
from api.pages.dates import Gettext, clock, short_day
from api.pages.meetings import Stay, stays_of
from api.pages.strips import Strip, draw
from api.services import Services
from api.student_history import read_student
from shared.domain.attendance import attendance_rate
from shared.domain.engagement import SessionTimes, Window, measure, window_of
from shared.domain.engagement import active_minutes as shown_minutes
from shared.domain.marking import PERSONS
from shared.domain.policy import DEFAULTS
from shared.domain.presence import runs_covering
from shared.domain.words import Mode, SessionStatus, Source, UserType
from shared.tokens import Identity

LINES = 30

_LINES = f"""
    SELECT s.id, s.class_name, s.session_date, s.mode, s.status AS session_status, s.room, s.scheduled_start,
           s.scheduled_end, s.started_at, s.ended_at, {STARTS} AS begins,
           r.id AS record_id, r.status, r.source, r.notes, c.scanned_at, p.covered,
           t.first_name || ' ' || t.last_name AS teacher, t.email AS teacher_email,
           m.first_name || ' ' || m.last_name AS marked_by
    FROM session_roll l JOIN live_sessions s ON s.id = l.session_id JOIN users t ON t.id = s.teacher_id
    LEFT JOIN attendance_records r ON r.session_id = s.id AND r.student_id = l.student_id
    LEFT JOIN users m ON m.id = r.marked_by
    LEFT JOIN presence p ON p.session_id = s.id AND p.user_id = l.student_id
    LEFT JOIN LATERAL (SELECT c.scanned_at FROM check_ins c WHERE c.session_id = s.id AND c.student_id = l.student_id
                       ORDER BY c.accepted_at, c.id LIMIT 1) c ON true
    WHERE l.student_id = :student AND (s.status = 'completed' OR r.id IS NOT NULL AND s.status = 'active')
      AND (CAST(:last_when AS timestamptz) IS NULL
           OR ({STARTS}, s.id) < (CAST(:last_when AS timestamptz), CAST(:last_id AS uuid)))
    ORDER BY {STARTS} DESC, s.id DESC LIMIT :most
"""  # noqa: S608 - a fixed piece
_COURSES = text("""
    SELECT c.subject_code, c.title, count(*) AS total, count(*) FILTER (WHERE r.status = 'PRESENT') AS present,
           count(*) FILTER (WHERE r.status = 'LATE') AS late, count(*) FILTER (WHERE r.status = 'EXCUSED') AS excused
    FROM attendance_records r JOIN live_sessions s ON s.id = r.session_id JOIN courses c ON c.id = s.course_id
    WHERE r.student_id = :student AND r.user_type = 'student' GROUP BY c.id ORDER BY c.subject_code
""")


@dataclass(frozen=True, slots=True)
class RecordLine:
    """One session. ``status`` is null where nobody was marked yet; ``reportable``: a parent may report on it now."""

    session_id: UUID
    record_id: UUID | None
    class_name: str
    day: str
    time: str
    mode: str
    room: str | None
    status: str | None
    source: str | None
    notes: str | None
    marked_by: str | None
    scanned: str | None
    strip: Strip | None
    stays: Sequence[Stay]
    minutes: float
    teacher: str
    teacher_email: str
    reportable: bool


@dataclass(frozen=True, slots=True)
class CourseRate:
    """A course's share of it; the rate is percent."""

    code: str
    title: str
    sessions: int
    rate: float


@dataclass(frozen=True, slots=True)
class Record:
    """A student's record: everything counted, and one page of sessions. ``following`` is the next page's cursor."""

    history: StudentHistory
    courses: Sequence[CourseRate]
    lines: Sequence[RecordLine]
    following: str | None


async def read_record(
    services: Services, who: Identity, student: UUID, cursor: str | None, translate: Gettext
) -> Record:
    """The record of oneself or of one's child; 403 for anybody else's (api/student_history)."""
    history = await read_student(services, who, str(student), StudentFilter(limit=1))
    async with as_person(services, who) as connection:
        rows = await _rows(connection, student, cursor)
        courses = (await connection.execute(_COURSES, {"student": student})).all()
    shown = rows[:LINES]
    return Record(
        history=history,
        courses=[_course(row) for row in courses],
        lines=[_line(services, row, translate) for row in shown],
        following=make_cursor(shown[-1].begins, shown[-1].id) if len(rows) > LINES else None,
    )


async def _rows(connection: AsyncConnection, student: UUID, cursor: str | None) -> Sequence[Row[Any]]:
    last_when, last_id = (None, None) if cursor is None else read_cursor(cursor)
    values = {"student": student, "last_when": last_when, "last_id": last_id, "most": LINES + 1}
    return (await connection.execute(text(_LINES), values)).all()


def _course(row: Row[Any]) -> CourseRate:
    rate = attendance_rate(row.present, row.late, row.total, row.excused)
    return CourseRate(row.subject_code, row.title, row.total, rate)


def _line(services: Services, row: Row[Any], translate: Gettext) -> RecordLine:
    zone = services.settings.zone
    return RecordLine(
        session_id=row.id,
        record_id=row.record_id,
        class_name=row.class_name,
        day=short_day(row.session_date, translate),
        time=clock(row.begins, zone),
        mode=row.mode,
        room=row.room,
        status=None if row.status is None else row.status.lower(),
        source=row.source,
        notes=row.notes,
        marked_by=row.marked_by,
        scanned=None if row.scanned_at is None else clock(row.scanned_at, zone),
        teacher=row.teacher,
        teacher_email=row.teacher_email,
        reportable=_reportable(row),
        **_presence(services, row, services.now()),
    )


def _reportable(row: Row[Any]) -> bool:
    """After an online session, where no teacher has decided (1-domain 1.5)."""
    over = row.session_status == SessionStatus.COMPLETED and row.mode != Mode.IN_PERSON
    return over and (row.source is None or Source(row.source) not in PERSONS)


def _presence(services: Services, row: Row[Any], now: datetime) -> Mapping[str, Any]:
    """The strip over the time that counted, and what it says in words."""
    runs = runs_covering((part.lower, part.upper) for part in row.covered or ())
    times = SessionTimes(row.scheduled_start, row.scheduled_end, row.started_at, row.ended_at)
    window = window_of(times, UserType.STUDENT, now) if runs else None
    return {
        "strip": _strip(runs, window),
        "stays": stays_of(runs, services.settings.zone),
        "minutes": shown_minutes(measure(runs, window)) if window else 0.0,
    }


def _strip(runs: Any, window: Window | None) -> Strip | None:
    return draw(runs, window, window, timedelta(minutes=DEFAULTS.late_after_minutes)) if window else None
