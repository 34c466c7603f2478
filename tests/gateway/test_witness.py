"""Sockets as evidence, without sockets: which points become of what is seen."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gateway.outbox import MOST_ACTIVITIES, Outbox
from gateway.rights import Facts
from gateway.stay import Stay
from gateway.witness import Witness
from shared.domain.words import Connection, Role, SessionStatus, UserType
from shared.messages.events import PointProven
from shared.tokens import Identity
from tests.gateway.test_pulse import Ear
from tests.gateway.twins import facts, somebody

SESSION = UUID(int=5)
CONNECT, HEARTBEAT, DISCONNECT = Connection.CONNECT, Connection.HEARTBEAT, Connection.DISCONNECT
SCHEDULED = facts(status=SessionStatus.SCHEDULED)
ACTIVE = facts(status=SessionStatus.ACTIVE)
OVER = facts(status=SessionStatus.COMPLETED)


class Room:
    """A session with a witness, and a clock turned by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.outbox = Outbox()
        self.asked: list[object] = []
        self.witness = Witness(self.outbox, self.asked.append, lambda: self.now)

    def come(self, known: Facts = ACTIVE, who: Identity | None = None) -> Stay:
        """Somebody opens a socket."""
        stay = self.witness.came(SESSION, who or somebody(Role.STUDENT), known, Ear())
        assert stay is not None
        return stay

    def beat(self, stay: Stay, seconds: float = 15) -> None:
        """Time passes, and a ping is answered."""
        self.now += timedelta(seconds=seconds)
        stay.proven(self.now)

    def sent(self) -> list[PointProven]:
        """The points that wait, in order of time."""
        return sorted(self.outbox.take(10_000), key=lambda point: point.at)


@pytest.fixture
def room() -> Room:
    """One session."""
    return Room()


def test_a_sockets_life_is_a_connect_its_answers_and_a_disconnect(room: Room) -> None:
    start, stay = room.now, room.come()
    room.beat(stay)
    room.beat(stay, seconds=80)
    room.now += timedelta(seconds=1)
    room.witness.went(stay, comes_back=False)
    points = room.sent()
    assert [point.event for point in points] == [CONNECT, HEARTBEAT, HEARTBEAT, DISCONNECT]
    assert [(point.at - start).total_seconds() for point in points] == [0, 15, 95, 96]
    assert {(point.session_id, point.user_id, point.user_type, point.activity) for point in points} == {
        (SESSION, stay.user_id, UserType.STUDENT, None)
    }


@pytest.mark.parametrize(("role", "part"), [(Role.TEACHER, UserType.TUTOR), (Role.STUDENT, UserType.STUDENT)])
def test_the_token_says_in_what_part_somebody_is_there(room: Room, role: Role, part: UserType) -> None:
    room.come(who=somebody(role))
    assert [point.user_type for point in room.sent()] == [part]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.PARENT])
def test_who_only_looks_is_not_present(room: Room, role: Role) -> None:
    assert room.witness.came(SESSION, somebody(role), ACTIVE, Ear()) is None
    assert room.sent() == []


def test_of_a_client_that_vanished_nothing_is_said(room: Room) -> None:
    stay = room.come()
    room.beat(stay)
    room.now += timedelta(seconds=30)
    room.witness.lost(stay)
    assert [point.event for point in room.sent()] == [CONNECT, HEARTBEAT]


def test_who_is_sent_elsewhere_by_us_has_not_left(room: Room) -> None:
    stay = room.come()
    room.witness.went(stay, comes_back=True)
    assert [point.event for point in room.sent()] == [CONNECT, HEARTBEAT]


def test_before_the_start_nothing_counts_and_with_it_everybody_is_asked_at_once(room: Room) -> None:
    early = room.come(SCHEDULED)
    room.beat(early)
    early.acted("draw", room.now)
    assert room.sent() == []
    room.witness.learn(SESSION, ACTIVE)
    assert room.asked == [early.socket]
    room.beat(early, seconds=0.1)
    assert [point.event for point in room.sent()] == [CONNECT]


def test_an_online_session_counts_from_its_opening(room: Room) -> None:
    opening = room.now + timedelta(minutes=1)
    early = room.come(facts(status=SessionStatus.SCHEDULED, opens_at=opening))
    for _ in range(4):
        room.beat(early)
    assert [(point.event, point.at) for point in room.sent()] == [(CONNECT, opening)]


@pytest.mark.parametrize("over", [OVER, facts(status=SessionStatus.CANCELLED)])
def test_after_the_end_nothing_more_is_said(room: Room, over: Facts) -> None:
    stay = room.come()
    room.sent()
    room.witness.learn(SESSION, over)
    room.beat(stay)
    stay.acted("draw", room.now)
    room.witness.went(stay, comes_back=False)
    assert room.sent() == []


def test_a_reading_that_was_overtaken_starts_nothing_again(room: Room) -> None:
    stay = room.come()
    room.witness.learn(SESSION, OVER)
    room.witness.learn(SESSION, ACTIVE)
    room.come(ACTIVE)
    room.beat(stay)
    assert [point.event for point in room.sent()] == [CONNECT]


def test_before_the_start_who_left_was_never_there(room: Room) -> None:
    room.witness.went(room.come(SCHEDULED), comes_back=False)
    assert room.sent() == []


def test_one_activity_per_kind_and_second_counts(room: Room) -> None:
    stay = room.come()
    for kind in ("draw", "draw", "type", "draw"):
        stay.acted(kind, room.now)
    room.now += timedelta(seconds=1)
    stay.acted("draw", room.now)
    assert [point.activity for point in room.sent() if point.activity] == ["draw", "type", "draw"]


def test_with_too_many_activities_waiting_their_presence_is_kept(room: Room) -> None:
    stay = room.come()
    for second in range(MOST_ACTIVITIES + 100):
        stay.acted("draw", room.now + timedelta(seconds=second))
    points = room.outbox.take(2 * MOST_ACTIVITIES)
    assert sum(point.activity is not None for point in points) == MOST_ACTIVITIES
    assert max(point.at for point in points) == room.now + timedelta(seconds=MOST_ACTIVITIES + 99)


def test_when_one_of_two_tabs_closes_the_other_is_asked_at_once(room: Room) -> None:
    who = somebody(Role.STUDENT)
    one, other, _ = room.come(who=who), room.come(who=who), room.come()
    room.witness.went(one, comes_back=False)
    assert room.asked == [other.socket]


def test_nobody_is_remembered_once_they_are_gone(room: Room) -> None:
    stays = [room.come(who=somebody(Role.STUDENT, uuid4())) for _ in range(3)]
    for stay in stays:
        room.witness.went(stay, comes_back=False)
    assert room.witness._meetings == {}
