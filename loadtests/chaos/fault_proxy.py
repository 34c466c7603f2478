"""A proxy that makes a network bad: between the processes and Redis or PostgreSQL, within this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CHUNK = 65_536
SLOW_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Weather:
    """What the way is like. ``latency`` seconds per chunk and direction, ``rate`` bytes per second where it is slow.

    ``swallows``: bytes vanish without a word, as on a link whose other end is gone. ``refuses``: nobody gets through.
    """

    latency: float = 0.0
    rate: float | None = None
    swallows: bool = False
    refuses: bool = False


CLEAR = Weather()


class FaultProxy:
    """Listens on a loopback port and passes everything on to a unix socket, as the weather permits."""

    def __init__(self, upstream: Path) -> None:
        self.weather = CLEAR
        self._upstream = upstream
        self._ways: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; the port."""
        self._server = await asyncio.start_server(self._arrive, "127.0.0.1", 0, limit=CHUNK)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()

    def cut(self) -> None:
        """Reset every connection at once, in the middle of whatever it carries."""
        for writer in self._ways:
            writer.transport.abort()

    @asynccontextmanager
    async def bad(self, weather: Weather) -> AsyncIterator[None]:
        """Bad weather for the length of the block. What was swallowed is gone, so those connections end with it."""
        self.weather = weather
        if weather.refuses:
            self.cut()
        try:
            yield
        finally:
            self.weather = CLEAR
            if weather.swallows:
                self.cut()

    def _arrive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._way(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ways.add(writer)
        try:
            if not self.weather.refuses:
                await self._pass_on(reader, writer)
        finally:
            self._ways.discard(writer)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(self._upstream, limit=CHUNK)
        except OSError:
            return  # the service itself is away
        self._ways.add(up_writer)
        pumps = [asyncio.create_task(self._pump(*ends)) for ends in ((reader, up_writer), (up_reader, writer))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ways.discard(up_writer)
            up_writer.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if self.weather.latency:
                    await asyncio.sleep(self.weather.latency)
                if self.weather.rate:
                    await self._trickle(chunk, writer, self.weather.rate)
                elif not self.weather.swallows:
                    writer.write(chunk)
                    await writer.drain()

    @staticmethod
    async def _trickle(chunk: bytes, writer: asyncio.StreamWriter, rate: float) -> None:
        for place in range(0, len(chunk), SLOW_CHUNK):
            writer.write(chunk[place : place + SLOW_CHUNK])
            await asyncio.sleep(SLOW_CHUNK / rate)
