"""What may come on a line besides what should: in pieces, too early, too late, twice and for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import pytest
from websockets.frames import Frame, Opcode

from gateway.closing import Close
from gateway.serving import Gateway
from shared.domain.words import Role
from tests.gateway.campus import Campus, until
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import page

UPGRADE = (
    b"GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ACCEPT = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
GOODBYE = Frame(Opcode.CLOSE, (1000).to_bytes(2)).serialize(mask=True)
PING = Frame(Opcode.PING, b"abc").serialize(mask=True)


def text(content: bytes, *, fin: bool = True, opcode: Opcode = Opcode.TEXT) -> bytes:
    """A client's frame."""
    return Frame(opcode, content, fin).serialize(mask=True)


def connect_frame(campus: Campus, who: str | None = None, **more: object) -> bytes:
    """CONNECT of somebody."""
    return text(json.dumps({"type": "CONNECT", "token": who or campus.token(), **more}).encode())


class Wire:
    """A client that knows nothing of WebSockets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._reader = reader
        self.heard = b""

    async def until(self, *wanted: bytes) -> None:
        """Read until these were said."""
        async with asyncio.timeout(10):
            while not all(part in self.heard for part in wanted):
                data = await self._reader.read(65_536)
                assert data, f"ended with {self.heard!r}"
                self.heard += data

    async def flood(self, data: bytes) -> None:
        """Say this again and again, for as long as it is taken."""
        while True:
            self.writer.write(data)
            await self.writer.drain()

    async def end(self) -> bytes:
        """All that is said until the line ends."""
        async with asyncio.timeout(10):
            while data := await self._reader.read(65_536):
                self.heard += data
        return self.heard


@asynccontextmanager
async def wire(running: Gateway, *said: bytes) -> AsyncIterator[Wire]:
    """A line on which this was said, piece by piece."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    here = Wire(reader, writer)
    for piece in said:
        writer.write(piece)
        await asyncio.sleep(0.01)
    try:
        yield here
    finally:
        writer.transport.abort()


async def calm(running: Gateway) -> None:
    """Nobody is left, and everything that must go on goes on."""
    await until(lambda: not running._server.lines and not running._server.waiting)
    assert not [task for task in running.background if task.done()]


async def test_a_request_may_come_in_pieces_and_more_behind_it(running: Gateway, campus: Campus) -> None:
    whole = UPGRADE % b"/ws" + connect_frame(campus)
    for pieces in ([whole], [whole[:30], whole[30:]], [whole[:-80], whole[-80:]], [bytes([one]) for one in whole[:40]]):
        rest = whole[sum(map(len, pieces)) :]
        async with wire(running, *pieces, rest) as client:
            await client.until(ACCEPT, b'"CONNECTED"')
            assert client.heard.startswith(b"HTTP/1.1 101 ")
    await calm(running)


@pytest.mark.parametrize("last", [GOODBYE, b"xx", b"\x81\x02hi", PING + GOODBYE], ids=["close", "cut", "bare", "ping"])
@pytest.mark.parametrize("known", [False, True])
async def test_who_says_goodbye_behind_the_request_is_gone(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, last: bytes, known: bool
) -> None:
    monkeypatch.setattr("gateway.outlet.CLOSE_SECONDS", 0.3)
    pace = replace(QUICK, connect_seconds=0.3, ping_seconds=0.2)
    async with ground.gateway(pace) as running:
        first = connect_frame(ground.campus) if known else b""
        async with wire(running, UPGRADE % b"/ws" + first + last) as client:
            heard = await client.end()
            assert heard.count(b"HTTP/1.1 ") == 1
            assert b"\x8a\x03abc" not in heard.partition(b"\r\n\r\n")[0]
        async with page(running, ground.campus.token()) as neighbour:
            await asyncio.sleep(0.45)  # Two rounds of pings: nothing of it is left to be asked.
            assert await neighbour.quiet()
        await calm(running)


@pytest.mark.parametrize("request_line", [b"GET /nope", b"GET /livez", b"GET /readyz", b"GET //["])
@pytest.mark.parametrize("behind", [b"", GOODBYE, b"xx", UPGRADE % b"/ws"], ids=["nothing", "close", "cut", "another"])
async def test_one_line_is_answered_once(ground: Ground, request_line: bytes, behind: bytes) -> None:
    request = (UPGRADE % b"/ws").replace(b"GET /ws", request_line)
    async with ground.gateway(replace(QUICK, connect_seconds=0.3)) as running:
        async with wire(running, request, behind) as client:
            heard = await client.end()
        assert heard.count(b"HTTP/1.1 ") == 1
        assert b" 101 " not in heard
        async with wire(running, request + behind) as client:
            assert (await client.end()).count(b"HTTP/1.1 ") == 1
        await calm(running)


