"""Real sockets as evidence: what of their lives reaches the event stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.frames import Frame
from websockets.protocol import State

from gateway.admission import Admission, Known
from gateway.closing import Close
from gateway.serving import Gateway
from shared import keys
from shared.domain.presence import runs_of
from shared.domain.words import Connection, Role, SessionStatus, UserType
from shared.messages import control
from shared.messages.events import PointProven
from shared.tokens import Identity
from tests.gateway.campus import Campus, Roll, until
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import Page, page

LIVELY = replace(QUICK, ping_seconds=0.3, flush_seconds=0.02)
CONNECT, HEARTBEAT, DISCONNECT = Connection.CONNECT, Connection.HEARTBEAT, Connection.DISCONNECT


@asynccontextmanager
async def present(gateway: Gateway, campus: Campus, roll: Roll, who: UUID, role: Role) -> AsyncIterator[Page]:
    """Somebody on the session's path."""
    async with page(gateway, campus.token(who, role), path=f"/ws/sessions/{roll.id}") as opened:
        yield opened


def kinds(points: list[PointProven], who: UUID) -> list[Connection]:
    """What one person's points are."""
    return [point.event for point in points if point.user_id == who]


async def left(campus: Campus, who: UUID) -> bool:
    """Whether somebody's end has reached the stream."""
    return DISCONNECT in kinds(await campus.points(), who)


