"""``python -m loadtests.gateway.rivals.plain PORT REDIS_URL``: the least a gateway on `websockets` and Redis can be.

A socket follows the channel its path names; what is published there is broadcast by the library. No authentication, no
versions, no recovery, no limits: the yardstick.
"""

import json
import sys
from collections import defaultdict
from urllib.parse import urlsplit

import uvloop
from redis.asyncio import Redis
from websockets.asyncio.server import ServerConnection, broadcast, serve

followers: defaultdict[str, dict[ServerConnection, None]] = defaultdict(dict)
"""In the order in which they came: those who are timed are evenly spread over that."""


async def visit(connection: ServerConnection) -> None:
    """One socket: what it says is read and means nothing."""
    assert connection.request is not None
    room = followers[urlsplit(connection.request.path).path.removeprefix("/")]
    room[connection] = None
    try:
        async for message in connection:
            json.loads(message)
    finally:
        del room[connection]


async def main(port: int, redis_url: str) -> None:
    """Until killed."""
    redis = Redis.from_url(redis_url, socket_timeout=None)
    async with serve(visit, "127.0.0.1", port, compression=None, ping_interval=15, backlog=1024), redis.pubsub() as bus:
        await bus.psubscribe("room*")
        async for message in bus.listen():
            if message["type"] == "pmessage":
                broadcast(followers[message["channel"].decode()], message["data"].decode())


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
