"""Accepted events for tests of the drain, and ways to put them where events wait."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from redis import Redis
from sqlalchemy import Engine, text

from shared import keys
from shared.domain.words import Connection, Mark, UserType, Via
from shared.ids import new_id
from shared.inbox import PUT, rows
from shared.messages.events import CheckInAccepted, Event, PointProven, encode
from tests.campus import Classroom, Person


def check_in(session_id: UUID, student: Person, **more: Any) -> CheckInAccepted:
    """A check-in accepted just now."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {"status": Mark.PRESENT, "via": Via.TOKEN, "scanned_at": now, "accepted_at": now, **more}
    return CheckInAccepted(id=new_id(), session_id=session_id, student_id=student.id, **values)


def append(redis: Redis, *events: Event) -> None:
    """Put events into the stream, as one entry."""
    redis.xadd(keys.EVENTS, {str(place): encode(event) for place, event in enumerate(events)})


def append_raw(redis: Redis, payload: bytes) -> None:
    """Put something into the stream that may be no event."""
    redis.xadd(keys.EVENTS, {"0": payload})


def put_in_inbox(owner: Engine, *events: Event) -> None:
    """Put events into PostgreSQL's inbox."""
    with owner.begin() as connection:
        connection.execute(PUT, rows(events))


def running_session(owner: Engine, classroom: Classroom) -> UUID:
    """A session of the class that is running, written straight into the database."""
    session_id = new_id()
    with owner.begin() as connection:
        connection.execute(
            text("""INSERT INTO live_sessions (id, course_id, teacher_id, class_name, session_type, mode, status,
                        session_date, started_at, code_reference, code_generation, code_visible, rotate_seconds)
                    VALUES (:id, :course, :teacher, 'T', 'lecture', 'in_person', 'active', current_date, now(),
                            ('x' || substr(md5(CAST(:id AS text)), 1, 10))::bit(40)::bigint, 0, true, 15)"""),
            {"id": session_id, "course": classroom.course_id, "teacher": classroom.teacher.id},
        )
        connection.execute(
            text("INSERT INTO session_groups (session_id, group_id, session_status) VALUES (:id, :group, 'active')"),
            {"id": session_id, "group": classroom.group_id},
        )
    return session_id


def change_session(owner: Engine, session_id: UUID, change: str) -> None:
    """Change a session in the database."""
    with owner.begin() as connection:
        connection.execute(text(f"UPDATE live_sessions SET {change} WHERE id = :id"), {"id": session_id})


def online_session(owner: Engine, classroom: Classroom) -> UUID:
    """A running online session that started an hour ago."""
    session_id = running_session(owner, classroom)
    change_session(owner, session_id, "started_at = now() - interval '1 hour', mode = 'online'")
    return session_id


def end_session(owner: Engine, session_id: UUID) -> None:
    """End a session now."""
    change_session(owner, session_id, "status = 'completed', ended_at = now()")


def attend(
    redis: Redis,
    owner: Engine,
    session_id: UUID,
    user: UUID,
    first: float,
    last: float,
    user_type: UserType = UserType.STUDENT,
) -> None:
    """Heartbeats every half minute between these minutes after the start."""
    with owner.connect() as connection:
        statement = text("SELECT started_at FROM live_sessions WHERE id = :id")
        start: datetime = connection.execute(statement, {"id": session_id}).scalar_one()
    moments = [start + timedelta(minutes=first, seconds=30 * beat) for beat in range(int((last - first) * 2) + 1)]
    append(redis, *(PointProven(session_id, user, user_type, Connection.HEARTBEAT, moment) for moment in moments))


def marks(owner: Engine, session_id: UUID) -> list[tuple[str, str]]:
    """Status and source of every mark of a session."""
    statement = text("SELECT status, source FROM attendance_records WHERE session_id = :id ORDER BY student_id")
    with owner.connect() as connection:
        return [(row.status, row.source) for row in connection.execute(statement, {"id": session_id})]


def count(owner: Engine, table: str, session_id: UUID) -> int:
    """How many rows of a table belong to a session."""
    with owner.connect() as connection:
        found = connection.execute(text(f"SELECT count(*) FROM {table} WHERE session_id = :id"), {"id": session_id})
        return int(found.scalar_one())
