"""The status page: who sees it, and what it says when something is amiss."""

from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from api.pages.condition import Line, lines
from api.pages.rendering import render
from api.pages.shapes import Person as Shown
from api.pages.texts import ENGLISH
from shared import keys
from shared.domain.words import Role
from shared.messages.condition import Condition, GatewayReport, Held, encode
from tests.api.pages.conftest import Open
from tests.api.pages.test_texts import BRACKETS, Words
from tests.campus import Classroom, Person


def condition(**other: Any) -> Condition:
    """A pipeline that is well."""
    well: dict[str, Any] = {
        "measured_at": datetime.now(UTC),
        "stream_entries": 0,
        "oldest_seconds": 0.0,
        "queues": {"events": 0, "exports": 1},
        "stalled": (),
        "canary_seconds": 0.04,
        "canary_age": 20.0,
        "inbox_events": 0,
        "dead_letters": 0,
        "suggestions_due": 0,
    }
    return Condition(**{**well, **other})


def bad(found: list[Line]) -> list[str]:
    """The parts that need attention."""
    return [line.part for line in found if not line.good]


def test_all_is_well() -> None:
    found = lines([], condition(), Held(2, 41), ENGLISH)
    assert bad(found) == []
    assert found[-1].says == "41 open connections · 2 gateways"
    assert "0.04 s after it was accepted" in found[2].says


@pytest.mark.parametrize(
    ("failing", "measured", "held", "part"),
    [
        (["database"], condition(), Held(1, 1), "Database"),
        (["migrations"], condition(), Held(1, 1), "Database"),
        (["queue"], condition(), Held(1, 1), "Queue"),
        ([], None, Held(1, 1), "Pipeline"),
        ([], condition(), None, "Connections"),
        ([], condition(), Held(0, 0), "Connections"),
        ([], condition(canary_seconds=1.5), Held(1, 1), "Delay"),
        ([], condition(canary_age=300.0), Held(1, 1), "Delay"),
        ([], condition(canary_seconds=None, canary_age=None), Held(1, 1), "Delay"),
        ([], condition(stalled=("exports",)), Held(1, 1), "Workers"),
        ([], condition(inbox_events=20_000), Held(1, 1), "Inbox"),
        ([], condition(dead_letters=1), Held(1, 1), "Dead letters"),
    ],
)
def test_what_is_amiss_is_named_and_nothing_else(
    failing: list[str], measured: Condition | None, held: Held | None, part: str
) -> None:
    assert bad(lines(failing, measured, held, ENGLISH)) == [part]


def test_a_backlog_that_moves_is_no_trouble() -> None:
    found = lines([], condition(stream_entries=900, oldest_seconds=3.25), Held(1, 1), ENGLISH)
    assert bad(found) == []
    assert any(line.says == "900 batches of events wait, the oldest for 3.2 s." for line in found)


def test_every_word_can_be_translated() -> None:
    """The sentences too, which are made outside the template; names of queues are what operators call them."""
    troubled = condition(
        stalled=("exports",), stream_entries=2, canary_seconds=None, inbox_events=3, dead_letters=1, canary_age=None
    )
    said = [
        *lines([], condition(), Held(1, 1), BRACKETS),
        *lines([], condition(canary_age=900.0), Held(1, 1), BRACKETS),
        *lines(["database", "queue"], troubled, None, BRACKETS),
        *lines(["migrations"], None, Held(0, 0), BRACKETS),
    ]
    words = Words()
    person = Shown("§A§", Role.ADMIN)
    for well in (True, False):
        words.feed(render("status/index.html", {"person": person, "lines": said, "well": well, "at": "9"}, BRACKETS))
    assert words.untouched == []


async def test_admins_read_it(open_as: Open, redis: Redis, classroom: Classroom) -> None:
    redis.set(keys.CONDITION, encode(condition(dead_letters=3)))
    redis.hset(keys.GATEWAYS, "test", encode(GatewayReport(7, datetime.now(UTC))))
    page = await open_as(Person(classroom.teacher.id, Role.ADMIN, "Ada")).get("/status")
    redis.delete(keys.CONDITION, keys.GATEWAYS)
    assert page.status_code == 200
    assert "Something needs attention" in page.text
    assert "3 events could not be applied and wait for a person." in page.text
    assert "7 open connections" in page.text


async def test_others_are_shown_their_own_start(open_as: Open, classroom: Classroom) -> None:
    for person, start in ((classroom.teacher, "/teach"), (classroom.students[0], "/checkin")):
        answer = await open_as(person).get("/status")
        assert (answer.status_code, answer.headers["location"]) == (303, start)
