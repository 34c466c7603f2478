"""Frames that make no sense, and what they cost."""

import json
from uuid import uuid4

import pytest
from websockets.frames import Frame, Opcode

from gateway.closing import Close
from gateway.serving import Gateway
from tests.gateway.campus import Campus
from tests.gateway.page import page, raw

BROKEN: dict[str, str | bytes] = {
    "empty": "",
    "not JSON": "hello",
    "a cut frame": '{"type":"PING"',
    "two values": '{"type":"PING"} {"type":"PING"}',
    "null": "null",
    "a number": "5",
    "an array": '[{"type":"PING"}]',
    "no type": "{}",
    "a type that is no string": '{"type":5}',
    "an unknown type": '{"type":"NOPE"}',
    "a server's type": '{"type":"CHECK_IN","payload":{}}',
    "a lower-case type": '{"type":"ping"}',
    "an unknown field": '{"type":"PING","extra":1}',
    "a missing field": '{"type":"SUBSCRIBE"}',
    "a channel that is no string": '{"type":"SUBSCRIBE","channel":7}',
    "a version that is no whole number": '{"type":"SUBSCRIBE","channel":"x","version":1.5}',
    "NaN": '{"type":"SUBSCRIBE","channel":"x","version":NaN}',
    "a lone surrogate": '{"type":"SUBSCRIBE","channel":"\\ud800"}',
    "deep nesting": '{"type":"PING","deep":' + "[" * 2000 + "]" * 2000 + "}",
    "a session that is no UUID": '{"type":"ACTIVITY","sessionId":"x","activity":"draw"}',
    "a byte order mark": '\ufeff{"type":"PING"}',
    "a binary frame": b'{"type":"PING"}',
    "an empty binary frame": b"",
    "a second CONNECT": '{"type":"CONNECT","token":"x"}',
}


@pytest.mark.parametrize("frame", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_frame_closes_the_socket(running: Gateway, campus: Campus, frame: str | bytes) -> None:
    async with page(running, campus.token()) as client:
        await client.socket.send(frame)
        assert await client.code() == Close.PROTOCOL


FIRST = {
    "PING": '{"type":"PING"}',
    "SUBSCRIBE": '{"type":"SUBSCRIBE","channel":"x"}',
    "REFRESH": '{"type":"REFRESH","token":"x"}',
    "no credentials": '{"type":"CONNECT"}',
    "both credentials": '{"type":"CONNECT","token":"x","ticket":"y"}',
    "a token that is no string": '{"type":"CONNECT","token":5}',
    "an unknown field": '{"type":"CONNECT","token":"x","cookie":"y"}',
    "an unknown field in a channel": '{"type":"CONNECT","token":"x","subscribe":[{"channel":"x","token":"y"}]}',
    "a binary frame": b'{"type":"CONNECT","token":"x"}',
}


@pytest.mark.parametrize("frame", FIRST.values(), ids=FIRST.keys())
async def test_the_first_frame_is_connect_or_the_end(running: Gateway, frame: str | bytes) -> None:
    async with raw(running) as client:
        await client.socket.send(frame)
        assert await client.code() == Close.PROTOCOL


async def test_an_oversized_frame_is_the_librarys_1009(running: Gateway, campus: Campus) -> None:
    async with page(running, campus.token()) as client:
        await client.socket.send(json.dumps({"type": "SUBSCRIBE", "channel": "x" * 4096}))
        assert await client.code() == 1009


async def test_text_that_is_not_utf8_is_the_librarys_1007(running: Gateway, campus: Campus) -> None:
    async with page(running, campus.token()) as client:
        client.socket.transport.write(Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True))
        assert await client.code() == 1007


async def test_an_odd_activity_is_an_error_and_the_socket_stays(running: Gateway, campus: Campus) -> None:
    async with page(running, campus.token()) as client:
        await client.send("ACTIVITY", sessionId=str(uuid4()), activity="DROP TABLE")
        assert (await client.data("ERROR"))["code"] == "malformed"
        assert await client.quiet()


async def test_ping_is_answered_in_the_envelope(running: Gateway, campus: Campus) -> None:
    async with page(running, campus.token()) as client:
        await client.send("PING")
        payload = await client.expect("PONG")
        assert payload["data"] == {}
        assert set(payload) == {"data", "timestamp"}
