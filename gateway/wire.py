"""Bytes on the wire: a frame built once for all who get it, and the way to one client.

The library serialises a broadcast again for every socket, which is most of its cost; writing one pre-built frame is
its fast path with the same checks (the socket is open, no fragmented message is under way, no compression was
negotiated: the server never offers it).
"""

import asyncio
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from gateway.closing import Close

CLOSE_SECONDS = 5.0
"""How long a client may take to answer a close frame."""


def text_frame(content: bytes) -> bytes:
    """A complete, unmasked text frame."""
    return Frame(Opcode.TEXT, content).serialize(mask=False)


class SocketOutlet:
    """One socket, written without waiting. Whoever reads too slowly is closed instead of waited for."""

    def __init__(self, connection: ServerConnection, bytes_per_client: int) -> None:
        self._connection = connection
        self._most = bytes_per_client
        self._abort: asyncio.TimerHandle | None = None
        self.closed_with: Close | None = None

    def send(self, frame: bytes) -> None:
        """Send a complete frame, as the hub's ``Outlet``."""
        connection = self._connection
        if connection.protocol.state is not State.OPEN or connection.send_in_progress is not None:
            return
        transport: Any = connection.transport
        transport.write(frame)
        if transport.get_write_buffer_size() > self._most:
            self.close(Close.SLOW)

    def close(self, code: Close) -> None:
        """Send the close frame now; cut the line if no answer comes, since waiting is what slow clients make of it."""
        connection = self._connection
        if connection.protocol.state is not State.OPEN:
            return
        self.closed_with = code
        connection.protocol.send_close(code, code.reason)
        connection.send_data()
        self._abort = connection.loop.call_later(CLOSE_SECONDS, connection.transport.abort)

    def gone(self) -> None:
        """The socket is closed: nothing is left to cut."""
        if self._abort is not None:
            self._abort.cancel()
