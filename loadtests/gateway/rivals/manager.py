"""The connection manager of many a tutorial: Starlette under uvicorn, Redis pub/sub, a loop that sends to each.

``MANAGER_REDIS_URL`` says where Redis is.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

followers: defaultdict[str, dict[WebSocket, None]] = defaultdict(dict)
"""In the order in which they came."""


async def visit(socket: WebSocket) -> None:
    """One socket: what it says is read and means nothing."""
    await socket.accept()
    room = followers[socket.path_params["channel"]]
    room[socket] = None
    try:
        while True:
            await socket.receive_json()
    except WebSocketDisconnect:
        del room[socket]


async def listen() -> None:
    """Send to everybody what is published."""
    async with Redis.from_url(os.environ["MANAGER_REDIS_URL"], socket_timeout=None).pubsub() as bus:
        await bus.psubscribe("hall*")
        async for message in bus.listen():
            if message["type"] == "pmessage":
                text = message["data"].decode()
                for socket in list(followers[message["channel"].decode()]):
                    await socket.send_text(text)


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    """Listen while the application runs."""
    task = asyncio.create_task(listen())
    yield
    task.cancel()


app = Starlette(routes=[WebSocketRoute("/{channel}", visit)], lifespan=lifespan)
