"""A gateway that accepts sockets, and how it ends: everybody is sent elsewhere, in batches (3-realtime 3.4)."""

import asyncio
from collections.abc import Sequence

from gateway import answers
from gateway.closing import Close
from gateway.door import Door
from gateway.doorstep import Doorstep, Reception
from gateway.house import House
from gateway.hub import Client, Hub
from gateway.hurry import Hurry
from gateway.line import Line
from gateway.pace import Pace
from gateway.visit import Visit
from shared.settings import Settings

BACKLOG = 1024
SLOW_SHARE = 4
"""Counters are left out for whoever has this share (one fourth) of what may wait for them waiting."""
SENT_AT_ONCE = 100
"""Clients sent elsewhere together: they come back to another process spread over the drain and their own jitter."""
PARTING_SECONDS = 2.0
"""How long the last ones may take to go."""


class Server:
    """The port, and all who came through it."""

    def __init__(self, house: House, door: Door) -> None:
        slow = house.pace.bytes_per_client // SLOW_SHARE
        self._door = door
        hurry: Hurry[Doorstep | Line] = Hurry(house.pace.connect_seconds, lambda somebody: somebody.be_late())
        self._reception = Reception(
            door, lambda line, target: Visit(house, line, target).run(), hurry, (slow, slow // 2)
        )
        self._listening: asyncio.Server

    async def listen(self, settings: Settings) -> None:
        """Accept sockets; raises ``OSError`` when the port is taken."""
        self._listening = await asyncio.get_running_loop().create_server(
            lambda: Doorstep(self._reception), settings.gateway_host, settings.gateway_port, backlog=BACKLOG
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self._listening.sockets[0].getsockname()[1]
        return port

    @property
    def lines(self) -> list[Line]:
        """Everybody who was let in, whatever has been said."""
        return [line for line in self._reception.lines if not line.visit.done()]

    @property
    def waiting(self) -> list[Doorstep]:
        """Everybody else who is there."""
        return list(self._reception.waiting)

    def shut(self) -> None:
        """Accept nobody more."""
        self._listening.close()
        self._door.shut()

    async def emptied(self, seconds: float | None = None) -> None:
        """Until nobody is in, or this long."""
        if lines := self.lines:
            await asyncio.wait([line.visit for line in lines], timeout=seconds)


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
        return self._server.port

    async def drain(self) -> None:
        """Accept nobody more, send everyone elsewhere, and cut whoever has not gone in time."""
        self._server.shut()
        await asyncio.sleep(0)  # Let it stop listening first, or a client sent away could come straight back.
        await self._send_away(list(self._hub.clients))
        for line in self._server.lines:  # Those that have not said who they are.
            line.outlet.close(Close.RESTART)
        await self._server.emptied(PARTING_SECONDS)
        for line in self._server.lines:
            line.outlet.cut()
        for somebody in self._server.waiting:
            somebody.be_late()
        await self._server.emptied()

    async def _send_away(self, clients: Sequence[Client]) -> None:
        batches = [clients[start : start + SENT_AT_ONCE] for start in range(0, len(clients), SENT_AT_ONCE)]
        goodbye = answers.reconnect()
        for number, batch in enumerate(batches):
            if number:
                await asyncio.sleep(self._pace.drain_seconds / (len(batches) - 1))
            for client in batch:
                client.tell(goodbye)
                client.outlet.close(Close.RESTART)
