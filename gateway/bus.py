"""The bus between workers and gateways: channels to listen to, and the history behind them.

What it promises:

- Once :meth:`Bus.subscribe` has returned, every message published later is heard, in order, at most once, for as
  long as the connection lives. So *subscribe, then read the position* misses nothing.
- A lost connection loses messages without a trace. When it is back, everything wanted is subscribed again, and then
  ``returned`` is called: whoever listens compares positions and reads the history.
- Control messages (``keys.CONTROL``) are heard without asking for them; lost ones are not repeated.
"""

from collections.abc import Sequence
from typing import Protocol

from gateway.pushes import read_push
from gateway.recovery import Position, Reading

Message = tuple[str, bytes]
"""A channel, and what was published there."""


class Listener(Protocol):
    """Who hears the bus. Neither method blocks or raises."""

    def heard(self, messages: Sequence[Message]) -> None:
        """These were published, and came together."""

    def returned(self) -> None:
        """The connection is there (again); anything may have been missed until now."""


class Bus(Protocol):
    """Pub/sub with positions. Methods that wait raise ``RedisError`` or ``TimeoutError`` when it is away."""

    @property
    def is_up(self) -> bool:
        """Whether messages are being heard."""
        ...

    async def subscribe(self, channel: str) -> None:
        """Listen to a channel; returns once the bus has confirmed it, however long that takes."""
        ...

    def unsubscribe(self, channel: str) -> None:
        """Listen to a channel no more."""
        ...

    async def read(self, channel: str, after: int | None) -> Reading:
        """The top of a channel and, with ``after``, the kept pushes beyond that version: one moment of both."""
        ...

    async def tops(self, channels: Sequence[str]) -> dict[str, Position | None]:
        """The tops of many channels; ``None`` where a channel has no position."""
        ...


class MemoryBus:
    """A twin in memory: one process, perfectly ordered, and lossy exactly when told to be."""

    def __init__(self) -> None:
        self.listener: Listener | None = None
        self.wanted: set[str] = set()
        self.is_up = True
        self._tops: dict[str, Position] = {}
        self._history: dict[str, list[bytes]] = {}

    async def subscribe(self, channel: str) -> None:
        """See :class:`Bus`."""
        self.wanted.add(channel)

    def unsubscribe(self, channel: str) -> None:
        """See :class:`Bus`."""
        self.wanted.discard(channel)

    async def read(self, channel: str, after: int | None) -> Reading:
        """See :class:`Bus`."""
        later = [] if after is None else [read_push(message) for message in self._history.get(channel, ())]
        return Reading(self._top(channel), [push for push in later if after is not None and push.version > after])

    async def tops(self, channels: Sequence[str]) -> dict[str, Position | None]:
        """See :class:`Bus`."""
        return {channel: self._tops.get(channel) for channel in channels}

    def publish(self, channel: str, kind: str, open_frame: bytes) -> int:
        """What lua/publish.lua does; returns the version."""
        top = self._top(channel)
        version = top.version + 1
        frame = b'%s,"version":%d,"epoch":"%s"}}' % (open_frame, version, top.epoch.encode())
        message = b"%d %s %s" % (version, kind.encode(), frame)
        self._tops[channel] = Position(version, top.epoch)
        self._history.setdefault(channel, []).append(message)
        if self.is_up and channel in self.wanted:
            self.deliver(channel, message)
        return version

    def deliver(self, channel: str, message: bytes) -> None:
        """Let a message be heard; a twin of the twin may let it take its time."""
        if self.listener is not None:
            self.listener.heard([(channel, message)])

    def trim(self, channel: str, keep: int = 0) -> None:
        """Forget all but the newest pushes."""
        history = self._history.get(channel, [])
        del history[: len(history) - keep]

    def forget(self, channel: str, epoch: str) -> None:
        """Lose a channel's position; the next push begins a new epoch."""
        self._tops[channel] = Position(0, epoch)
        self._history.pop(channel, None)

    def come_back(self) -> None:
        """End an outage that ``is_up = False`` began."""
        self.is_up = True
        if self.listener is not None:
            self.listener.returned()

    def _top(self, channel: str) -> Position:
        return self._tops.setdefault(channel, Position(0, "e1"))
