"""The drain: exactly-once effect, whatever is delivered twice, late, or broken."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from shared import keys
from shared.bus import MemoryPublisher
from shared.domain.words import Mark, SessionStatus
from shared.messages.events import SessionStatusChanged, encode
from shared.messages.pushes import CheckIns, Push, Stats, StatusChanged
from shared.settings import Settings
from tests.campus import Classroom, make_classroom
from tests.workers.events import append, append_raw, check_in, count, marks, put_in_inbox, running_session
from workers import sources
from workers.drain import MOST_TRIES, drain
from workers.ports import Ports, make_ports
from workers.sources import InboxSource, StreamSource


@pytest.fixture
def session_id(owner: Engine, classroom: Classroom) -> UUID:
    """A running session of the test's class."""
    return running_session(owner, classroom)


@pytest.fixture
def heard() -> MemoryPublisher:
    """What was published."""
    return MemoryPublisher()


@pytest.fixture
def worker(ports: Ports, heard: MemoryPublisher) -> Ports:
    """A worker whose news are kept for the test."""
    return replace(ports, publisher=heard)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries of other consumers count as abandoned at once."""
    monkeypatch.setattr(sources, "STALE_MS", 0)
    monkeypatch.setattr(sources, "RETRY_SECONDS", 0)


def test_one_check_in_is_one_record_and_leaves_nothing_waiting(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    append(redis, check_in(session_id, classroom.students[0]))
    assert drain(worker) is False
    assert marks(owner, session_id) == [("PRESENT", "qr_checkin")]
    assert redis.xlen(keys.EVENTS) == 0


def test_a_second_delivery_changes_nothing(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    event = check_in(session_id, classroom.students[0])
    for _ in range(3):
        append(redis, event, event)
        drain(worker)
    assert count(owner, "check_ins", session_id) == 1
    assert count(owner, "attendance_records", session_id) == 1
    assert count(owner, "attendance_status_changes", session_id) == 1


def test_a_second_delivery_repeats_its_news_with_every_counter(
    worker: Ports, heard: MemoryPublisher, redis: Redis, classroom: Classroom, session_id: UUID
) -> None:
    event = check_in(session_id, classroom.students[0])
    append(redis, event)
    drain(worker)
    assert [type(push.data) for push in heard.published] == [CheckIns, Stats]
    assert _stats(heard.published) == Stats(present_students=1, not_marked=2, attendance_rate=33.3)
    heard.published.clear()
    append(redis, event)
    drain(worker)
    assert _stats(heard.published) == Stats(1, 0, 0, 0, 2, 0, 33.3)


def test_stream_and_inbox_meet_in_one_drain(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    append(redis, check_in(session_id, classroom.students[0]))
    put_in_inbox(owner, check_in(session_id, classroom.students[1], status=Mark.LATE))
    drain(worker)
    assert sorted(marks(owner, session_id)) == [("LATE", "qr_checkin"), ("PRESENT", "qr_checkin")]


def test_entries_of_a_dead_worker_are_taken_over(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID, impatient: None
) -> None:
    drain(worker)  # makes the group
    append(redis, check_in(session_id, classroom.students[0]))
    redis.xreadgroup(keys.DRAIN_GROUP, "worker-that-died", {keys.EVENTS: ">"})
    drain(worker)
    assert marks(owner, session_id) == [("PRESENT", "qr_checkin")]


def test_a_check_in_never_replaces_a_persons_mark(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    _mark(owner, classroom, session_id, "ABSENT", "manual")
    append(redis, check_in(session_id, classroom.students[0]))
    drain(worker)
    assert marks(owner, session_id) == [("ABSENT", "manual")]
    assert count(owner, "check_ins", session_id) == 1


def test_a_check_in_replaces_a_default(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    _mark(owner, classroom, session_id, "ABSENT", "system_default")
    append(redis, check_in(session_id, classroom.students[0]))
    drain(worker)
    assert marks(owner, session_id) == [("PRESENT", "qr_checkin")]
    assert count(owner, "attendance_status_changes", session_id) == 2


@pytest.mark.parametrize("poison", [b"\xc1", b"", b"\x92\xa5never\x01"], ids=["no msgpack", "empty", "unknown kind"])
def test_poison_is_isolated_and_ends_as_a_dead_letter(
    worker: Ports,
    redis: Redis,
    owner: Engine,
    classroom: Classroom,
    session_id: UUID,
    impatient: None,
    poison: bytes,
) -> None:
    append(redis, check_in(session_id, classroom.students[0]))
    append_raw(redis, poison)
    append(redis, check_in(session_id, classroom.students[1]))
    before = _dead(owner)
    for _ in range(MOST_TRIES):
        drain(worker)
    assert len(marks(owner, session_id)) == 2
    assert _dead(owner) == before + 1
    assert redis.xlen(keys.EVENTS) == 0


def test_an_event_that_breaks_a_rule_does_not_hold_up_its_neighbours(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID, impatient: None
) -> None:
    nobody = replace(classroom.students[0], id=UUID(int=7))
    append(redis, check_in(session_id, nobody), *(check_in(session_id, student) for student in classroom.students))
    before = _dead(owner)
    for _ in range(MOST_TRIES):
        drain(worker)
    assert len(marks(owner, session_id)) == 3
    assert _dead(owner) == before + 1


class Killed(BaseException):
    """The end of a process, in the middle of its work."""


@pytest.mark.parametrize("origin", ["stream", "inbox"])
def test_a_worker_killed_between_burying_and_settling_leaves_one_dead_letter(
    worker: Ports,
    redis: Redis,
    owner: Engine,
    classroom: Classroom,
    session_id: UUID,
    impatient: None,
    monkeypatch: pytest.MonkeyPatch,
    origin: str,
) -> None:
    def die(*_arguments: object) -> None:
        raise Killed

    event = check_in(session_id, replace(classroom.students[0], id=UUID(int=7)))
    append(redis, event) if origin == "stream" else put_in_inbox(owner, event)
    before = _dead(owner)
    for _ in range(MOST_TRIES - 1):
        drain(worker)
    with monkeypatch.context() as patch:
        patch.setattr(StreamSource if origin == "stream" else InboxSource, "settle", die)
        with pytest.raises(Killed):
            drain(worker)
    assert _dead(owner) == before + 1
    drain(worker)
    assert _dead(owner) == before + 1
    assert redis.xlen(keys.EVENTS) == 0
    with owner.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM inbox")).scalar_one() == 0


def test_the_same_ticket_for_two_students_makes_one_mark_and_one_dead_letter(
    worker: Ports, owner: Engine, classroom: Classroom, session_id: UUID, impatient: None
) -> None:
    """Only possible when Redis lost its memory in between; PostgreSQL still knows."""
    ticket = session_id.bytes[:10]
    first, second = (check_in(session_id, student, ticket_id=ticket) for student in classroom.students[:2])
    put_in_inbox(owner, first)
    drain(worker)
    put_in_inbox(owner, second)
    before = _dead(owner)
    for _ in range(MOST_TRIES):
        drain(worker)
    assert len(marks(owner, session_id)) == 1
    assert _dead(owner) == before + 1


def test_counters_equal_a_recount_after_a_mixed_day(
    worker: Ports, redis: Redis, owner: Engine, classroom: Classroom, session_id: UUID
) -> None:
    _mark(owner, classroom, session_id, "EXCUSED", "manual")
    append(redis, *(check_in(session_id, student, status=Mark.LATE) for student in classroom.students))
    drain(worker)
    with owner.begin() as connection:
        connection.execute(
            text("DELETE FROM attendance_records WHERE session_id = :id AND status = 'EXCUSED'"), {"id": session_id}
        )
        tally = connection.execute(
            text("SELECT enrolled, present, late, absent, excused FROM session_tallies WHERE session_id = :id"),
            {"id": session_id},
        ).one()
    assert tuple(tally) == (3, 0, 2, 0, 0)


def test_an_unread_entry_keeps_its_bytes(redis: Redis, classroom: Classroom) -> None:
    """What is appended is what is read: numbered fields are not folded into one."""
    events = [check_in(UUID(int=1), student) for student in classroom.students]
    entry = redis.xadd("muster:test-entry", {str(place): encode(event) for place, event in enumerate(events)})
    found: Any = redis.xrange("muster:test-entry", entry, entry)
    redis.delete("muster:test-entry")
    assert list(found[0][1].values()) == [encode(event) for event in events]


def test_a_pass_that_waits_in_vain_gives_its_locks_back(
    settings: Settings, worker: Ports, redis: Redis, owner: Engine, classroom: Classroom
) -> None:
    first, second = sorted([(str(running_session(owner, room)), room) for room in (classroom, make_classroom(owner))])
    hurried = make_ports(settings.model_copy(update={"database_timeout": 0.2}), "hurried")
    with owner.connect() as holder:
        holder.execute(text("SELECT pg_advisory_lock(hashtextextended(:id, 0))"), {"id": second[0]})
        append(redis, *(check_in(UUID(session), room.students[0]) for session, room in (first, second)))
        assert drain(hurried) is False
        append(redis, check_in(UUID(first[0]), first[1].students[1]))
        drain(worker)
        assert len(marks(owner, UUID(first[0]))) == 1
        holder.execute(text("SELECT pg_advisory_unlock_all()"))
    hurried.engine.dispose()


def test_an_outage_is_nobodys_failure(
    settings: Settings,
    worker: Ports,
    redis: Redis,
    owner: Engine,
    classroom: Classroom,
    session_id: UUID,
    impatient: None,
) -> None:
    away = make_ports(settings.model_copy(update={"database_url": "postgresql://x@/x?host=/nowhere"}), "away")
    append(redis, check_in(session_id, classroom.students[0]))
    for _ in range(MOST_TRIES + 1):
        drain(away)
    assert redis.hlen(keys.FAILURES) == 0
    drain(worker)
    assert marks(owner, session_id) == [("PRESENT", "qr_checkin")]


def test_a_status_delivered_late_does_not_undo_what_came_after_it(
    worker: Ports, heard: MemoryPublisher, owner: Engine, session_id: UUID
) -> None:
    now = datetime.now(UTC)
    put_in_inbox(owner, SessionStatusChanged(session_id, SessionStatus.SCHEDULED, SessionStatus.CANCELLED, now))
    put_in_inbox(owner, SessionStatusChanged(session_id, None, SessionStatus.ACTIVE, now))
    drain(worker)
    told = [push.data.new_status for push in heard.published if isinstance(push.data, StatusChanged)]
    assert told == [SessionStatus.ACTIVE]  # which is how the session stands


def _stats(pushes: Sequence[Push]) -> Stats:
    return next(push.data for push in pushes if isinstance(push.data, Stats))


def _dead(owner: Engine) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM dead_letters")).scalar_one())


def _mark(owner: Engine, classroom: Classroom, session_id: UUID, status: str, source: str) -> None:
    with owner.begin() as connection:
        connection.execute(
            text("""INSERT INTO attendance_records (id, session_id, student_id, status, source, marked_by)
                    VALUES (gen_random_uuid(), :session, :student, :status, :source, :by)"""),
            {
                "session": session_id,
                "student": classroom.students[0].id,
                "status": status,
                "source": source,
                "by": classroom.teacher.id,
            },
        )
