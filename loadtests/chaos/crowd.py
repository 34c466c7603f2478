"""The students: heartbeats, connects, disconnects and check-ins without end, and a ledger of what they were told."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from loadtests.campus import RunningClass
from loadtests.chaos.ledger import Key, Ledger
from loadtests.chaos.line import Answer, Line, NotSent, Unanswered
from loadtests.load.journey import Journey
from shared.domain.words import Connection

LINES = 64
"""Requests under way at once."""
REFUSED_PAUSE = 0.1
ACTIVITIES = ("draw", "type", "erase", "chat")
EVENTS = {Connection.HEARTBEAT: 92, Connection.CONNECT: 5, Connection.DISCONNECT: 3}
"""What a report is, by weight."""
CHECK_INS = 0.12
"""Share of requests that are check-ins; a twentieth of them is made twice on purpose."""
REPEATS = 0.05


@dataclass(slots=True)
class Screens:
    """The code in each room, as its teacher's screen asks for it when the last one has turned."""

    teacher_tokens: dict[UUID, str]
    codes: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)

    async def code(self, line: Line, meeting: RunningClass) -> str | None:
        """The code that is shown now; None when the screen cannot load it."""
        session = meeting.session.id
        shown = self.codes.get(session)
        if shown is None or shown[1] <= datetime.now(UTC):
            answer = await line.ask("GET", f"/api/v1/sessions/{session}/qr", self.teacher_tokens[meeting.teacher])
            if answer.status != 200:
                return None
            said = answer.json()
            shown = self.codes[session] = (said["token"], datetime.fromisoformat(said["expiresAt"]))
        return shown[0]


class Crowd:
    """Everybody who studies."""

    def __init__(
        self,
        port: int,
        classes: list[RunningClass],
        tokens: dict[UUID, str],
        ledger: Ledger,
        journey: Journey,
        seed: int,
    ) -> None:
        self._port = port
        self._classes = classes
        self._ledger = ledger
        self._journey = journey
        self._chance = Random(seed)
        self._tokens = tokens
        self._screens = Screens(tokens)
        self._absent = deque(self._chance.sample(pairs := _pairs(classes), len(pairs)))
        self._repeats: deque[tuple[RunningClass, UUID]] = deque()
        self._due: asyncio.Queue[None] = asyncio.Queue(LINES)

    async def live(self, rate: float, until: Callable[[], bool]) -> None:
        """Make ``rate`` requests a second until told to stop; then try again what is in doubt, and hang up."""
        lines = [asyncio.create_task(self._visit()) for _ in range(LINES)]
        loop = asyncio.get_running_loop()
        next_due = loop.time()
        while not until():
            next_due = max(next_due + 1 / rate, loop.time() - 0.2)
            await asyncio.sleep(max(0.0, next_due - loop.time()))
            await self._due.put(None)
        for task in lines:
            task.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        await self._settle()

    async def _visit(self) -> None:
        line = Line(self._port)
        try:
            while True:
                await self._due.get()
                with contextlib.suppress(NotSent, Unanswered):
                    await self._act(line)
        finally:
            line.close()

    async def _act(self, line: Line) -> None:
        try:
            if self._chance.random() < CHECK_INS and (self._absent or self._repeats):
                again = self._repeats and self._chance.random() < REPEATS
                await self._check_in(line, *(self._repeats if again or not self._absent else self._absent).popleft())
            else:
                await self._report(line)
        except NotSent:
            await asyncio.sleep(REFUSED_PAUSE)  # nobody listens
            raise

    async def _report(self, line: Line) -> None:
        meeting = self._chance.choice(self._classes)
        student = self._chance.choice(meeting.students)
        key, event = (meeting.session.id, student), self._event()
        kind = (
            self._chance.choice(ACTIVITIES) if event is Connection.HEARTBEAT and self._chance.random() < 0.3 else None
        )
        body = {"user_type": "student"} | ({"activity_type": kind} if kind else {})
        path = f"/api/whiteboard/sessions/{meeting.session.id}/{event.value}"
        since = datetime.now(UTC)
        doubtful = True
        try:
            answer = await self._ask(line, path, student, body)
            doubtful = answer.status >= 500
            if answer.status == 202:
                self._ledger.point(key, event, kind, datetime.fromisoformat(answer.json()["timestamp"]))
        except NotSent:
            doubtful = False
            raise
        finally:
            if doubtful:
                self._ledger.doubt(key, event, kind, since)

    def _event(self) -> Connection:
        return self._chance.choices(list(EVENTS), list(EVENTS.values()))[0]

    async def _check_in(self, line: Line, meeting: RunningClass, student: UUID) -> None:
        key: Key = (meeting.session.id, student)
        settled = key[0] in self._ledger.ended
        try:
            if settled:
                return
            code = await self._screens.code(line, meeting)
            settled = code is not None and await self._show(line, key, code)
        finally:
            if not settled:
                self._absent.append((meeting, student))
        if self._chance.random() < REPEATS:
            self._repeats.append((meeting, student))

    async def _show(self, line: Line, key: Key, code: str) -> bool:
        """Show the code once; whether that settled the matter."""
        doubtful = True
        try:
            answer = await self._ask(line, f"/api/v1/sessions/{key[0]}/attendance", key[1], {"token": code})
            doubtful = answer.status >= 500
        except NotSent:
            doubtful = False
            raise
        finally:
            if doubtful:
                self._ledger.doubtful_check_in(key)
        if answer.status in (200, 202):
            said = answer.json()
            at = datetime.fromisoformat(said["timestamp"])
            self._ledger.check_in(key, UUID(said["checkInId"]), said["status"], at)
            if answer.status == 202:
                self._journey.accepted((str(key[0]), str(key[1])))
            return True
        return answer.status == 409  # the session has ended

    async def _ask(self, line: Line, path: str, student: UUID, body: object) -> Answer:
        try:
            answer = await line.ask("POST", path, self._tokens[student], body)
        except Unanswered:
            self._ledger.unanswered += 1
            raise
        self._ledger.answers[answer.status] += 1
        return answer

    async def _settle(self) -> None:
        """Students whose check-in is in doubt try until they hear."""
        doubtful = {key for key, known in self._ledger.check_ins.items() if known.doubts and not known.acknowledged}
        line = Line(self._port)
        for meeting, student in [pair for pair in self._absent if (pair[0].session.id, pair[1]) in doubtful]:
            key, heard = (meeting.session.id, student), False
            while not heard and key[0] not in self._ledger.ended:
                with contextlib.suppress(NotSent, Unanswered):
                    code = await self._screens.code(line, meeting)
                    heard = code is not None and await self._show(line, key, code)
                if not heard:
                    await asyncio.sleep(REFUSED_PAUSE)
        line.close()


def _pairs(classes: list[RunningClass]) -> list[tuple[RunningClass, UUID]]:
    return [(meeting, student) for meeting in classes for student in meeting.students]
