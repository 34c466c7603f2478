"""Points that wait for Redis. Plain state, bounded: while Redis is away nobody new gets in, heartbeats fold into few
(:mod:`gateway.beats`), and of too many activities only the presence they prove is kept."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from shared.domain.words import Connection
from shared.messages.events import PointProven

if TYPE_CHECKING:
    from gateway.stay import Stay

MOST_ACTIVITIES = 50_000
"""Activities that wait before further ones are kept as mere heartbeats: some 10 MB."""


class Outbox:
    """What waits, and ``something``: set while anything does."""

    def __init__(self) -> None:
        self.something = asyncio.Event()
        self._points: deque[PointProven] = deque()
        self._beating: deque[Stay] = deque()
        self._activities = 0

    def __len__(self) -> int:
        return len(self._points) + sum(len(stay.beats) for stay in self._beating)

    def put(self, point: PointProven) -> None:
        """Keep a connect, a disconnect or an activity."""
        self._activities += point.activity is not None
        self._points.append(point)
        self.something.set()

    @property
    def has_room(self) -> bool:
        """Whether another activity may wait."""
        return self._activities < MOST_ACTIVITIES

    def beats_wait(self, stay: Stay) -> None:
        """Heartbeats of this stay wait, where none did."""
        self._beating.append(stay)
        self.something.set()

    def take(self, most: int) -> list[PointProven]:
        """About this many of the points that wait; they wait no longer. The order of points means nothing."""
        taken = [self._points.popleft() for _ in range(min(most, len(self._points)))]
        self._activities -= sum(point.activity is not None for point in taken)
        while self._beating and len(taken) < most:
            stay = self._beating.popleft()
            taken += [stay.point(Connection.HEARTBEAT, moment) for moment in stay.beats]
            stay.beats = []
        if not self._points and not self._beating:
            self.something.clear()
        return taken
