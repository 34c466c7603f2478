"""A campus of any size for load: students who are all enrolled in every session, codes that last."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, NullPool, create_engine, insert

from shared.database import OWNER, sqlalchemy_url
from shared.domain.codes import CodeFace, make_token
from shared.ids import new_id
from shared.models import Course, Enrolment, Group, LiveSession, SessionGroup, Student, User
from shared.settings import Settings

ROTATE_SECONDS = 300


@dataclass(frozen=True)
class RunningSession:
    """A session and the code on its screen."""

    id: UUID
    code: str


@dataclass(frozen=True)
class Campus:
    """What a load needs to know."""

    sessions: list[RunningSession]
    students: list[UUID]


def build_campus(database_url: str, settings: Settings, *, sessions: int, students: int) -> Campus:
    """Write the campus into the database."""
    engine = create_engine(
        sqlalchemy_url(database_url), poolclass=NullPool, connect_args={"options": f"-c role={OWNER}"}
    )
    people = [new_id() for _ in range(students)]
    with engine.begin() as connection:
        teacher = _people(connection, people)
        running = [_session(connection, settings, teacher, people) for _ in range(sessions)]
    return Campus(running, people)


def _people(connection: Connection, students: list[UUID]) -> UUID:
    teacher = new_id()
    mark = secrets.token_hex(4)
    rows = [_user(teacher, "TEACHER", mark), *(_user(student, "STUDENT", mark) for student in students)]
    connection.execute(insert(User), rows)
    numbers = [{"user_id": student, "student_number": f"L{student.hex}"} for student in students]
    connection.execute(insert(Student), numbers)
    return teacher


def _user(user_id: UUID, role: str, mark: str) -> dict[str, Any]:
    return {
        "id": user_id,
        "email": f"{user_id.hex}@load.test",
        "first_name": "Load",
        "last_name": mark,
        "role": role,
    }


def _session(connection: Connection, settings: Settings, teacher: UUID, students: list[UUID]) -> RunningSession:
    course, group, session, now = new_id(), new_id(), new_id(), datetime.now(UTC)
    face = CodeFace(secrets.randbelow(2**40), 0, now, ROTATE_SECONDS, visible=True)
    code = {"id": course, "subject_code": f"L{course.hex}", "title": "Load", "teacher_id": teacher}
    connection.execute(insert(Course), [code])
    connection.execute(insert(Group), [{"id": group, "course_id": course, "name": "A"}])
    since = (now - timedelta(days=1)).date()
    enrolments = [
        {"id": new_id(), "group_id": group, "student_id": student, "valid_from": since} for student in students
    ]
    connection.execute(insert(Enrolment), enrolments)
    row = {
        "id": session, "course_id": course, "teacher_id": teacher, "class_name": "Load A", "session_type": "lecture",
        "mode": "in_person", "status": "active", "session_date": now.date(), "started_at": now, "created_at": now,
        "code_reference": face.reference, "code_generation": 0, "code_visible": True,
        "rotate_seconds": ROTATE_SECONDS,
    }  # fmt: skip
    connection.execute(insert(LiveSession), [row])
    link = {"session_id": session, "group_id": group, "session_status": "active"}
    connection.execute(insert(SessionGroup), [link])
    return RunningSession(session, make_token(settings.secret_key.get_secret_value().encode(), face, 0))
