"""Applications of one's own that Redis or PostgreSQL is away for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from starlette.applications import Starlette

from api.app import create_app
from shared.messages.events import CheckInAccepted, decode
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import refusal
from tests.api.lecture import Lecture
from tests.campus import Visitor

NOWHERE = "unix:///nonexistent/valkey.sock?db=0"
NO_DATABASE = "postgresql://muster@/muster?host=/nonexistent"


@asynccontextmanager
async def running(settings: Settings, tokens: Tokens, **other: Any) -> AsyncIterator[Visitor]:
    """Visitors of an application of its own, with other settings."""
    application = create_app(settings.model_copy(update={"redis_timeout": 0.5, **other}))
    async with application.router.lifespan_context(application):
        visitor = Visitor(application, tokens)
        yield visitor
        await visitor.close()


def elsewhere(visitor: Visitor, lecture: Lecture) -> Lecture:
    """The same lecture, its people asking another application."""
    people = [visitor.speaking_as(student) for student in lecture.classroom.students]
    return Lecture(lecture.classroom, lecture.session, visitor.speaking_as(lecture.classroom.teacher), people)


def waits(answer: httpx.Response) -> bool:
    """Whether the answer is a 503 that says when to come again."""
    return refusal(answer) == (503, "unavailable") and int(answer.headers["retry-after"]) > 0


def inbox(owner: Engine, session_id: str) -> list[CheckInAccepted]:
    """The session's check-ins that wait in PostgreSQL."""
    with owner.connect() as connection:
        events = [decode(row.payload) for row in connection.execute(text("SELECT payload FROM inbox ORDER BY id"))]
    return [e for e in events if isinstance(e, CheckInAccepted) and str(e.session_id) == session_id]


class Wire:
    """A way to PostgreSQL that can be cut: a link to its socket."""

    def __init__(self, directory: Path, real: str) -> None:
        self._socket = Path(str(make_url(real).query["host"])) / ".s.PGSQL.5432"
        self._link = directory / ".s.PGSQL.5432"
        self.url = f"postgresql://muster@/muster?host={directory}"

    def join(self) -> None:
        """PostgreSQL can be reached."""
        self._link.symlink_to(self._socket)

    async def cut(self, application: Starlette) -> None:
        """PostgreSQL cannot be reached any more."""
        self._link.unlink()
        await application.state.services.engine.dispose()
