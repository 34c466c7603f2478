"""The fault proxy: what a bad network does, on purpose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from loadtests.chaos.fault_proxy import FaultProxy, Weather

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def proxy() -> AsyncIterator[tuple[FaultProxy, int]]:
    """A proxy in front of a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1024):
                writer.write(data)
        writer.close()

    with TemporaryDirectory() as folder:
        socket = Path(folder) / "echo"
        async with await asyncio.start_unix_server(echo, socket):
            made = FaultProxy(socket)
            yield made, await made.start()
            await made.stop()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Ends]:
    """One connection through the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield reader, writer
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


async def said_back(ends: Ends, word: bytes, seconds: float = 2.0) -> bytes:
    """What comes back of a word; nothing when the connection ends."""
    ends[1].write(word)
    try:
        async with asyncio.timeout(seconds):
            return await ends[0].readexactly(len(word))
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""


async def test_in_clear_weather_everything_passes(proxy: tuple[FaultProxy, int]) -> None:
    async with connected(proxy[1]) as ends:
        assert await said_back(ends, b"word" * 10_000) == b"word" * 10_000


async def test_a_cut_ends_every_connection_and_lets_new_ones_through(proxy: tuple[FaultProxy, int]) -> None:
    async with connected(proxy[1]) as ends:
        assert await said_back(ends, b"before") == b"before"
        proxy[0].cut()
        assert await said_back(ends, b"after") == b""
    async with connected(proxy[1]) as ends:
        assert await said_back(ends, b"anew") == b"anew"


async def test_a_half_open_link_swallows_in_silence_and_is_dead_for_good(proxy: tuple[FaultProxy, int]) -> None:
    async with connected(proxy[1]) as ends:
        assert await said_back(ends, b"before") == b"before"
        async with proxy[0].bad(Weather(swallows=True)):
            with pytest.raises(TimeoutError):
                await said_back(ends, b"lost", seconds=0.2)
        assert await said_back(ends, b"after") == b""


async def test_who_is_refused_gets_no_answer(proxy: tuple[FaultProxy, int]) -> None:
    async with proxy[0].bad(Weather(refuses=True)), connected(proxy[1]) as ends:
        assert await said_back(ends, b"hello") == b""


async def test_latency_and_a_slow_link_only_take_time(proxy: tuple[FaultProxy, int]) -> None:
    loop = asyncio.get_running_loop()
    async with connected(proxy[1]) as ends:
        begun = loop.time()
        async with proxy[0].bad(Weather(latency=0.05)):
            assert await said_back(ends, b"late") == b"late"
        async with proxy[0].bad(Weather(rate=10_000)):
            assert await said_back(ends, b"s" * 1024) == b"s" * 1024
        assert loop.time() - begun > 0.15
