"""What a client has said and nobody has taken yet: parts are joined, text is read, and not too much waits."""

import asyncio
from collections import deque

from websockets.frames import Frame, Opcode

MOST_WAITING = 16
"""Messages that wait before no more are read."""


class Gone(Exception):
    """The line is lost, and everything that came on it was heard."""


class Messages:
    """Messages of one line, which is not read while too many wait. The library has counted their bytes."""

    __slots__ = ("_content", "_is_over", "_opcode", "_transport", "_waiter", "_waiting")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._opcode: Opcode | None = None
        self._content = b""
        self._waiting: deque[str | bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_over = False

    def add(self, frame: Frame) -> bool:
        """A data frame came; whether a message is whole by it. Raises ``UnicodeDecodeError`` for text that is none."""
        opcode, content = self._opcode or frame.opcode, self._content + frame.data
        self._opcode, self._content = (None, b"") if frame.fin else (opcode, content)
        if frame.fin:
            self._put(content.decode() if opcode is Opcode.TEXT else content)
        return frame.fin

    async def next(self) -> str | bytes:
        """The next message, binary ones as bytes; raises :class:`Gone`."""
        while not self._waiting:
            if self._is_over:
                raise Gone
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if len(self._waiting) == MOST_WAITING and not self._is_over:
            self._transport.resume_reading()
        return self._waiting.popleft()

    def forget(self) -> None:
        """Nothing of it is to be heard any more."""
        self._waiting.clear()
        self._transport.resume_reading()

    def end(self) -> None:
        """Nothing more comes."""
        self._is_over = True
        self._wake()

    def _put(self, message: str | bytes) -> None:
        self._waiting.append(message)
        if len(self._waiting) == MOST_WAITING:
            self._transport.pause_reading()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
