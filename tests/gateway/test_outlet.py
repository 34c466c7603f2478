"""What is written past the transport and what waits in it never mix."""

import asyncio
import json
import socket
from dataclasses import replace
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from gateway.outlet import SocketOutlet
from gateway.serving import Gateway
from tests.gateway.campus import Campus, Roll, check_in
from tests.gateway.conftest import QUICK, Ground

PUSHES = 120


async def test_a_reader_who_stops_and_goes_on_gets_every_byte_in_order(ground: Ground) -> None:
    """Pushes, answers to their pings and pings of ours, into a socket that takes a little now and then."""
    campus = ground.campus
    roll = await campus.roll(students=tuple(uuid4() for _ in range(30)))
    pace = replace(QUICK, bytes_per_client=1 << 24, ping_seconds=1.0)
    async with ground.gateway(pace, gateway_frames=1000) as running, await _narrow(running) as client:
        await _follow(client, campus, roll)
        [line] = running._server.lines
        line.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        assert line.outlet is not None
        ways, pongs = set(), []
        reading = asyncio.create_task(_read(client))
        for number in range(PUSHES):
            client.transport.resume_reading() if number % 40 < 8 else client.transport.pause_reading()
            await campus.push(roll, check_in(roll, roll.students))
            if number % 5 == 0:
                pongs.append(await client.ping())
            ways.add(_way(line.outlet))
        client.transport.resume_reading()
        assert await asyncio.wait_for(reading, 10) == list(range(1, PUSHES + 1))
        await asyncio.wait_for(asyncio.gather(*pongs), 10)
        await campus.push(roll, check_in(roll, roll.students))
        await client.recv()
        assert ways == {"_send_now", "_send_behind"}
        assert _way(line.outlet) == "_send_now"


def _way(outlet: SocketOutlet) -> str:
    return outlet.send.__name__


async def _narrow(running: Gateway) -> connect:
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.setblocking(False)
    await asyncio.get_running_loop().sock_connect(small, ("127.0.0.1", running.port))
    url = f"ws://127.0.0.1:{running.port}/ws"
    return connect(url, sock=small, compression=None, ping_interval=None, max_queue=None)


async def _follow(client: ClientConnection, campus: Campus, roll: Roll) -> None:
    subscribe = [{"channel": roll.channel}]
    await client.send(json.dumps({"type": "CONNECT", "token": campus.token(roll.teacher), "subscribe": subscribe}))
    assert json.loads(await client.recv())["type"] == "CONNECTED"
    assert json.loads(await client.recv())["type"] == "SUBSCRIBED"


async def _read(client: ClientConnection) -> list[int]:
    return [json.loads(await client.recv())["payload"]["version"] for _ in range(PUSHES)]
