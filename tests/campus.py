"""A class of one's own: people, course and group for a single test, and clients that speak as them."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Engine, insert
from starlette.applications import Starlette

from shared.domain.words import Role
from shared.ids import new_id
from shared.models import Course, Enrolment, Group, Student, User
from shared.tokens import Tokens


@dataclass(frozen=True)
class Person:
    """Somebody with a role."""

    id: UUID
    role: Role
    number: str = ""


@dataclass(frozen=True)
class Classroom:
    """One course with one group."""

    teacher: Person
    course_id: UUID
    group_id: UUID
    code: str
    students: list[Person]

    @property
    def opening(self) -> dict[str, Any]:
        """The body that starts a live session of this class."""
        return {"courseId": str(self.course_id), "groupId": str(self.group_id), "sessionType": "lecture"}


def make_classroom(owner: Engine, size: int = 3) -> Classroom:
    """Write a class into the database."""
    code = f"T{secrets.token_hex(4).upper()}"
    teacher = Person(new_id(), Role.TEACHER)
    students = [Person(new_id(), Role.STUDENT, f"{code}-{place}") for place in range(size)]
    course, group = new_id(), new_id()
    since = (datetime.now(UTC) - timedelta(days=30)).date()
    with owner.begin() as connection:
        connection.execute(insert(User), [_user(person, code) for person in (teacher, *students)])
        numbers = [{"user_id": person.id, "student_number": person.number} for person in students]
        connection.execute(insert(Student), numbers)
        row = {"id": course, "subject_code": code, "title": "A test", "teacher_id": teacher.id}
        connection.execute(insert(Course), [row])
        connection.execute(insert(Group), [{"id": group, "course_id": course, "name": "Section A"}])
        enrolments = [
            {"id": new_id(), "group_id": group, "student_id": person.id, "valid_from": since} for person in students
        ]
        connection.execute(insert(Enrolment), enrolments)
    return Classroom(teacher, course, group, code, students)


def make_admin(owner: Engine) -> Person:
    """Somebody who may do everything."""
    admin = Person(new_id(), Role.ADMIN)
    with owner.begin() as connection:
        connection.execute(insert(User), [_user(admin, secrets.token_hex(4))])
    return admin


def _user(person: Person, code: str) -> dict[str, Any]:
    email = f"{person.id.hex}@{code.lower()}.test"
    return {"id": person.id, "email": email, "first_name": "Test", "last_name": code, "role": person.role.value}


class Visitor:
    """Makes clients of the API: each one person on one device."""

    def __init__(self, app: Starlette, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens
        self._clients: list[httpx.AsyncClient] = []

    def anonymous(self) -> httpx.AsyncClient:
        """Somebody who has not logged in."""
        transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost:8000")
        self._clients.append(client)
        return client

    def speaking_as(self, person: Person) -> httpx.AsyncClient:
        """Somebody who sends a bearer token."""
        client = self.anonymous()
        token, _ = self._tokens.issue(person.id, person.role, datetime.now(UTC), timedelta(hours=1))
        client.headers["authorization"] = f"Bearer {token}"
        return client

    async def close(self) -> None:
        """Close every client."""
        for client in self._clients:
            await client.aclose()


async def start_session(teacher: httpx.AsyncClient, classroom: Classroom, **more: Any) -> dict[str, Any]:
    """A running session of the class."""
    answer = await teacher.post("/api/v1/sessions/live", json={**classroom.opening, **more})
    assert answer.status_code == 201, answer.text
    session: dict[str, Any] = answer.json()
    return session


async def show_code(teacher: httpx.AsyncClient, session: dict[str, Any]) -> dict[str, Any]:
    """The code on the screen now."""
    answer = await teacher.get(f"/api/v1/sessions/{session['id']}/qr")
    assert answer.status_code == 200, answer.text
    code: dict[str, Any] = answer.json()
    return code
