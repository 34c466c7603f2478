"""A small HTTP load client: prepared requests over kept connections, so that the server is what is measured."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

CONNECTIONS = 128
"""Requests under way at once: a rush, through a proxy that keeps its connections open."""


def prepare(path: str, host: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """One request as it goes over the wire."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{lines}Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as an answer is complete."""

    def __init__(self, requests: Iterator[bytes], statuses: Counter[int], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._statuses = statuses
        self._done = done
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        """Count an answer when all of it is here."""
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found or len(rest) < _length(head):
            return
        self._statuses[int(head[9:12])] += 1
        self._buffer = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        """The server hung up, or we did."""
        if not self._done.done():
            if error:
                self._done.set_exception(error)
            else:
                self._done.set_result(None)

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


def _length(head: bytes) -> int:
    lower = head.lower()
    start = lower.index(b"content-length:") + len(b"content-length:")
    return int(lower[start:].split(b"\r\n", 1)[0])


async def send_all(url: str, requests: list[bytes], connections: int = CONNECTIONS) -> Counter[int]:
    """Send every request once; how many answers of each status came back."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    statuses: Counter[int] = Counter()
    waiting = iter(requests)
    ends = [loop.create_future() for _ in range(connections)]
    for done in ends:
        await loop.create_connection(
            lambda done=done: _Connection(waiting, statuses, done),  # type: ignore[misc]
            parts.hostname or "127.0.0.1",
            parts.port or 80,
        )
    await asyncio.gather(*ends)
    return statuses
