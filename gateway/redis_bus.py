"""The bus in Redis: one pub/sub connection per process, and the positions and histories of lua/publish.lua.

A quiet channel is not a dead one, so silence says nothing: a PING every few seconds finds out. redis-py's own
reconnecting is off, because it would hide that messages were lost.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import ResponseError

from gateway import metrics
from gateway.asking import AWAY, Asking
from gateway.bus import Listener
from gateway.pushes import read_push
from gateway.recovery import Position, Reading
from gateway.redis_link import Command, Link, linked, pack
from shared import keys, lua
from shared.bus import POSITION_SECONDS

BEAT_SECONDS = 5.0
"""Between two PINGs; a connection that says nothing for this long after one is lost."""
BACK_OFF = (0.05, 2.0)
"""First and longest pause between tries to connect, seconds."""
SUBSCRIBED_AT_ONCE = 500
"""Channels per SUBSCRIBE command after a reconnect."""
READ_AT_ONCE = 16
"""Histories asked for together: after an outage every channel is read, and who comes is not to wait for all of them."""

log = structlog.get_logger()


class RedisBus:
    """See :class:`gateway.bus.Bus`. :meth:`run` is the connection; the rest works while it runs."""

    def __init__(self, redis: Redis, asking: Asking, timeout: float, beat_seconds: float = BEAT_SECONDS) -> None:
        self.listener: Listener | None = None
        self._redis = redis
        self._asking = asking
        self._timeout = timeout
        self._beat_seconds = beat_seconds
        self._place = lua.script("position")
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        self._link: Link | None = None
        self._wanted: dict[str, asyncio.Future[None]] = {}
        self._unconfirmed: Counter[str] = Counter()
        self._replies = 0
        self._lives = 0
        self.is_up = False

    async def run(self) -> None:
        """Be connected, and connect again whenever that is lost; until cancelled."""
        pause = BACK_OFF[0]
        while True:
            try:
                await self._live()
            except AWAY as lost:
                log.warning("pub/sub connection lost", reason=type(lost).__name__)
            pause = BACK_OFF[0] if self.is_up else min(pause * 2, BACK_OFF[1])
            self.is_up = False
            await asyncio.sleep(pause)

    async def subscribe(self, channel: str) -> None:
        """See :class:`gateway.bus.Bus`."""
        if channel not in self._wanted:
            self._wanted[channel] = asyncio.get_running_loop().create_future()
            self._say("SUBSCRIBE", [channel])
        await asyncio.shield(self._wanted[channel])

    def unsubscribe(self, channel: str) -> None:
        """See :class:`gateway.bus.Bus`."""
        wanted = self._wanted.pop(channel, None)
        if wanted is not None:
            wanted.cancel()
            self._say("UNSUBSCRIBE", [channel])

    async def read(self, channel: str, after: int | None) -> Reading:
        """See :class:`gateway.bus.Bus`."""
        position, history = keys.position(channel), keys.history(channel)
        wanted: list[Command] = [("HMGET", position, "v", "e")]
        if after is not None:
            wanted.append(("XRANGE", history, f"{after + 1}-0", "+"))
        async with self._reading:
            *_, moment = await self._asking.ask(("MULTI",), *wanted, ("EXEC",))
        if refused := next((reply for reply in moment if isinstance(reply, ResponseError)), None):
            raise refused
        (version, epoch), *entries = moment
        if epoch is None:
            made = ("EVAL", self._place, 2, position, history, secrets.token_hex(6), POSITION_SECONDS)
            [(version, epoch)] = await self._asking.ask(made)
            entries = []
        later = [read_push(_field(fields, b"m")) for _, fields in (entries[0] if entries else ())]
        return Reading(Position(int(version or 0), epoch.decode()), later)

    async def tops(self, channels: Sequence[str]) -> dict[str, Position | None]:
        """See :class:`gateway.bus.Bus`."""
        found = await self._asking.ask(*[("HMGET", keys.position(channel), "v", "e") for channel in channels])
        return {
            channel: None if epoch is None else Position(int(version or 0), epoch.decode())
            for channel, (version, epoch) in zip(channels, found, strict=True)
        }

    async def _live(self) -> None:
        """One connection, from its first breath until it is lost, which raises."""
        async with asyncio.timeout(self._timeout):
            link = await linked(self._redis, self._take)
        self._link = link
        try:
            self._subscribe_all()
            await self._beat(link)
        finally:
            self._link = None
            await link.close()

    def _subscribe_all(self) -> None:
        for channel, confirmed in self._wanted.items():
            if confirmed.done():
                self._wanted[channel] = asyncio.get_running_loop().create_future()
        self._unconfirmed.clear()
        channels = [keys.CONTROL, *self._wanted]
        for start in range(0, len(channels), SUBSCRIBED_AT_ONCE):
            self._say("SUBSCRIBE", channels[start : start + SUBSCRIBED_AT_ONCE])

    def _say(self, command: str, channels: list[str]) -> None:
        """Send a command if there is a connection; if not, the next one begins with everything wanted."""
        if self._link is None:
            return
        if command == "SUBSCRIBE":
            self._unconfirmed.update(channels)
        self._link.say(pack([(command, *channels)]))

    async def _beat(self, link: Link) -> None:
        while not link.lost.done():
            replies = self._replies
            link.say(pack([("PING",)]))
            await asyncio.wait([link.lost], timeout=self._beat_seconds)
            if replies == self._replies:
                raise LostConnection("no answer to PING")
        raise LostConnection("the connection was closed")

    def _take(self, replies: list[Any]) -> None:
        self._replies += len(replies)
        messages = []
        for reply in replies:
            match reply:
                case [b"message", channel, message]:
                    messages.append((channel.decode(), message))
                case [b"subscribe", channel, _]:
                    self._confirm(channel.decode())
                case ResponseError():
                    log.error("pub/sub command refused", reason=str(reply))
                    if self._link is not None:
                        self._link.abort()  # Which of them nobody can tell: the next connection begins with all.
        if messages and self.listener is not None:
            self.listener.heard(messages)

    def _confirm(self, channel: str) -> None:
        self._unconfirmed[channel] -= 1
        if self._unconfirmed[channel] <= 0:
            # Only the last SUBSCRIBE counts: an earlier one may have been undone by an UNSUBSCRIBE in between.
            del self._unconfirmed[channel]
            confirmed = self._wanted.get(channel)
            if confirmed is not None and not confirmed.done():
                confirmed.set_result(None)
        if not self._unconfirmed and not self.is_up:
            self._came_up()

    def _came_up(self) -> None:
        self.is_up = True
        self._lives += 1
        if self._lives > 1:
            metrics.BUS_RECONNECTS.inc()
            log.info("pub/sub connection is back", channels=len(self._wanted))
        if self.listener is not None:
            self.listener.returned()


def _field(fields: list[bytes], name: bytes) -> bytes:
    """A field of a stream's entry, which comes as names and values in turn."""
    return fields[fields.index(name) + 1]
