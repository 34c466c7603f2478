"""From rooms to sockets: what came within a tick goes out as one write per client, in slices (3-realtime 3.4).

The first push after a quiet tick leaves at once, with everything that the same read from Redis brought; what follows
waits for the tick's end. So the CPU it takes is bounded by clients ÷ tick, whatever is published, and nothing waits
longer than a tick. After :data:`SLICE` writes others get their turn on the loop.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

from gateway import answers, metrics
from gateway.rights import Right
from gateway.room import Room
from gateway.rows import Row
from gateway.showing import Strip, batch_of

if TYPE_CHECKING:
    from gateway.hub import Subscription

SLICE = 200
MISSED = "slow_reader"
"""The ``reason`` of a RESYNC for whoever read so slowly that counters were left out."""


class Fanout:
    """Sends what rooms have taken in. :meth:`run` is the sending; nothing is sent without it but by :meth:`finish`."""

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._queue: deque[Room] = deque()
        self._something = asyncio.Event()
        self._waiting: dict[Room, tuple[float, asyncio.Handle | None]] = {}  # until when; no handle: in the queue
        self._sent_at: dict[Room, float] = {}
        self._under_way: dict[Room, Iterator[int]] = {}
        self._lagging: set[Subscription] = set()

    def wake(self, room: Room) -> None:
        """Send what a room has, as soon as its tick allows."""
        self._wait(room, self._sent_at.get(room, float("-inf")) + self._tick)

    def finish(self, room: Room) -> None:
        """Send everything of a room now, without a pause."""
        for _ in self._under_way.pop(room, ()):
            pass
        if room.unsent:
            for _ in self._deliver(room):
                pass

    def forget(self, room: Room) -> None:
        """A room is closed."""
        _, handle = self._waiting.pop(room, (0.0, None))
        if handle is not None:
            handle.cancel()
        self._sent_at.pop(room, None)
        self._under_way.pop(room, None)

    async def run(self) -> None:
        """Send until cancelled."""
        budget = SLICE
        while True:
            await self._something.wait()
            self._something.clear()
            while self._queue:
                room = self._queue.popleft()
                if self._waiting.pop(room, None) is None:
                    continue  # it was closed meanwhile
                delivery = self._under_way[room] = self._deliver(room)
                for written in delivery:
                    budget -= written
                    if budget <= 0:
                        budget = SLICE
                        await asyncio.sleep(0)
                self._under_way.pop(room, None)

    async def sweep(self) -> None:
        """Tell those who were slow and no longer are that they have missed counters: nobody is left silently behind."""
        for subscription in list(self._lagging):
            if not subscription.is_live:
                self._lagging.discard(subscription)
            elif not subscription.outlet.is_slow:
                self._resync(subscription)

    def _wait(self, room: Room, until: float) -> None:
        """Have the room's turn come no later than this."""
        if room in self._waiting:
            when, handle = self._waiting[room]
            if handle is None or when <= until:
                return
            handle.cancel()
        loop = asyncio.get_running_loop()
        if until <= loop.time():
            self._enqueue(room)
        else:
            self._waiting[room] = until, loop.call_at(until, self._enqueue, room)

    def _enqueue(self, room: Room) -> None:
        self._waiting[room] = 0.0, None
        self._queue.append(room)
        self._something.set()

    def _deliver(self, room: Room) -> Iterator[int]:
        """Write a batch to everybody who is there when it begins: whoever joins later has a floor above it. Says now and
        then how many that were."""
        now, began = asyncio.get_running_loop().time(), perf_counter()
        pushes, room.unsent = room.unsent, []
        batch = batch_of(pushes, room.counters, room.students, now)
        self._sent_at[room] = now
        if (due := room.counters.due()) is not None:
            self._wait(room, due)
        if batch.staff.parts:
            yield from self._tell_all(room, Right.STAFF, batch.staff)
        for student_id, own in batch.own.items():
            yield self._tell_one(room, student_id, own)
        if batch.students.parts:
            yield from self._tell_all(room, Right.PARTICIPANT, batch.students)
        metrics.BROADCAST_SECONDS.observe(perf_counter() - began)

    def _tell_all(self, room: Room, right: Right, strip: Strip) -> Iterator[int]:
        row = room.row(right, strip.starts)
        files = list(row.files)
        for start in range(0, len(files), SLICE):
            some = files[start : start + SLICE]
            if row.is_stale:
                yield self._give([row.files[file] for file in some], strip)
            else:
                yield _write(row, some, strip.joined)
        for start in range(0, len(row.others), SLICE):
            yield self._give(row.others[start : start + SLICE], strip)
        if row.is_passing:
            room.shuffle()

    def _tell_one(self, room: Room, student_id: UUID, strip: Strip) -> int:
        """Counters that are shown out of turn here, before something newer, are not shown again."""
        theirs = list(room.students.get(student_id, ()))
        self._give(theirs, strip)
        for subscription in theirs:
            subscription.floor = max(subscription.floor, strip.parts[-1].version)
        room.shuffle()
        return len(theirs)

    def _give(self, subscriptions: Sequence[Subscription], strip: Strip) -> int:
        """To each what they need of a strip; how many they are."""
        for subscription in subscriptions:
            if subscription.is_live and (frames := self._needed(subscription, strip)):
                subscription.outlet.send(frames)
                metrics.BYTES.inc(len(frames))
        return len(subscriptions)

    def _needed(self, subscription: Subscription, strip: Strip) -> bytes:
        """What somebody needs of a strip, who is slow, was slow, or has some of it."""
        if subscription.outlet.is_slow:
            if any(part.is_counters for part in strip.parts):
                subscription.has_missed = True
                self._lagging.add(subscription)
            return strip.without_counters(subscription.floor)
        if subscription.has_missed:
            self._resync(subscription)
        return strip.after(subscription.floor)

    def _resync(self, subscription: Subscription) -> None:
        subscription.has_missed = False
        self._lagging.discard(subscription)
        subscription.client.tell(answers.resync(subscription.room.channel, MISSED))


def _write(row: Row, files: Sequence[int], frames: bytes) -> int:
    """Write to these sockets; how many they are. What is done here is done a million times."""
    size = len(frames)
    for file in files:
        try:
            written = os.write(file, frames)
        except OSError:
            written = 0
        if written != size:  # What it does not take, or why it takes nothing, is found out on the usual way.
            row.files[file].outlet.send(frames[written:])
    metrics.BYTES.inc(size * len(files))
    return len(files)
