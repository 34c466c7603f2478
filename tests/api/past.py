"""Sessions that took place, with their marks, written straight into the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from shared.ids import new_id
from tests.campus import Classroom, Person

_SESSION = text("""
    INSERT INTO live_sessions (id, course_id, teacher_id, class_name, session_type, mode, status, session_date,
        scheduled_start, scheduled_end, started_at, ended_at, code_reference, code_generation, code_visible,
        rotate_seconds)
    VALUES (:id, :course, :teacher, :name, 'lecture', :mode, 'completed', :day, :start, :end, :start, :end,
            ('x' || substr(md5(CAST(:id AS text)), 1, 10))::bit(40)::bigint, 0, true, 15)
""")
_GROUP = text("INSERT INTO session_groups (session_id, group_id, session_status) VALUES (:id, :group, 'completed')")
_MARK = text("""
    INSERT INTO attendance_records (id, session_id, student_id, status, source, marked_at)
    VALUES (:id, :session, :student, :status, :source, :at)
""")


@dataclass
class Past:
    """What took place in a class, a session a day."""

    owner: Engine
    room: Classroom
    day: date = field(default_factory=lambda: datetime.now(UTC).date())

    @property
    def student(self) -> Person:
        """The first student."""
        return self.room.students[0]

    def attend(self, status: str, times: int) -> None:
        """So many sessions, each a day before the other, in which the first student has this mark."""
        for _ in range(times):
            self.hold({self.student: status})

    def hold(self, marks: Mapping[Person, str], *, source: str = "manual", mode: str = "in_person") -> UUID:
        """An hour from nine, on the day before the last; who was marked how."""
        self.day -= timedelta(days=1)
        return hold(self.owner, self.room, self.day, marks, source=source, mode=mode)


def hold(
    owner: Engine,
    room: Classroom,
    day: date,
    marks: Mapping[Person, str],
    *,
    source: str = "manual",
    mode: str = "in_person",
    groups: tuple[UUID, ...] = (),
) -> UUID:
    """One session of an hour; its id."""
    session_id, start = new_id(), datetime.combine(day, time(9), UTC)
    row = {"id": session_id, "course": room.course_id, "teacher": room.teacher.id, "name": f"{room.code} Section A"}
    times = {"day": day, "start": start, "end": start + timedelta(hours=1), "mode": mode}
    rows: list[dict[str, Any]] = [
        {"id": new_id(), "session": session_id, "student": who.id, "status": mark, "source": source, "at": start}
        for who, mark in marks.items()
    ]
    with owner.begin() as connection:
        connection.execute(_SESSION, {**row, **times})
        connection.execute(_GROUP, [{"id": session_id, "group": group} for group in groups or (room.group_id,)])
        if rows:
            connection.execute(_MARK, rows)
    return session_id
