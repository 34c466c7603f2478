"""Narrow sockets: what is written here, and read there when a test says so."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from gateway.outlet import SocketOutlet

MOST = 1 << 20


class Reader(asyncio.Protocol):
    """The transport's side that is asked nothing, as a line is not while its client only reads."""

    def __init__(self) -> None:
        self.outlet: SocketOutlet | None = None

    def pause_writing(self) -> None:
        """As a line does."""
        assert self.outlet is not None
        self.outlet.slow_down()

    def resume_writing(self) -> None:
        """As a line does."""
        assert self.outlet is not None
        self.outlet.speed_up()

    def connection_lost(self, _error: Exception | None) -> None:
        """As a line does."""
        assert self.outlet is not None
        self.outlet.end()
        self.outlet.gone()


class End:
    """Both ends of a narrow socket: an outlet, and what its client has read."""

    def __init__(self, outlet: SocketOutlet, transport: asyncio.Transport, far: socket.socket) -> None:
        self.outlet = outlet
        self.transport = transport
        self.closes: list[int] = []
        self._far = far
        self.read = b""

    def look(self, most: int = 1 << 20) -> None:
        """Read what is there, while nothing else happens."""
        while most > 0:
            try:
                data = self._far.recv(min(most, 65_536))
            except BlockingIOError:
                return
            if not data:
                return
            self.read += data
            most -= len(data)

    async def everything(self, size: int) -> None:
        """Read until this much has come, and a little longer."""
        async with asyncio.timeout(10):
            while len(self.read) < size:
                self.look()
                await asyncio.sleep(0)
        self.look()


@asynccontextmanager
async def narrow(most: int = MOST) -> AsyncIterator[End]:
    """A socket that takes little at once."""
    near, far = socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    far.setblocking(False)
    transport, reader = await asyncio.get_running_loop().connect_accepted_socket(Reader, near)
    transport.set_write_buffer_limits(MOST // 4, MOST // 8)
    closes: list[int] = []
    line = SimpleNamespace(
        transport=transport,
        is_open=True,
        outlet=None,
        loop=asyncio.get_running_loop(),
        say_goodbye=lambda code, _reason: closes.append(code),
    )
    outlet = reader.outlet = SocketOutlet(cast(Any, line), most, 20)
    end = End(outlet, transport, far)
    end.closes = closes
    try:
        yield end
    finally:
        transport.abort()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        far.close()
