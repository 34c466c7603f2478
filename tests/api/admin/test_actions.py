"""Actions: locking people out, and putting events back that could not be applied."""

import time
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from shared import keys
from shared.ids import new_id
from shared.messages.control import PersonDisabled
from shared.messages.control import decode as decode_order
from shared.messages.events import MarksChanged, encode
from shared.models import DeadLetter, InboxEvent, User
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.admin.conftest import BrowserOf, Desk
from tests.api.outages import NOWHERE, running
from tests.campus import Classroom, Person, Visitor
from workers.drain import drain
from workers.ports import Ports


def heard(channel: Any, user_id: UUID, seconds: float = 5.0) -> bool:
    """Whether the processes are told that this person is disabled, within a moment."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        message = channel.get_message(timeout=left)
        if message and message["type"] == "message" and decode_order(message["data"]) == PersonDisabled(user_id):
            return True
    return False


async def test_who_is_locked_out_is_out_everywhere_and_may_be_let_in_again(
    desk: Desk, owner: Engine, redis: Redis, visitor: Visitor, classroom: Classroom
) -> None:
    person = classroom.teacher
    assert (await visitor.speaking_as(person).get("/api/v1/me")).status_code == 200
    with redis.pubsub() as channel:  # type: ignore[no-untyped-call]
        channel.subscribe(keys.CONTROL)
        assert (await desk.act("users", "disable", person.id, "left the campus")).status_code == 200
        assert heard(channel, person.id)
    assert redis.exists(keys.disabled(person.id))
    assert (await visitor.speaking_as(person).get("/api/v1/me")).status_code == 401
    assert (await desk.act("users", "disable", person.id)).status_code == 400  # once is enough

    assert (await desk.act("users", "enable", person.id, "came back")).status_code == 200
    assert not redis.exists(keys.disabled(person.id))
    assert (await visitor.speaking_as(person).get("/api/v1/me")).status_code == 200
    changes = [(change.action, change.reason) for change in desk.trace("users", person.id)]
    assert changes == [("disable", "left the campus"), ("enable", "came back")]


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, "\0"])
async def test_nobody_is_locked_out_without_a_reason(
    desk: Desk, owner: Engine, classroom: Classroom, reason: str
) -> None:
    answer = await desk.act("users", "disable", classroom.teacher.id, reason)
    assert (answer.status_code, "Give a reason" in answer.json()["msg"]) == (400, True)
    with Session(owner) as session:
        assert session.get_one(User, classroom.teacher.id).disabled_at is None


async def test_admins_do_not_lock_themselves_out(desk: Desk, administrator: Person) -> None:
    answer = await desk.act("users", "disable", administrator.id)
    assert (answer.status_code, answer.json()["msg"]) == (400, "You cannot lock yourself out.")


async def test_nobody_is_half_locked_out_while_redis_is_away(
    settings: Settings, tokens: Tokens, administrator: Person, owner: Engine, classroom: Classroom
) -> None:
    """Gateways ask Redis: a lock-out they cannot hear of must not look like one."""
    async with running(settings, tokens, redis_url=NOWHERE) as visitor:
        desk = Desk(BrowserOf(visitor, tokens)(administrator), owner)
        assert (await desk.act("users", "disable", classroom.teacher.id)).status_code == 503
    with Session(owner) as session:
        assert session.get_one(User, classroom.teacher.id).disabled_at is None
    assert desk.trace("users", classroom.teacher.id) == []


@pytest.fixture
def letter(owner: Engine, classroom: Classroom) -> UUID:
    """An event that once could not be applied and now can be: news of marks of nobody."""
    row: dict[str, Any] = {"id": new_id(), "origin": "stream", "entry_id": "1-1", "reason": "a test",
           "payload": encode(MarksChanged(new_id(), ()))}  # fmt: skip
    with owner.begin() as connection:
        connection.execute(insert(DeadLetter), [row])
    made: UUID = row["id"]
    return made


async def test_a_dead_letter_says_what_it_says(desk: Desk, owner: Engine, letter: UUID) -> None:
    page = await desk.read(f"/dead_letters/detail?pk={letter}")
    assert "MarksChanged" in page.text
    unreadable = {"id": new_id(), "origin": "stream", "entry_id": "1-2", "reason": "a test", "payload": b"\xc1"}
    with owner.begin() as connection:
        connection.execute(insert(DeadLetter), [unreadable])
    assert "Unreadable: 1 bytes" in (await desk.read(f"/dead_letters/detail?pk={unreadable['id']}")).text


async def test_a_dead_letter_is_put_back_and_drained(desk: Desk, owner: Engine, letter: UUID, ports: Ports) -> None:
    drain(ports)
    assert (await desk.act("dead_letters", "put_back", letter, "mended")).status_code == 200
    with Session(owner) as session:
        assert session.get(DeadLetter, letter) is None
    drain(ports)
    with Session(owner) as session:
        assert session.scalars(select(InboxEvent)).all() == []
        assert session.get(DeadLetter, letter) is None
    [change] = desk.trace("dead_letters", letter)
    assert (change.action, change.reason, "payload" in (change.before or {})) == ("put_back", "mended", False)


async def test_a_dead_letter_is_let_go_with_a_trace(desk: Desk, owner: Engine, letter: UUID) -> None:
    assert (await desk.act("dead_letters", "delete", letter)).status_code == 200
    with Session(owner) as session:
        assert session.get(DeadLetter, letter) is None
    assert [change.action for change in desk.trace("dead_letters", letter)] == ["delete"]
