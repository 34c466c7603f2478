"""Students as cheap as Python can have them: kept HTTP connections, raw sockets, and no browser around them."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from loadtests.bench.client import Answer, Pool, prepare
from loadtests.campus import RunningClass
from loadtests.gateway.crowd import hello
from loadtests.gateway.member import Dialect, Member, Tally, frame
from loadtests.load.journey import Journey
from shared.keys import channel
from shared.settings import Settings

PATIENCE = 30.0
"""Seconds after which a student gives up: slower is a failure, whatever comes."""


class _Person(msgspec.Struct):
    user_id: UUID
    last_activity_at: datetime | None


class _Status(msgspec.Struct):
    participants: list[_Person]


class Failed(Exception):
    """A step that did not work out; says which, and how."""


@dataclass(slots=True)
class Seen:
    """What all students saw. ``seconds`` of each step; ``failures`` by what failed; ``accepted`` check-ins by pair."""

    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: Counter[str] = field(default_factory=Counter)
    accepted: dict[tuple[UUID, UUID], UUID] = field(default_factory=dict)
    sockets: Tally = field(default_factory=Tally)
    stayed: int = 0
    """Sockets that were open when everybody left."""


class Students:
    """Everybody who studies, as one load generator plays them."""

    def __init__(self, settings: Settings, tokens: dict[UUID, str], journey: Journey) -> None:
        self.seen = Seen()
        self._settings = settings
        self._tokens = tokens
        self._journey = journey
        self._pool = Pool(settings.public_url.replace("localhost", "127.0.0.1"))
        self._host = urlsplit(settings.public_url).netloc
        self._members: list[Member] = []

    async def arrive(self, meeting: RunningClass, student: UUID) -> None:
        """Open the session's page and check in with the code that is on the screen by then."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._sit_down(meeting, student)
                await self.check_in(meeting, student)
        except (OSError, TimeoutError, Failed) as error:
            self.seen.failures[str(error) or type(error).__name__] += 1
        else:
            self.seen.seconds["from the door to checked in"].append(loop.time() - begun)

    async def check_in(self, meeting: RunningClass, student: UUID) -> None:
        """Show the code. Raises :class:`Failed` and ``OSError``."""
        code = meeting.session.code_at(self._settings, datetime.now(UTC))
        path = f"/api/v1/sessions/{meeting.session.id}/attendance"
        answer = await self._ask("check-in", path, student, msgspec.json.encode({"token": code}), 202)
        self._journey.accepted((str(meeting.session.id), str(student)))
        self.seen.accepted[meeting.session.id, student] = UUID(msgspec.json.decode(answer.body)["checkInId"])

    async def report(self, meeting: RunningClass, student: UUID, event: str) -> datetime:
        """Say ``heartbeat`` or the like over HTTP; the server's time of it. Raises as :meth:`check_in`."""
        path = f"/api/whiteboard/sessions/{meeting.session.id}/{event}"
        answer = await self._ask(event, path, student, b'{"user_type":"student"}', 202)
        return datetime.fromisoformat(msgspec.json.decode(answer.body)["timestamp"])

    async def status(self, meeting: RunningClass) -> dict[UUID, datetime]:
        """What the teacher reads in ``connection-status``: when each was heard last. Raises as :meth:`check_in`."""
        path = f"/api/whiteboard/sessions/{meeting.session.id}/connection-status"
        answer = await self._ask("connection-status", path, meeting.teacher, b"", 200, "GET")
        people = msgspec.json.decode(answer.body, type=_Status).participants
        return {person.user_id: person.last_activity_at for person in people if person.last_activity_at is not None}

    def leave(self) -> None:
        """Everybody is gone at once. What their sockets saw stands still from now on."""
        self.seen.stayed = self.seen.sockets.there
        for member in self._members:
            member.leave()
        self._pool.close()

    async def _sit_down(self, meeting: RunningClass, student: UUID) -> None:
        """A ticket, a socket on the session's path, and the channel followed."""
        answer = await self._ask("realtime ticket", "/api/v1/realtime/ticket", student, b"", 201)
        ticket, name = msgspec.json.decode(answer.body)["ticket"], channel(meeting.session.id)
        connect = {"type": "CONNECT", "ticket": ticket, "subscribe": [{"channel": name}]}
        dialect = Dialect((frame(msgspec.json.encode(connect)),), ready=b'"SUBSCRIBED"')
        request = hello(self._settings.gateway_port, f"/ws/sessions/{meeting.session.id}")
        member = Member(request, dialect, self.seen.sockets, sampled=False)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._members.append(member)
        await loop.create_connection(lambda: member, "127.0.0.1", self._settings.gateway_port)
        if not await asyncio.shield(member.arrival):
            raise Failed(f"socket refused: {dict(self.seen.sockets.closes)}")
        self.seen.seconds["socket open and subscribed"].append(loop.time() - begun)

    async def _ask(
        self, step: str, path: str, person: UUID, body: bytes, expected: int, method: str = "POST"
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self._tokens[person]}"}
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answer = await self._pool.ask(prepare(path, self._host, body, headers, method))
        if answer.status != expected:
            raise Failed(f"{step}: {answer.status} {answer.body[:120]!r}")
        self.seen.seconds[step].append(loop.time() - begun)
        return answer
