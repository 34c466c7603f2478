"""One kept HTTP connection: asks, and says plainly when it does not know what became of a request."""

import asyncio
from dataclasses import dataclass
from typing import Any

import msgspec

PATIENCE = 12.0
"""Seconds until a client gives up; longer than the API may take for anything."""


class Unanswered(Exception):
    """The connection broke or nothing came: the request may or may not have been carried out."""


class NotSent(Exception):
    """Nobody listened, so nothing was carried out."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, read."""
        return msgspec.json.decode(self.body)


class Line:
    """A connection to the API, opened when needed and again after it broke."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, token: str, body: object = None) -> Answer:
        """Send one request and wait for its answer. Raises :class:`NotSent` or :class:`Unanswered`."""
        ends = self._ends or await self._open()
        self._ends = None
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await _exchange(*ends, _request(method, path, token, body))
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Unanswered(type(error).__name__) from None
        else:
            self._ends = ends
            return answer
        finally:
            if self._ends is None:
                ends[1].transport.abort()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(PATIENCE):
                return await asyncio.open_connection("127.0.0.1", self._port)
        except (OSError, TimeoutError) as error:
            raise NotSent(type(error).__name__) from None

    def close(self) -> None:
        """Hang up."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


def _request(method: str, path: str, token: str, body: object) -> bytes:
    content = b"" if body is None else msgspec.json.encode(body)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> Answer:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    start = lower.index(b"content-length:") + len(b"content-length:")
    length = int(lower[start:].split(b"\r\n", 1)[0])
    return Answer(int(head[9:12]), await reader.readexactly(length))
