"""Bytes on the wire: a frame built once for all who get it, and the way to one client.

The library serialises a broadcast again for every socket, which is most of its cost; one pre-built frame is written
under the same conditions: the socket is open, no fragmented message is under way (all frames are sent here, none in
fragments), and no compression was negotiated (the server never offers it).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.protocol import Event, State

from gateway.closing import Close
from gateway.short_frames import is_request, left_of_frame, read_short

CLOSE_SECONDS = 5.0
"""How long a client may take to answer a close frame."""


_NOTHING_CAME = -1
_READ = Request("", Headers())
_WHOLE_TEXT, _LONG, _LONGER = 0x81, 126, 127
_OPEN = State.OPEN
"""An enumeration looks its members up each time they are asked for."""


def _nowhere(_frames: bytes) -> None:
    """The way to a client whose socket is closing."""


def text_frame(content: bytes) -> bytes:
    """A complete, unmasked text frame (RFC 6455 section 5.2)."""
    size = len(content)
    if size < _LONG:
        return b"%c%c%s" % (_WHOLE_TEXT, size, content)
    if size < 1 << 16:
        return b"%c%c%s%s" % (_WHOLE_TEXT, _LONG, size.to_bytes(2), content)
    return b"%c%c%s%s" % (_WHOLE_TEXT, _LONGER, size.to_bytes(8), content)


class Line(ServerConnection):
    """The library's connection, whose pings are ours (:mod:`gateway.pulse`)."""

    outlet: "SocketOutlet | None" = None
    _left: int | None = _NOTHING_CAME
    """Bytes of a frame that are still to come; see :func:`gateway.short_frames.left_of_frame`."""

    def data_received(self, data: bytes) -> None:
        """Bytes came. What is read here goes the way the library would send it."""
        if self._left == 0 and (frame := read_short(data)) is not None and self._reads_short():
            self.process_event(frame)
            return
        if self._left == _NOTHING_CAME:
            self._left = 0 if is_request(data) else None
        else:
            self._left = left_of_frame(data, self._left)
        super().data_received(data)

    def _reads_short(self) -> bool:
        """Whether a whole frame means the same now to everybody: not after a closing frame, not amid fragments."""
        return self.protocol.state is _OPEN and self.protocol.current_size is None

    def forget_handshake(self) -> None:
        """Its headers are not looked at again, and are much of what an idle socket weighs. That there was a request is
        how the library knows that frames follow."""
        self.request, self.response = _READ, None

    def process_event(self, event: Event) -> None:
        """A frame came, of any kind; before them, the handshake."""
        if self.outlet is None or self.outlet.may_say_more():
            super().process_event(event)

    def send_data(self) -> None:
        """What the protocol wants to be sent is sent; that may be the end of the conversation."""
        super().send_data()
        if self.outlet is not None and self.protocol.state is not _OPEN:
            self.outlet.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        if self.outlet is not None:
            self.outlet.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Much waits for this client to read it."""
        super().pause_writing()
        if self.outlet is not None:
            self.outlet.slow_down()

    def resume_writing(self) -> None:
        """It was read."""
        super().resume_writing()
        if self.outlet is not None:
            self.outlet.speed_up()

    def acknowledge_pings(self, data: bytes) -> None:
        """A pong came, asked for or not."""
        if self.outlet is not None:
            self.outlet.answered(data)


class SocketOutlet:
    """One socket, written without waiting. Whoever reads too slowly is closed instead of waited for.

    ``send`` sends complete frames. What it is says how the socket stands, so that a push to a thousand asks nobody:
    the transport's own ``write`` while all is well; one that looks at what waits while much does; nothing at all once
    the closing has begun, by whomever. From then on the line has :data:`CLOSE_SECONDS`.
    ``was_cut`` says that the client was not heard when the socket ended. ``on_proof`` is called at every proof of life.
    """

    __slots__ = (
        "_abort",
        "_awaited",
        "_connection",
        "_frames",
        "_most",
        "_most_frames",
        "_second",
        "asked_at",
        "closed_with",
        "is_slow",
        "on_proof",
        "send",
        "slot",
        "was_cut",
    )

    def __init__(self, connection: Line, bytes_per_client: int, frames_per_second: int) -> None:
        self._connection = connection
        self._most = bytes_per_client
        self._most_frames = frames_per_second
        self._frames = 0
        self._second = 0
        self._abort: asyncio.TimerHandle | None = None
        self._awaited: bytes | None = None
        self.slot = 0
        self.asked_at = 0.0
        self.closed_with: Close | None = None
        self.was_cut = False
        self.is_slow = False
        self.on_proof: Callable[[], None] | None = None
        self.send: Callable[[bytes], None] = _nowhere
        if connection.protocol.state is _OPEN:
            self.send = connection.transport.write
        connection.outlet = self

    def slow_down(self) -> None:
        """Much is waiting for the client: every frame more is looked at."""
        self.is_slow = True
        if self.send is not _nowhere:
            self.send = self._send_within_bounds
            self._judge()

    def speed_up(self) -> None:
        """The client has caught up."""
        self.is_slow = False
        if self.send is not _nowhere:
            self.send = self._connection.transport.write

    def end(self) -> None:
        """Send nothing more. Cut the line if it is not closed soon, since waiting is what slow clients make of it."""
        self.send = _nowhere
        if self._abort is None:
            self._abort = self._connection.loop.call_later(CLOSE_SECONDS, self.cut)

    def _send_within_bounds(self, frames: bytes) -> None:
        self._connection.transport.write(frames)
        self._judge()

    def _judge(self) -> None:
        transport: Any = self._connection.transport
        if transport.get_write_buffer_size() > self._most:
            self.close(Close.SLOW)

    def close(self, code: Close, reason: str | None = None) -> None:
        """Send the close frame now."""
        connection = self._connection
        if connection.protocol.state is not _OPEN:
            return
        self.closed_with = code
        connection.protocol.send_close(code, reason or code.reason)
        connection.send_data()

    def may_say_more(self) -> bool:
        """Count a frame of the client's; one too many in a second ends the socket."""
        second = int(self._connection.loop.time())
        if second != self._second:
            self._second, self._frames = second, 0
        self._frames += 1
        if self._frames == self._most_frames + 1:
            self.close(Close.PROTOCOL, "too many frames")
        return self._frames <= self._most_frames

    def cut(self) -> None:
        """End the line without waiting for anybody."""
        self.was_cut = self.was_cut or self._connection.protocol.close_rcvd is None
        self.send = _nowhere
        self._connection.transport.abort()

    def gone(self) -> None:
        """The socket is closed: nothing is left to cut."""
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None
        self.send = _nowhere
        self.on_proof = self._connection.outlet = None

    @property
    def is_asked(self) -> bool:
        """See :class:`gateway.pulse.Pinged`."""
        return self._awaited is not None

    def ask(self, content: bytes, frame: bytes, now: float) -> None:
        """See :class:`gateway.pulse.Pinged`."""
        if self.send is not _nowhere:
            self._awaited, self.asked_at = content, now
            self.send(frame)

    def answered(self, content: bytes) -> None:
        """A pong came. Nobody can invent one: only the answer to the last ping counts, and only once."""
        if content == self._awaited:
            self._awaited = None
            if self.on_proof is not None:
                self.on_proof()

    def silent(self) -> None:
        """See :class:`gateway.pulse.Pinged`. The close frame is for whoever can still read but not write."""
        if self.send is not _nowhere:
            self.was_cut = True
            self.close(Close.FAULT, "no answer to pings")
