"""One socket, from its upgrade to its end: a thin asyncio shell around the library's protocol core.

The core is made when it is first needed: whole frames (:mod:`gateway.frames`), which is nearly all that clients ever
send, are read without it. Together with requests that are (:mod:`gateway.doorstep`) that halves what a socket costs on
its way in, and what it weighs.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.closing import Close
from gateway.frames import left_of_frame, read_whole
from gateway.library import new_core, send_out
from gateway.messages import Messages

if TYPE_CHECKING:
    from gateway.door import Target
    from gateway.doorstep import Reception
    from gateway.outlet import SocketOutlet

_OPEN = State.OPEN
"""An enumeration looks its members up each time they are asked for."""
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})


class Line(asyncio.Protocol):
    """See the module. ``visit`` is what is said on it, and gives it its ``outlet``. The client is heard until we begin
    to close. Whoever is let in has some seconds for their first message."""

    __slots__ = (
        "_core",
        "_ended",
        "_has_said_goodbye",
        "_is_lost",
        "_left",
        "_reception",
        "loop",
        "messages",
        "outlet",
        "transport",
        "visit",
    )

    def __init__(self, transport: asyncio.Transport, core: ServerProtocol | None) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport = transport
        self.messages = Messages(transport)
        self.outlet: SocketOutlet
        self.visit: asyncio.Task[None]
        self._reception: Reception
        self._core = core
        self._left: int | None = 0
        self._ended: asyncio.Future[None] | None = None
        self._has_said_goodbye = False
        self._is_lost = False

    def begin(self, reception: Reception, target: Target) -> None:
        """Let the visit begin."""
        self._reception = reception
        reception.lines.add(self)
        reception.hurry.add(self)
        self.visit = self.loop.create_task(reception.visit(self, target))
        self.visit.add_done_callback(lambda _: reception.lines.discard(self))

    @property
    def is_open(self) -> bool:
        """Whether the conversation goes on: neither side has begun to close it."""
        return not self._is_lost and (self._core is None or self._core.state is _OPEN)

    @property
    def close_code(self) -> int | None:
        """How the conversation ended, once it has; 1006 is without a word."""
        return CloseCode.ABNORMAL_CLOSURE if self._core is None else self._core.close_code

    @property
    def was_closed_by_client(self) -> bool:
        """Whether the client has sent a close frame, first or in answer to ours."""
        return self._core is not None and self._core.close_rcvd is not None

    async def wait_lost(self) -> None:
        """Until the line is lost."""
        if not self._is_lost:
            self._ended = self.loop.create_future()
            await self._ended

    def in_no_hurry(self) -> None:
        """Whoever it is need not say anything soon."""
        self._reception.hurry.remove(self)

    def be_late(self) -> None:
        """Too much time has passed without a message."""
        self.outlet.close(Close.NO_CONNECT)

    def say_goodbye(self, code: int, reason: str) -> None:
        """Begin to close: whatever else the client says is not heard."""
        self._has_said_goodbye = True
        self.messages.forget()
        self._library().send_close(code, reason)
        self._send_out()

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._left == 0 and (frame := read_whole(data)) is not None and self._reads_whole():
            self._take(frame)
            return
        self._left = left_of_frame(data, self._left)
        core = self._library()
        core.receive_data(data)
        events = core.events_received()
        self._send_out()
        for event in events:
            if isinstance(event, Frame):
                self._take(event)

    def eof_received(self) -> None:
        """The client sends nothing more; asyncio closes the line once what waits for them is read."""
        self._library().receive_eof()
        self._send_out()

    def connection_lost(self, _error: Exception | None) -> None:
        """The line is gone."""
        self._is_lost = True
        self.outlet.end()  # First of all: the socket's number is soon somebody else's.
        self.in_no_hurry()
        if self._core is not None:
            self._core.receive_eof()
        self.messages.end()
        if self._ended is not None:
            self._ended.set_result(None)

    def pause_writing(self) -> None:
        """Much waits for this client to read it."""
        self.outlet.slow_down()

    def resume_writing(self) -> None:
        """It was read."""
        self.outlet.speed_up()

    def _library(self) -> ServerProtocol:
        if self._core is None:
            self._core = new_core(_OPEN)
        return self._core

    def _send_out(self) -> None:
        """Send what the core wants to be sent; that may be the end of the conversation."""
        core = self._library()
        send_out(core, self.transport)
        if core.state is not _OPEN:
            self.outlet.end()
        self.outlet.judge()

    def _reads_whole(self) -> bool:
        """Whether a whole frame means the same now to everybody: not after a closing frame, not amid fragments."""
        return self._core is None or (self._core.state is _OPEN and self._core.current_size is None)

    def _take(self, frame: Frame) -> None:
        """A frame came, of any kind."""
        if self._has_said_goodbye or not self.outlet.may_say_more():
            return
        if frame.opcode is Opcode.PONG:
            self.outlet.answered(bytes(frame.data))
        elif frame.opcode in _DATA:
            self._hear(frame)

    def _hear(self, frame: Frame) -> None:
        try:
            if self.messages.add(frame):
                self.in_no_hurry()
        except UnicodeDecodeError as error:
            self._has_said_goodbye = True
            self._library().fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            self._send_out()
