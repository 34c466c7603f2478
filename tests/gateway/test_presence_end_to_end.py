"""From a real socket through the real drain to what the tutor sees."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from redis import Redis

from gateway.app import gateway
from gateway.serving import Gateway
from shared import keys
from shared.domain.words import SessionStatus
from shared.settings import Settings
from tests.campus import Classroom, Person, Visitor, start_session
from tests.gateway.campus import Campus, until
from tests.gateway.conftest import QUICK
from tests.gateway.page import Page, page
from workers.drain import drain
from workers.ports import Ports

WHITEBOARD = "/api/whiteboard/sessions"


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[Gateway]:
    """A gateway beside the API and the workers, with quick pings."""
    beside = settings.model_copy(update={"gateway_port": 0, "gateway_metrics_port": 0})
    async with gateway(beside, pace=replace(QUICK, ping_seconds=0.3, flush_seconds=0.02)) as up:
        yield up


@pytest.fixture
async def campus(settings: Settings) -> AsyncIterator[Campus]:
    """Signs tokens, and looks into the stream."""
    here = Campus(settings)
    yield here
    await here.redis.aclose()


async def status(visitor: Visitor, ports: Ports, who: Person, session: dict[str, Any]) -> dict[str, Any]:
    """What the API says once all is drained."""
    await asyncio.to_thread(drain, ports)
    answer = await visitor.speaking_as(who).get(f"{WHITEBOARD}/{session['id']}/connection-status")
    said: dict[str, Any] = answer.json()
    return said


def at(running: Gateway, campus: Campus, who: Person, session: dict[str, Any]) -> Any:
    """Somebody's socket on the session's path."""
    return page(running, campus.token(who.id, who.role), path=f"/ws/whiteboard/{session['id']}")


async def proofs(campus: Campus, session: dict[str, Any], count: int) -> None:
    """Until so many points of the session wait in the stream."""

    async def enough() -> bool:
        return sum(point.session_id == UUID(session["id"]) for point in await campus.points()) >= count

    await until(enough)


async def test_a_socket_and_http_heartbeats_at_once_are_counted_once(
    visitor: Visitor, classroom: Classroom, ports: Ports, running: Gateway, campus: Campus
) -> None:
    student = classroom.students[0]
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom, mode="online")
    http = visitor.speaking_as(student)
    async with at(running, campus, student, session) as socket:
        assert isinstance(socket, Page)
        await socket.send("ACTIVITY", sessionId=session["id"], activity="draw")
        for _ in range(3):
            await http.post(f"{WHITEBOARD}/{session['id']}/heartbeat", json={"user_type": "student"})
        await proofs(campus, session, 7)
        said = await status(visitor, ports, classroom.teacher, session)
        [there] = said["participants"]
        assert (there["connected"], there["connects"], there["activity_counts"]) == (True, 1, {"draw": 1})
        stats = (await visitor.speaking_as(classroom.teacher).get(f"/api/v1/sessions/{session['id']}/stats")).json()
        assert stats["connectedCount"] == 1
    await proofs(campus, session, 1)
    said = await status(visitor, ports, classroom.teacher, session)
    [gone] = said["participants"]
    assert not gone["connected"]
    assert gone["connects"] == 1
    assert 0 < gone["total_active_seconds"] < 5
    assert [log["event"] for log in said["connection_logs"]] == ["disconnect", "connect"]


async def test_the_api_calls_the_drain_for_the_gateway(
    visitor: Visitor, classroom: Classroom, redis: Redis, running: Gateway, campus: Campus
) -> None:
    session = await start_session(visitor.speaking_as(classroom.teacher), classroom, mode="online")
    redis.delete("events", keys.NUDGED)
    async with at(running, campus, classroom.teacher, session):
        await until(lambda: bool(redis.llen("events")))
    assert redis.llen("events") <= 2, "however many processes hear the wish"
    assert any(True for _ in redis.scan_iter(keys.drain_call("*")))


async def test_an_open_socket_counts_from_the_start_on(
    visitor: Visitor, classroom: Classroom, ports: Ports, running: Gateway, campus: Campus
) -> None:
    teacher, student = classroom.teacher, classroom.students[0]
    session = await start_session(visitor.speaking_as(teacher), classroom, mode="online", startNow=False)
    await asyncio.to_thread(drain, ports)
    async with at(running, campus, student, session) as socket:
        assert await socket.quiet()
        assert (await status(visitor, ports, teacher, session))["participants"] == []
        started = await visitor.speaking_as(teacher).post(f"/api/v1/sessions/{session['id']}/start")
        assert started.status_code == 200, started.text
        await proofs(campus, session, 1)
        said = await status(visitor, ports, teacher, session)
        assert said["status"] == SessionStatus.ACTIVE
        assert [there["connected"] for there in said["participants"]] == [True]
