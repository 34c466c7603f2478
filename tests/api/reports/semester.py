"""What reports are about: a class's past sessions, with marks, presence and what it suggested."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Engine, text

from shared.ids import new_id
from tests.api.answers import good
from tests.api.past import hold
from tests.campus import Classroom, Person

MONDAY = date(2026, 3, 2)

_SUGGEST = text("""
    INSERT INTO suggestions (session_id, user_id, user_type, status, confidence, reasons, window_start, window_end,
                             lateness_us, active_us)
    SELECT s.id, :person, CASE WHEN s.teacher_id = :person THEN 'tutor' ELSE 'student' END, :status, :confidence, '{}',
           s.started_at, s.ended_at, 0, CAST(:minutes * 60000000 AS bigint)
    FROM live_sessions s WHERE s.id = :session
""")


def enrolled_since(owner: Engine, room: Classroom, day: str = "2020-01-01") -> None:
    """Everybody was in the class long before its past sessions."""
    with owner.begin() as connection:
        statement = text("UPDATE enrolments SET valid_from = :day WHERE group_id = :group")
        connection.execute(statement, {"group": room.group_id, "day": date.fromisoformat(day)})


def online(
    owner: Engine,
    room: Classroom,
    day: date,
    suggested: Mapping[Person, tuple[str, str, float]],
    marks: Mapping[Person, str],
    source: str = "whiteboard_auto",
) -> UUID:
    """An hour online: status, confidence and active minutes that presence suggested for each, and what was decided."""
    session_id = hold(owner, room, day, marks, source=source, mode="online")
    rows = [
        {
            "session": session_id,
            "person": person.id,
            "status": status,
            "confidence": confidence,
            "minutes": float(minutes),
        }
        for person, (status, confidence, minutes) in suggested.items()
    ]
    with owner.begin() as connection:
        connection.execute(_SUGGEST, rows)
        connection.execute(
            text("UPDATE session_suggestions SET has_whiteboard = true WHERE session_id = :id"), {"id": session_id}
        )
    return session_id


def second_group(owner: Engine, room: Classroom, *people: Person) -> UUID:
    """Another section of the course, with these people in it as well."""
    group = new_id()
    with owner.begin() as connection:
        connection.execute(
            text("INSERT INTO groups (id, course_id, name) VALUES (:id, :course, 'Section B')"),
            {"id": group, "course": room.course_id},
        )
        for person in people:
            connection.execute(
                text("INSERT INTO enrolments (id, group_id, student_id, valid_from) VALUES (:id, :group, :who, :day)"),
                {"id": new_id(), "group": group, "who": person.id, "day": date(2020, 1, 1)},
            )
    return group


async def read(client: httpx.AsyncClient, report: str, **wanted: Any) -> list[dict[str, Any]]:
    """The rows of a report's first page."""
    rows: list[dict[str, Any]] = good(await client.get(f"/api/v1/reports/{report}", params=wanted))["items"]
    return rows
