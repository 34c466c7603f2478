"""Whoever has not been let in yet: they ask for something, once, and are let in or answered.

An ordinary request for an upgrade is read here (:mod:`gateway.opening`); the library's core reads all others, and says
what is wrong with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from gateway.hurry import Hurry
from gateway.library import new_core, send_out
from gateway.line import Line
from gateway.opening import Opening, opening_of, read_opening

if TYPE_CHECKING:
    from gateway.door import Answer, Target

MOST_REQUEST_BYTES = 16_384
_BLANK_LINE = b"\r\n\r\n"


@dataclass(eq=False, slots=True)
class Reception:
    """What all who come share. ``door`` lets in or answers, knowing how many there are; ``visit`` gives a line its
    outlet, and is what is said on it. ``write_limit``: bytes that wait before a client counts as slow, and as quick
    again."""

    door: Callable[[Opening, int], Target | Answer]
    visit: Callable[[Line, Target], Coroutine[Any, Any, None]]
    hurry: Hurry[Doorstep | Line]
    write_limit: tuple[int, int]
    waiting: set[Doorstep] = field(default_factory=set)
    lines: set[Line] = field(default_factory=set)


class Doorstep(asyncio.Protocol):
    """One who has come. Until they have asked, and been answered, they have a few seconds."""

    __slots__ = ("_answering", "_core", "_has_asked", "_reception", "_request", "_transport")

    def __init__(self, reception: Reception) -> None:
        self._transport: asyncio.Transport
        self._reception = reception
        self._core: ServerProtocol | None = None
        self._request = b""
        self._has_asked = False
        self._answering: asyncio.Task[None] | None = None

    def be_late(self) -> None:
        """Too much time has passed."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody came."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(*self._reception.write_limit)
        self._reception.waiting.add(self)
        self._reception.hurry.add(self)

    def data_received(self, data: bytes) -> None:
        """A request comes, whole or in pieces; what comes behind it is said by whoever was let in."""
        if self._has_asked:
            return
        request = self._request + data
        end = request.find(_BLANK_LINE) + len(_BLANK_LINE)
        if end < len(_BLANK_LINE):
            if len(request) <= MOST_REQUEST_BYTES:
                self._request = request
                return
            end = len(request)  # The library says what is wrong with it.
        self._request, self._has_asked = b"", True
        line = self._answer(request[:end])
        if line is not None and end < len(request):
            line.data_received(request[end:])

    def eof_received(self) -> None:
        """Nothing more comes; asyncio closes the connection."""

    def connection_lost(self, _error: Exception | None) -> None:
        """They are gone."""
        self._leave()

    def _leave(self) -> None:
        self._reception.waiting.discard(self)
        self._reception.hurry.remove(self)

    def _answer(self, request: bytes) -> Line | None:
        """Let them in, or say why not, at once or as soon as that is known."""
        opening = read_opening(request) or self._read_by_library(request)
        if opening is None:
            return None
        inside = len(self._reception.waiting) + len(self._reception.lines)
        answer = self._reception.door(opening, inside)
        if isinstance(answer, Response):
            self._respond(answer)
        elif isinstance(answer, Awaitable):
            self._answering = asyncio.get_running_loop().create_task(self._respond_later(answer))
        elif self._accept(opening):
            return self._let_in(answer)
        return None

    def _read_by_library(self, request: bytes) -> Opening | None:
        core = self._core = new_core()
        core.receive_data(request)
        send_out(core, self._transport)
        return next((opening_of(event) for event in core.events_received() if isinstance(event, Request)), None)

    def _accept(self, opening: Opening) -> bool:
        """Whether they are accepted; they are told so, or why not."""
        if opening.accepting is not None:
            self._transport.write(opening.accepting)
            return True
        assert self._core is not None, "who does not read a request leaves it to the library"
        assert opening.request is not None, "and the library has"
        response = self._core.accept(opening.request)
        self._respond(response)
        return response.status_code == 101

    def _let_in(self, target: Target) -> Line:
        self._leave()
        line = Line(self._transport, self._core)
        self._transport.set_protocol(line)
        line.begin(self._reception, target)
        return line

    async def _respond_later(self, answer: Awaitable[Response]) -> None:
        response = await answer
        if self in self._reception.waiting:
            self._respond(response)

    def _respond(self, response: Response) -> None:
        core = self._core = self._core or new_core()
        core.send_response(response)
        send_out(core, self._transport)
