"""A running session with its people, each on a device of their own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.api.answers import good
from tests.campus import Classroom, Visitor, start_session


class Clock:
    """The server's time, as the test says."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)
        self.reset()

    def reset(self) -> None:
        """Now, in whole milliseconds, as tickets carry it."""
        self.now = datetime.now(UTC).replace(microsecond=0)

    def forward(self, **much: float) -> None:
        """Let time pass."""
        self.now += timedelta(**much)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Lecture:
    """One session, its teacher and its students."""

    classroom: Classroom
    session: dict[str, Any]
    teacher: httpx.AsyncClient
    students: list[httpx.AsyncClient]

    @property
    def id(self) -> str:
        """The session's id."""
        return str(self.session["id"])

    @property
    def path(self) -> str:
        """Where it lives in the API."""
        return f"/api/v1/sessions/{self.id}"

    @property
    def student(self) -> httpx.AsyncClient:
        """The first student."""
        return self.students[0]

    async def code(self) -> dict[str, Any]:
        """What is on the screen now."""
        return good(await self.teacher.get(f"{self.path}/qr"))

    async def token(self) -> str:
        """The scanned part of it."""
        return str((await self.code())["token"])

    async def set_code(self, **settings: Any) -> dict[str, Any]:
        """Hide, show, change the rhythm."""
        return good(await self.teacher.put(f"{self.path}/qr", json=settings))

    async def exchange(self, student: httpx.AsyncClient, **shown: Any) -> httpx.Response:
        """Ask for a ticket."""
        return await student.post("/api/v1/checkin/tickets", json=shown)

    async def ticket(self, student: httpx.AsyncClient) -> dict[str, Any]:
        """A ticket for the code on the screen."""
        return good(await self.exchange(student, token=await self.token()), 201)

    async def check_in(self, student: httpx.AsyncClient, **shown: Any) -> httpx.Response:
        """Check in with what was shown."""
        return await student.post(f"{self.path}/attendance", json=shown)

    async def scan(self, student: httpx.AsyncClient) -> dict[str, Any]:
        """The whole way, as a phone goes it."""
        ticket = await self.ticket(student)
        return good(await self.check_in(student, ticket=ticket["ticket"]), 202)

    async def end(self, **how: Any) -> dict[str, Any]:
        """End the session."""
        return good(await self.teacher.post(f"{self.path}/end", json=how))


async def open_lecture(visitor: Visitor, classroom: Classroom, **more: Any) -> Lecture:
    """Start a session of the class."""
    teacher = visitor.speaking_as(classroom.teacher)
    students = [visitor.speaking_as(student) for student in classroom.students]
    return Lecture(classroom, await start_session(teacher, classroom, **more), teacher, students)
