"""Every socket's pulse: one sweep per process instead of a task per socket, which would cost 2 kB and a third of the
CPU that idle sockets need.

A wheel with :data:`SLOTS` slots turns once per round; each slot's sockets get the same ping, built once. Its content is
random, so that an answer cannot be made up before it was asked for. Who has not answered a whole round later is gone.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Protocol

from websockets.frames import Frame, Opcode

SLOTS = 60
SLICE = 200
"""Sockets pinged before others get their turn on the loop."""
STALL_SECONDS = 1.0
"""A loop that was busy this long may have answers that it has not read: nobody is judged by that time."""


class Pinged(Protocol):
    """A socket as the wheel sees it. ``asked_at`` is when the ping was sent that ``is_asked`` awaits an answer to."""

    slot: int
    asked_at: float

    @property
    def is_asked(self) -> bool:
        """Whether an answer is awaited."""
        ...

    def ask(self, content: bytes, frame: bytes, now: float) -> None:
        """Send this ping."""

    def silent(self) -> None:
        """No answer came."""


class Pulse:
    """The wheel. ``seconds`` is a round: between pings, and for an answer."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._slots: list[set[Pinged]] = [set() for _ in range(SLOTS)]
        self._places = cycle(range(SLOTS))
        self._hand = 0
        self._soon: list[Pinged] = []
        self._somebody = asyncio.Event()
        self._stalled_at = float("-inf")

    def add(self, socket: Pinged) -> None:
        """Ping this socket from now on. Sockets that come together are spread over the round."""
        socket.slot = next(self._places)
        self._slots[socket.slot].add(socket)

    def remove(self, socket: Pinged) -> None:
        """Ping it no more."""
        self._slots[socket.slot].discard(socket)

    def ask_soon(self, socket: Pinged) -> None:
        """Ping it out of turn."""
        self._soon.append(socket)
        self._somebody.set()

    async def run(self) -> None:
        """Turn until cancelled."""
        tick = self._seconds / SLOTS
        due = self._clock()
        while True:
            due += tick
            await asyncio.sleep(max(0.0, due - self._clock()))
            if self._clock() - due > STALL_SECONDS:
                due = self._stalled_at = self._clock()
            await self.turn()

    async def run_out_of_turn(self) -> None:
        """Ping those for whom that was asked, until cancelled."""
        while True:
            await self._somebody.wait()
            self._somebody.clear()
            due, self._soon = self._soon, []
            await self._visit(due)

    async def turn(self) -> None:
        """Go one slot further."""
        self._hand = (self._hand + 1) % SLOTS
        await self._visit(list(self._slots[self._hand]))

    async def _visit(self, due: Sequence[Pinged]) -> None:
        content = secrets.token_bytes(8)
        frame = Frame(Opcode.PING, content).serialize(mask=False)
        for start in range(0, len(due), SLICE):
            now = self._clock()
            for socket in due[start : start + SLICE]:
                self._ask_or_judge(socket, content, frame, now)
            await asyncio.sleep(0)

    def _ask_or_judge(self, socket: Pinged, content: bytes, frame: bytes, now: float) -> None:
        if not socket.is_asked:
            socket.ask(content, frame, now)
        elif now - max(socket.asked_at, self._stalled_at) >= self._seconds * (SLOTS - 1) / SLOTS:
            socket.silent()
