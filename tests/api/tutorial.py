"""An online session that took place, waiting for its review."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from redis import Redis
from sqlalchemy import Engine, text

from shared.domain.words import Role, UserType
from shared.ids import new_id
from tests.api.answers import good
from tests.campus import Classroom, Person, Visitor
from tests.workers.events import attend, end_session, online_session
from workers.drain import drain
from workers.ports import Ports
from workers.suggestions import compute


@dataclass(frozen=True)
class Tutorial:
    """The session, its people's clients, and what is needed to look behind."""

    owner: Engine
    redis: Redis
    ports: Ports
    visitor: Visitor
    classroom: Classroom
    session_id: UUID

    @property
    def tutor(self) -> httpx.AsyncClient:
        """The tutor."""
        return self.visitor.speaking_as(self.classroom.teacher)

    @property
    def url(self) -> str:
        """Where suggestion and review are."""
        return f"/api/tutor/sessions/{self.session_id}"

    def attend(self, person: Person, first: float, last: float) -> None:
        """Be connected between these minutes of sixty."""
        part = UserType.TUTOR if person.role is Role.TEACHER else UserType.STUDENT
        attend(self.redis, self.owner, self.session_id, person.id, first, last, part)

    def score(self) -> None:
        """Drain and compute, as workers do."""
        drain(self.ports)
        compute(self.ports, [self.session_id])

    def end(self) -> None:
        """End it and score it."""
        end_session(self.owner, self.session_id)
        self.score()

    async def suggestion(self) -> dict[str, Any]:
        """What the tutor is shown."""
        return good(await self.tutor.get(f"{self.url}/attendance-suggestion"))

    async def put(self, client: httpx.AsyncClient | None = None, **body: Any) -> httpx.Response:
        """Decide."""
        return await (client or self.tutor).put(f"{self.url}/attendance", json=body)

    async def accept(self, **more: Any) -> dict[str, Any]:
        """Accept what is suggested."""
        return good(await self.put(use_suggestion=True, **more))

    def marks(self) -> dict[UUID, tuple[str, str]]:
        """Everybody's mark and source, as stored."""
        statement = text("SELECT student_id, status, source FROM attendance_records WHERE session_id = :id")
        with self.owner.connect() as connection:
            rows = connection.execute(statement, {"id": self.session_id})
            return {row.student_id: (row.status, row.source) for row in rows}

    def history(self, person: Person) -> list[tuple[str | None, str | None, str, str | None, UUID | None]]:
        """Old, new, source, reason and who, of one person's mark."""
        statement = text("""SELECT old_status, new_status, source, reason, changed_by FROM attendance_status_changes
            WHERE session_id = :id AND student_id = :student ORDER BY id""")
        with self.owner.connect() as connection:
            found = connection.execute(statement, {"id": self.session_id, "student": person.id})
            return [(row[0], row[1], row[2], row[3], row[4]) for row in found]


def hold(owner: Engine, redis: Redis, ports: Ports, visitor: Visitor, classroom: Classroom) -> Tutorial:
    """A running tutorial nobody has attended yet."""
    return Tutorial(owner, redis, ports, visitor, classroom, online_session(owner, classroom))


def parent_of(owner: Engine, child: Person) -> Person:
    """A parent of this student."""
    parent = Person(new_id(), Role.PARENT)
    with owner.begin() as connection:
        connection.execute(
            text("""INSERT INTO users (id, email, first_name, last_name, role)
                    VALUES (:id, CAST(:id AS text) || '@parents.test', 'Pat', 'Parent', 'PARENT')"""),
            {"id": parent.id},
        )
        connection.execute(
            text("INSERT INTO parent_links (parent_id, student_id) VALUES (:parent, :child)"),
            {"parent": parent.id, "child": child.id},
        )
    return parent
