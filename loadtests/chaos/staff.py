"""The staff: a teacher who marks by hand and ends sessions, and dashboards that follow everything."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from loadtests.campus import RunningClass
from loadtests.chaos.ledger import Ledger
from loadtests.chaos.line import Answer, Line, NotSent, Unanswered
from loadtests.load.journey import Journey
from shared.keys import channel

WORDS = ("present", "late", "absent", "excused")
PAUSE = 0.3
COUNTERS = (
    "presentStudents",
    "lateStudents",
    "absentStudents",
    "excusedStudents",
    "notMarked",
    "connectedCount",
    "attendanceRate",
)


class Teachers:
    """Decide on a student now and then, and say it again until they are heard."""

    def __init__(
        self, port: int, classes: Sequence[RunningClass], tokens: dict[UUID, str], ledger: Ledger, seed: int
    ) -> None:
        self._line = Line(port)
        self._classes = list(classes)
        self._tokens = tokens
        self._ledger = ledger
        self._chance = Random(seed)

    async def work(self, until: Callable[[], bool]) -> None:
        """Mark until told to stop, then end every fifth session with the rest absent."""
        while not until():
            await self._mark(self._chance.choice(self._classes))
            await asyncio.sleep(PAUSE)
        for meeting in self._classes[::5]:
            await self._insist("POST", meeting, f"/api/v1/sessions/{meeting.session.id}/end", {"markRest": "absent"})
            self._ledger.ended.add(meeting.session.id)
        self._line.close()

    async def _mark(self, meeting: RunningClass) -> None:
        student, word = self._chance.choice(meeting.students), self._chance.choice(WORDS)
        path = f"/api/tutor/sessions/{meeting.session.id}/attendance"
        await self._insist("PUT", meeting, path, {"records": [{"student_id": str(student), "status": word}]})
        self._ledger.mark((meeting.session.id, student), word)

    async def _insist(self, method: str, meeting: RunningClass, path: str, body: object) -> Answer:
        """Again and again until it is done: the same decision twice is one."""
        while True:
            with suppress(NotSent, Unanswered):
                answer = await self._line.ask(method, path, self._tokens[meeting.teacher], body)
                self._ledger.answers[answer.status] += 1
                if answer.status < 500:
                    if answer.status >= 400:
                        raise AssertionError(f"{method} {path} was refused: {answer.status} {answer.body[:300]!r}")
                    return answer
            await asyncio.sleep(PAUSE)


@dataclass
class Dashboard:
    """Follows one session as the teacher's page does: a snapshot, then every later push, then again where told so."""

    gateway_port: int
    api_port: int
    meeting: RunningClass
    token: str
    journey: Journey
    counters: dict[str, Any] = field(default_factory=dict)
    version: int = -1
    epoch: str = ""
    resyncs: int = 0
    reconnects: int = 0
    gaps: int = 0
    """Pushes that were neither the next nor one seen before: there must be none."""

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(OSError, WebSocketException, TimeoutError, NotSent, Unanswered):
                if not self.epoch:
                    await self._fetch()
                await self._listen()
            self.reconnects += 1
            await asyncio.sleep(PAUSE)

    async def is_exact(self) -> bool:
        """Whether a reload would show the same."""
        with suppress(NotSent, Unanswered):
            said = await self.snapshot()
            return self.version == said["version"] and self.counters == {name: said[name] for name in COUNTERS}
        return False

    async def snapshot(self) -> dict[str, Any]:
        """What the API says now."""
        line = Line(self.api_port)
        try:
            answer = await line.ask("GET", f"/api/v1/sessions/{self.meeting.session.id}/stats", self.token)
        finally:
            line.close()
        if answer.status != 200:
            raise Unanswered
        said: dict[str, Any] = answer.json()
        return said

    async def _fetch(self) -> None:
        said = await self.snapshot()
        self.counters = {name: said[name] for name in COUNTERS}
        self.version, self.epoch = said["version"], said["epoch"]

    async def _listen(self) -> None:
        name = channel(self.meeting.session.id)
        place = {"channel": name, "version": self.version, "epoch": self.epoch}
        self.journey.watch(str(self.meeting.session.id))
        async with connect(f"ws://127.0.0.1:{self.gateway_port}/ws", compression=None, open_timeout=5) as socket:
            hello = {"type": "CONNECT", "token": self.token, "subscribe": [place]}
            await socket.send(msgspec.json.encode(hello).decode())
            async for message in socket:
                frame = msgspec.json.decode(message)
                if frame["type"] == "RESYNC":
                    self.resyncs += 1
                    await self._fetch()
                elif frame["type"] == "ERROR":
                    return  # it could not subscribe just now
                elif "version" in frame["payload"]:
                    self._apply(frame["payload"], frame["type"])

    def _apply(self, payload: dict[str, Any], kind: str) -> None:
        if kind == "CHECK_IN":
            for one in payload["data"]["checkIns"]:
                self.journey.shown((payload["sessionId"], one["studentId"]))
        if payload["version"] <= self.version and payload["epoch"] == self.epoch:
            return
        self.gaps += payload["version"] != self.version + 1 or payload["epoch"] != self.epoch
        self.version, self.epoch = payload["version"], payload["epoch"]
        if kind == "STATS_UPDATE":
            self.counters |= {name: value for name, value in payload["data"].items() if name in COUNTERS}
        elif kind == "PRESENCE":
            self.counters["connectedCount"] = payload["data"]["connectedCount"]
