"""A small HTTP load client: prepared requests over kept connections, so that the server is what is measured."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast
from urllib.parse import urlsplit

CONNECTIONS = 128
"""Requests under way at once: a rush, through a proxy that keeps its connections open."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


def prepare(path: str, host: str, body: bytes, headers: Mapping[str, str], method: str = "POST") -> bytes:
    """One request as it goes over the wire."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One kept connection that answers one request after the other."""

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Give the answer out when all of it is here."""
        self._buffer = self._buffer + data if self._buffer else data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return
        self._buffer = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(int(head[9:12]), rest))

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up, or we did."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server hung up"))

    @property
    def is_open(self) -> bool:
        """Whether anything can be asked."""
        return self._transport is not None

    def ask(self, request: bytes) -> "asyncio.Future[Answer]":
        """Send a request; its answer. Raises ``OSError`` when the line is cut."""
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None:
            raise ConnectionResetError("the server has hung up")
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


class Pool:
    """As many kept connections as are needed at once, and no more than a proxy opens; who finds none free waits."""

    def __init__(self, url: str, most: int = CONNECTIONS) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "127.0.0.1", parts.port or 80
        self._free: deque[Connection] = deque()
        self._room = asyncio.Semaphore(most)

    async def ask(self, request: bytes) -> Answer:
        """Send a request over a connection that is free. Raises ``OSError``."""
        async with self._room:
            connection = self._free.pop() if self._free else await self._open()
            if not connection.is_open:  # it was closed while nobody used it
                connection = await self._open()
            answer = await connection.ask(request)
            self._free.append(connection)
            return answer

    def close(self) -> None:
        """Hang up on everybody who is free."""
        for connection in self._free:
            connection.close()
        self._free.clear()

    async def _open(self) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(Connection, *self._address)
        return connection


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + len(b"content-length:")
    return int(lower[start:].split(b"\r\n", 1)[0])


async def send_all(url: str, requests: list[bytes], connections: int = CONNECTIONS) -> Counter[int]:
    """Send every request once; how many answers of each status came back."""
    pool = Pool(url, connections)
    statuses: Counter[int] = Counter()
    waiting = iter(requests)
    await asyncio.gather(*(_send(pool, waiting, statuses) for _ in range(connections)))
    pool.close()
    return statuses


async def _send(pool: Pool, waiting: Iterator[bytes], statuses: Counter[int]) -> None:
    for request in waiting:
        statuses[(await pool.ask(request)).status] += 1
