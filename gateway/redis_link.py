"""A connection to Redis that is read where its bytes arrive: no task, no timer and no future per reply.

For the two that a gateway lives on, the pushes it hears and the questions of those who come; everything else uses
redis-py. redis-py also makes this connection, whatever the URL asks for (TLS, a password, a database). From then on
the transport feeds hiredis, which is what redis-py reads with.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import hiredis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import InvalidResponse, ResponseError

Command = tuple[Any, ...]
"""A Redis command with its arguments: text, bytes or numbers."""


def pack(commands: Iterable[Command]) -> bytes:
    """Commands as they are sent; raises ``ValueError`` or hiredis' own error for what cannot be written down."""
    return b"".join(map(hiredis.pack_command, commands))


class Link(asyncio.Protocol):
    """See the module. ``heard`` is told what came together, every reply in order, an error as a ``ResponseError``; it
    neither blocks nor raises. ``lost`` is done once the connection has ended, by whomever; a quiet connection is not a
    lost one."""

    def __init__(self, connection: Any, heard: Callable[[list[Any]], None]) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._heard = heard
        self._connection = connection
        self._transport = connection._writer.transport
        self._reader = hiredis.Reader(protocolError=InvalidResponse, replyError=ResponseError)
        self._transport.set_protocol(self)

    def data_received(self, data: bytes) -> None:
        """Bytes came. What is no reply ends the connection: the loop says so and closes it."""
        self._reader.feed(data)
        replies = []
        while (reply := self._reader.gets()) is not False:
            replies.append(reply)
        if replies:
            self._heard(replies)

    def connection_lost(self, _error: Exception | None) -> None:
        """The end."""
        if not self.lost.done():
            self.lost.set_result(None)

    def say(self, packed: bytes) -> None:
        """Send commands. On a connection that has ended nothing is: who waits for answers hears of it by ``lost``."""
        if not self.lost.done():
            self._transport.write(packed)

    def abort(self) -> None:
        """End the connection; ``lost`` is done soon after."""
        self._transport.abort()

    async def close(self) -> None:
        """End the connection and let go of it."""
        self.abort()
        await self._connection.disconnect(nowait=True)


async def linked(redis: Redis, heard: Callable[[list[Any]], None]) -> Link:
    """A connection of its own to this client's server; raises ``RedisError`` or ``OSError``. The caller limits it."""
    pool = redis.connection_pool
    limits = {"socket_timeout": None, "protocol": 2, "retry": Retry(NoBackoff(), 0)}
    connection: Any = pool.connection_class(**{**pool.connection_kwargs, **limits})
    try:
        await connection.connect()
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    return Link(connection, heard)
