"""A campus of any size for load: who studies where, sessions that run, codes that last."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, NullPool, create_engine, insert

from shared.database import OWNER, sqlalchemy_url
from shared.domain.codes import CodeFace, make_token
from shared.domain.words import Mode, Role
from shared.ids import new_id
from shared.models import Course, Enrolment, Group, LiveSession, SessionGroup, Student, User
from shared.settings import Settings
from shared.tokens import Tokens
from workers.ports import make_ports
from workers.project import reproject

ROTATE_SECONDS = 300
TOKEN_LIFE = timedelta(hours=2)


@dataclass(frozen=True)
class RunningSession:
    """A session, the code that is on its screen first, and what decides the later ones."""

    id: UUID
    code: str
    face: CodeFace

    def code_at(self, settings: Settings, moment: datetime) -> str:
        """The code that is on the screen at this moment, as a phone scans it."""
        return make_token(settings.secrets[0], self.face, self.face.step_at(moment))


@dataclass(frozen=True)
class Campus:
    """What a load needs to know."""

    sessions: list[RunningSession]
    students: list[UUID]


@dataclass(frozen=True)
class Manner:
    """How a session is held: its mode, and how many seconds a code stays on the screen."""

    mode: Mode = Mode.IN_PERSON
    rotate_seconds: int = ROTATE_SECONDS


@dataclass(frozen=True)
class RunningClass:
    """A session of its own teacher and its own part of the students."""

    session: RunningSession
    started_at: datetime
    teacher: UUID
    students: list[UUID]


def build_campus(database_url: str, settings: Settings, *, sessions: int, students: int) -> Campus:
    """Write a campus where everybody is enrolled in every session."""
    people = [new_id() for _ in range(students)]
    now = datetime.now(UTC)
    with _owner(database_url) as connection:
        teacher = _people(connection, people)
        running = [_session(connection, settings, teacher, people, now) for _ in range(sessions)]
    return Campus(running, people)


def build_classes(
    database_url: str,
    settings: Settings,
    *,
    cohorts: int,
    size: int,
    sessions_each: int = 1,
    started_ago: timedelta = timedelta(0),
    manner: Manner = Manner(),
) -> list[RunningClass]:
    """Write a campus of cohorts who study apart: ``size`` students, one teacher and ``sessions_each`` running sessions
    of each. Every second session started ``started_ago``, the others now."""
    now, found = datetime.now(UTC), []
    with _owner(database_url) as connection:
        for _ in range(cohorts):
            people = [new_id() for _ in range(size)]
            teacher = _people(connection, people)
            for place in range(sessions_each):
                start = now - started_ago if place % 2 else now
                session = _session(connection, settings, teacher, people, start, manner)
                found.append(RunningClass(session, start, teacher, people))
    return found


def let_redis_know(settings: Settings) -> None:
    """Sessions that were written past the API are projected now, and not at the next half minute."""
    ports = make_ports(settings, "load")
    reproject(ports)
    ports.engine.dispose()
    ports.redis.close()


def all_tokens(settings: Settings, classes: Sequence[RunningClass], life: timedelta = TOKEN_LIFE) -> dict[UUID, str]:
    """A token for everybody, as their browser's cookie would hold it: a campus logs in over the day."""
    tokens, now = Tokens(settings), datetime.now(UTC)
    found: dict[UUID, str] = {}
    for meeting in classes:
        for person in (meeting.teacher, *meeting.students):
            if person not in found:
                role = Role.TEACHER if person == meeting.teacher else Role.STUDENT
                found[person] = tokens.issue(person, role, now, life)[0]
    return found


@contextmanager
def _owner(database_url: str) -> Iterator[Connection]:
    """One transaction of the owner."""
    options = {"options": f"-c role={OWNER}"}
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool, connect_args=options)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


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


def _session(
    connection: Connection,
    settings: Settings,
    teacher: UUID,
    students: list[UUID],
    start: datetime,
    manner: Manner = Manner(),
) -> RunningSession:
    course, group, session, now = new_id(), new_id(), new_id(), datetime.now(UTC)
    face = CodeFace(secrets.randbelow(2**40), 0, now, manner.rotate_seconds, visible=True)
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
        "mode": manner.mode.value, "status": "active", "session_date": now.date(), "started_at": start,
        "created_at": now, "code_reference": face.reference, "code_generation": 0, "code_visible": True,
        "rotate_seconds": manner.rotate_seconds,
    }  # fmt: skip
    connection.execute(insert(LiveSession), [row])
    link = {"session_id": session, "group_id": group, "session_status": "active"}
    connection.execute(insert(SessionGroup), [link])
    return RunningSession(session, make_token(settings.secrets[0], face, 0), face)
