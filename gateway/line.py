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
_OPEN, _CONNECTING = State.OPEN, State.CONNECTING
"""An enumeration looks its members up each time they are asked for."""
_DATA = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})

log = logging.getLogger("gateway.websockets")
log.setLevel(logging.CRITICAL)  # At DEBUG the library logs handshakes, and with them tickets.


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
    """See the module. ``outlet`` is the way to the client while there is one: from the upgrade to the end."""

    __slots__ = (
        "_core",
        "_ended",
        "_is_lost",
        "_left",
        "_messages",
        "_parts",
        "_reception",
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
        self._left: int | None = 0
        self._messages: deque[str | bytes] = deque()
        self._parts: list[Frame] = []
        self._waiter: asyncio.Future[None] | None = None
        self._ended: asyncio.Future[None] | None = None
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

    def say_goodbye(self, code: int, reason: str) -> None:
        """Send a close frame."""
        self._judge().send_close(code, reason)
        self._flush()

    def be_late(self) -> None:
        """Too much time has passed without a request, or without a message."""
        if self.outlet is None:
            self.transport.abort()
        else:
            self.outlet.close(Close.NO_CONNECT)

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
            self._feed(data)

    def eof_received(self) -> None:
        """The client sends nothing more; asyncio closes the line once what waits for them is read."""
        self._judge().receive_eof()
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
        opening = read_opening(data) if self._core is None else None
        if opening is None:
            self._left = None
            self._feed(data)
        else:
            self._answer(opening, None)

    def _answer(self, opening: Opening, request: Request | None) -> None:
        """Let them in, or say why not, at once or as soon as that is known. ``request`` is for the library to judge."""
        answer = self._reception.door(opening, len(self._reception.lines))
        if isinstance(answer, Response):
            self._refuse(answer)
        elif isinstance(answer, Awaitable):
            self._begin(self._refuse_later(answer))
        elif opening.accepting is not None:
            self.transport.write(opening.accepting)
            self._let_in(answer)
        elif request is not None:
            self._refuse(self._judge().accept(request))
            if self.is_open:
                self._let_in(answer)

    def _let_in(self, target: Target) -> None:
        self._reception.hurry.add(self)
        self._begin(self._reception.visit(self, target))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self.visit = self.loop.create_task(work)
        self.visit.add_done_callback(lambda _: self._reception.lines.discard(self))

    async def _refuse_later(self, answer: Awaitable[Response]) -> None:
        response = await answer
        if not self._is_lost:
            self._refuse(response)

    def _refuse(self, response: Response) -> None:
        """Send a response; the library's own may be an acceptance."""
        self._judge().send_response(response)
        self._flush()

    def _judge(self) -> ServerProtocol:
        """The library's core, from where the conversation is now."""
        if self._core is None:
            state = _CONNECTING if self.outlet is None else _OPEN
            self._core = ServerProtocol(state=state, max_size=MAX_FRAME_BYTES, logger=log)
        return self._core

    def _feed(self, data: bytes) -> None:
        core = self._judge()
        core.receive_data(data)
        events = core.events_received()
        self._flush()
        for event in events:
            if isinstance(event, Request):
                self._answer(opening_of(event), event)
            elif isinstance(event, Frame):
                self._take(event)

    def _flush(self) -> None:
        """Send what the core wants to be sent; that may be the end of the conversation."""
        core = self._judge()
        with suppress(RuntimeError, OSError):  # The line may be closed already, as uvloop says.
            for data in core.data_to_send():
                self.transport.write(data) if data else self.transport.write_eof()
        if self.outlet is not None:
            self.outlet.stand_behind() if core.state is _OPEN else self.outlet.end()

    def _reads_whole(self) -> bool:
        """Whether a whole frame means the same now to everybody: not after a closing frame, not amid fragments."""
        return self._core is None or (self._core.state is _OPEN and self._core.current_size is None)

    def _take(self, frame: Frame) -> None:
        """A frame came, of any kind."""
        outlet = self.outlet
        if outlet is None or not outlet.may_say_more():
            return
        if frame.opcode is Opcode.PONG:
            outlet.answered(bytes(frame.data))
        elif frame.opcode in _DATA:
            self._parts.append(frame)
            if frame.fin:
                parts, self._parts = self._parts, []
                self._hear(parts[0].opcode, b"".join(part.data for part in parts))

    def _hear(self, opcode: Opcode, content: bytes) -> None:
        """A message came."""
        self.in_no_hurry()
        try:
            self._messages.append(content.decode() if opcode is Opcode.TEXT else content)
        except UnicodeDecodeError as error:
            self._judge().fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            self._flush()
            return
        if len(self._messages) == MOST_WAITING:
            self.transport.pause_reading()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
