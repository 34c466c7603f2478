"""Questions to Redis share round trips."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from gateway.asking import Asking
from tests.gateway.conftest import Ground


async def test_what_is_asked_at_once_is_answered_in_order_and_to_each_their_own(ground: Ground) -> None:
    redis = ground.campus.redis
    await redis.mset({f"k{n}": n for n in range(500)})
    asking = Asking(redis)
    got = await asyncio.gather(*[asking.ask(("GET", f"k{n}"), ("GET", f"k{n + 1}")) for n in range(499)])
    assert got == [[b"%d" % n, b"%d" % (n + 1)] for n in range(499)]


async def test_while_one_answer_is_on_its_way_the_rest_waits_for_one_more_trip(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, trips = Asking(ground.campus.redis), Counter[str]()
    pipeline = ground.campus.redis.pipeline

    def counted(**how: Any) -> Any:
        trips["pipeline"] += 1
        return pipeline(**how)

    monkeypatch.setattr(ground.campus.redis, "pipeline", counted)
    await asyncio.gather(*[asking.ask(("PING",)) for _ in range(100)])
    assert trips == {"pipeline": 1}


async def test_a_wrong_question_hurts_nobody_else(ground: Ground) -> None:
    redis = ground.campus.redis
    await redis.set("word", "x")
    asking = Asking(redis)
    questions = [asking.ask(("GET", "word")), asking.ask(("HGET", "word", "f"))]
    good, bad = await asyncio.gather(*questions, return_exceptions=True)
    assert good == [b"x"]
    assert isinstance(bad, ResponseError)


async def test_without_redis_everybody_is_told_and_later_questions_are_asked_again(ground: Ground) -> None:
    away = ground.settings.model_copy(update={"redis_url": "unix:///nowhere.sock"})
    asking = Asking(Redis.from_url(away.redis_url))
    for _ in range(2):
        answers = await asyncio.gather(*[asking.ask(("PING",)) for _ in range(3)], return_exceptions=True)
        assert all(isinstance(answer, RedisError) for answer in answers)


async def test_who_gives_up_waiting_does_not_take_the_others_answers(ground: Ground) -> None:
    asking = Asking(ground.campus.redis)
    impatient = asyncio.create_task(asking.ask(("PING",)))
    patient = asyncio.create_task(asking.ask(("ECHO", "x")))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == [b"x"]
