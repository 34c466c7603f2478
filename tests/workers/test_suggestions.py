"""Suggestions as workers compute and store them: due when facts change, a version when somebody's changes."""

from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from shared.domain.words import UserType
from tests.campus import Classroom
from tests.workers.events import append, attend, check_in, end_session, online_session
from workers.drain import drain
from workers.ports import Ports
from workers.recompute import recompute
from workers.suggestions import compute, compute_due


@pytest.fixture
def session_id(owner: Engine, classroom: Classroom) -> UUID:
    """A running online session of the test's class that started an hour ago."""
    return online_session(owner, classroom)


def head(owner: Engine, session_id: UUID) -> Any:
    """The session's suggestion as a whole."""
    with owner.connect() as connection:
        return connection.execute(
            text("SELECT * FROM session_suggestions WHERE session_id = :id"), {"id": session_id}
        ).one()


def rows(owner: Engine, session_id: UUID) -> dict[UUID, Any]:
    """Everybody's."""
    with owner.connect() as connection:
        found = connection.execute(text("SELECT * FROM suggestions WHERE session_id = :id"), {"id": session_id})
        return {row.user_id: row for row in found}


def test_an_ended_session_is_computed_with_everybody(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    there, late, never = (student.id for student in classroom.students)
    attend(redis, owner, session_id, there, 1, 59)
    attend(redis, owner, session_id, late, 10, 59)
    drain(ports)
    end_session(owner, session_id)
    compute_due(ports)
    found = rows(owner, session_id)
    assert {user: (row.status, row.confidence) for user, row in found.items()} == {
        there: ("PRESENT", "high"),
        late: ("LATE", "high"),
        never: ("ABSENT", "high"),
        classroom.teacher.id: ("ABSENT", "high"),
    }
    assert found[late].lateness_us == 600_000_000
    assert found[late].reasons[0] == "Connected 10.0 min after the start; late after 5 min"
    assert found[never].lateness_us is None
    said = head(owner, session_id)
    assert (said.version, said.policy_version, said.has_whiteboard, said.provisional) == (1, 0, True, False)


def test_what_was_computed_is_not_due_until_facts_change(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    end_session(owner, session_id)
    compute_due(ports)
    before = head(owner, session_id)
    assert before.facts_seen == before.facts
    compute_due(ports)
    assert head(owner, session_id) == before
    append(redis, check_in(session_id, classroom.students[0]))
    drain(ports)
    assert head(owner, session_id).facts > before.facts


def test_the_version_changes_only_with_a_status_or_a_confidence(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    user = classroom.students[0].id
    attend(redis, owner, session_id, user, 0, 57)
    drain(ports)
    end_session(owner, session_id)
    compute_due(ports)
    assert head(owner, session_id).version == 1
    attend(redis, owner, session_id, user, 57, 58)
    drain(ports)
    compute_due(ports)
    longer = head(owner, session_id)
    assert (longer.version, longer.facts_seen) == (1, longer.facts)
    attend(redis, owner, session_id, classroom.teacher.id, 0, 59, UserType.TUTOR)
    drain(ports)
    compute_due(ports)
    assert head(owner, session_id).version == 2


def test_a_running_session_is_computed_when_asked_and_not_at_every_heartbeat(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    compute_due(ports)
    attend(redis, owner, session_id, classroom.students[0].id, 0, 59)
    drain(ports)
    first = head(owner, session_id)
    compute_due(ports)
    assert head(owner, session_id) == first, "computed less than 30 s ago"
    compute(ports, [session_id])
    now = head(owner, session_id)
    assert (now.facts_seen, now.provisional) == (now.facts, True)
    assert rows(owner, session_id)[classroom.students[0].id].confidence == "medium"


def test_a_result_that_comes_late_does_not_replace_a_newer_one(
    ports: Ports, owner: Engine, classroom: Classroom, session_id: UUID, redis: Redis
) -> None:
    from workers.store import store
    from workers.suggestions import suggested

    with ports.engine.connect() as slow:
        old = list(suggested(slow, [session_id], ports.now()))
    attend(redis, owner, session_id, classroom.students[0].id, 0, 59)
    drain(ports)
    compute(ports, [session_id])
    newest = head(owner, session_id)
    with ports.engine.begin() as connection:
        assert store(connection, old) == 0
    assert head(owner, session_id) == newest


def test_a_changed_policy_applies_to_what_is_computed_from_then_on(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    user = classroom.students[0].id
    attend(redis, owner, session_id, user, 4, 59)
    drain(ports)
    end_session(owner, session_id)
    compute_due(ports)
    assert rows(owner, session_id)[user].status == "PRESENT"
    with owner.begin() as connection:
        connection.execute(
            text("INSERT INTO course_policies (course_id, version, late_after_minutes) VALUES (:id, 1, 3)"),
            {"id": classroom.course_id},
        )
    compute_due(ports)
    assert rows(owner, session_id)[user].status == "PRESENT"
    attend(redis, owner, session_id, user, 59, 60)
    drain(ports)
    compute_due(ports)
    assert (rows(owner, session_id)[user].status, head(owner, session_id).policy_version) == ("LATE", 1)


def test_recomputing_changes_nothing_that_was_right(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    attend(redis, owner, session_id, classroom.students[0].id, 4, 59)
    append(redis, check_in(session_id, classroom.students[1]))
    drain(ports)
    compute(ports, [session_id])
    before = _bytes(owner, session_id)
    with owner.begin() as connection:  # a later policy is not what it was computed with
        connection.execute(
            text("INSERT INTO course_policies (course_id, version, late_after_minutes) VALUES (:id, 1, 3)"),
            {"id": classroom.course_id},
        )
    assert [(done, changed.total()) for done, changed in recompute(ports, [session_id])] == [(1, 0)]
    assert _bytes(owner, session_id) == before


def test_recomputing_mends_what_was_wrong(
    ports: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    attend(redis, owner, session_id, classroom.students[0].id, 4, 59)
    append(redis, check_in(session_id, classroom.students[1]))
    drain(ports)
    compute(ports, [session_id])
    before = _bytes(owner, session_id)
    with owner.begin() as connection:
        for harm in (
            "UPDATE suggestions SET status = 'EXCUSED', reasons = '{}' WHERE session_id = :id",
            "UPDATE session_tallies SET present = 77 WHERE session_id = :id",
            "UPDATE session_suggestions SET digest = 'x', facts_seen = facts, version = version - 1 "
            "WHERE session_id = :id",
        ):
            connection.execute(text(harm), {"id": session_id})
    [(_, changed)] = recompute(ports, [session_id])
    assert {name for name, rows in changed.items() if rows} == {"session_tallies", "suggestions"}
    assert _bytes(owner, session_id) == before


def _bytes(owner: Engine, session_id: UUID) -> list[str]:
    """Every derived row as text; when counters last changed is no derived value."""
    with owner.connect() as connection:
        found: list[str] = []
        for table, shown in (
            ("presence", "t::text"),
            ("session_tallies", "(t.session_id, enrolled, present, late, absent, excused, connected)::text"),
            ("session_suggestions", "t::text"),
            ("suggestions", "t::text"),
        ):
            statement = text(f"SELECT {shown} FROM {table} t WHERE session_id = :id ORDER BY 1")
            found += connection.execute(statement, {"id": session_id}).scalars().all()
    return found
