"""Who gets in, and how."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from gateway.closing import Close
from gateway.serving import Gateway
from shared import keys
from shared.domain.words import Role
from shared.realtime import TICKET_LIFE, make_ticket
from tests.gateway.campus import Campus
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import page, raw


async def test_a_token_connects(running: Gateway, campus: Campus) -> None:
    token, identity = campus.sign(uuid4(), Role.TEACHER)
    async with raw(running) as socket:
        await socket.send("CONNECT", token=token)
        payload = await socket.expect("CONNECTED")
    assert set(payload) == {"timestamp", "data"}
    assert payload["data"]["userId"] == str(identity.user_id)
    assert set(payload["data"]) == {"userId", "expiresAt", "pingSeconds", "serverTime"}


async def test_a_ticket_connects_once(running: Gateway, campus: Campus) -> None:
    ticket = await campus.ticket(uuid4())
    async with raw(running) as socket:
        await socket.send("CONNECT", ticket=ticket)
        await socket.expect("CONNECTED")
    async with raw(running) as socket:
        await socket.send("CONNECT", ticket=ticket)
        assert await socket.code() == Close.BAD_TOKEN


async def test_a_ticket_in_the_url_needs_no_connect(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    ticket = await campus.ticket(roll.teacher)
    async with raw(running, f"/ws?ticket={ticket}") as socket:
        await socket.expect("CONNECTED")
        assert (await socket.subscribe(roll.channel))["recovered"] is False
    async with raw(running, f"/ws?ticket={ticket}") as socket:
        assert await socket.code() == Close.BAD_TOKEN


async def test_a_ticket_that_comes_late_is_to_be_replaced(running: Gateway, campus: Campus) -> None:
    """A page that slept between asking and coming is not signed out: it comes back with another one."""
    late = make_ticket(datetime.now(UTC) - TICKET_LIFE - timedelta(seconds=1))
    async with raw(running, f"/ws?ticket={late}") as socket:
        assert await socket.code() == Close.EXPIRED
    assert Close.EXPIRED.reconnect


@pytest.mark.parametrize(
    "ticket", ["made-up", "made-up.", "made-up.-1", "made-up.²", "1.99999999999", "." * 128, "1" * 200]
)
async def test_a_made_up_ticket_is_refused(running: Gateway, ticket: str) -> None:
    async with raw(running) as socket:
        await socket.send("CONNECT", ticket=ticket)
        assert await socket.code() == Close.BAD_TOKEN


async def test_connect_after_a_ticket_in_the_url_only_names_channels(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with raw(running, f"/ws?ticket={await campus.ticket(roll.teacher)}") as socket:
        await socket.expect("CONNECTED")
        await socket.send("CONNECT", subscribe=[{"channel": roll.channel}])
        await socket.expect("SUBSCRIBED")


async def test_the_ticket_of_a_signed_out_token_is_refused(running: Gateway, campus: Campus) -> None:
    ticket = await campus.ticket(uuid4())
    stored = json.loads(await campus.redis.get(keys.realtime_ticket(ticket)) or b"")
    await campus.redis.set(keys.revoked(stored["token_id"]), 1)
    async with raw(running, f"/ws?ticket={ticket}") as socket:
        assert await socket.code() == Close.BAD_TOKEN


@pytest.mark.parametrize("token", ["", "not-a-token", "a.b.c"])
async def test_a_bad_token_is_refused(running: Gateway, token: str) -> None:
    async with raw(running) as socket:
        await socket.send("CONNECT", token=token)
        assert await socket.code() == Close.BAD_TOKEN


async def test_a_signed_out_token_is_refused(running: Gateway, campus: Campus) -> None:
    token, identity = campus.sign(uuid4(), Role.TEACHER)
    await campus.redis.set(keys.revoked(identity.token_id), 1)
    async with raw(running) as socket:
        await socket.send("CONNECT", token=token)
        assert await socket.code() == Close.BAD_TOKEN


async def test_a_disabled_persons_token_is_refused_also_when_it_was_good_before(
    running: Gateway, campus: Campus
) -> None:
    token, identity = campus.sign(uuid4(), Role.TEACHER)
    async with page(running, token) as before:
        assert await before.quiet()
    await campus.redis.set(keys.disabled(identity.user_id), 1)
    for fresh_or_not in (token, campus.token(identity.user_id)):
        async with raw(running) as socket:
            await socket.send("CONNECT", token=fresh_or_not)
            assert await socket.code() == Close.DISABLED


async def test_a_disabled_persons_ticket_is_refused(running: Gateway, campus: Campus) -> None:
    user_id = uuid4()
    ticket = await campus.ticket(user_id)
    await campus.redis.set(keys.disabled(user_id), 1)
    async with raw(running, f"/ws?ticket={ticket}") as socket:
        assert await socket.code() == Close.DISABLED


async def test_neither_a_cookie_nor_a_token_in_the_url_says_who_somebody_is(ground: Ground) -> None:
    token = ground.campus.token()
    cookie = {"Cookie": f"muster_session={token}; access_token={token}"}
    async with (
        ground.gateway(replace(QUICK, connect_seconds=0.05)) as running,
        raw(running, f"/ws?token={token}", additional_headers=cookie) as socket,
    ):
        assert await socket.code() == Close.NO_CONNECT


async def test_whoever_says_nothing_is_closed(ground: Ground) -> None:
    async with ground.gateway(replace(QUICK, connect_seconds=0.05)) as running, raw(running) as socket:
        assert await socket.code() == Close.NO_CONNECT


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://muster.example.evil.example", ""])
async def test_a_foreign_origin_is_refused_before_the_upgrade(running: Gateway, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with raw(running, additional_headers={"Origin": origin}):
            pass
    assert refused.value.response.status_code == 403


async def test_two_origins_are_refused(running: Gateway) -> None:
    twice = [("Origin", "https://muster.example"), ("Origin", "https://muster.example")]
    with pytest.raises(InvalidStatus) as refused:
        async with raw(running, additional_headers=twice):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["https://muster.example", "https://wall.example", None])
async def test_our_origins_and_none_are_welcome(running: Gateway, campus: Campus, origin: Any) -> None:
    async with raw(running, origin=origin) as socket:
        await socket.send("CONNECT", token=campus.token())
        await socket.expect("CONNECTED")


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/sessions/", "/ws/sessions/1", "/ws/other/" + str(uuid4())])
async def test_an_unknown_path_is_not_found(running: Gateway, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with raw(running, path):
            pass
    assert refused.value.response.status_code == 404


@pytest.mark.parametrize("family", ["sessions", "whiteboard"])
async def test_a_session_path_is_for_those_with_a_part_in_it(running: Gateway, campus: Campus, family: str) -> None:
    roll = await campus.roll()
    path = f"/ws/{family}/{roll.id}"
    async with page(running, campus.token(roll.students[0], Role.STUDENT), path=path) as socket:
        assert await socket.quiet()
    async with raw(running, path) as socket:
        await socket.send("CONNECT", token=campus.token(uuid4(), Role.STUDENT))
        assert await socket.code() == Close.FORBIDDEN


async def test_a_session_that_nobody_knows_yet_is_to_be_tried_again(running: Gateway, campus: Campus) -> None:
    async with raw(running, f"/ws/sessions/{uuid4()}") as socket:
        await socket.send("CONNECT", token=campus.token())
        assert await socket.code() == Close.TRY_AGAIN


async def test_an_expired_ticket_is_refused(running: Gateway, campus: Campus) -> None:
    ticket = await campus.ticket(uuid4(), life=timedelta(seconds=-1))
    async with raw(running, f"/ws?ticket={ticket}") as socket:
        assert await socket.code() == Close.BAD_TOKEN
