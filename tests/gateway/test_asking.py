"""Questions to Redis share round trips."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import RedisError, ResponseError

from gateway.asking import Asking
from gateway.redis_link import Link
from tests.gateway.conftest import Ground


def asking_of(ground: Ground) -> Asking:
    """Questions to the ground's own server."""
    return Asking(ground.campus.redis, 2.0)


async def test_what_is_asked_at_once_is_answered_in_order_and_to_each_their_own(ground: Ground) -> None:
    redis = ground.campus.redis
    await redis.mset({f"k{n}": n for n in range(500)})
    asking = asking_of(ground)
    got = await asyncio.gather(*[asking.ask(("GET", f"k{n}"), ("GET", f"k{n + 1}")) for n in range(499)])
    assert got == [[b"%d" % n, b"%d" % (n + 1)] for n in range(499)]


async def test_what_is_asked_in_one_turn_of_the_loop_is_one_write(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking, sizes = asking_of(ground), list[int]()
    await asking.ask(("PING",))
    say = Link.say

    def counted(link: Link, packed: bytes) -> None:
        sizes.append(packed.count(b"PING"))
        say(link, packed)

    monkeypatch.setattr(Link, "say", counted)
    await asyncio.gather(*[asking.ask(("PING",)) for _ in range(100)])
    assert sizes == [100]


async def test_a_wrong_question_hurts_nobody_else(ground: Ground) -> None:
    redis = ground.campus.redis
    await redis.set("word", "x")
    asking = asking_of(ground)
    questions = [asking.ask(("GET", "word")), asking.ask(("HGET", "word", "f"))]
    good, bad = await asyncio.gather(*questions, return_exceptions=True)
    assert good == [b"x"]
    assert isinstance(bad, ResponseError)


async def test_what_cannot_be_written_down_hurts_only_who_asks_it(ground: Ground) -> None:
    asking = asking_of(ground)
    questions = [asking.ask(("ECHO", "x")), asking.ask(("GET", "\ud800")), asking.ask(("ECHO", "y"))]
    one, wrong, two = await asyncio.gather(*questions, return_exceptions=True)
    assert (one, two) == ([b"x"], [b"y"])
    assert isinstance(wrong, UnicodeEncodeError)
    await asking.stop()


async def test_without_redis_everybody_is_told_and_later_questions_are_asked_again(ground: Ground) -> None:
    away = ground.settings.model_copy(update={"redis_url": "unix:///nowhere.sock"})
    asking = Asking(Redis.from_url(away.redis_url), 2.0)
    for _ in range(2):
        answers = await asyncio.gather(*[asking.ask(("PING",)) for _ in range(3)], return_exceptions=True)
        assert all(isinstance(answer, RedisError) for answer in answers)


async def test_who_gives_up_waiting_does_not_take_the_others_answers(ground: Ground) -> None:
    asking = asking_of(ground)
    impatient = asyncio.create_task(asking.ask(("PING",)))
    patient = asyncio.create_task(asking.ask(("ECHO", "x")))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == [b"x"]


async def test_an_answer_that_does_not_come_is_a_timeout_and_the_next_question_is_asked_anew(fragile: Ground) -> None:
    asking = Asking(fragile.campus.redis, 0.2)
    assert await asking.ask(("ECHO", "a")) == [b"a"]
    fragile.valkey.freeze()
    answers = await asyncio.gather(*[asking.ask(("PING",)) for _ in range(3)], return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError] * 3
    fragile.valkey.thaw()
    assert await asking.ask(("ECHO", "b")) == [b"b"]


async def test_a_lost_connection_is_told_to_who_waits_and_made_again_for_who_comes(fragile: Ground) -> None:
    asking = Asking(fragile.campus.redis, 2.0)
    await asking.ask(("PING",))
    fragile.valkey.freeze()
    waiting = asyncio.create_task(asking.ask(("PING",)))
    await asyncio.sleep(0.05)
    fragile.valkey.stop()
    with pytest.raises(LostConnection):
        await waiting
    fragile.valkey.start()
    assert await asking.ask(("ECHO", "b")) == [b"b"]


async def test_who_stops_asking_leaves_nobody_waiting(fragile: Ground) -> None:
    asking = Asking(fragile.campus.redis, 2.0)
    await asking.ask(("PING",))
    fragile.valkey.freeze()
    waiting = asyncio.create_task(asking.ask(("PING",)))
    await asyncio.sleep(0.05)
    await asking.stop()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_server_with_a_password_and_another_database_is_asked_too(fragile: Ground) -> None:
    await fragile.campus.redis.config_set("requirepass", "secret")
    url = fragile.settings.redis_url
    asking = Asking(Redis.from_url(f"unix://:secret@{url.removeprefix('unix://')}?db=3"), 2.0)
    await asking.ask(("SET", "word", "x"))
    with pytest.raises(RedisError):
        await Asking(Redis.from_url(url), 2.0).ask(("PING",))
    await asking.stop()
