"""``python -m loadtests.gateway.crowd``: a process of many members that does what it is told on its standard input.

One order per line, JSON, one answer per line: ``join`` opens sockets at a rate, ``say`` writes a frame on every one,
``report`` tells what was seen since ``reset``, ``leave`` cuts every line. Ends with its input. Loopback only.
"""

import asyncio
import random
import sys
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

import msgspec
import uvloop

from loadtests.gateway.member import Dialect, Member, Tally
from shared.process import open_as_many_files_as_allowed

SAMPLED = 40
"""Members whose pushes are timed, about: spread evenly over those who come, since servers write in some order."""
ADDRESSES = 8
"""Loopback addresses that sockets come from: one has 28,000 ports."""
ARRIVAL_SECONDS = 30.0
TRIES = 5
"""Who is refused comes back, as pages do."""


@dataclass(frozen=True)
class Guest:
    """A socket to open: the path, and the frames that are sent first."""

    path: str
    first: tuple[str, ...] = ()
    """Whole client frames, base64."""


class Crowd:
    """The members of this process."""

    def __init__(self) -> None:
        self._members: list[Member] = []
        self._tally = Tally()

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what one line says; the answer."""
        match order.pop("do"):
            case "join":
                await self._join(**order)
            case "say":
                for member in self._members:
                    member.say(b64decode(order["frame"]))
            case "reset":
                self._tally.reset()
            case "leave":
                for member in self._members:
                    member.leave()
                self._members.clear()
            case "report":
                pass
            case unknown:
                raise ValueError(unknown)
        return self._tally.report()

    async def _join(
        self, port: int, guests: list[dict[str, Any]], dialect: dict[str, str], rate: float, sampled: int = SAMPLED
    ) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        opening: list[asyncio.Task[bool]] = []
        for number, guest in enumerate(guests):
            await asyncio.sleep(max(0.0, start + number / rate - loop.time()))
            is_sampled = sampled > 0 and number % max(1, len(guests) // sampled) == 0
            opening.append(asyncio.create_task(self._open(port, guest, dialect, sampled=is_sampled)))
        await asyncio.gather(*opening)

    async def _open(self, port: int, guest: dict[str, Any], dialect: dict[str, str], *, sampled: bool) -> bool:
        for _ in range(TRIES):
            if await self._try(port, guest, dialect, sampled=sampled):
                return True
            await asyncio.sleep(1.0 + 3.0 * random.random())
        return False

    async def _try(self, port: int, guest: dict[str, Any], dialect: dict[str, str], *, sampled: bool) -> bool:
        first = tuple(b64decode(part) for part in guest.get("first", ()))
        spoken = Dialect(first, **{name: b64decode(value) for name, value in dialect.items()})
        member = Member(hello(port, guest["path"]), spoken, self._tally, sampled=sampled)
        self._members.append(member)
        address = (f"127.0.0.{2 + len(self._members) % ADDRESSES}", 0)
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                await asyncio.get_running_loop().create_connection(
                    lambda: member, "127.0.0.1", port, local_addr=address
                )
                return await asyncio.shield(member.arrival)
        except (OSError, TimeoutError) as error:
            self._tally.closes[type(error).__name__] += 1
            self._members.remove(member)
            member.leave()
            return False


def hello(port: int, path: str) -> bytes:
    """The request for an upgrade."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: bXVzdGVyIGxvYWQgdGVzdA==",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def main() -> None:
    """Obey until the input ends."""
    open_as_many_files_as_allowed()
    crowd, reader = Crowd(), asyncio.StreamReader(limit=1 << 28)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        answer = await crowd.obey(msgspec.json.decode(line))
        print(msgspec.json.encode(answer).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
