"""Calls that sessions make by themselves: at a moment drawn beforehand, once, whoever looks and how often."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from shared import keys
from shared.bus import MemoryPublisher
from shared.messages import control
from shared.messages.pushes import Called
from tests.campus import Classroom
from tests.workers.events import append, change_session, check_in, end_session, running_session
from workers.call_rules import ask_by_rule
from workers.drain import drain
from workers.ports import Ports

RULE = text("""
    INSERT INTO call_rules (session_id, kind, share, seconds, minutes_before)
    VALUES (:id, :kind, :share, :seconds, :minutes)
""")
SCHEDULE = """
    scheduled_start = now() - interval '10 min', started_at = now() - interval '10 min',
    scheduled_end = now() + interval '{} min'
"""

After = Callable[..., Ports]


@pytest.fixture
def after(ports: Ports) -> After:
    """A worker's ports, so long from now."""
    return lambda **much: replace(ports, now=lambda: datetime.now(UTC) + timedelta(**much))


def rule(owner: Engine, session_id: UUID, kind: str, share: float = 1.0, seconds: int = 120) -> None:
    """A rule, as a teacher sets it."""
    minutes = 5 if kind == "exit" else None
    values = {"id": session_id, "kind": kind, "share": share, "seconds": seconds, "minutes": minutes}
    with owner.begin() as connection:
        connection.execute(RULE, values)


@pytest.fixture
def session_id(owner: Engine, redis: Redis, classroom: Classroom, ports: Ports) -> UUID:
    """A session of 100 minutes that began ten minutes ago, everybody in the room."""
    made = running_session(owner, classroom)
    change_session(owner, made, SCHEDULE.format(90))
    append(redis, *(check_in(made, student) for student in classroom.students))
    drain(ports)
    return made


def calls(owner: Engine, session_id: UUID) -> list[Any]:
    """The calls of a session, oldest first."""
    with owner.connect() as connection:
        found = connection.execute(
            text("SELECT * FROM confirmation_calls WHERE session_id = :id ORDER BY called_at"), {"id": session_id}
        )
        return list(found.all())


def value(owner: Engine, what: str, session_id: UUID) -> Any:
    """One value."""
    with owner.connect() as connection:
        return connection.execute(text(f"SELECT {what} = :id"), {"id": session_id}).scalar_one()


def due(owner: Engine, session_id: UUID) -> datetime:
    """The moment that was drawn."""
    found: datetime = value(owner, "due_at FROM call_rules WHERE kind = 'recheck' AND session_id", session_id)
    return found


def test_an_exit_check_comes_so_long_before_the_planned_end(
    owner: Engine, session_id: UUID, after: After, classroom: Classroom
) -> None:
    rule(owner, session_id, "exit")
    ask_by_rule(after(minutes=84))
    assert calls(owner, session_id) == []
    ask_by_rule(after(minutes=85, seconds=5))
    [made] = calls(owner, session_id)
    assert (made.kind, made.called_by, set(made.asked)) == ("exit", None, {each.id for each in classroom.students})
    assert made.closes_at - made.called_at == timedelta(seconds=120)
    assert value(owner, "code_generation FROM live_sessions WHERE id", session_id) == 1


def test_the_moment_of_a_recheck_is_drawn_once_and_kept(owner: Engine, session_id: UUID, after: After) -> None:
    rule(owner, session_id, "recheck")
    ask_by_rule(after())
    drawn = due(owner, session_id)
    began = datetime.now(UTC) - timedelta(minutes=10)
    assert timedelta(minutes=14) < drawn - began < timedelta(minutes=91)
    ask_by_rule(after(minutes=1))
    assert due(owner, session_id) == drawn
    ask_by_rule(after(minutes=81))
    assert [made.kind for made in calls(owner, session_id)] == ["recheck"]


def test_moments_are_not_the_same(owner: Engine, classroom: Classroom, session_id: UUID, after: After) -> None:
    drawn = set()
    for _ in range(5):
        rule(owner, session_id, "recheck")
        ask_by_rule(after())
        drawn.add(due(owner, session_id))
        with owner.begin() as connection:
            connection.execute(text("DELETE FROM call_rules WHERE session_id = :id"), {"id": session_id})
    assert len(drawn) == 5


def test_however_many_look_it_is_asked_once(owner: Engine, session_id: UUID, after: After) -> None:
    rule(owner, session_id, "exit")
    late = after(minutes=86)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask_by_rule(late), range(8)))
    ask_by_rule(after(minutes=89))
    assert len(calls(owner, session_id)) == 1


def test_the_database_holds_it_too(owner: Engine, session_id: UUID, after: After) -> None:
    rule(owner, session_id, "exit")
    ask_by_rule(after(minutes=86))
    again = text("""
        INSERT INTO confirmation_calls (id, session_id, kind, called_at, closes_at, asked)
        SELECT gen_random_uuid(), session_id, kind, closes_at, closes_at + interval '1 min', asked
        FROM confirmation_calls WHERE session_id = :id
    """)
    with owner.connect() as connection, pytest.raises(IntegrityError, match="uq_confirmation_calls_by_rule"):
        connection.execute(again, {"id": session_id})


