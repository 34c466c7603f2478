"""The way to one client: frames are written without waiting for anybody.

While nothing waits for the client, a frame is written to the socket itself, past the transport, which saves a twelfth
of what a push costs. The socket cannot be somebody else's by then: asyncio and uvloop close it only after they have
said ``connection_lost``, and from then on nothing is sent. What the socket does not take is the transport's to keep.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.closing import Close

if TYPE_CHECKING:
    from gateway.line import Line

CLOSE_SECONDS = 5.0
"""How long a client may take to answer a close frame."""


def _nowhere(_frames: bytes) -> None:
    """The way to a client whose socket is closing."""


class SocketOutlet:
    """One socket, written without waiting. Whoever reads too slowly is closed instead of waited for.

    ``send`` sends complete frames. What it is says how the socket stands, so that a push to a thousand asks nobody: to
    the socket itself while nothing waits for it; behind what waits, and judged by that; nowhere once the closing has
    begun, by whomever. From then on the line has :data:`CLOSE_SECONDS`.
    ``file`` is the socket's number while a frame may be written to it just so, by whomever; ``on_change`` is called
    whenever that changes. ``was_cut`` says that the client was not heard when the socket ended. ``on_proof`` is called
    at every proof of life.
    """

    __slots__ = (
        "_abort",
        "_awaited",
        "_frames",
        "_line",
        "_most",
        "_most_frames",
        "_number",
        "_second",
        "asked_at",
        "closed_with",
        "file",
        "is_slow",
        "on_change",
        "on_proof",
        "send",
        "slot",
        "was_cut",
    )

    def __init__(self, line: Line, bytes_per_client: int, frames_per_second: int) -> None:
        self._line = line
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
        self.on_change: Callable[[], None] | None = None
        self.file: int | None = None
        self._number: int = line.transport.get_extra_info("socket").fileno()
        if line.is_open:
            self._stand_behind()
        line.outlet = self

    def slow_down(self) -> None:
        """Much is waiting for the client: every frame more is looked at."""
        self.is_slow = True
        self.judge()

    def speed_up(self) -> None:
        """The client has caught up."""
        self.is_slow = False

    def judge(self) -> None:
        """Look at what waits in the transport: all else stands behind it, and too much of it is the end."""
        waiting = self._line.transport.get_write_buffer_size()
        if waiting > self._most:
            self.close(Close.SLOW) if self._line.is_open else self.cut()
        elif self.send is not _nowhere:
            self._stand_behind() if waiting else self._stand_free()

    def end(self) -> None:
        """Send nothing more. Cut the line if it is not closed soon, since waiting is what slow clients make of it, or
        if much comes to wait besides what does now: answers to pings, which the library gives until the end."""
        self._stand_nowhere()
        if self._abort is None:
            self._most += self._line.transport.get_write_buffer_size()
            self._abort = self._line.loop.call_later(CLOSE_SECONDS, self.cut)

    def _stand_free(self) -> None:
        self._stand(self._send_now, self._number)

    def _stand_behind(self) -> None:
        self._stand(self._send_behind, None)

    def _stand_nowhere(self) -> None:
        self._stand(_nowhere, None)

    def _stand(self, send: Callable[[bytes], None], file: int | None) -> None:
        before, self.send, self.file = self.file, send, file
        if file != before and self.on_change is not None:
            self.on_change()

    def _send_now(self, frames: bytes) -> None:
        try:
            written = os.write(self._number, frames)
        except BlockingIOError:
            written = 0
        except OSError:
            self._line.transport.abort()
            return
        if written != len(frames):
            self._stand_behind()
            self.send(frames[written:])

    def _send_behind(self, frames: bytes) -> None:
        try:
            self._line.transport.write(frames)
        except RuntimeError:  # What uvloop says of a socket that nothing can be written to any more.
            self._line.transport.abort()
            return
        self.judge()

    def close(self, code: Close, reason: str | None = None) -> None:
        """Send the close frame now."""
        if self._line.is_open:
            self.closed_with = code
            self._line.say_goodbye(code, reason or code.reason)

    def may_say_more(self) -> bool:
        """Count a frame of the client's; one too many in a second ends the socket."""
        second = int(self._line.loop.time())
        if second != self._second:
            self._second, self._frames = second, 0
        self._frames += 1
        if self._frames == self._most_frames + 1:
            self.close(Close.PROTOCOL, "too many frames")
        return self._frames <= self._most_frames

    def cut(self) -> None:
        """End the line without waiting for anybody."""
        self.was_cut = self.was_cut or not self._line.was_closed_by_client
        self._stand_nowhere()
        self._line.transport.abort()

    def gone(self) -> None:
        """The socket is closed: nothing is left to cut."""
        if self._abort is not None:
            self._abort.cancel()
            self._abort = None
        self._stand_nowhere()
        self.on_proof = self.on_change = None
        del self._line.outlet  # They hold each other.

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
