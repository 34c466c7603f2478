"""Tabs of one person at two gateways: closing one is not leaving, and that is known at once."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime

from gateway.serving import Gateway
from shared import keys
from shared.domain.presence import GAP, is_connected
from shared.domain.words import Connection, Role
from shared.messages import control
from tests.gateway.campus import Campus, Roll, until
from tests.gateway.conftest import QUICK, Ground
from tests.gateway.page import Page, page

UNHURRIED = replace(QUICK, ping_seconds=GAP.total_seconds(), flush_seconds=0.02)
"""No ping comes by itself while a test lasts."""


def tab(running: Gateway, campus: Campus, roll: Roll) -> AbstractAsyncContextManager[Page]:
    """A student's socket on the session's path."""
    student = roll.students[0]
    return page(running, campus.token(student, Role.STUDENT), path=f"/ws/sessions/{roll.id}")


async def is_there(campus: Campus) -> bool:
    """Whether the points so far say that the student is connected."""
    points = await campus.points()
    left = max((point.at for point in points if point.event is Connection.DISCONNECT), default=None)
    return is_connected(max(point.at for point in points), left, True, datetime.now(UTC))


async def test_who_closes_one_tab_of_two_gateways_is_known_to_be_there_at_once(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    async with ground.gateway(UNHURRIED) as one, ground.gateway(UNHURRIED) as two, tab(two, campus, roll):
        async with tab(one, campus, roll):
            await campus.points_until(2)
        points = await campus.points_until(4)
        assert [point.event for point in points].count(Connection.DISCONNECT) == 1
        await until(lambda: is_there(campus))


async def test_who_closes_their_last_tab_is_asked_for_nowhere(ground: Ground) -> None:
    campus = ground.campus
    roll = await campus.roll()
    async with ground.gateway(UNHURRIED) as one, ground.gateway(UNHURRIED), campus.redis.pubsub() as listener:
        await listener.subscribe(keys.CONTROL)
        await listener.get_message(timeout=5)
        async with tab(one, campus, roll):
            await campus.points_until(1)
        await campus.points_until(2)
        await campus.command(control.TokenRevoked("the last word"))
        orders: list[control.Control] = []
        while not orders or not isinstance(orders[-1], control.TokenRevoked):
            if said := await listener.get_message(ignore_subscribe_messages=True, timeout=5):
                orders.append(control.decode(said["data"]))
        assert not any(isinstance(order, control.TabsClosed) for order in orders)
        assert not await is_there(campus)
