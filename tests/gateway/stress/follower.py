"""Somebody who follows a session as a page does: snapshot, deltas, and back again after every break."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake


class Truth(Protocol):
    """What a snapshot is taken of."""

    async def snapshot(self) -> tuple[int, str, dict[str, int]]:
        """Version and epoch, read before the rows; and the rows."""
        ...


class Follower:
    """One page. ``wrong`` counts gaps and repeats that it was shown; ``state`` is what it shows.

    A student's page is told counters now and then (``is_strict`` false): their versions go up, and have gaps.
    """

    def __init__(self, truth: Truth, channel: str, token: Callable[[], str], path: str, *, is_strict: bool) -> None:
        self.state: dict[str, int] = {}
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()
        self.pause = 0.0
        self.closes: Counter[int] = Counter()
        self._truth = truth
        self._channel = channel
        self._token = token
        self._path = path
        self._is_strict = is_strict
        self._version: int | None = None
        self._epoch: str | None = None
        self._expected: int | None = None
        self._latest = 0
        self.socket: ClientConnection | None = None

    async def run(self, port: Callable[[], int], back_off: Callable[[], float]) -> None:
        """Follow until cancelled, coming back after every break."""
        await self._fetch()
        while True:
            try:
                async with connect(
                    f"ws://127.0.0.1:{port()}{self._path}", compression=None, open_timeout=5, close_timeout=0.2,
                    ping_interval=1.0, ping_timeout=2.0,
                ) as self.socket:  # fmt: skip
                    await self._follow(self.socket)
            except ConnectionClosed as closed:
                self.closes[closed.rcvd.code if closed.rcvd else 1006] += 1
            except (OSError, InvalidHandshake, TimeoutError, EOFError):
                self.seen["refused"] += 1
            await asyncio.sleep(back_off())

    async def _follow(self, socket: ClientConnection) -> None:
        resume = {"channel": self._channel, "version": self._version, "epoch": self._epoch}
        await socket.send(json.dumps({"type": "CONNECT", "token": self._token(), "subscribe": [resume]}))
        while True:
            frame = json.loads(await socket.recv())
            self.seen[frame["type"]] += 1
            await self._take(socket, frame)
            if self.pause:
                await asyncio.sleep(self.pause)

    async def _take(self, socket: ClientConnection, frame: dict[str, Any]) -> None:
        payload = frame["payload"]
        if "version" in payload:
            self._pushed(payload["version"], payload["epoch"], payload["data"])
        elif frame["type"] == "SUBSCRIBED":
            await self._subscribed(payload["data"])
        elif frame["type"] == "RESYNC":
            self._expected, self._latest = None, 0
            await self._fetch()
        elif frame["type"] == "ERROR" and payload["data"]["temporary"]:
            await socket.close()

    async def _subscribed(self, data: dict[str, Any]) -> None:
        if data["recovered"]:
            self._expected = (self._version or 0) + 1
        else:
            self._expected = data["version"] + 1
            await self._fetch()
        self._latest = 0

    async def _fetch(self) -> None:
        self._version, self._epoch, self.state = await self._truth.snapshot()

    def _pushed(self, version: int, epoch: str, data: dict[str, int]) -> None:
        if self._is_strict and self._expected not in (None, version):
            self.wrong.append(f"{version} instead of {self._expected}")
        if version <= self._latest:
            self.wrong.append(f"{version} after {self._latest}")
        self._expected, self._latest = version + 1, version
        if epoch == self._epoch and self._version is not None and version > self._version:
            self.state.update({name: value for name, value in data.items() if isinstance(value, int)})
            self._version = version
