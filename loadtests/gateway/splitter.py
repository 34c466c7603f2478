"""A TCP splitter: one port in front of several gateways, and a network that does what the test wants."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Splitter:
    """Lets connections through to ``ports``, chosen at random, and to the next one where nobody listens.

    ``crumbs`` cuts what passes into small pieces, and ``delay`` makes it late, seconds.
    """

    def __init__(self, chance: random.Random) -> None:
        self.ports: list[int] = []
        self.crumbs = 0
        self.delay = 0.0
        self.port = 0
        self._chance = chance
        self._lines: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._holes: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Splitter"]:
        """Listen for the length of the block."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1000)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut(1.0)
            for line in list(self._lines):
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)

    def cut(self, share: float) -> None:
        """Cut some of the lines, as a reset would."""
        for writer in list(self._writers):
            if self._chance.random() < share:
                writer.transport.abort()

    def swallow(self, share: float) -> None:
        """Let some of the lines carry nothing more, and say nothing about it."""
        self._holes.update(writer for writer in self._writers if self._chance.random() < share)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for port in self._chance.sample(self.ports, len(self.ports)):
            with suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                self._join((reader, far_writer), (far_reader, writer))
                return
        writer.transport.abort()

    def _join(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        for one, other in ways:
            self._writers.add(other)
            line = asyncio.create_task(self._carry(one, other))
            self._lines.add(line)
            line.add_done_callback(self._lines.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, RuntimeError):  # uvloop's own word for a line that is closed
                while data := await reader.read(65_536):
                    if writer in self._holes:
                        continue
                    await self._pass(data, writer)
        finally:
            writer.close()
            self._writers.discard(writer)
            self._holes.discard(writer)

    async def _pass(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self.delay:
            await asyncio.sleep(self._chance.random() * self.delay)
        step = self.crumbs or len(data)
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            if self.crumbs:
                await asyncio.sleep(0)
        await writer.drain()
