"""Whoever is being closed has a few seconds for it, whoever began it and whatever the client does with its line."""

import asyncio
import json
import os
import socket
from base64 import b64encode
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

import gateway.app
from gateway.house import House
from gateway.serving import Gateway
from tests.gateway.campus import Campus, check_in, until
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import page

UNMASKED = b"\x81\x02hi"
GOODBYE = bytes([0x88, 0x80]) + b"mask"


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.outlet.CLOSE_SECONDS", 0.3)


def connections(running: Gateway) -> int:
    """How many lines are open, whatever is said on them."""
    return len(running._server.lines) + len(running._server.waiting)


@pytest.mark.parametrize("last_word", [UNMASKED, GOODBYE], ids=["a broken frame", "a goodbye"])
async def test_a_line_that_is_kept_after_the_last_word_is_cut(running: Gateway, last_word: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    key = b64encode(os.urandom(16))
    writer.write(b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
    writer.write(b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % key)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(last_word)
    await until(lambda: connections(running) == 0)
    writer.close()


@pytest.mark.parametrize("how", ["bad text", "half closed"])
async def test_a_slow_reader_that_ends_badly_is_cut(ground: Ground, how: str) -> None:
    campus = ground.campus
    roll = await campus.roll(students=tuple(uuid4() for _ in range(100)))
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.setblocking(False)
    async with ground.gateway(replace(QUICK, bytes_per_client=1 << 22)) as running:
        await asyncio.get_running_loop().sock_connect(small, ("127.0.0.1", running.port))
        url = f"ws://127.0.0.1:{running.port}/ws"
        async with connect(url, sock=small, compression=None, ping_interval=None, close_timeout=0.1) as client:
            subscribe = [{"channel": roll.channel}]
            await client.send(
                json.dumps({"type": "CONNECT", "token": campus.token(roll.teacher), "subscribe": subscribe})
            )
            await client.recv()
            await client.recv()
            client.transport.pause_reading()
            [line] = running._server.lines
            line.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
            while not line.outlet.is_slow:
                await campus.push(roll, check_in(roll, roll.students))
            if how == "bad text":
                client.transport.write(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True))
            else:
                client.transport.write_eof()
            await until(lambda: connections(running) == 0)
            client.transport.abort()


@pytest.mark.parametrize("turns", range(6))
async def test_who_goes_while_redis_dies_leaves_nothing_behind(
    fragile: Ground, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    built: list[House] = []

    def house(*parts: Any) -> House:
        built.append(House(*parts))
        return built[0]

    monkeypatch.setattr(gateway.app, "House", house)
    async with fragile.gateway() as running, AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(await _present(running, fragile.campus))
        [here] = built
        for line in running._server.lines:
            line.transport.abort()
        for _ in range(turns):
            await asyncio.sleep(0)
        fragile.valkey.stop()
        await until(lambda: not here.hub.clients and not connections(running))
        assert not here.admission.seats._taken
        assert not any(here.pulse._slots)
        assert not here.witness._meetings
        assert not here.hub.rooms
        fragile.valkey.start()


async def _present(running: Gateway, campus: Campus) -> Any:
    roll = await campus.roll()
    return page(running, campus.token(roll.teacher), roll.channel, path=f"/ws/sessions/{roll.id}")
