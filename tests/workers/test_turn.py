"""Drains take turns: one at a time is sooner through, and nothing depends on it but time."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine

from shared import keys
from shared.settings import Settings
from tests.campus import Classroom
from tests.workers.events import append, check_in, marks, running_session
from workers.drain import drain
from workers.ports import Ports, make_ports
from workers.turn import TURN_MS, Turn


@pytest.fixture
def session_id(owner: Engine, classroom: Classroom, redis: Redis) -> Iterator[UUID]:
    """A running session of the test's class, and nobody's turn afterwards."""
    yield running_session(owner, classroom)
    redis.delete(keys.DRAINING)


def test_who_finds_a_drain_at_work_leaves_it_the_rest(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    at_work = Turn(redis, "another", 500)
    assert at_work.begin()
    append(redis, check_in(session_id, classroom.students[0]))
    assert drain(ports) is False
    assert marks(owner, session_id) == []
    assert at_work.end(), "it is told that somebody was turned away"
    assert drain(ports) is False
    assert marks(owner, session_id) == [("PRESENT", "qr_checkin")]
    assert not redis.exists(keys.DRAINING, keys.NUDGED)


def test_a_turn_ends_by_itself(redis: Redis, session_id: UUID) -> None:
    turn = Turn(redis, "hung", 500)
    assert turn.begin()
    assert 0 < redis.pttl(keys.DRAINING) <= TURN_MS
    redis.pexpire(keys.DRAINING, 1)
    turn.hold()
    assert redis.pttl(keys.DRAINING) > 1


def test_nobody_ends_the_turn_of_another(redis: Redis, session_id: UUID) -> None:
    late, other = Turn(redis, "late", 500), Turn(redis, "other", 500)
    assert late.begin()
    redis.delete(keys.DRAINING)  # it took longer than a turn
    assert other.begin()
    late.end()
    assert not Turn(redis, "third", 500).begin()
    other.end()
    assert Turn(redis, "third", 500).begin()


def test_a_backlog_that_one_pass_cannot_take_is_shared(
    settings: Settings, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    ports = make_ports(settings.model_copy(update={"drain_batch": 1}), "second")
    assert Turn(redis, "another", 1).begin()
    for student in classroom.students[:2]:
        append(redis, check_in(session_id, student))
    drain(ports)
    ports.engine.dispose()
    assert len(marks(owner, session_id)) == 2


def test_what_comes_while_others_are_turned_away_is_not_left_behind(
    ports: Ports,
    redis: Redis,
    owner: Engine,
    classroom: Classroom,
    session_id: UUID,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    end = Turn.end

    def end_late(turn: Turn) -> bool:
        append(redis, check_in(session_id, classroom.students[0]))  # after the last look
        assert not Turn(redis, "called", 500).begin()
        return end(turn)

    monkeypatch.setattr(Turn, "end", end_late)
    assert drain(ports) is True
    assert len(marks(owner, session_id)) == 1


def test_a_turn_that_is_given_up_just_then_is_taken(redis: Redis, session_id: UUID) -> None:
    first = Turn(redis, "first", 500)
    assert first.begin()
    tries = iter([False, True])
    second = Turn(redis, "second", 500)
    take = second._take
    second._take = lambda: next(tries) and (first.end() or take())  # type: ignore[method-assign]
    assert second.begin()
