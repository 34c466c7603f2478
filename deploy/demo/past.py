"""Four weeks of past sessions with plausible marks, sources and presence."""

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text

from deploy.demo.people import Campus
from shared.ids import new_id
from shared.models import AttendanceRecord, CheckIn, ConnectionEvent, LiveSession, Presence, SessionGroup

WEEKS = 4
GAP = timedelta(seconds=75)
"""Points at most this far apart are one run (1-domain 1.1)."""


@dataclass(frozen=True)
class Plan:
    """A weekly meeting."""

    code: str
    class_name: str
    teacher: str
    mode: str
    kind: str
    room: str | None
    weekday: int
    at: time
    minutes: int


PLANS = (
    Plan("TEST101", "TEST101 Section A", "teacher@campus.test", "in_person", "lecture", "R 12", 0, time(9), 90),
    Plan("TEST101", "TEST101 Section A", "teacher@campus.test", "in_person", "lab", "Lab 3", 2, time(14), 90),
    Plan("TEST102", "TEST102 Section A", "other@campus.test", "in_person", "lecture", "R 7", 1, time(11), 60),
    Plan("MATH201", "MATH201 Tutorial", "teacher@campus.test", "online", "tutoring", None, 3, time(16), 60),
)


def load_past(connection: Connection, campus: Campus, now: datetime, chance: random.Random) -> None:
    """Every planned meeting of the last weeks that is over; the newest tutorial waits for review, unmarked."""
    meetings = sorted(_meetings(now), key=lambda meeting: meeting[1])
    newest_tutorial = max(start for plan, start in meetings if plan.mode == "online")
    for plan, start in meetings:
        session_id = _load_session(connection, campus, plan, start, chance)
        if plan.mode == "online":
            reviewed = start != newest_tutorial
            _load_tutorial(connection, campus, plan, session_id, start, chance, reviewed=reviewed)
        else:
            _load_lecture(connection, campus, plan, session_id, start, chance)


def _meetings(now: datetime) -> Iterator[tuple[Plan, datetime]]:
    for plan in PLANS:
        for days in range(1, WEEKS * 7 + 1):
            day = (now - timedelta(days=days)).date()
            if day.weekday() == plan.weekday:
                yield plan, datetime.combine(day, plan.at, now.tzinfo)


def _load_session(connection: Connection, campus: Campus, plan: Plan, start: datetime, chance: random.Random) -> UUID:
    session_id, teacher = new_id(), campus.people[plan.teacher]
    end = start + timedelta(minutes=plan.minutes)
    row = {
        "id": session_id,
        "course_id": campus.courses[plan.code],
        "teacher_id": teacher,
        "class_name": plan.class_name,
        "session_type": plan.kind,
        "mode": plan.mode,
        "status": "completed",
        "room": plan.room,
        "session_date": start.date(),
        "scheduled_start": start,
        "scheduled_end": end,
        "started_at": start + timedelta(seconds=chance.randint(-240, 60)),
        "ended_at": end + timedelta(seconds=chance.randint(-300, 300)),
        "code_reference": secrets.randbelow(2**40),
        "created_by": teacher,
        "created_at": start - timedelta(minutes=10),
    }
    connection.execute(insert(LiveSession), [row])
    group = {"session_id": session_id, "group_id": campus.groups[plan.class_name], "session_status": "completed"}
    connection.execute(insert(SessionGroup), [group])
    return session_id


def _load_lecture(
    connection: Connection, campus: Campus, plan: Plan, session_id: UUID, start: datetime, chance: random.Random
) -> None:
    marks, check_ins = [], []
    for student in campus.students(plan.class_name):
        minute = chance.choices((-2, 1, 3, 9, None), (30, 30, 28, 7, 8))[0]
        if minute is None:
            marks.append(_absence(campus, plan, session_id, student, start, chance))
            continue
        moment = start + timedelta(minutes=minute, seconds=chance.randint(0, 59))
        status = "LATE" if moment > start + timedelta(minutes=5) else "PRESENT"
        check_ins.append(_check_in(session_id, student, status, moment, chance))
        marks.append(_mark(session_id, student, status, "qr_checkin", moment))
    if check_ins:
        connection.execute(insert(CheckIn), check_ins)
    connection.execute(insert(AttendanceRecord), marks)


