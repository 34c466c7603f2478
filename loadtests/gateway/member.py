"""One client of a WebSocket server, as cheap as Python can: thousands of them fit beside the server they load."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

STAMP = b'"at":'
"""What precedes a push's time of sending, microseconds since 1970, in a payload."""
_PONG = 0x8A
_TEXT, _CLOSE, _PING = 1, 8, 9
_LONG, _LONG_TEXT = 126, b"\x81\x7e"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server is spoken to after the upgrade.

    ``first`` is sent at once; the member is there when a frame that holds ``ready`` has come; a frame that starts with
    ``ping`` is answered with ``pong``. A push is a frame that holds ``push``.
    """

    first: tuple[bytes, ...] = ()
    ready: bytes = b""
    push: bytes = STAMP
    ping: bytes = b"\0"
    pong: bytes = b""


@dataclass
class Tally:
    """What all members have seen since it was last reset. ``late`` are delays of sampled pushes, in seconds."""

    there: int = 0
    pushes: int = 0
    bytes: int = 0
    pings: int = 0
    closes: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)

    def reset(self) -> None:
        """Begin anew; who is there stays."""
        self.pushes = self.bytes = self.pings = 0
        self.closes.clear()
        self.late.clear()

    def report(self) -> dict[str, Any]:
        """As it is told to whoever asked."""
        late = sorted(self.late)
        marks = {
            f"p{mark}": late[min(len(late) - 1, len(late) * mark // 100)] * 1e3 if late else None for mark in (50, 99)
        }
        worst = late[-1] * 1e3 if late else None
        counts = {"there": self.there, "pushes": self.pushes, "bytes": self.bytes, "pings": self.pings}
        return {**counts, **marks, "worst": worst, "closes": dict(self.closes)}


def frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    """A client's frame. The mask is zero, which the protocol allows, so that nothing has to be masked."""
    size = len(payload)
    head = bytes([0x80 | opcode, 0x80 | size]) if size < 126 else bytes([0x80 | opcode, 0xFE]) + size.to_bytes(2)
    return head + b"\0\0\0\0" + payload


def _is_one_text(data: bytes) -> bool:
    """Whether this is one whole frame of text, of the size that pushes have."""
    return len(data) >= _LONG and data[:2] == _LONG_TEXT and len(data) == 4 + int.from_bytes(data[2:4])


class Member(asyncio.Protocol):
    """One socket. ``arrival`` is done once it is there, with False when it was refused."""

    __slots__ = ("_buffer", "_dialect", "_hello", "_is_open", "_sampled", "_tally", "_transport", "arrival")

    def __init__(self, hello: bytes, dialect: Dialect, tally: Tally, *, sampled: bool) -> None:
        self._hello = hello
        self._dialect = dialect
        self._tally = tally
        self._sampled = sampled
        self._buffer = b""
        self._is_open = False
        self._transport: asyncio.Transport | None = None
        self.arrival: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        """Read whole frames; the rest waits. One push alone, which is nearly all there is, is not looked at further:
        the slower this is, the later everybody's pushes seem."""
        self._tally.bytes += len(data)
        if self._is_open and not self._buffer and _is_one_text(data) and self._dialect.push in data:
            self._note(data)
            return
        self._buffer = data if not self._buffer else self._buffer + data
        if not self._is_open and not self._upgrade():
            return
        self._read()

    def connection_lost(self, _error: Exception | None) -> None:
        """The end."""
        if self.arrival.done() and self.arrival.result():
            self._tally.there -= 1
        self._arrive(False)
        self._transport = None

    def say(self, data: bytes) -> None:
        """Write bytes that are frames already."""
        if self._transport is not None:
            self._transport.write(data)

    def leave(self) -> None:
        """Cut the line."""
        if self._transport is not None:
            self._transport.abort()

    def _upgrade(self) -> bool:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return False
        if b" 101 " not in head[:20]:
            self._tally.closes[head[9:12].decode()] += 1
            self._arrive(False)
            self.leave()
            return False
        self._buffer, self._is_open = rest, True
        for first in self._dialect.first:
            self.say(first)
        if not self._dialect.ready:
            self._arrive(True)
        return True

    def _read(self) -> None:
        buffer, place, end = self._buffer, 0, len(self._buffer)
        while end - place >= 2:
            size, head = buffer[place + 1], 2
            if size == 126:
                size, head = int.from_bytes(buffer[place + 2 : place + 4]), 4
            elif size == 127:
                size, head = int.from_bytes(buffer[place + 2 : place + 10]), 10
            after = place + head + size
            if end < after or end - place < head:
                break
            self._take(buffer[place] & 15, buffer[place + head : after])
            place = after
        self._buffer = buffer[place:] if place else buffer

    def _take(self, opcode: int, payload: bytes) -> None:
        dialect = self._dialect
        if opcode == _PING:
            self._tally.pings += 1
            self.say(bytes([_PONG, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
        elif opcode == _CLOSE:
            self._tally.closes[str(int.from_bytes(payload[:2]))] += 1
            self.say(frame(payload[:2], _CLOSE))
        elif payload.startswith(dialect.ping):
            self.say(dialect.pong)
        elif dialect.push in payload:
            self._note(payload)
        elif dialect.ready in payload:
            self._arrive(True)

    def _note(self, payload: bytes) -> None:
        self._tally.pushes += payload.count(self._dialect.push)
        if self._sampled:
            place = payload.find(STAMP) + len(STAMP)
            sent = int(payload[place : place + 16])
            self._tally.late.append(time.time() - sent / 1e6)

    def _arrive(self, there: bool) -> None:
        if not self.arrival.done():
            self._tally.there += there
            self.arrival.set_result(there)
