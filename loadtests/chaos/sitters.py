"""Those who are present by socket alone: they answer pings, draw now and then, and come back when a socket is lost."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import msgspec

from loadtests.campus import RunningClass
from loadtests.chaos.ledger import Ledger, Life, Sitting
from loadtests.gateway.crowd import hello
from loadtests.gateway.member import Dialect, Member, Tally, frame

ARRIVAL_SECONDS = 10.0
BACK_SECONDS = (0.5, 4.0)
"""Until a lost socket is opened again: the pages' jitter (3-realtime 3.4), shortened, so that more lives fit."""
DRAW_SECONDS = (4.0, 7.0)
"""Between activities; a gateway counts one a second, and may read two late."""
GOODBYE_SECONDS = 5.0
_PING, _CLOSE = 9, 8
_GOODBYE = frame((1000).to_bytes(2), _CLOSE)


class Chair(Member):
    """One socket that notes every ping it answers; ``gone`` is done when it has ended."""

    __slots__ = ("_life", "gone")

    def __init__(self, hello: bytes, connect: bytes, life: Life) -> None:
        super().__init__(hello, Dialect((connect,), ready=b'"CONNECTED"'), Tally(), sampled=False)
        self._life = life
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_lost(self, error: Exception | None) -> None:
        """The end."""
        super().connection_lost(error)
        self.gone.set_result(None)

    def _take(self, opcode: int, payload: bytes) -> None:
        super()._take(opcode, payload)
        if opcode == _PING:
            self._life.gave(datetime.now(UTC))


class Sitters:
    """Everybody in these classes, each with a socket on the session's path."""

    def __init__(
        self, port: int, classes: list[RunningClass], tokens: dict[UUID, str], ledger: Ledger, seed: int
    ) -> None:
        self._port = port
        self._classes = classes
        self._tokens = tokens
        self._ledger = ledger
        self._chance = Random(seed)

    async def live(self, until: Callable[[], bool]) -> None:
        """Sit there until told to stop, then say goodbye."""
        async with asyncio.TaskGroup() as group:
            for meeting in self._classes:
                for student in meeting.students:
                    sitting = self._ledger.sittings[meeting.session.id, student] = Sitting()
                    group.create_task(self._sit(meeting, student, sitting, until))

    async def _sit(self, meeting: RunningClass, student: UUID, sitting: Sitting, until: Callable[[], bool]) -> None:
        while not until():
            await asyncio.sleep(self._chance.uniform(*BACK_SECONDS))
            sitting.lives.append(life := Life())
            await self._live_through(meeting.session.id, student, life, until)

    async def _live_through(self, session: UUID, student: UUID, life: Life, until: Callable[[], bool]) -> None:
        connect = msgspec.json.encode({"type": "CONNECT", "token": self._tokens[student]})
        chair = Chair(hello(self._port, f"/ws/sessions/{session}"), frame(connect), life)
        since = datetime.now(UTC)
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                loop = asyncio.get_running_loop()
                await loop.create_connection(lambda: chair, "127.0.0.1", self._port)
                life.is_in = await chair.arrival
        except (OSError, TimeoutError):
            chair.leave()
        life.gave(since)
        if life.is_in:
            await self._stay(session, chair, life, until)

    async def _stay(self, session: UUID, chair: Chair, life: Life, until: Callable[[], bool]) -> None:
        """Draw until the socket is lost, or until it is time to go."""
        draw = frame(msgspec.json.encode({"type": "ACTIVITY", "sessionId": session, "activity": "draw"}))
        next_stroke = 0.0
        loop = asyncio.get_running_loop()
        while not chair.gone.done() and not until():
            if loop.time() >= next_stroke:
                next_stroke = loop.time() + self._chance.uniform(*DRAW_SECONDS)
                life.gave(datetime.now(UTC), "draw")
                chair.say(draw)
            await asyncio.wait([chair.gone], timeout=0.5)
        if chair.gone.done():
            life.ended = datetime.now(UTC)
            life.gave(life.ended)  # a gateway that closes a socket says when
            return
        life.gave(datetime.now(UTC))
        chair.say(_GOODBYE)
        await asyncio.wait([chair.gone], timeout=GOODBYE_SECONDS)
        chair.leave()
