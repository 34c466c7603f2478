"""Nobody takes more than their share: frames, sockets, channels, and the rush at the door."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from gateway.closing import Close
from gateway.serving import Gateway
from gateway.turnstile import FULL_SECONDS, Turnstile
from shared import keys
from shared.domain.words import Role
from tests.gateway.campus import Campus, until
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import page, raw
from tests.gateway.test_process import get


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Living sockets answer at once here."""
    monkeypatch.setattr("gateway.seats.ANSWER_SECONDS", 0.2)


async def test_a_socket_may_say_twenty_things_a_second(running: Gateway, campus: Campus) -> None:
    async with page(running, campus.token()) as modest, page(running, campus.token()) as flood:
        for _ in range(10):
            assert await modest.quiet()
        for _ in range(50):
            await flood.send("PING")
        assert await flood.code() == Close.PROTOCOL
        assert await modest.quiet()


async def test_a_flood_of_pings_that_only_the_protocol_sees_is_a_flood_too(running: Gateway, campus: Campus) -> None:
    async with page(running, campus.token()) as flood:
        for _ in range(50):
            flood.socket.protocol.send_ping(b"")
        flood.socket.send_data()
        assert await flood.code() == Close.PROTOCOL


async def test_a_flood_before_connect_is_one_too(running: Gateway) -> None:
    async with raw(running) as flood:
        for _ in range(50):
            flood.socket.protocol.send_ping(b"")
        flood.socket.send_data()
        assert await flood.code() == Close.PROTOCOL


async def test_a_sixth_socket_is_refused_over_all_gateways_until_one_is_closed(ground: Ground) -> None:
    token = ground.campus.token()
    async with ground.gateway() as one, ground.gateway() as other, AsyncExitStack() as stack:
        first = page(one, token)
        await first.__aenter__()
        for gateway in (one, other, other, other):
            await stack.enter_async_context(page(gateway, token))
        for gateway in (one, other):
            async with raw(gateway) as sixth:
                await sixth.send("CONNECT", token=token)
                assert await sixth.code() == Close.TOO_MANY
        async with page(one, ground.campus.token()) as somebody_else:
            assert await somebody_else.quiet()
        await first.__aexit__(None, None, None)
        await until(lambda: len(one._hub.clients) == 1)
        async with page(other, token) as fifth:
            assert await fifth.quiet()


async def test_who_is_refused_for_another_reason_takes_no_seat(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    stranger = uuid4()
    for _ in range(7):
        async with raw(running, f"/ws/sessions/{roll.id}") as socket:
            await socket.send("CONNECT", token=campus.token(stranger, Role.STUDENT))
            assert await socket.code() == Close.FORBIDDEN
    async with page(running, campus.token(stranger, Role.STUDENT)) as welcome:
        assert await welcome.quiet()


async def test_the_sockets_of_a_gateway_that_crashed_are_forgotten(ground: Ground) -> None:
    user_id = uuid4()
    await ground.campus.redis.hset(keys.sockets(user_id), "crashed", "5")
    await ground.campus.redis.set(keys.gateway("crashed"), 1)
    async with ground.gateway() as running:
        async with raw(running) as sixth:
            await sixth.send("CONNECT", token=ground.campus.token(user_id))
            assert await sixth.code() == Close.TOO_MANY
        await ground.campus.redis.delete(keys.gateway("crashed"))
        async with page(running, ground.campus.token(user_id)) as welcome:
            assert await welcome.quiet()


async def test_dead_sockets_make_room_for_living_ones(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.outlet.CLOSE_SECONDS", 0.1)
    token = ground.campus.token()
    async with ground.gateway() as running, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(page(running, token)) for _ in range(5)]
        for dead in sockets[:3]:
            dead.socket.transport.pause_reading()
        async with page(running, token) as back:
            assert await back.quiet()
            assert await sockets[4].quiet()
            await until(lambda: len(running._hub.clients) == 3)
        for dead in sockets[:3]:
            dead.socket.transport.abort()


async def test_a_closing_gateway_leaves_no_seat_taken(ground: Ground) -> None:
    user_id = uuid4()
    async with ground.gateway() as running, page(running, ground.campus.token(user_id)):
        assert await ground.campus.redis.hlen(keys.sockets(user_id)) == 1
    assert [key async for key in ground.campus.redis.scan_iter(keys.gateway("*"))] == []


async def test_one_socket_follows_only_so_many_channels(ground: Ground) -> None:
    rolls = [await ground.campus.roll(teacher=uuid4()) for _ in range(4)]
    token = ground.campus.token(role=Role.ADMIN)
    async with (
        ground.gateway(gateway_channels=3) as running,
        page(running, token, *[roll.channel for roll in rolls[:3]]) as admin,
    ):
        await admin.send("SUBSCRIBE", channel=rolls[3].channel)
        told = await admin.data("ERROR")
        assert (told["code"], told["temporary"]) == ("too_many_channels", False)
        assert (await admin.subscribe(rolls[0].channel))["channel"] == rolls[0].channel
        await admin.send("UNSUBSCRIBE", channel=rolls[0].channel)
        assert (await admin.subscribe(rolls[3].channel))["channel"] == rolls[3].channel


async def refused(gateway: Gateway) -> int:
    """The seconds a new socket is told to wait."""
    with pytest.raises(InvalidStatus) as told:
        async with raw(gateway):
            pass
    assert told.value.response.status_code == 503
    return int(told.value.response.headers["Retry-After"])


async def test_a_full_gateway_sends_people_away_before_the_upgrade(ground: Ground) -> None:
    async with ground.gateway(gateway_sockets=1) as running, page(running, ground.campus.token()) as inside:
        assert await refused(running) == FULL_SECONDS
        assert (await asyncio.to_thread(get, running.port, "/livez"))[0] == 200
        assert await inside.quiet()


async def test_a_rush_is_told_when_to_come_back(ground: Ground) -> None:
    async with ground.gateway(gateway_accept_rate=1) as running, page(running, ground.campus.token()):
        assert await refused(running) == 1
        assert (await asyncio.to_thread(get, running.port, "/readyz"))[0] == 200


def test_the_turnstile_lets_in_a_rate_and_never_more_than_fit() -> None:
    now = [100.0]
    turnstile = Turnstile(rate=10, most=50, clock=lambda: now[0])
    assert [turnstile.wait(1) for _ in range(11)] == [0] * 10 + [1]
    now[0] += 0.35
    assert [turnstile.wait(1) for _ in range(4)] == [0, 0, 0, 1]
    now[0] += 3600
    assert [turnstile.wait(1) for _ in range(11)] == [0] * 10 + [1], "quiet hours are not saved up"
    assert turnstile.wait(51) == FULL_SECONDS


async def test_an_ending_gateway_sends_its_clients_away_in_batches(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.serving.SENT_AT_ONCE", 2)
    pace = replace(QUICK, drain_seconds=0.6)
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(ground.gateway(pace))
        clients = [await stack.enter_async_context(page(running, ground.campus.token())) for _ in range(6)]
        loop = asyncio.get_running_loop()
        began = loop.time()

        async def gone(number: int) -> float:
            assert "maxJitterMs" in await clients[number].data("RECONNECT")
            assert await clients[number].code() == Close.RESTART
            return loop.time() - began

        draining = asyncio.create_task(running.drain())
        times = sorted(await asyncio.gather(*map(gone, range(6))))
        await draining
        assert times[1] < 0.3
        assert times[5] > 0.55