def _absence(
    campus: Campus, plan: Plan, session_id: UUID, student: UUID, start: datetime, chance: random.Random
) -> dict[str, Any]:
    teacher = campus.people[plan.teacher]
    kind = chance.choices(("system_default", "manual", "excused"), (5, 3, 2))[0]
    if kind == "excused":
        return _mark(session_id, student, "EXCUSED", "manual", start + timedelta(minutes=20), teacher, "Sick note")
    return _mark(session_id, student, "ABSENT", kind, start + timedelta(minutes=plan.minutes - 1), teacher)


def _mark(
    session_id: UUID,
    student: UUID,
    status: str,
    source: str,
    moment: datetime,
    by: UUID | None = None,
    notes: str | None = None,
    user_type: str = "student",
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "session_id": session_id,
        "student_id": student,
        "user_type": user_type,
        "status": status,
        "source": source,
        "marked_by": by,
        "notes": notes,
        "marked_at": moment,
        "updated_at": moment,
    }


def _check_in(session_id: UUID, student: UUID, status: str, moment: datetime, chance: random.Random) -> dict[str, Any]:
    return {
        "id": new_id(),
        "session_id": session_id,
        "student_id": student,
        "status": status,
        "via": "ticket",
        "ticket_id": secrets.token_bytes(10),
        "scanned_at": moment,
        "accepted_at": moment + timedelta(seconds=chance.randint(2, 9)),
        "step_age_ms": chance.randint(500, 14_000),
    }


def _load_tutorial(
    connection: Connection,
    campus: Campus,
    plan: Plan,
    session_id: UUID,
    start: datetime,
    chance: random.Random,
    *,
    reviewed: bool,
) -> None:
    tutor, student = campus.people[plan.teacher], campus.students(plan.class_name)[0]
    for person, part, delay in ((tutor, "tutor", -90), (student, "student", chance.choice((20, 40, 400)))):
        first = start + timedelta(seconds=delay + chance.randint(0, 30))
        last = start + timedelta(minutes=plan.minutes, seconds=-chance.randint(30, 240))
        _load_presence(connection, session_id, person, part, first, last)
        if reviewed:
            status = "LATE" if first > start + timedelta(minutes=5) else "PRESENT"
            marked = start + timedelta(minutes=plan.minutes + 30)
            mark = _mark(session_id, person, status, "whiteboard_auto", marked, tutor, None, part)
            connection.execute(insert(AttendanceRecord), [mark])


def _load_presence(
    connection: Connection, session_id: UUID, person: UUID, part: str, first: datetime, last: datetime
) -> None:
    """One run of heartbeats from first to last."""
    values = {
        "session": session_id,
        "person": person,
        "part": part,
        "first": first,
        "last": last,
        "until": last + GAP,
        "seconds": (last - first).total_seconds(),
    }
    connection.execute(_PRESENCE, values)
    events = [
        {"session_id": session_id, "user_id": person, "user_type": part, "event": event, "occurred_at": moment}
        for event, moment in (("connect", first), ("disconnect", last))
    ]
    connection.execute(insert(ConnectionEvent), events)


_PRESENCE = text(f"""
    INSERT INTO {Presence.__tablename__} (session_id, user_id, user_type, covered, first_connected_at,
        last_activity_at, last_disconnected_at, total_active_seconds, connects, activity_counts)
    VALUES (:session, :person, :part, tstzmultirange(tstzrange(:first, :until)), :first, :last, :last, :seconds, 1,
            '{{"draw": 40, "type": 12}}')
""")  # noqa: S608 - our own table's name
