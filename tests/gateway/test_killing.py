"""A gateway dies under its people: a small form of ``python -m loadtests.gateway.kill``."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from loadtests.gateway.hall import Hall
from loadtests.gateway.kill import GOAL, Plan, kill_one
from loadtests.gateway.pages import Lesson, Page, backoff
from loadtests.gateway.stays import witnessed
from shared import keys
from shared.domain.presence import GAP
from shared.domain.words import Connection, Role, UserType
from shared.messages import events
from shared.messages.events import PointProven
from tests.gateway.conftest import Ground
from tests.stack import free_ports

STATS: dict[str, Any] = {"presentStudents": 1}


async def test_nobody_misses_anything_or_leaves_when_a_gateway_is_killed(ground: Ground) -> None:
    known = {
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_DATABASE_URL": ground.settings.database_url,
        "MUSTER_REDIS_URL": ground.settings.redis_url,
        "MUSTER_SECRET_KEY": ground.settings.secret_key.get_secret_value(),
        "MUSTER_GATEWAY_METRICS_PORT": "0",
        "MUSTER_LOG_LEVEL": "WARNING",
    }
    environments = [{**known, "MUSTER_GATEWAY_PORT": str(port)} for port in free_ports(2)]
    report = await kill_one(Plan(clients=100, sessions=5, ping=1.0), ground.settings.redis_url, environments)
    assert not report.problems, report.told()
    assert report.away[-1] < GOAL
    assert report.longest < GOAL


def test_pages_wait_as_the_browsers_client_does() -> None:
    ends = [[backoff(failures, chance) for chance in (lambda: 0.0, lambda: 1.0)] for failures in (0, 1, 5, 50)]
    assert ends == [[0.5, 1.0], [0.5, 2.0], [0.5, 20.0], [0.5, 20.0]]


@pytest.mark.parametrize(
    ("role", "shown", "wrong"),
    [
        (Role.TEACHER, [("STATS_UPDATE", 1, STATS), ("STATS_UPDATE", 2, STATS)], 0),
        (Role.TEACHER, [("STATS_UPDATE", 1, STATS), ("STATS_UPDATE", 3, STATS)], 1),
        (Role.TEACHER, [("STATS_UPDATE", 1, STATS), ("STATS_UPDATE", 1, STATS)], 1),
        (Role.STUDENT, [("STATS_UPDATE", 3, STATS), ("MARK", 7, {"changes": [{"studentId": "s", "times": 1}]})], 0),
        (Role.STUDENT, [("MARK", 7, {"changes": [{"studentId": "s", "times": 2}]})], 1),
        (Role.STUDENT, [("STATS_UPDATE", 3, STATS), ("STATS_UPDATE", 2, STATS)], 1),
    ],
)
async def test_a_page_notes_what_it_should_not_have_been_shown(
    ground: Ground, role: Role, shown: list[tuple[str, int, dict[str, Any]]], wrong: int
) -> None:
    """Gaps and repeats for staff; for students, who are shown some versions only, repeats and missing marks."""
    page = Page(Lesson(Hall(uuid4(), uuid4(), []), ground.campus.redis), uuid4(), role, lambda: 0.0)
    await page._take("SUBSCRIBED", {"data": {"recovered": True}})
    for kind, version, data in shown:
        await page._take(kind, {"version": version, "epoch": "", "data": data})
    assert len(page.wrong) == wrong


async def test_goodbyes_and_holes_in_a_presence_are_found(ground: Ground) -> None:
    now, session = datetime.now(UTC), uuid4()
    hole = GAP + timedelta(seconds=1)
    whole, broken, gone = uuid4(), uuid4(), uuid4()
    points = [(whole, now - timedelta(seconds=15), Connection.CONNECT), (whole, now, Connection.HEARTBEAT)]
    points += [(broken, now - hole, Connection.CONNECT), (broken, now, Connection.CONNECT)]
    points += [(gone, now - hole, Connection.DISCONNECT)]
    for who, at, event in points:
        payload = events.encode(PointProven(session, who, UserType.STUDENT, event, at))
        await ground.campus.redis.xadd(keys.EVENTS, {"0": payload})
    with Redis.from_url(ground.settings.redis_url) as redis:
        found = witnessed(redis)
    assert (found.people, found.left, found.broken, found.away) == (3, 1, 1, 1)
    assert found.longest == hole.total_seconds()
