"""A client of the gateway, as a dashboard would be one."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from gateway.serving import Gateway

PATIENCE = 10.0
"""Seconds before a test gives up; nothing waits this long when all is well."""


class Page:
    """One open socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def send(self, kind: str, **fields: Any) -> None:
        """Send a frame."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def frame(self) -> dict[str, Any]:
        """The next frame."""
        async with asyncio.timeout(PATIENCE):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
        return frame

    async def expect(self, kind: str) -> dict[str, Any]:
        """The payload of the next frame, which must be of this type."""
        frame = await self.frame()
        assert frame["type"] == kind, frame
        payload: dict[str, Any] = frame["payload"]
        return payload

    async def data(self, kind: str) -> dict[str, Any]:
        """The data of the next frame, which must be of this type."""
        data: dict[str, Any] = (await self.expect(kind))["data"]
        return data

    async def subscribe(self, channel: str, version: int | None = None, epoch: str | None = None) -> dict[str, Any]:
        """Subscribe; what SUBSCRIBED says."""
        await self.send("SUBSCRIBE", channel=channel, version=version, epoch=epoch)
        return await self.data("SUBSCRIBED")

    async def versions(self, count: int) -> list[int]:
        """The versions of the next pushes."""
        return [(await self.frame())["payload"]["version"] for _ in range(count)]

    async def quiet(self) -> bool:
        """Whether nothing is on its way: PONG is the next frame."""
        await self.send("PING")
        return bool((await self.frame())["type"] == "PONG")

    async def code(self) -> int | None:
        """The code with which the gateway closes the socket; frames before that do not matter."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    await self.socket.recv()
            except ConnectionClosed:
                return self.socket.close_code


@asynccontextmanager
async def raw(gateway: Gateway, path: str = "/ws", **options: Any) -> AsyncIterator[Page]:
    """A socket that has said nothing yet."""
    async with connect(f"ws://127.0.0.1:{gateway.port}{path}", compression=None, **options) as socket:
        yield Page(socket)


@asynccontextmanager
async def page(
    gateway: Gateway, token: str, *channels: str, path: str = "/ws", subscribe: Sequence[dict[str, Any]] = ()
) -> AsyncIterator[Page]:
    """A socket that is connected and has subscribed to these channels."""
    async with raw(gateway, path) as opened:
        await opened.send("CONNECT", token=token, subscribe=[{"channel": name} for name in channels] or list(subscribe))
        await opened.expect("CONNECTED")
        for _ in channels:
            await opened.expect("SUBSCRIBED")
        yield opened
