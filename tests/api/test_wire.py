"""An answer leaves in one write, and whoever reads slowly is still waited for (api/wire.py)."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api.wire import AT_ONCE, Gathering, HttpProtocol

CHUNK = 64 * 1024
CHUNKS = 1_000
"""Of these one answer is made: far more than sockets hold."""
REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n%s\r\n"
CLOSING = REQUEST % b"Connection: close\r\n"

App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Recorded:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.has_ended = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.has_ended = True

    def is_closing(self) -> bool:
        return self.has_ended


def gathering() -> tuple[Any, Recorded]:
    """One, and what is behind it."""
    behind: Any = Recorded()
    return Gathering(behind, asyncio.get_running_loop().call_soon), behind


async def test_what_is_written_in_one_turn_leaves_together_and_in_order() -> None:
    wire, behind = gathering()
    wire.write(b"head")
    wire.write(b"body")
    assert behind.writes == []
    await asyncio.sleep(0)
    assert behind.writes == [b"headbody"]
    wire.write(b"next")
    await asyncio.sleep(0)
    assert behind.writes == [b"headbody", b"next"]


async def test_what_is_long_does_not_wait() -> None:
    wire, behind = gathering()
    wire.write(b"head")
    wire.write(b"x" * AT_ONCE)
    assert behind.writes == [b"head" + b"x" * AT_ONCE]
    wire.write(b"tail")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert b"".join(behind.writes) == b"head" + b"x" * AT_ONCE + b"tail"


async def test_what_waits_is_sent_before_the_end() -> None:
    wire, behind = gathering()
    wire.write(b"last words")
    wire.close()
    assert behind.writes == [b"last words"]
    assert behind.has_ended
    await asyncio.sleep(0)


async def test_nothing_is_written_to_a_connection_that_has_ended_meanwhile() -> None:
    wire, behind = gathering()
    wire.write(b"to nobody")
    behind.close()
    await asyncio.sleep(0)
    assert behind.writes == []


class Flood:
    """Answers with far more than anybody's buffers hold, as fast as it may."""

    def __init__(self) -> None:
        self.sent = 0

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        size = str(CHUNK * CHUNKS).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", size)]})
        for left in reversed(range(CHUNKS)):
            await send({"type": "http.response.body", "body": b"x" * CHUNK, "more_body": left > 0})
            self.sent += CHUNK


async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers in a few words."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@asynccontextmanager
async def served(app: App) -> AsyncIterator[int]:
    """An application behind a real server; gives its port."""
    door = socket.create_server(("127.0.0.1", 0))  # who comes before it is served waits
    server = uvicorn.Server(uvicorn.Config(app, http=HttpProtocol, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve([door]))
    yield door.getsockname()[1]
    server.should_exit = server.force_exit = True
    await serving


async def test_answers_on_a_kept_connection_arrive_whole_and_in_order() -> None:
    async with served(hello) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST % b"" * 2 + CLOSING)
        answers = await reader.read()
        writer.close()
    assert answers.count(b"HTTP/1.1 200 OK") == answers.count(b"\r\n\r\nhello") == 3
    assert answers.endswith(b"hello")


async def test_whoever_does_not_read_is_waited_for_and_gets_everything_in_the_end() -> None:
    flood = Flood()
    async with served(flood) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=CHUNK)
        writer.write(CLOSING)
        await reader.readuntil(b"\r\n\r\n")
        before = -1
        while flood.sent > before:
            before = flood.sent
            await asyncio.sleep(0.2)
        assert 0 < flood.sent < CHUNK * CHUNKS / 2
        received = 0
        while more := await reader.read(CHUNK):
            received += len(more)
        writer.close()
    assert received == CHUNK * CHUNKS


async def test_whoever_hangs_up_half_way_leaves_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    wrong: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
    flood = Flood()
    async with served(flood) as port:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(CLOSING)
            await asyncio.sleep(0.005)
            writer.transport.abort()
        await asyncio.sleep(0.1)
    assert wrong == []
    assert caplog.records == []
