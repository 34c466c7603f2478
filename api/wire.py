"""How answers leave: head and body of one in a single write, and so in a single packet.

uvicorn writes the head and then the body, and its loop hands each to the kernel at once. The second write is a
twentieth of what a check-in takes, and a second packet for whoever is in front of us to read.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

AT_ONCE = 16 * 1024
"""Bytes that wait for the end of a turn of the loop. What is longer goes out as it comes, so that a reader who is slow
is noticed as early as ever."""


class Gathering:
    """A transport that writes what it is given in one turn of the loop at that turn's end. All else is the transport's
    own; ``soon`` is the loop's ``call_soon``."""

    __slots__ = ("_size", "_soon", "_transport", "_waiting")

    def __init__(self, transport: asyncio.Transport, soon: Callable[[Callable[[], None]], Any]) -> None:
        self._transport = transport
        self._soon = soon
        self._waiting: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send these bytes after all that came before them."""
        if not self._waiting:
            self._soon(self.flush)
        self._waiting.append(data)
        self._size += len(data)
        if self._size > AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what waits. Nobody reads it any more where the connection has ended."""
        waiting, self._waiting, self._size = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))

    def close(self) -> None:
        """End the connection once everything has been sent."""
        self.flush()
        self._transport.close()


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's own, over such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See :class:`asyncio.Protocol`."""
        super().connection_made(cast(asyncio.Transport, Gathering(transport, self.loop.call_soon)))
