"""Between the bus and the rooms: joining without a gap, passing on, and catching up (3-realtime 3.2)."""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from gateway import answers, metrics
from gateway.asking import AWAY
from gateway.bus import Bus, Message
from gateway.fanout import Fanout
from gateway.hub import Client, Hub, Subscription
from gateway.pushes import read_push, sent_at
from gateway.recovery import Gap, Reading, missed, readable
from gateway.rights import Right
from gateway.room import Room, give
from gateway.tasks import cancelled
from shared import keys
from shared.messages.frames import Resume

JOIN_SECONDS = 2.0
"""How long Redis may take to say where a channel stands, and to be listened to."""
RETRY_SECONDS = 0.5
"""Pause after a reading that failed; the room stays behind, and says so to nobody, until one succeeds."""

log = structlog.get_logger()


class Relay:
    """The listener of the bus; brings what it hears to the hub's rooms."""

    def __init__(
        self,
        hub: Hub,
        bus: Bus,
        fanout: Fanout,
        control: Callable[[bytes], None],
        join_seconds: float = JOIN_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ):
        self._hub = hub
        self._bus = bus
        self._fanout = fanout
        self._control = control
        self._join_seconds = join_seconds
        self._retry_seconds = retry_seconds
        self._confirmed: dict[Room, asyncio.Task[None]] = {}
        self._catching_up: dict[Room, asyncio.Task[None]] = {}
        self._stale: set[Room] = set()

    def heard(self, messages: Sequence[Message]) -> None:
        """See :class:`gateway.bus.Listener`."""
        told = []
        for channel, message in messages:
            if channel == keys.CONTROL:
                self._control(message)
            elif (room := self._hear(channel, message)) is not None:
                told.append(room)
        self._fanout.send(told)

    def returned(self) -> None:
        """See :class:`gateway.bus.Listener`."""
        for room in self._hub.rooms.values():
            self.catch_up(room)

    async def join(self, client: Client, session_id: UUID, right: Right, resume: Resume) -> None:
        """Subscribe a client from a position on; a second subscription to a channel replaces the first.

        Raises ``RedisError`` or ``TimeoutError`` when the bus is away; then the client is not subscribed.
        """
        self.leave(client, resume.channel)
        now = asyncio.get_running_loop().time()
        subscription = self._hub.enter(client, resume.channel, session_id, right, now)
        after = readable(resume.version)
        reading = subscription.room.reading(after, resume.epoch) if self._bus.is_up else None
        try:
            if reading is None or after != resume.version:
                async with asyncio.timeout(self._join_seconds):
                    reading = await self._fitting(subscription, after)
        except BaseException:
            self.leave(client, resume.channel)
            raise
        if client.subscriptions.get(resume.channel) is subscription:
            _begin(subscription, resume, reading)
            if not subscription.room.is_in(reading.top.epoch):
                self._fanout.finish(subscription.room)
            if not subscription.room.settle(subscription, reading.top):
                self.catch_up(subscription.room)

    def leave(self, client: Client, channel: str) -> None:
        """Unsubscribe a client, if it is subscribed."""
        room = self._hub.leave(client, channel)
        if room is not None:
            self._close(room)

    def dismiss(self, client: Client) -> None:
        """A client is gone."""
        for room in self._hub.dismiss(client):
            self._close(room)

    def catch_up(self, room: Room) -> None:
        """Read where the channel stands and bring the room there; once more if one is under way."""
        self._stale.add(room)
        if room.pending is None:
            room.pending = []  # From now on: the room may be in an epoch that some of its people have left.
        under_way = self._catching_up.get(room)
        if under_way is None or under_way.done():
            task = self._catching_up[room] = asyncio.create_task(self._catch_up(room))
            task.add_done_callback(lambda done: self._caught_up(room, done))

    async def check_tops(self) -> None:
        """Compare every room with its channel's top: nobody is left silently behind. Raises ``RedisError``."""
        rooms = [room for room in self._hub.rooms.values() if room.position is not None]
        before = {room: room.position for room in rooms}
        tops = await self._bus.tops([room.channel for room in rooms])
        for room in rooms:
            # A room that moved while the tops were read is alive; it is looked at again next time.
            if room.position == before[room] and tops.get(room.channel) != room.position:
                self.catch_up(room)

    async def stop(self) -> None:
        """End what is under way."""
        await cancelled([*self._catching_up.values(), *self._confirmed.values()])

    def _hear(self, channel: str, message: bytes) -> Room | None:
        """The room that has something to send now."""
        metrics.PUSHES.count += 1
        room = self._hub.rooms.get(channel)
        if room is None:
            return None
        try:
            push = read_push(message)
        except ValueError:
            log.error("unreadable push", channel=channel)  # The next push shows a gap, and history bridges it.
            return None
        if (at := sent_at(push)) is not None:
            metrics.PUBSUB_LAG_SECONDS.observe(max(0.0, time.time() - at.timestamp()))
        if not room.hear(push):
            self.catch_up(room)
        return room if room.unsent else None

    async def _fitting(self, subscription: Subscription, after: int | None) -> Reading:
        """A reading made while the channel was being heard, so that the buffer goes on where it ends."""
        room = subscription.room
        await asyncio.shield(self._confirm(room))
        while True:
            subscription.buffer = []
            reading = await self._bus.read(room.channel, after)
            if room.fits(subscription, reading.top):
                return reading

    def _confirm(self, room: Room) -> asyncio.Task[None]:
        if room not in self._confirmed:
            self._confirmed[room] = asyncio.create_task(self._bus.subscribe(room.channel))
        return self._confirmed[room]

    def _close(self, room: Room) -> None:
        if (task := self._confirmed.pop(room, None)) is not None:
            task.cancel()
        if (task := self._catching_up.get(room)) is not None:
            task.cancel()
        self._stale.discard(room)
        self._fanout.forget(room)
        self._bus.unsubscribe(room.channel)

    def _caught_up(self, room: Room, done: asyncio.Task[None]) -> None:
        if self._catching_up.get(room) is done:
            del self._catching_up[room]
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("catching up failed", channel=room.channel, exc_info=error)

    async def _catch_up(self, room: Room) -> None:
        while room in self._stale:
            self._stale.discard(room)
            room.pending = []
            try:
                reading = await self._bus.read(room.channel, room.position.version if room.position else None)
            except AWAY as error:
                log.warning("channel not caught up yet", channel=room.channel, reason=type(error).__name__)
                await asyncio.sleep(self._retry_seconds)
                self._stale.add(room)
                continue
            self._fanout.finish(room)
            if not room.catch_up(reading):
                self._stale.add(room)
            if room.unsent:
                self._fanout.send_soon(room)


def _begin(subscription: Subscription, resume: Resume, reading: Reading) -> None:
    """Say where the channel stands and, to whoever resumes, what they missed or that it cannot be had."""
    top = reading.top
    later = [] if resume.version is None else missed(resume.version, resume.epoch, reading)
    recovered = resume.version is not None and not isinstance(later, Gap)
    client = subscription.client
    client.tell(answers.subscribed(resume.channel, top.version, top.epoch, recovered=recovered))
    if resume.version is not None:
        metrics.RECOVERED.labels("yes" if recovered else "no").inc()
    if isinstance(later, Gap):
        client.tell(answers.resync(resume.channel, later))
        return
    for push in later:
        give(subscription, push)