async def test_a_socket_is_presence_from_its_opening_to_its_end(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    student = roll.students[0]
    async with ground.gateway(LIVELY) as running:
        async with present(running, campus, roll, student, Role.STUDENT) as there:
            await campus.points_until(3)
            await there.send("ACTIVITY", sessionId=str(roll.id), activity="draw")
            assert await there.quiet()
        points = await campus.points_until(5)
    assert {(point.session_id, point.user_id, point.user_type) for point in points} == {
        (roll.id, student, UserType.STUDENT)
    }
    assert points[0].event is CONNECT
    assert points[-1].event is DISCONNECT
    assert [point.activity for point in points if point.activity] == ["draw"]
    assert [point.at for point in points] == sorted(point.at for point in points)
    assert len({point.at for point in points}) == len(points), "nothing is sent twice"


async def test_teachers_are_tutors_and_admins_are_nobody(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    async with (
        ground.gateway(LIVELY) as running,
        present(running, campus, roll, uuid4(), Role.ADMIN) as admin,
        present(running, campus, roll, roll.teacher, Role.TEACHER),
    ):
        await admin.send("ACTIVITY", sessionId=str(roll.id), activity="draw")
        assert (await admin.data("ERROR"))["code"] == "forbidden"
        points = await campus.points_until(3)
    assert {(point.user_id, point.user_type) for point in points} == {(roll.teacher, UserType.TUTOR)}


async def test_somebody_who_only_follows_a_session_is_not_present(running: Gateway, campus: Campus) -> None:
    roll = await campus.roll()
    async with page(running, campus.token(roll.teacher), roll.channel) as teacher:
        await teacher.send("ACTIVITY", sessionId=str(roll.id), activity="draw")
        assert (await teacher.data("ERROR"))["code"] == "forbidden"
    assert await campus.points() == []


async def test_a_client_that_vanishes_is_closed_and_no_end_is_made_up(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.outlet.CLOSE_SECONDS", 0.1)
    campus = ground.campus
    roll = await campus.roll()
    gone, here = roll.students
    async with (
        ground.gateway(LIVELY) as running,
        present(running, campus, roll, here, Role.STUDENT),
    ):
        vanishing = present(running, campus, roll, gone, Role.STUDENT)
        socket = (await vanishing.__aenter__()).socket
        socket.transport.pause_reading()
        await until(lambda: len(running._hub.clients) == 1)
        await campus.points_until(len(await campus.points()) + 2)
        socket.transport.abort()
        points = await campus.points()
    assert CONNECT in kinds(points, gone)
    assert DISCONNECT not in kinds(points, gone)
    last = {who: max(point.at for point in points if point.user_id == who) for who in (gone, here)}
    assert last[gone] < last[here]


async def test_a_pong_that_nobody_asked_for_proves_nothing(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    student = roll.students[0]
    async with (
        ground.gateway(replace(LIVELY, ping_seconds=60.0)) as running,
        present(running, campus, roll, student, Role.STUDENT) as there,
    ):
        await campus.points_until(1)
        for content in (b"", b"12345678", b"x" * 125):
            await there.socket.pong(content)
        assert await there.quiet()
        await there.send("ACTIVITY", sessionId=str(roll.id), activity="draw")
        points = await campus.points_until(2)
    assert [(point.event, point.activity) for point in points] == [(CONNECT, None), (HEARTBEAT, "draw")]


async def test_an_answer_counts_once(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    student = roll.students[0]
    async with (
        ground.gateway(replace(LIVELY, ping_seconds=0.8)) as running,
        present(running, campus, roll, student, Role.STUDENT) as there,
    ):
        parrot(there.socket)
        points = await campus.points_until(3)
        assert await there.quiet()
    moments = sorted(point.at for point in points)
    assert (moments[2] - moments[1]).total_seconds() > 0.4


def parrot(socket: ClientConnection) -> None:
    """Have every ping answered three times."""
    send_frame = socket.protocol.send_frame

    def say_it_again(frame: Frame) -> None:
        for _ in range(3):
            send_frame(frame)

    socket.protocol.send_frame = say_it_again  # type: ignore[method-assign]


async def test_a_session_that_starts_and_ends_around_an_open_socket(ground: Ground) -> None:
    campus = ground.campus
    roll = Roll()
    student = roll.students[0]
    await campus.project(roll, SessionStatus.SCHEDULED)
    async with (
        ground.gateway(replace(LIVELY, ping_seconds=1.0)) as running,
        present(running, campus, roll, student, Role.STUDENT) as there,
    ):
        assert await there.quiet()
        assert await campus.points() == []
        await campus.move(roll, SessionStatus.ACTIVE)
        [first] = (await campus.points_until(1))[:1]
        assert first.event is CONNECT
        await campus.move(roll, SessionStatus.COMPLETED)
        [client] = running._hub.clients
        assert client.stay is not None
        meeting = client.stay.meeting
        await until(lambda: meeting.status is SessionStatus.COMPLETED)
        before = len(await campus.points())
        await there.send("ACTIVITY", sessionId=str(roll.id), activity="draw")
        assert await there.quiet()
    async with ground.gateway():
        assert len(await campus.points()) == before


async def test_a_start_in_the_moment_of_coming_is_not_missed(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    campus = ground.campus
    roll = Roll()
    await campus.project(roll, SessionStatus.SCHEDULED)
    admit = Admission.admit

    async def start_meanwhile(*asked: Any) -> tuple[Identity, Known]:
        admitted = await admit(*asked)
        await campus.project(roll, SessionStatus.ACTIVE)  # Nobody is here yet who could be told.
        return admitted

    monkeypatch.setattr(Admission, "admit", start_meanwhile)
    async with (
        ground.gateway(LIVELY) as running,
        present(running, campus, roll, roll.students[0], Role.STUDENT),
    ):
        assert (await campus.points_until(1))[0].event is CONNECT


async def test_the_drain_is_asked_for_once_until_it_has_come(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    async with campus.redis.pubsub() as ears, ground.gateway(LIVELY) as running:
        await ears.subscribe(keys.CONTROL)
        async with present(running, campus, roll, roll.students[0], Role.STUDENT):
            await campus.points_until(3)
            wishes = [said async for said in heard(ears)]
    assert len(wishes) == 1
    assert isinstance(wishes[0], control.DrainWanted)


async def heard(ears: object) -> AsyncIterator[control.Control]:
    """Every control message that has come."""
    while (message := await ears.get_message(timeout=0.1)) is not None:  # type: ignore[attr-defined]
        if message["type"] == "message":
            yield control.decode(message["data"])


async def test_nothing_of_presence_is_lost_or_doubled_while_redis_is_away(fragile: Ground) -> None:
    campus = fragile.campus
    roll = await campus.roll()
    student = roll.students[0]
    async with fragile.gateway(replace(LIVELY, ping_seconds=0.12), redis_timeout=0.3) as running:
        async with present(running, campus, roll, student, Role.STUDENT):
            before = await campus.points_until(2)
            fragile.valkey.freeze()  # An append that is under way may or may not be done.
            [client] = running._hub.clients
            stay = client.stay
            assert stay is not None
            await until(lambda: len(stay.beats) > 1 and stay.beats[-1] - stay.beats[0] > timedelta(seconds=1))
            assert len(stay.beats) == 2, "what waits is folded"
            fragile.valkey.thaw()
            await campus.points_until(len(before) + 1)
        await until(lambda: left(campus, student))
        points = await campus.points()
    assert len(runs_of(point.at for point in points)) == 1
    assert kinds(points, student).count(CONNECT) == kinds(points, student).count(DISCONNECT) == 1
    assert len({point.at for point in points}) == len(points), "nothing is doubled"


async def test_two_tabs_at_two_gateways_of_which_one_crashes(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    student = roll.students[0]
    async with (
        ground.gateway(LIVELY) as one,
        ground.gateway(LIVELY) as other,
        present(other, campus, roll, student, Role.STUDENT),
    ):
        crashing = present(one, campus, roll, student, Role.STUDENT)
        tab = await crashing.__aenter__()
        await campus.points_until(4)
        for task in one.background:
            task.cancel()  # It says nothing more, and cannot.
        tab.socket.transport.abort()
        async with present(other, campus, roll, student, Role.STUDENT):
            points = await campus.points_until(8)
    assert len(runs_of(point.at for point in points)) == 1


async def test_what_waits_is_sent_before_the_process_ends(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    student = roll.students[0]
    async with ground.gateway(replace(LIVELY, flush_seconds=60.0)) as running:
        leaving = present(running, campus, roll, student, Role.STUDENT)
        tab = await leaving.__aenter__()
        draining = asyncio.create_task(running.drain())
        assert await tab.code() == Close.RESTART
        await draining
        assert tab.socket.state is State.CLOSED
    assert kinds(await campus.points(), student) == [CONNECT, HEARTBEAT], "the client comes back; it has not left"
