"""Nudges: calls for the drain, which end by themselves."""

import json
from datetime import UTC, datetime, timedelta

from redis import Redis

from shared.queue import NUDGE_SECONDS, Nudger
from shared.settings import Settings


def test_a_nudge_that_nobody_takes_ends_by_itself(settings: Settings, redis: Redis) -> None:
    redis.delete("events")
    nudger = Nudger(settings)
    nudger.nudge()
    taken = redis.blpop(["events"], timeout=10)
    nudger.close()
    assert isinstance(taken, list | tuple)
    expires = datetime.fromisoformat(json.loads(taken[1])["headers"]["expires"])
    assert expires <= datetime.now(UTC) + timedelta(seconds=NUDGE_SECONDS)
