"""Sockets that end: expiry, logout, disabling, and clients that do not read."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.closing import Close
from gateway.serving import Gateway
from gateway.stay import Stay
from shared import keys
from shared.domain.words import Role
from shared.messages.control import PersonDisabled, TokenRevoked
from tests.gateway.campus import Campus, Roll, check_in, stats
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import page


async def test_a_socket_ends_with_its_token(running: Gateway, campus: Campus) -> None:
    token, _ = campus.sign(uuid4(), Role.TEACHER, timedelta(seconds=2))
    async with page(running, token) as client:
        assert await client.code() == Close.EXPIRED


async def test_a_fresh_token_keeps_it_open(running: Gateway, campus: Campus) -> None:
    user_id = uuid4()
    token, identity = campus.sign(user_id, Role.TEACHER, timedelta(seconds=2))
    async with (
        page(running, token) as refreshed,
        page(running, campus.sign(user_id, Role.TEACHER, timedelta(seconds=2))[0]) as other,
    ):
        await refreshed.send("REFRESH", token=campus.token(user_id))
        assert await refreshed.quiet()
        assert await other.code() == Close.EXPIRED
        assert await refreshed.quiet()
        await campus.command(TokenRevoked(identity.token_id))
        assert await refreshed.quiet(), "the old token no longer matters"


async def test_somebody_elses_token_or_a_bad_one_refreshes_nothing(running: Gateway, campus: Campus) -> None:
    for token in (campus.token(), "x"):
        async with page(running, campus.token()) as client:
            await client.send("REFRESH", token=token)
            assert await client.code() == Close.BAD_TOKEN


async def test_signing_out_closes_this_tokens_sockets(running: Gateway, campus: Campus) -> None:
    user_id = uuid4()
    token, identity = campus.sign(user_id, Role.TEACHER)
    async with page(running, token) as one, page(running, token) as two, page(running, campus.token(user_id)) as other:
        await campus.command(TokenRevoked(identity.token_id))
        assert await one.code() == Close.DISABLED
        assert await two.code() == Close.DISABLED
        assert await other.quiet()


async def test_disabling_somebody_closes_all_their_sockets(running: Gateway, campus: Campus) -> None:
    user_id = uuid4()
    async with page(running, campus.token(user_id)) as one, page(running, campus.token(user_id)) as two:
        await campus.command(PersonDisabled(user_id))
        assert await one.code() == Close.DISABLED
        assert await two.code() == Close.DISABLED


async def test_a_logout_that_was_never_heard_is_found_out(ground: Ground) -> None:
    token, identity = ground.campus.sign(uuid4(), Role.TEACHER)
    async with ground.gateway(replace(QUICK, rights_seconds=0.05)) as running, page(running, token) as client:
        await ground.campus.redis.set(keys.revoked(identity.token_id), 1)
        assert await client.code() == Close.DISABLED


async def test_a_disabling_that_was_never_heard_is_found_out(ground: Ground) -> None:
    user_id = uuid4()
    token = ground.campus.token(user_id)
    async with (
        ground.gateway(replace(QUICK, rights_seconds=0.05)) as running,
        page(running, token) as one,
        page(running, ground.campus.token(user_id)) as two,
        page(running, ground.campus.token()) as somebody_else,
    ):
        await ground.campus.redis.set(keys.disabled(user_id), 1)
        assert await one.code() == Close.DISABLED
        assert await two.code() == Close.DISABLED
        assert await somebody_else.quiet()


async def test_a_disabled_person_cannot_refresh(running: Gateway, campus: Campus) -> None:
    user_id = uuid4()
    async with page(running, campus.token(user_id)) as client:
        await campus.redis.set(keys.disabled(user_id), 1)
        await client.send("REFRESH", token=campus.token(user_id))
        assert await client.code() == Close.DISABLED


async def test_lost_rights_are_found_out_without_being_told(ground: Ground) -> None:
    roll = await ground.campus.roll()
    token = ground.campus.token(roll.teacher)
    async with (
        ground.gateway(replace(QUICK, rights_seconds=0.05)) as running,
        page(running, token, roll.channel) as teacher,
        page(running, token, path=f"/ws/sessions/{roll.id}") as present,
    ):
        await ground.campus.project(Roll(roll.id, uuid4(), roll.students))
        assert (await teacher.data("ERROR"))["code"] == "forbidden"
        assert await teacher.quiet()
        assert await present.code() == Close.FORBIDDEN


async def test_rights_that_nobody_can_confirm_end_after_a_while(ground: Ground) -> None:
    roll = await ground.campus.roll()
    pace = replace(QUICK, rights_seconds=0.05, rights_hold_seconds=0.2)
    async with (
        ground.gateway(pace) as running,
        page(running, ground.campus.token(roll.teacher), roll.channel) as teacher,
    ):
        await ground.campus.redis.delete(keys.session(roll.id))
        refused = await teacher.data("ERROR")
        assert (refused["code"], refused["temporary"]) == ("unavailable", True)


async def test_a_client_that_does_not_read_is_closed_and_nobody_else_notices(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll(students=tuple(uuid4() for _ in range(100)))
    token = campus.token(roll.teacher)
    async with (
        ground.gateway(replace(QUICK, bytes_per_client=100_000)) as running,
        page(running, token, roll.channel) as reader,
        page(running, token, roll.channel) as sleeper,
    ):
        sleeper.socket.transport.pause_reading()
        last = 0
        while len(running._hub.clients) == 2 and not closing(running):
            last = await campus.push(roll, check_in(roll, roll.students))
            assert (await reader.frame())["payload"]["version"] == last
        sleeper.socket.transport.resume_reading()
        assert await sleeper.code() == Close.SLOW
        await campus.push(roll, stats(1))
        assert await reader.versions(1) == [last + 1]


def closing(running: Gateway) -> bool:
    """Whether some client has been told to go."""
    return any(getattr(client.outlet, "closed_with", None) for client in running._hub.clients)


async def test_a_bug_of_ours_closes_one_socket_and_says_that_it_is_ours(
    running: Gateway, campus: Campus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acted(*_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(Stay, "acted", acted)
    roll = await campus.roll()
    token = campus.token(roll.teacher)
    async with page(running, token, path=f"/ws/sessions/{roll.id}") as unlucky, page(running, token) as other:
        await unlucky.send("ACTIVITY", sessionId=str(roll.id), activity="draw")
        assert await unlucky.code() == Close.FAULT
        assert await other.quiet()
