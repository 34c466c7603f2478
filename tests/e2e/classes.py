"""Classes on a running stack, and students who check in over HTTP."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from tests.campus import Classroom, Person, make_classroom, show_code, start_session
from tests.stack import Stack

AT_ONCE = 40
"""Students who talk to the API at the same moment."""


@dataclass(frozen=True)
class Meeting:
    """A running session on the stack."""

    stack: Stack
    classroom: Classroom
    session: dict[str, Any]

    @property
    def id(self) -> UUID:
        """The session."""
        return UUID(self.session["id"])

    async def token(self) -> str:
        """The code on the screen now."""
        async with self.stack.client(self.classroom.teacher) as teacher:
            token: str = (await show_code(teacher, self.session))["token"]
        return token

    async def check_in(self, client: httpx.AsyncClient, student: Person, token: str) -> httpx.Response | None:
        """One try; None when the connection broke, so that nothing was acknowledged."""
        headers = {"authorization": f"Bearer {self.stack.token(student)}"}
        try:
            return await client.post(f"/api/v1/sessions/{self.id}/attendance", json={"token": token}, headers=headers)
        except httpx.TransportError:
            return None

    async def all_check_in(self, token: str) -> list[httpx.Response | None]:
        """Every student tries once."""
        turn = asyncio.Semaphore(AT_ONCE)
        async with self.stack.client() as client:

            async def one(student: Person) -> httpx.Response | None:
                async with turn:
                    return await self.check_in(client, student, token)

            return await asyncio.gather(*(one(student) for student in self.classroom.students))

    def kept(self) -> tuple[int, int, int]:
        """Records with source qr_checkin, check-ins, and history rows in the database."""
        statement = text("""
            SELECT (SELECT count(*) FROM attendance_records WHERE session_id = :id AND source = 'qr_checkin'),
                   (SELECT count(*) FROM check_ins WHERE session_id = :id),
                   (SELECT count(*) FROM attendance_status_changes WHERE session_id = :id)
        """)
        with self.stack.owner() as engine, engine.connect() as connection:
            records, check_ins, changes = connection.execute(statement, {"id": self.id}).one()
        return records, check_ins, changes

    async def drained(self, expected: int, seconds: float = 40) -> tuple[int, int, int]:
        """What is in the database once ``expected`` records are, or when the time is up."""
        for _ in range(int(seconds * 4)):
            if self.kept()[0] >= expected:
                break
            await asyncio.sleep(0.25)
        await asyncio.sleep(0.5)  # long enough for a double to show
        return self.kept()


async def meet(stack: Stack, size: int) -> Meeting:
    """A fresh class of this size, in a running session whose code turns slowly."""
    with stack.owner() as engine:
        classroom = make_classroom(engine, size)
    async with stack.client(classroom.teacher) as teacher:
        session = await start_session(teacher, classroom, qr={"rotateSeconds": 300})
    return Meeting(stack, classroom, session)
