"""Nobody asks for more than their share: per person, per address without a login, and check-ins."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.allowance import WORTH_TELLING, Allowance, Sharing
from api.endpoint import Endpoint
from api.services import Services
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good, refusal
from tests.api.every import GUARDED, Target, name_of
from tests.api.lecture import Lecture
from tests.api.outages import NOWHERE, elsewhere, running
from tests.campus import Visitor

FEW = {"requests_per_minute": 8, "check_ins_per_minute": 3, "connection_events_per_minute": 3}


@pytest.fixture(scope="module")
async def strict(settings: Settings, tokens: Tokens) -> AsyncIterator[Visitor]:
    """Visitors of an application with small allowances."""
    async with running(settings, tokens, **FEW) as visitor:
        yield visitor


def must_wait(answer: httpx.Response) -> bool:
    """Whether it is a 429 that says for how long."""
    return refusal(answer) == (429, "rate_limited") and 1 <= int(answer.headers["retry-after"]) <= 120


# --- requests of any kind ---------------------------------------------------------------------------------


async def test_one_request_too_many_has_to_wait_and_nobody_else_does(strict: Visitor, lecture: Lecture) -> None:
    here = elsewhere(strict, lecture)
    for _ in range(8):
        good(await here.student.get("/api/v1/me"))
    assert must_wait(await here.student.get("/api/v1/me"))
    assert must_wait(await here.student.get(here.path))
    good(await here.students[1].get("/api/v1/me"))


async def test_it_is_the_person_who_is_counted_not_the_token(strict: Visitor, lecture: Lecture) -> None:
    for _ in range(8):
        good(await strict.speaking_as(lecture.classroom.students[0]).get("/api/v1/me"))
    assert must_wait(await strict.speaking_as(lecture.classroom.students[0]).get("/api/v1/me"))


@pytest.mark.parametrize("endpoint", GUARDED, ids=name_of)
async def test_every_endpoint_counts(strict: Visitor, lecture: Lecture, endpoint: Endpoint) -> None:
    target = Target(endpoint, lecture)
    student = elsewhere(strict, lecture).student
    for _ in range(8):
        await student.get("/api/v1/me")
    answer = await student.request(endpoint.method, target.url(), json=target.body if endpoint.body else None)
    assert (
        answer.status_code == 202 if endpoint.tag == "whiteboard-tracking" and endpoint.own_limit else must_wait(answer)
    )


async def test_what_has_a_limit_of_its_own_counts_when_it_is_refused(strict: Visitor, lecture: Lecture) -> None:
    student = elsewhere(strict, lecture).student
    url = f"/api/whiteboard/sessions/{lecture.id}/heartbeat"
    for _ in range(8):
        assert (await student.post(url, json={"user_type": "tutor"})).status_code == 403
    assert must_wait(await student.post(url, json={"user_type": "tutor"}))
    assert must_wait(await student.get("/api/v1/me"))


async def test_pages_count_too_and_say_so_in_words(strict: Visitor, lecture: Lecture) -> None:
    student = elsewhere(strict, lecture).student
    for _ in range(8):
        await student.get("/api/v1/me")
    page = strict.anonymous()
    page.cookies.set("muster_token", student.headers["authorization"].removeprefix("Bearer "))
    answer = await page.get("/checkin")
    assert (answer.status_code, answer.headers["content-type"]) == (429, "text/html; charset=utf-8")
    assert int(answer.headers["retry-after"]) > 0


async def test_without_a_login_the_address_is_counted(settings: Settings, tokens: Tokens) -> None:
    """Also requests whose token is refused."""
    async with running(settings, tokens, anonymous_per_minute=3) as visitor:
        door = visitor.anonymous()
        for answer in (401, 401):
            assert (await door.get("/api/v1/me")).status_code == answer
        assert (await door.get("/login")).status_code == 200
        assert must_wait(await door.get("/api/v1/me", headers={"authorization": "Bearer x"}))
        assert (await door.get("/login")).status_code == 429


async def test_while_redis_is_away_each_process_counts_for_itself(
    settings: Settings, tokens: Tokens, lecture: Lecture
) -> None:
    async with running(settings, tokens, redis_url=NOWHERE, **FEW) as visitor:
        student = visitor.speaking_as(lecture.classroom.students[0])
        for _ in range(8):
            good(await student.get("/api/v1/me"))
        assert must_wait(await student.get("/api/v1/me"))


# --- over all processes -----------------------------------------------------------------------------------


class Minute:
    """A clock of whole seconds."""

    def __init__(self) -> None:
        self.now = 6_000.0

    def __call__(self) -> float:
        return self.now


async def test_two_processes_know_together_what_somebody_used(services: Services) -> None:
    minute = Minute()
    one, two = (Allowance("two", 600, minute) for _ in range(2))
    for _ in range(400):
        assert one.wait("me") == two.wait("me") == 0
    for each in (one, two, one):
        await Sharing(services.redis, each).share()
    assert one.wait("me") > 0
    assert two.wait("me") > 0
    assert one.wait("another") == 0


async def test_what_was_used_a_minute_ago_counts_less_and_less(services: Services) -> None:
    minute = Minute()
    allowance = Allowance("less", 60, minute)
    for _ in range(60):
        assert allowance.wait("me") == 0
    minute.now += 61
    assert [allowance.wait("me"), allowance.wait("me")] == [0, 2]
    minute.now += 120
    assert allowance.busy() == []
    assert allowance.wait("me") == 0


async def test_only_who_asks_a_lot_is_told_of_and_only_once(services: Services) -> None:
    minute = Minute()
    allowance = Allowance("news", 10 * WORTH_TELLING, minute)
    for _ in range(9):
        allowance.wait("me")
    assert allowance.busy() == []
    allowance.wait("me")
    for _ in range(3):
        await Sharing(services.redis, allowance).share()
    [(who, used)] = allowance.busy()
    assert (who, used.here, used.elsewhere) == ("me", 10, 0)


async def test_an_exchange_that_fails_is_made_up_for(services: Services, settings: Settings) -> None:
    minute = Minute()
    one, two = (Allowance("fails", 100, minute) for _ in range(2))
    for _ in range(60):
        one.wait("me"), two.wait("me")
    nowhere: Any = Redis.from_url(NOWHERE)
    with pytest.raises(RedisError):
        await Sharing(nowhere, one).share()
    await nowhere.aclose()
    for each in (one, two, one):
        await Sharing(services.redis, each).share()
    assert one.wait("me") > 0


# --- check-ins --------------------------------------------------------------------------------------------


async def test_the_fourth_check_in_has_to_wait_also_a_repeat(strict: Visitor, lecture: Lecture) -> None:
    here = elsewhere(strict, lecture)
    token = await lecture.token()
    for status in (202, 200, 200):
        assert (await here.check_in(here.student, token=token)).status_code == status
    assert must_wait(await here.check_in(here.student, token=token))
    good(await here.check_in(here.students[1], token=token), 202)


async def test_refused_check_ins_count(strict: Visitor, lecture: Lecture) -> None:
    here = elsewhere(strict, lecture)
    for _ in range(3):
        assert refusal(await here.check_in(here.student, token="0" * 32)) == (400, "code_invalid")
    assert must_wait(await here.check_in(here.student, token="0" * 32))
    assert must_wait(await here.check_in(here.student, token=await lecture.token()))


async def test_check_ins_are_counted_while_redis_is_away(settings: Settings, tokens: Tokens, lecture: Lecture) -> None:
    async with running(settings, tokens, redis_url=NOWHERE, check_ins_per_minute=3) as visitor:
        here = elsewhere(visitor, lecture)
        token = await lecture.token()
        assert refusal(await here.check_in(here.student, token="0" * 32)) == (400, "code_invalid")
        for status in (202, 200):
            assert (await here.check_in(here.student, token=token)).status_code == status
        assert must_wait(await here.check_in(here.student, token=token))
        good(await here.check_in(here.students[1], token=token), 202)


async def test_the_fourth_connection_event_has_to_wait(strict: Visitor, lecture: Lecture) -> None:
    student = elsewhere(strict, lecture).student
    url = f"/api/whiteboard/sessions/{lecture.id}/heartbeat"
    for _ in range(3):
        good(await student.post(url, json={"user_type": "student"}), 202)
    assert must_wait(await student.post(url, json={"user_type": "student"}))
