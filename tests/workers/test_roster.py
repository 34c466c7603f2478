"""A roster that changes while a session is open is heard by everybody who remembers it."""

from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from shared import keys
from shared.bus import MemoryPublisher
from shared.messages import control
from shared.messages.pushes import Stats
from tests.campus import Classroom, make_classroom
from tests.workers.events import end_session, running_session
from workers.drain import drain
from workers.ports import Ports

MOVES = {
    "a student joins": "INSERT INTO enrolments SELECT gen_random_uuid(), :group, :stranger, current_date, NULL",
    "a student leaves": "DELETE FROM enrolments WHERE group_id = :group AND student_id = :member",
    "a student moves away": "UPDATE enrolments SET valid_until = current_date "
    "WHERE group_id = :group AND student_id = :member",
}


@pytest.fixture
def stranger(owner: Engine) -> UUID:
    """A student of another class."""
    return make_classroom(owner, 1).students[0].id


@pytest.mark.parametrize("move", MOVES)
def test_a_changed_roster_is_told(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, stranger: UUID, move: str
) -> None:
    session_id = running_session(owner, classroom)
    publisher = MemoryPublisher()
    with redis.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
        heard.subscribe(keys.CONTROL)
        heard.get_message(timeout=1)
        _move(owner, classroom, stranger, move)
        drain(Ports(ports.settings, ports.engine, ports.redis, publisher, ports.consumer))
        said = heard.get_message(timeout=1)["data"]
    assert said == control.encode(control.SessionFactsChanged(session_id))
    size = 4 if "joins" in move else 2
    assert redis.scard(keys.roster(session_id)) == size
    told = [push.data for push in publisher.published if push.session_id == session_id]
    assert [data.not_marked for data in told if isinstance(data, Stats)] == [size]


def test_the_past_is_not_rewritten(ports: Ports, owner: Engine, classroom: Classroom, stranger: UUID) -> None:
    session_id = running_session(owner, classroom)
    end_session(owner, session_id)
    _move(owner, classroom, stranger, "a student leaves")
    with owner.connect() as connection:
        statement = text("SELECT enrolled FROM session_tallies WHERE session_id = :id")
        assert connection.execute(statement, {"id": session_id}).scalar_one() == 3


def _move(owner: Engine, classroom: Classroom, stranger: UUID, move: str) -> None:
    with owner.begin() as connection:
        connection.execute(
            text(MOVES[move]),
            {"group": classroom.group_id, "stranger": stranger, "member": classroom.students[0].id},
        )
