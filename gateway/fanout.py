"""From rooms to sockets: what came within a tick goes out as one write per client, in slices (3-realtime 3.4).

The first push after a quiet tick leaves at once, with everything that the same read from Redis brought; what follows
waits for the tick's end. So the CPU it takes is bounded by clients ÷ tick, whatever is published, and nothing waits
longer than a tick. After a slice or two (:data:`rows.SLICE`) others get their turn on the loop, however many rooms are
due.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

from gateway import answers, metrics
from gateway.rights import Right
from gateway.room import Room
from gateway.rows import SLICE, Row
from gateway.showing import Strip, batch_of

if TYPE_CHECKING:
    from gateway.hub import Subscription

MISSED = "slow_reader"
"""The ``reason`` of a RESYNC for whoever read so slowly that counters were left out."""
_PAST, _NEVER = float("-inf"), float("inf")


@dataclass(eq=False, slots=True)
class _Turn:
    """When a room is written to next, at the latest, and what is being written. ``due`` is past while it queues."""

    sent_at: float = _PAST
    due: float = _NEVER
    timer: asyncio.TimerHandle | None = None
    delivery: Iterator[int] | None = None

    def cancel(self) -> None:
        """Let it not come by itself."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Fanout:
    """Sends what rooms have taken in, in turns of the loop."""

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._turns: dict[Room, _Turn] = {}
        self._queue: deque[Room] = deque()
        self._sending: Iterator[int] | None = None
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lagging: set[Subscription] = set()

    async def run(self) -> None:
        """Until cancelled. Raises what went wrong with sending: rooms stand now where nobody was told of."""
        await self._broken

    def send(self, rooms: Iterable[Room]) -> None:
        """Send what these have, as soon as their ticks allow: a slice now, the others when others had their turn."""
        for room in rooms:
            self._take(room)
        if self._queue and self._sending is None:
            self._sending = self._send_all()
            self._send_slice()

    def send_soon(self, room: Room) -> None:
        """Send what a room has, as soon as its tick allows, but nothing now."""
        self._take(room)
        self._begin_soon()

    def finish(self, room: Room) -> None:
        """Send everything of a room now, without a pause."""
        turn = self._turn_of(room)
        try:
            for _ in turn.delivery or ():
                pass
            if room.unsent:
                for _ in self._deliver(room, turn):
                    pass
        except BaseException as error:
            self._break(error)
            raise

    def forget(self, room: Room) -> None:
        """A room is closed."""
        turn = self._turns.pop(room, None)
        if turn is not None:
            turn.cancel()

    async def sweep(self) -> None:
        """Tell those who were slow and no longer are that they have missed counters: nobody is left silently behind."""
        for subscription in list(self._lagging):
            if not subscription.is_live:
                self._lagging.discard(subscription)
            elif not subscription.outlet.is_slow:
                self._resync(subscription)

    def _turn_of(self, room: Room) -> _Turn:
        turn = self._turns.get(room)
        if turn is None:
            turn = self._turns[room] = _Turn()
        return turn

    def _wait(self, room: Room, turn: _Turn, until: float) -> None:
        """Have the room's turn come no later than this, by itself."""
        if turn.due > until:
            turn.cancel()
            turn.due, turn.timer = until, asyncio.get_running_loop().call_at(until, self._be_due, room, turn)

    def _enqueue(self, room: Room, turn: _Turn) -> None:
        turn.cancel()
        turn.due = _PAST
        self._queue.append(room)

    def _take(self, room: Room) -> None:
        turn = self._turn_of(room)
        until = turn.sent_at + self._tick
        if until > asyncio.get_running_loop().time():
            self._wait(room, turn, until)
        elif turn.due is not _PAST:
            self._enqueue(room, turn)

    def _be_due(self, room: Room, turn: _Turn) -> None:
        self._enqueue(room, turn)
        self._begin_soon()

    def _begin_soon(self) -> None:
        """Many rooms may be due in the same turn of the loop: all of them share what may be written in one."""
        if self._queue and self._sending is None:
            self._sending = self._send_all()
            asyncio.get_running_loop().call_soon(self._send_slice)

    def _send_slice(self) -> None:
        assert self._sending is not None, "that is why this is called"
        try:
            if next(self._sending, None) is not None:
                asyncio.get_running_loop().call_soon(self._send_slice)
                return
        except BaseException as error:
            self._break(error)
            raise
        self._sending = None

    def _break(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)

    def _send_all(self) -> Iterator[int]:
        """Send what is queued; says when that was a slice."""
        written = 0
        while self._queue:
            room = self._queue.popleft()
            turn = self._turns.get(room)
            if turn is None:
                continue  # it was closed meanwhile
            turn.due = _NEVER
            turn.delivery = self._deliver(room, turn)
            for some in turn.delivery:
                written += some
                if written >= SLICE:
                    yield written
                    written = 0
            turn.delivery = None

    def _deliver(self, room: Room, turn: _Turn) -> Iterator[int]:
        """Write a batch to everybody who is there when it begins: whoever joins later has a floor above it. Says now
        and then how many that were."""
        now, began = asyncio.get_running_loop().time(), perf_counter()
        pushes, room.unsent = room.unsent, []
        batch = batch_of(pushes, room.counters, room.students, now)
        turn.sent_at = now
        if (due := room.counters.due()) is not None:
            self._wait(room, turn, due)
        yield 1  # What nobody gets has taken time too.
        if batch.staff.parts:
            yield from self._tell_all(room, Right.STAFF, batch.staff)
        for student_id, own in batch.own.items():
            yield self._tell_one(room, student_id, own)
        if batch.students.parts:
            yield from self._tell_all(room, Right.PARTICIPANT, batch.students)
        metrics.BROADCAST_SECONDS.observe(perf_counter() - began)

    def _tell_all(self, room: Room, right: Right, strip: Strip) -> Iterator[int]:
        row = room.row(right, strip.starts)
        for files in row.files:
            if row.is_stale:
                yield self._give([row.whose[file] for file in files], strip)
            else:
                yield _write(row, files, strip.joined)
        for others in row.others:
            yield self._give(others, strip)
        if row.is_passing:
            room.shuffle(right)

    def _tell_one(self, room: Room, student_id: UUID, strip: Strip) -> int:
        """Counters that are shown out of turn here, before something newer, are not shown again."""
        theirs = list(room.students.get(student_id, ()))
        self._give(theirs, strip)
        for subscription in theirs:
            subscription.floor = max(subscription.floor, strip.parts[-1].version)
        room.shuffle(Right.PARTICIPANT)
        return len(theirs)

    def _give(self, subscriptions: Sequence[Subscription], strip: Strip) -> int:
        """To each what they need of a strip; how many they are."""
        for subscription in subscriptions:
            if subscription.is_live and (frames := self._needed(subscription, strip)):
                subscription.outlet.send(frames)
                metrics.BYTES.count += len(frames)
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
            row.whose[file].outlet.send(frames[written:])
    metrics.BYTES.count += size * len(files)
    return len(files)
