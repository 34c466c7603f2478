"""``python -m loadtests.gateway.rivals.floor PORT REDIS_URL``: no gateway, but the least that Python can do.

A raw protocol on uvloop, a handshake that checks nothing, one frame per push written as it is to all whose path names
its channel. It reads nothing they say and remembers nothing: what is left is the share of the loop and the kernel,
which no gateway in Python comes below by much.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

import uvloop
from redis.asyncio import Redis
from websockets.utils import accept_key

from gateway.frames import text_frame
from gateway.redis_link import linked, pack

_ACCEPT = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n"
)
writes: defaultdict[bytes, dict["Line", Callable[[bytes], None]]] = defaultdict(dict)


class Line(asyncio.Protocol):
    """One socket."""

    channel = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember how to write."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """The first bytes are the request; what follows means nothing."""
        if not self.channel:
            self.channel = data.split(b" ", 2)[1][1:]
            key = data.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
            self.transport.write(_ACCEPT.format(accept_key(key.decode())).encode())
            writes[self.channel][self] = self.transport.write

    def connection_lost(self, _error: Exception | None) -> None:
        """Gone."""
        writes[self.channel].pop(self, None)


def hear(replies: list[Any]) -> None:
    """Every push goes to everybody."""
    for kind, *_, channel, push in replies:
        if kind == b"pmessage":
            frame = text_frame(push)
            for write in writes[channel].values():
                write(frame)


async def main(port: int, redis_url: str) -> None:
    """Until killed."""
    link = await linked(Redis.from_url(redis_url), hear)
    link.say(pack([("PSUBSCRIBE", "ground*")]))
    server = await asyncio.get_running_loop().create_server(Line, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
