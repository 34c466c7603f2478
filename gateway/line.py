"""One socket, from its first byte to its last: a thin asyncio shell around the library's protocol core.

The core (``websockets.server.ServerProtocol``, sans-I/O) judges all that is unusual, and how a socket is closed. It is
made when it is first needed: an ordinary request (:mod:`gateway.opening`) and whole frames (:mod:`gateway.frames`),
which is nearly all that clients ever send, are read without it. That halves what a socket costs on its way in, and what
it weighs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import structlog
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.closing import Close
from gateway.frames import MAX_FRAME_BYTES, left_of_frame, read_whole
from gateway.hurry import Hurry
from gateway.opening import Opening, opening_of, read_opening

if TYPE_CHECKING:
    from gateway.door import Answer, Target
    from gateway.outlet import SocketOutlet

MOST_WAITING = 16
"""Messages that wait before no more are read."""
MOST_REQUEST_BYTES = 16_384
_BLANK_LINE = b"\r\n\r\n"
_OPEN, _CONNECTING = State.OPEN, State.CONNECTING
"""An enumeration looks its members up each time they are asked for."""
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})

log = structlog.get_logger()
_library_log = logging.getLogger("gateway.websockets")
_library_log.setLevel(logging.WARNING)  # At DEBUG the library logs handshakes, and with them tickets.


class Gone(Exception):
    """The line is lost, and everything that came on it was heard."""


@dataclass(eq=False, slots=True)
class Reception:
    """What all lines of a process share. ``door`` lets in or answers, knowing how many lines there are; ``visit`` gives
    a line its outlet, and is what is said on it. ``write_limit``: bytes that wait before a client counts as slow, and
    as quick again."""

    door: Callable[[Opening, int], Target | Answer]
    visit: Callable[[Line, Target], Coroutine[Any, Any, None]]
    hurry: Hurry[Line]
    write_limit: tuple[int, int]
    lines: set[Line] = field(default_factory=set)


class Line(asyncio.Protocol):
    """See the module. A line is asked for something, once; whoever is let in has an ``outlet`` from then on, and is
    heard until we begin to close it. ``visit`` is what is done for them."""

    __slots__ = (
        "_content",
        "_core",
        "_ended",
        "_has_answered",
        "_has_said_goodbye",
        "_is_lost",
        "_left",
        "_messages",
        "_opcode",
        "_reception",
        "_request",
        "_waiter",
        "loop",
        "outlet",
        "transport",
        "visit",
    )

    def __init__(self, reception: Reception) -> None:
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport
        self.outlet: SocketOutlet | None = None
        self.visit: asyncio.Task[None] | None = None
        self._reception = reception
        self._core: ServerProtocol | None = None
        self._request = b""
        self._has_answered = False
        self._left: int | None = 0
        self._opcode: Opcode | None = None
        self._content = b""
        self._messages: deque[str | bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._ended: asyncio.Future[None] | None = None
        self._has_said_goodbye = False
        self._is_lost = False

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

    async def recv(self) -> str | bytes:
        """The next message, binary ones as bytes; raises :class:`Gone`."""
        while not self._messages:
            if self._is_lost:
                raise Gone
            self._waiter = self.loop.create_future()
            await self._waiter
        if len(self._messages) == MOST_WAITING and not self._is_lost:
            self.transport.resume_reading()
        return self._messages.popleft()

    async def wait_lost(self) -> None:
        """Until the line is lost."""
        if not self._is_lost:
            self._ended = self.loop.create_future()
            await self._ended

    def in_no_hurry(self) -> None:
        """Whoever it is need not say anything soon."""
        self._reception.hurry.remove(self)

    def be_late(self) -> None:
        """Too much time has passed without a request, or without a message."""
        if self.outlet is None:
            self.transport.abort()
        else:
            self.outlet.close(Close.NO_CONNECT)

    def say_goodbye(self, code: int, reason: str) -> None:
        """Begin to close: whatever else the client says is not heard."""
        self._has_said_goodbye = True
        self._messages.clear()
        self.transport.resume_reading()
        self._library().send_close(code, reason)
        self._flush()

    def cut(self) -> None:
        """End the line without waiting for anybody."""
        if self.outlet is None:
            self.transport.abort()
        else:
            self.outlet.cut()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came. Until they have asked for something, and said something, they have a few seconds for each."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(*self._reception.write_limit)
        self._reception.lines.add(self)
        self._reception.hurry.add(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self.outlet is None:
            self._be_asked(data)
        elif self._left == 0 and (frame := read_whole(data)) is not None and self._reads_whole():
            self._take(frame)
        else:
            self._left = left_of_frame(data, self._left)
            self._read_by_library(data)

    def eof_received(self) -> None:
        """The client sends nothing more; asyncio closes the line once what waits for them is read."""
        self._library().receive_eof()
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        """The line is gone."""
        self._is_lost = True
        self.in_no_hurry()
        if self._core is not None:
            self._core.receive_eof()
        if self.outlet is not None:
            self.outlet.end()
        if self.visit is None:
            self._reception.lines.discard(self)
        for waiting in (self._waiter, self._ended):
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    def pause_writing(self) -> None:
        """Much waits for this client to read it."""
        if self.outlet is not None:
            self.outlet.slow_down()

    def resume_writing(self) -> None:
        """It was read."""
        if self.outlet is not None:
            self.outlet.speed_up()

    def _be_asked(self, data: bytes) -> None:
        """A request comes, whole or in pieces; what comes behind it is said once it is answered, to whoever is in."""
        if self._has_answered:
            return
        request = self._request + data
        end = request.find(_BLANK_LINE) + len(_BLANK_LINE)
        if end < len(_BLANK_LINE):
            if len(request) <= MOST_REQUEST_BYTES:
                self._request = request
                return
            end = len(request)  # The library says what is wrong with it.
        self._request, self._has_answered = b"", True
        self._answer(request[:end])
        if self.outlet is not None and end < len(request):
            self.data_received(request[end:])

    def _answer(self, request: bytes) -> None:
        """Let them in, or say why not, at once or as soon as that is known."""
        opening = read_opening(request)
        if opening is None:
            asked = next(iter(self._read_by_library(request)), None)
            if asked is None:
                return
            opening = opening_of(asked)
        answer = self._reception.door(opening, len(self._reception.lines))
        if isinstance(answer, Response):
            self._respond(answer)
        elif isinstance(answer, Awaitable):
            self._begin(self._respond_later(answer))
        elif opening.accepting is not None:
            self.transport.write(opening.accepting)
            self._let_in(answer)
        else:
            assert opening.request is not None, "whoever does not read it leaves it to the library"
            self._respond(self._library().accept(opening.request))
            if self.is_open:
                self._let_in(answer)

    def _let_in(self, target: Target) -> None:
        self._reception.hurry.add(self)
        self._begin(self._reception.visit(self, target))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self.visit = self.loop.create_task(work)
        self.visit.add_done_callback(lambda _: self._reception.lines.discard(self))

    async def _respond_later(self, answer: Awaitable[Response]) -> None:
        response = await answer
        if not self._is_lost:
            self._respond(response)

    def _respond(self, response: Response) -> None:
        core = self._library()
        if core.state is _CONNECTING and not core.eof_sent:
            core.send_response(response)
            self._flush()

    def _library(self) -> ServerProtocol:
        """The library's core, from where the conversation is now."""
        if self._core is None:
            state = _CONNECTING if self.outlet is None else _OPEN
            self._core = ServerProtocol(state=state, max_size=MAX_FRAME_BYTES, logger=_library_log)
        return self._core

    def _read_by_library(self, data: bytes) -> list[Request]:
        """Take what the library reads in this; the requests, of which there is one at most."""
        core = self._library()
        core.receive_data(data)
        events = core.events_received()
        self._flush()
        for event in events:
            if isinstance(event, Frame):
                self._take(event)
        return [event for event in events if isinstance(event, Request)]

    def _flush(self) -> None:
        """Send what the core wants to be sent; that may be the end of the conversation."""
        core = self._library()
        with suppress(RuntimeError, OSError):  # The line may be closed already, as uvloop says.
            for data in core.data_to_send():
                self.transport.write(data) if data else self.transport.write_eof()
        if self.outlet is not None:
            self.outlet.stand_behind() if core.state is _OPEN else self.outlet.end()
            self.outlet.judge()

    def _reads_whole(self) -> bool:
        """Whether a whole frame means the same now to everybody: not after a closing frame, not amid fragments."""
        return self._core is None or (self._core.state is _OPEN and self._core.current_size is None)

    def _take(self, frame: Frame) -> None:
        """A frame came, of any kind."""
        outlet = self.outlet
        if outlet is None or self._has_said_goodbye or not outlet.may_say_more():
            return
        if frame.opcode is Opcode.PONG:
            outlet.answered(bytes(frame.data))
        elif frame.opcode in _DATA:
            self._assemble(frame)

    def _assemble(self, frame: Frame) -> None:
        """A message came, or a part of one; the library has counted its bytes."""
        opcode = self._opcode or frame.opcode
        content = self._content + frame.data
        self._opcode, self._content = (None, b"") if frame.fin else (opcode, content)
        if frame.fin:
            self._hear(opcode, content)

    def _hear(self, opcode: Opcode, content: bytes) -> None:
        """A message came."""
        self.in_no_hurry()
        try:
            self._messages.append(content.decode() if opcode is Opcode.TEXT else content)
        except UnicodeDecodeError as error:
            self._has_said_goodbye = True
            self._library().fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            self._flush()
            return
        if len(self._messages) == MOST_WAITING:
            self.transport.pause_reading()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