@pytest.mark.parametrize("request_", [b"x" * 20_000, b"GET /ws HTTP/1.1\r\n" + b"X: y\r\n" * 3000, b"\x16\x03\x01" * 9])
async def test_a_request_that_never_ends_does(ground: Ground, request_: bytes) -> None:
    async with ground.gateway(replace(QUICK, connect_seconds=0.3)) as running:
        async with wire(running, request_) as client:
            try:
                assert b" 101 " not in await client.end()
            except ConnectionResetError:
                assert b" 101 " not in client.heard
        await calm(running)


async def test_whoever_is_late_is_not_heard_any_more(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    async with ground.gateway(replace(QUICK, connect_seconds=0.2)) as running:
        async with wire(running, UPGRADE % f"/ws/sessions/{roll.id}".encode()) as client:
            await client.until(Close.NO_CONNECT.reason.encode())
            client.writer.write(connect_frame(campus, campus.token(roll.students[0], Role.STUDENT)))
            client.writer.write(GOODBYE)
            assert b"CONNECTED" not in await client.end()
        await calm(running)
    assert await campus.points() == []


async def test_after_text_that_is_none_nothing_is_heard(running: Gateway, campus: Campus) -> None:
    async with wire(running, UPGRADE % b"/ws", text(b"\xff") + connect_frame(campus)) as client:
        heard = await client.end()
    assert (1007).to_bytes(2) in heard
    assert b"CONNECTED" not in heard
    await calm(running)


async def test_after_too_many_frames_nothing_is_heard(running: Gateway, campus: Campus) -> None:
    async with wire(running, UPGRADE % b"/ws", connect_frame(campus)) as client:
        await client.until(b"CONNECTED")
        client.writer.write(text(b'{"type":"PING"}') * 30)
        await client.until(b"too many frames")
        before = client.heard.count(b'"PONG"')
        await asyncio.sleep(1.1)
        client.writer.write(text(b'{"type":"PING"}') + GOODBYE)
        assert (await client.end()).count(b'"PONG"') == before
    await calm(running)


async def test_fragments_without_an_end_weigh_nothing(ground: Ground) -> None:
    async with ground.gateway(gateway_frames=100_000) as running:
        async with wire(running, UPGRADE % b"/ws") as client:
            whole = json.dumps({"type": "CONNECT", "token": ground.campus.token()}).encode()
            client.writer.write(text(whole[:9], fin=False) + text(b"", fin=False, opcode=Opcode.CONT) * 20_000 + PING)
            await client.until(b"abc")
            [line] = running._server.lines
            assert line.messages._content == whole[:9]
            client.writer.write(text(whole[9:], opcode=Opcode.CONT))
            await client.until(b'"CONNECTED"')
        await calm(running)


async def test_who_asks_for_answers_and_reads_none_is_cut_at_once(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.outlet.CLOSE_SECONDS", 600.0)
    ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True)
    async with ground.gateway(replace(QUICK, bytes_per_client=1 << 16)) as running:
        async with wire(running, UPGRADE % b"/ws", text(b"no JSON")) as client:
            client.writer.transport.pause_reading()  # type: ignore[attr-defined]
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(client.flood(ping * 1000), 20)
        await calm(running)


async def test_messages_that_wait_are_all_heard_in_order(ground: Ground) -> None:
    """More of them than may wait, in one piece and in many."""
    async with ground.gateway(gateway_frames=1000) as running:
        campus = ground.campus
        rolls = [await campus.roll() for _ in range(40)]
        frames = [text(json.dumps({"type": "SUBSCRIBE", "channel": roll.channel}).encode()) for roll in rolls]
        admin = campus.token(uuid4(), Role.ADMIN)
        for pieces in ([b"".join(frames)], frames):
            async with wire(running, UPGRADE % b"/ws", connect_frame(campus, admin) + pieces[0]) as client:
                for piece in pieces[1:]:
                    client.writer.write(piece)
                await client.until(*[roll.channel.encode() for roll in rolls])
                places = [client.heard.index(roll.channel.encode()) for roll in rolls]
                assert places == sorted(places)
        await calm(running)
