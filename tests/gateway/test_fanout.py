"""From a room to its people: one write per tick, in slices, counters now and then, and slow readers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from uuid import UUID, uuid4

import uvloop
from hypothesis import given
from hypothesis import strategies as st

from gateway.fanout import Fanout
from gateway.hub import Client, Hub, Subscription
from gateway.pushes import Push, read_push
from gateway.recovery import Position
from gateway.rights import Right
from gateway.room import Room
from gateway.rows import SLICE
from gateway.showing import COUNTERS_SECONDS, Counters, batch_of
from shared.domain.words import Role
from tests.gateway.campus import until
from tests.gateway.twins import MemoryOutlet, client, contents, push

CHANNEL = "attendance_updates_x"


class Class:
    """A room with people in it."""

    def __init__(self) -> None:
        self.hub = Hub()

    @property
    def room(self) -> Room:
        """The one room."""
        return self.hub.rooms[CHANNEL]

    def join(self, role: Role = Role.TEACHER, top: int = 0) -> tuple[Client, MemoryOutlet, Subscription]:
        """Somebody becomes live."""
        somebody, outlet = client(role)
        right = Right.STAFF if role is Role.TEACHER else Right.PARTICIPANT
        subscription = self.hub.enter(somebody, CHANNEL, uuid4(), right, 0.0)
        self.room.settle(subscription, Position(top, "e1"))
        return somebody, outlet, subscription

    def hear(self, *pushes: Push) -> None:
        """Something is published."""
        assert all(self.room.hear(one) for one in pushes)


@asynccontextmanager
async def sending(tick: float = 0.02) -> AsyncIterator[Fanout]:
    """A fan-out that does not fail."""
    fanout = Fanout(tick)
    failing = asyncio.create_task(fanout.run())
    yield fanout
    if failing.done():
        failing.result()
    failing.cancel()
    await asyncio.wait([failing])


def own(version: int, *students: UUID) -> Push:
    """A push about these students."""
    return push(version, kind="CHECK_IN", data={"checkIns": [{"studentId": str(who)} for who in students]})


def counters(version: int, **values: int) -> Push:
    """Counters."""
    return push(version, data=values)


async def test_what_comes_together_is_one_write_and_the_first_of_it_leaves_at_once() -> None:
    here = Class()
    _, outlet, _ = here.join()
    async with sending(tick=60.0) as fanout:
        here.hear(push(1), push(2), push(3))
        fanout.send([here.room])
        await until(lambda: outlet.writes > 0)
        assert (outlet.versions, outlet.writes) == ([1, 2, 3], 1)


async def test_what_follows_waits_for_the_tick() -> None:
    here = Class()
    _, outlet, _ = here.join()
    async with sending(tick=0.05) as fanout:
        for version in range(1, 6):
            here.hear(push(version))
            fanout.send([here.room])
            await asyncio.sleep(0.001)
        await until(lambda: len(outlet.versions) == 5)
        assert (outlet.versions, outlet.writes) == ([1, 2, 3, 4, 5], 2)


def test_the_loop_of_the_real_process_does_the_same() -> None:
    """uvloop counts in milliseconds, and its timers of less are none."""

    async def play() -> list[int]:
        here = Class()
        _, outlet, _ = here.join()
        here.join(Role.STUDENT)
        async with sending(tick=0.0004) as fanout:
            for version in range(1, 200):
                here.hear(counters(version, a=version))
                fanout.send([here.room])
                if version % 3:
                    await asyncio.sleep(0.0003)
            await until(lambda: len(outlet.versions) == 199)
        return outlet.versions

    assert uvloop.run(play()) == list(range(1, 200))


async def test_a_large_class_is_served_in_slices() -> None:
    here = Class()
    outlets = [here.join()[1] for _ in range(3 * SLICE)]
    served: list[int] = []

    async def look() -> None:
        while not served or served[-1] < len(outlets):
            served.append(sum(outlet.writes for outlet in outlets))
            await asyncio.sleep(0)

    async with sending() as fanout:
        here.hear(push(1))
        fanout.send([here.room])
        await look()
    assert set(served) >= {SLICE, 2 * SLICE, 3 * SLICE}, "others had their turn in between"


async def test_who_leaves_or_joins_in_the_middle_of_a_broadcast_gets_nothing_twice_and_nothing_too_much() -> None:
    here = Class()
    people = [here.join() for _ in range(2 * SLICE)]
    async with sending() as fanout:
        here.hear(push(1))
        fanout.send([here.room])
        while not any(outlet.writes for _, outlet, _ in people):  # noqa: ASYNC110
            await asyncio.sleep(0)
        waiting = [(leaver, outlet) for leaver, outlet, _ in people if not outlet.writes]
        for leaver, _ in waiting:
            here.hub.leave(leaver, CHANNEL)
        _, newcomer, _ = here.join(top=1)
        here.hear(push(2))
        fanout.send([here.room])
        await until(lambda: newcomer.versions == [2])
    assert waiting
    assert not any(outlet.writes for _, outlet in waiting)


def test_staff_are_shown_every_version_and_students_merged_counters() -> None:
    waiting = Counters()
    pushes = [counters(1, a=1, b=1), counters(2, a=2), counters(3, c=3)]
    batch = batch_of(pushes, waiting, [uuid4()], now=10.0)
    assert [part.version for part in batch.staff.parts] == [1, 2, 3]
    [frame] = contents(batch.students.joined)
    shown = json.loads(frame)["payload"]
    assert (shown["version"], shown["data"]) == (3, {"a": 2, "b": 1, "c": 3})


def test_counters_wait_for_a_quarter_of_a_second_and_then_the_latest_are_shown() -> None:
    waiting = Counters()
    here = [uuid4()]
    times = [batch_of([counters(n, a=n)], waiting, here, now=n * 0.01).students.parts for n in range(1, 101)]
    shown = [parts[0].version for parts in times if parts]
    assert shown == [1, 26, 51, 76]
    assert [part.version for part in batch_of([], waiting, here, now=5.0).students.parts] == [100]
    assert batch_of([], waiting, here, now=9.0).students.parts == []


def test_counters_that_cannot_be_read_give_way_to_the_next() -> None:
    waiting = Counters()
    broken = read_push(b'1 STATS_UPDATE {"type":"STATS_UPDATE","payload":{"data":{,"version":1,"epoch":"e1"}}')
    batch = batch_of([broken, counters(2, a=2)], waiting, [uuid4()], now=10.0)
    assert [part.version for part in batch.students.parts] == [2]


def test_the_end_of_a_session_is_not_held_back_and_comes_after_its_counters() -> None:
    waiting = Counters(shown_at=10.0)
    batch = batch_of([counters(1, a=1), push(2, kind="SESSION_STATUS")], waiting, [uuid4()], now=10.01)
    assert [part.version for part in batch.students.parts] == [1, 2]


HAPPENINGS = st.lists(st.tuples(st.sampled_from("abmxs"), st.sampled_from([0, 0, 1, 5, 30])), max_size=40)


@given(HAPPENINGS)
def test_no_students_versions_go_back_and_in_the_end_all_know_the_latest(happenings: Sequence[tuple[str, int]]) -> None:
    """``a`` and ``b`` are counters, ``m`` and ``x`` the own entries of one or another, ``s`` a status; then time."""
    me, you = uuid4(), uuid4()
    asyncio.run(_play(happenings, me, you))


async def _play(happenings: Sequence[tuple[str, int]], me: UUID, you: UUID) -> None:
    here, waiting, now, truth = [me, you], Counters(), 0.0, {}
    floors, seen, states = dict.fromkeys(here, 0), dict[UUID, list[int]](), dict[UUID, dict[str, int]]()
    batch: list[Push] = []
    steps = [*happenings, ("", 30), ("", 30)]
    for version, (what, pause) in enumerate(steps, start=1):
        if what in ("a", "b"):
            truth[what] = version
            batch.append(counters(version, **{what: version}))
        elif what:
            batch.append(
                push(version, kind="SESSION_STATUS") if what == "s" else own(version, me if what == "m" else you)
            )
        if not pause:
            continue
        now += pause / 100
        laid, batch = batch_of(batch, waiting, here, now), []
        for who in here:
            strip = laid.own.get(who, laid.students)
            for frame in contents(strip.after(floors[who])):
                payload = json.loads(frame)["payload"]
                seen.setdefault(who, []).append(payload["version"])
                if "checkIns" not in payload["data"]:
                    states.setdefault(who, {}).update(payload["data"])
            if who in laid.own:
                floors[who] = max(floors[who], strip.parts[-1].version)
    for who in here:
        assert states.get(who, {}) == truth
        assert seen.get(who, []) == sorted(set(seen.get(who, [])))


async def test_counters_that_waited_for_people_who_have_gone_are_not_told_to_those_who_come_later() -> None:
    here = Class()
    here.join()
    gone, _, _ = here.join(Role.STUDENT)
    fanout = Fanout(tick=0.0)
    here.hear(counters(1, a=1))
    fanout.finish(here.room)
    here.hear(counters(2, a=2))
    fanout.finish(here.room)
    assert here.room.counters.waiting is not None
    here.hub.dismiss(gone)
    here.hear(counters(3, a=3))
    fanout.finish(here.room)
    _, outlet, _ = here.join(Role.STUDENT, top=3)
    await asyncio.sleep(COUNTERS_SECONDS)
    here.hear(counters(4, b=1))
    fanout.finish(here.room)
    assert [frame["payload"]["data"] for frame in outlet.frames] == [{"b": 1}]


async def test_a_slow_reader_misses_counters_only_and_hears_of_it_when_it_reads_again() -> None:
    here = Class()
    _, slow, _ = here.join()
    _, quick, _ = here.join()
    fanout = Fanout(tick=0.0)
    slow.is_slow = True
    here.hear(counters(1, a=1), push(2, kind="MARK", data={"changes": []}), counters(3, a=2))
    fanout.finish(here.room)
    assert (slow.versions, quick.versions) == ([2], [1, 2, 3])
    await fanout.sweep()
    assert slow.types == ["MARK"]
    slow.is_slow = False
    await fanout.sweep()
    await fanout.sweep()
    assert slow.types == ["MARK", "RESYNC"]


async def test_a_slow_reader_that_is_quick_again_hears_of_it_before_anything_newer() -> None:
    here = Class()
    _, outlet, _ = here.join()
    fanout = Fanout(tick=0.0)
    outlet.is_slow = True
    here.hear(counters(1, a=1))
    fanout.finish(here.room)
    outlet.is_slow = False
    here.hear(counters(2, a=2))
    fanout.finish(here.room)
    assert outlet.types == ["RESYNC", "STATS_UPDATE"]


async def test_students_get_waiting_counters_without_anything_new_happening() -> None:
    here = Class()
    _, outlet, _ = here.join(Role.STUDENT)
    async with sending(tick=0.0) as fanout:
        for version in (1, 2):
            here.hear(counters(version, a=version))
            fanout.send([here.room])
            await until(lambda: not here.room.unsent)
        began = asyncio.get_running_loop().time()
        await until(lambda: outlet.versions == [1, 2])
        assert asyncio.get_running_loop().time() - began < 2 * COUNTERS_SECONDS


async def test_rooms_that_are_due_together_share_what_is_written_in_a_turn_of_the_loop() -> None:
    hub, outlets = Hub(), []
    for number in range(20):
        for _ in range(SLICE // 2):
            somebody, outlet = client()
            subscription = hub.enter(somebody, f"{CHANNEL}{number}", uuid4(), Right.STAFF, 0.0)
            subscription.room.settle(subscription, Position(0, "e1"))
            outlets.append(outlet)
    async with sending(tick=0.05) as fanout:
        assert all(room.hear(push(1)) for room in hub.rooms.values())
        fanout.send(hub.rooms.values())
        await until(lambda: all(outlet.writes for outlet in outlets))
        assert all(room.hear(push(2)) for room in hub.rooms.values())
        fanout.send(hub.rooms.values())
        time.sleep(0.1)  # noqa: ASYNC251  a loop held up: all of them are late now
        written = [len(outlets)]
        async with asyncio.timeout(10):
            while written[-1] < 2 * len(outlets):
                await asyncio.sleep(0)
                written.append(sum(outlet.writes for outlet in outlets))
    assert max(after - before for before, after in pairwise(written)) <= 2 * SLICE


async def test_a_room_to_whom_nothing_is_written_takes_its_part_of_a_turn() -> None:
    hub = Hub()
    for number in range(3 * SLICE):
        somebody, _ = client(Role.STUDENT)
        subscription = hub.enter(somebody, f"{CHANNEL}{number}", uuid4(), Right.PARTICIPANT, 0.0)
        subscription.room.settle(subscription, Position(0, "e1"))
    async with sending() as fanout:
        assert all(room.hear(own(1, uuid4())) for room in hub.rooms.values())
        fanout.send(hub.rooms.values())
        assert any(room.unsent for room in hub.rooms.values()), "others have their turn before all are done"
        await until(lambda: not any(room.unsent for room in hub.rooms.values()))
