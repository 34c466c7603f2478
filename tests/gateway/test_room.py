"""A room: who is told what, and when it has to catch up."""

from uuid import uuid4

from gateway.fanout import Fanout
from gateway.hub import Client, Hub, Subscription
from gateway.pushes import Push
from gateway.recovery import Position, Reading
from gateway.rights import Right
from gateway.room import Room
from shared.domain.words import Role
from tests.gateway.twins import MemoryOutlet, client, push

CHANNEL = "attendance_updates_x"


def begin(hub: Hub, somebody: Client, right: Right = Right.STAFF) -> tuple[Room, Subscription]:
    """Start to join."""
    subscription = hub.enter(somebody, CHANNEL, uuid4(), right, 0.0)
    return subscription.room, subscription


def send(room: Room) -> None:
    """Let what the room has taken in be sent."""
    Fanout(tick=0.0).finish(room)


def live(top: Position, *buffered: Push) -> tuple[Room, MemoryOutlet]:
    """A room with one person of staff in it."""
    somebody, outlet = client()
    room, subscription = begin(Hub(), somebody)
    for heard in buffered:
        assert room.hear(heard)
    assert room.fits(subscription, top)
    assert room.settle(subscription, top)
    return room, outlet


def two_who_joined_at(*versions: int) -> tuple[Room, MemoryOutlet, MemoryOutlet]:
    """A room with two people of staff in it, who read that it stands at these versions."""
    hub, outlets = Hub(), []
    for version in versions:
        somebody, outlet = client()
        room, subscription = begin(hub, somebody)
        assert room.settle(subscription, Position(version, "e1"))
        outlets.append(outlet)
    one, two = outlets
    return room, one, two


async def test_what_was_heard_while_joining_follows_what_was_read() -> None:
    room, outlet = live(Position(4, "e1"), push(3), push(4), push(5), push(6))
    send(room)
    assert outlet.versions == [5, 6]


async def test_a_version_is_never_sent_twice() -> None:
    room, outlet = live(Position(4, "e1"))
    assert all(room.hear(push(version)) for version in (3, 4, 5, 5, 6, 4))
    send(room)
    assert outlet.versions == [5, 6]


async def test_a_hole_in_what_was_buffered_does_not_fit() -> None:
    somebody, _ = client()
    room, subscription = begin(Hub(), somebody)
    room.hear(push(7))
    assert not room.fits(subscription, Position(5, "e1"))
    assert room.fits(subscription, Position(6, "e1"))
    assert not room.fits(subscription, Position(6, "e2"))


async def test_a_reading_older_than_the_room_does_not_fit() -> None:
    hub = Hub()
    room, first = begin(hub, client()[0])
    room.settle(first, Position(4, "e1"))
    _, second = begin(hub, client()[0])
    assert not room.fits(second, Position(3, "e1"))
    assert room.fits(second, Position(4, "e1"))
    assert room.fits(second, Position(0, "e2")), "the room is what is behind"


async def test_a_gap_and_another_epoch_call_for_catching_up() -> None:
    room, outlet = live(Position(4, "e1"))
    assert not room.hear(push(6))
    assert not room.hear(push(5, "e2"))
    send(room)
    assert outlet.versions == []


async def test_catching_up_shows_what_was_missed_then_what_was_heard_since() -> None:
    room, outlet = live(Position(4, "e1"))
    room.pending = []
    assert room.hear(push(7))
    assert room.hear(push(8))
    assert room.catch_up(Reading(Position(7, "e1"), [push(5), push(6), push(7)]))
    send(room)
    assert outlet.versions == [5, 6, 7, 8]
    assert room.hear(push(9))
    send(room)
    assert outlet.versions[-1] == 9


async def test_catching_up_without_history_is_one_resync() -> None:
    room, outlet = live(Position(4, "e1"))
    assert room.catch_up(Reading(Position(9, "e1"), [push(9)]))
    assert room.hear(push(10))
    send(room)
    assert outlet.types == ["RESYNC", "STATS_UPDATE"]


async def test_a_hole_while_catching_up_calls_for_another_try() -> None:
    room, _ = live(Position(4, "e1"))
    room.pending = [push(9)]
    assert not room.catch_up(Reading(Position(5, "e1"), [push(5)]))


async def test_whoever_joined_further_on_is_not_taken_back() -> None:
    room, slow, fast = two_who_joined_at(4, 6)
    assert all(room.hear(push(version)) for version in (5, 6, 7))
    send(room)
    assert (slow.versions, fast.versions) == ([5, 6, 7], [7])


async def test_where_a_channel_has_gone_back_everybody_starts_anew() -> None:
    room, before, later = two_who_joined_at(80, 90)
    assert all(room.hear(push(version)) for version in range(81, 101))
    send(room)
    assert room.catch_up(Reading(Position(85, "e1")))
    assert room.hear(push(86))
    send(room)
    assert before.types[-2:] == later.types[-2:] == ["RESYNC", "STATS_UPDATE"]
    assert before.versions[-1] == later.versions[-1] == 86


async def test_whoever_joins_in_a_new_epoch_shows_the_room_that_it_is_behind() -> None:
    hub = Hub()
    one, old = client()
    room, first = begin(hub, one)
    room.settle(first, Position(4, "e1"))
    two, new = client()
    _, second = begin(hub, two)
    assert not room.settle(second, Position(1, "e2"))
    assert room.catch_up(Reading(Position(1, "e2")))
    assert room.hear(push(2, "e2"))
    send(room)
    assert old.types == ["RESYNC", "STATS_UPDATE"]
    assert new.types == ["STATS_UPDATE"]


async def test_students_get_their_portion_and_staff_the_whole() -> None:
    hub = Hub()
    teacher, whole = client()
    me, mine = client(Role.STUDENT)
    you, yours = client(Role.STUDENT)
    for who, right in ((teacher, Right.STAFF), (me, Right.PARTICIPANT), (you, Right.PARTICIPANT)):
        room, subscription = begin(hub, who, right)
        room.settle(subscription, Position(0, "e1"))
    entry = {"studentId": str(me.identity.user_id)}
    room.hear(push(1, kind="CHECK_IN", data={"checkIns": [entry]}))
    room.hear(push(2))
    send(room)
    assert (whole.versions, mine.versions, yours.versions) == ([1, 2], [1, 2], [2])


async def test_the_last_to_leave_closes_the_room() -> None:
    hub = Hub()
    one, two = client()[0], client(Role.STUDENT)[0]
    room, first = begin(hub, one)
    begin(hub, two, Right.PARTICIPANT)
    room.settle(first, Position(0, "e1"))
    assert hub.leave(one, CHANNEL) is None
    assert hub.leave(one, CHANNEL) is None
    assert hub.dismiss(two) == [room]
    assert hub.rooms == {}
