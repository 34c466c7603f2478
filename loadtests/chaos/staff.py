"""The staff: a teacher who marks by hand and ends sessions."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from uuid import UUID

from loadtests.campus import RunningClass
from loadtests.chaos.ledger import Ledger
from loadtests.chaos.line import Answer, Line, NotSent, Unanswered

WORDS = ("present", "late", "absent", "excused")
PAUSE = 0.3


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
