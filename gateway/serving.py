"""A gateway that accepts sockets, and how it ends: everybody is sent elsewhere, in batches (3-realtime 3.4)."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from websockets.asyncio.server import Server, ServerConnection, serve

from gateway import answers
from gateway.closing import Close
from gateway.door import Door
from gateway.house import House
from gateway.hub import Client, Hub
from gateway.pace import Pace
from gateway.visit import Visit
from gateway.wire import CLOSE_SECONDS, Line
from shared.settings import Settings

MAX_FRAME_BYTES = 4096
"""Largest frame from a client; a larger one is the library's 1009."""
BACKLOG = 1024
SLOW_SHARE = 4
"""Counters are left out for whoever has this share (one fourth) of what may wait for them waiting."""
SENT_AT_ONCE = 100
"""Clients sent elsewhere together: they come back to another process spread over the drain and their own jitter."""
PARTING_SECONDS = 2.0
"""How long the last ones may take to go."""


class Gateway:
    """See the module."""

    def __init__(self, server: Server, hub: Hub, pace: Pace, background: Sequence[asyncio.Task[None]]) -> None:
        self.background = background
        self._server = server
        self._hub = hub
        self._pace = pace

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def drain(self) -> None:
        """Accept nobody more, send everyone elsewhere, and cut whoever has not gone in time."""
        self._server.close(close_connections=False)
        await asyncio.sleep(0)  # Let it stop listening first, or a client sent away could come straight back.
        await self._send_away(list(self._hub.clients))
        for connection in self._server.connections:  # Those that have not said who they are.
            if isinstance(connection, Line) and connection.outlet is not None:
                connection.outlet.close(Close.RESTART)
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING_SECONDS):
                await self._server.wait_closed()
        for client in list(self._hub.clients):
            client.outlet.cut()
        for connection in list(self._server.all_connections):
            connection.transport.abort()
        await self._server.wait_closed()

    async def _send_away(self, clients: Sequence[Client]) -> None:
        batches = [clients[start : start + SENT_AT_ONCE] for start in range(0, len(clients), SENT_AT_ONCE)]
        goodbye = answers.reconnect()
        for number, batch in enumerate(batches):
            if number:
                await asyncio.sleep(self._pace.drain_seconds / (len(batches) - 1))
            for client in batch:
                client.tell(goodbye)
                client.outlet.close(Close.RESTART)


async def serving(settings: Settings, pace: Pace, house: House, door: Door) -> Server:
    """Start to accept sockets; raises ``OSError`` when the port is taken."""

    async def visit(connection: ServerConnection) -> None:
        assert isinstance(connection, Line)
        await Visit(house, connection).run()

    return await serve(
        visit,
        settings.gateway_host,
        settings.gateway_port,
        process_request=door,
        compression=None,
        server_header=None,
        open_timeout=pace.connect_seconds,
        create_connection=Line,
        ping_interval=None,  # gateway.pulse does it
        close_timeout=CLOSE_SECONDS,
        max_size=MAX_FRAME_BYTES,
        write_limit=(slow := pace.bytes_per_client // SLOW_SHARE, slow // 2),
        logger=_library_log(),
        backlog=BACKLOG,
    )


def _library_log() -> logging.Logger:
    """At DEBUG the library logs handshakes, and with them tickets; at ERROR every port scan is a stack trace."""
    library = logging.getLogger("gateway.websockets")
    library.setLevel(logging.CRITICAL)
    return library