def test_a_worker_that_dies_after_the_commit_has_asked(
    owner: Engine, redis: Redis, session_id: UUID, after: After, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call is told by whoever drains next, to the processes first and then to the dashboards."""
    rule(owner, session_id, "exit")

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("workers.call_rules.project", dies)
    with pytest.raises(KeyboardInterrupt):
        ask_by_rule(after(minutes=86))
    publisher, listener = MemoryPublisher(), redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    listener.subscribe(keys.CONTROL)
    listener.get_message(timeout=1)
    drain(replace(ports, publisher=publisher))
    [told] = [push.data for push in publisher.published if isinstance(push.data, Called)]
    assert (told.kind, told.asked, told.by_rule) == ("exit", 3, True)
    heard = listener.get_message(timeout=1)
    assert heard["data"] == control.encode(control.SessionFactsChanged(session_id))
    listener.close()


def test_both_are_asked_one_after_the_other(owner: Engine, session_id: UUID, after: After) -> None:
    for kind in ("recheck", "exit"):
        rule(owner, session_id, kind)
    ask_by_rule(after())
    for minute in (83, 86, 89):
        ask_by_rule(after(minutes=minute))
    assert [made.kind for made in calls(owner, session_id)] == ["recheck", "exit"]


def test_a_long_recheck_leaves_room_for_the_exit_check(
    owner: Engine, session_id: UUID, after: After, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn so that it does, and cut short where it could not be asked when it was due."""
    monkeypatch.setattr("secrets.SystemRandom.random", lambda _: 0.9999)
    rule(owner, session_id, "recheck", seconds=600)
    rule(owner, session_id, "exit")
    change_session(owner, session_id, "code_visible = false")
    ask_by_rule(after())
    planned_end = value(owner, "scheduled_end FROM live_sessions WHERE id", session_id)
    assert timedelta(minutes=15) <= planned_end - due(owner, session_id) < timedelta(minutes=16)
    change_session(owner, session_id, "code_visible = true")
    for minute in (82, 85.2):
        ask_by_rule(after(minutes=minute))
    [recheck, exit_check] = calls(owner, session_id)
    assert (recheck.kind, recheck.closes_at) == ("recheck", planned_end - timedelta(minutes=5))
    assert (exit_check.kind, exit_check.closes_at - exit_check.called_at) == ("exit", timedelta(seconds=120))


def test_a_recheck_that_is_late_lets_the_exit_check_go_first(owner: Engine, session_id: UUID, after: After) -> None:
    for kind in ("recheck", "exit"):
        rule(owner, session_id, kind)
    ask_by_rule(after())
    for minute in (84.8, 85.2, 87.5):
        ask_by_rule(after(minutes=minute))
    assert [made.kind for made in calls(owner, session_id)] == ["exit", "recheck"]


@pytest.mark.parametrize(("late", "asked"), [(89, 1), (89.4, 1), (89.6, 0)])
def test_a_late_call_is_over_by_the_planned_end(
    owner: Engine, session_id: UUID, after: After, late: float, asked: int
) -> None:
    """Whoever is asked has at least half a minute; with less left nobody is asked."""
    rule(owner, session_id, "exit")
    ask_by_rule(after(minutes=late))
    planned_end = value(owner, "scheduled_end FROM live_sessions WHERE id", session_id)
    assert [made.closes_at for made in calls(owner, session_id)] == asked * [planned_end]


@pytest.mark.parametrize("hindrance", ["code_visible = false", "scheduled_end = now() + interval '85 min'"])
def test_codes_that_nobody_sees_and_a_planned_end_that_has_passed_ask_nobody(
    owner: Engine, session_id: UUID, after: After, hindrance: str
) -> None:
    rule(owner, session_id, "exit")
    change_session(owner, session_id, hindrance)
    ask_by_rule(after(minutes=86))
    assert calls(owner, session_id) == []


def test_a_session_that_is_over_asks_nobody(owner: Engine, session_id: UUID, after: After) -> None:
    rule(owner, session_id, "exit")
    end_session(owner, session_id)
    ask_by_rule(after(minutes=86))
    assert calls(owner, session_id) == []


def test_an_empty_room_is_asked_when_somebody_comes(
    owner: Engine, redis: Redis, classroom: Classroom, after: After, ports: Ports
) -> None:
    made = running_session(owner, classroom)
    change_session(owner, made, SCHEDULE.format(4))
    rule(owner, made, "exit")
    ask_by_rule(after())
    assert calls(owner, made) == []
    append(redis, check_in(made, classroom.students[0]))
    drain(ports)
    ask_by_rule(after())
    assert [list(each.asked) for each in calls(owner, made)] == [[classroom.students[0].id]]


def test_a_share_is_asked(owner: Engine, session_id: UUID, after: After) -> None:
    rule(owner, session_id, "exit", 0.5)
    ask_by_rule(after(minutes=86))
    assert [len(made.asked) for made in calls(owner, session_id)] == [2]


@pytest.mark.parametrize("role", ["muster_teacher", "muster_student", "muster_parent"])
def test_nobody_foresees_the_moment(owner: Engine, session_id: UUID, role: str) -> None:
    with owner.connect() as connection:
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("SELECT due_at FROM call_rules"))
