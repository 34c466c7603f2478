"""A push to many sockets at once, by their numbers: each byte to whom it is for, whatever becomes of them meanwhile."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from random import Random
from uuid import uuid4

import pytest
import uvloop

from gateway.fanout import Fanout
from gateway.frames import text_frame
from gateway.hub import Client, Hub, Outlet, Subscription
from gateway.recovery import Position
from gateway.rights import Right
from gateway.room import Room
from shared.domain.words import Role
from tests.gateway.campus import until
from tests.gateway.ends import End, narrow
from tests.gateway.twins import MemoryOutlet, contents, push, somebody

CHANNEL = "attendance_updates_x"


class Theatre:
    """One room, and a fan-out without a tick."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.fanout = Fanout(tick=0.0)
        self.said: list[bytes] = []

    @property
    def room(self) -> Room:
        """The one room."""
        return self.hub.rooms[CHANNEL]

    def join(self, outlet: Outlet, role: Role = Role.TEACHER) -> Subscription:
        """Somebody is live from now on."""
        right = Right.STAFF if role is Role.TEACHER else Right.PARTICIPANT
        subscription = self.hub.enter(Client(somebody(role), outlet), CHANNEL, uuid4(), right, 0.0)
        self.room.settle(subscription, Position(len(self.said), "e1"))
        return subscription

    def hear(self, kind: str = "MARK", **data: object) -> None:
        """A push."""
        heard = push(len(self.said) + 1, kind=kind, data=data)
        self.said.append(text_frame(heard.frame))
        assert self.room.hear(heard)

    def say(self, kind: str = "MARK", **data: object) -> None:
        """The same, and off it goes."""
        self.hear(kind, **data)
        self.fanout.send([self.room])


class Visitor:
    """Somebody on a real socket, and which pushes are theirs."""

    def __init__(self, theatre: Theatre, end: End, role: Role = Role.TEACHER) -> None:
        self.theatre = theatre
        self.end = end
        self.since = len(theatre.said)
        self.until: int | None = None
        end.outlet.judge()
        self.subscription = theatre.join(end.outlet, role)

    async def has_all(self) -> None:
        """Let them read: every push that is theirs, and nothing else."""
        theirs = b"".join(self.theatre.said[self.since : self.until])
        await self.end.everything(len(theirs))
        assert self.end.read == theirs

    async def versions(self, last: int) -> list[int]:
        """Of the pushes they have been sent, up to this one; 0 is a RESYNC."""
        seen: list[int] = []
        async with asyncio.timeout(10):
            while last not in seen:
                self.end.look()
                with suppress(ValueError, IndexError):  # half a frame
                    seen = [json.loads(content)["payload"].get("version", 0) for content in contents(self.end.read)]
                await asyncio.sleep(0.001)
        return seen


@asynccontextmanager
async def visitors(theatre: Theatre, count: int, role: Role = Role.TEACHER) -> AsyncIterator[list[Visitor]]:
    """So many of them, who are written to directly from now on."""
    async with AsyncExitStack() as stack:
        yield [Visitor(theatre, await stack.enter_async_context(narrow()), role) for _ in range(count)]


async def play(seed: int) -> None:
    """Pushes of all sizes; some read and some do not, come, leave, or break off in the middle."""
    chance, theatre = Random(seed), Theatre()
    async with AsyncExitStack() as stack:
        people, broken, left = [await stack.enter_async_context(visitors(theatre, count)) for count in (4, 2, 0)]
        for turn in range(120):
            theatre.say(pad="x" * chance.choices([10, 300, 5_000, 20_000], [6, 6, 3, 1])[0])
            one = chance.choice(people)
            one.end.look(chance.choice([100, 10_000, 1 << 20]))
            if turn % 30 == 20:
                theatre.hub.leave(one.subscription.client, CHANNEL)
                one.until = len(theatre.said)
                people.remove(one)
                left.append(one)
            if turn % 30 == 5:
                people += await stack.enter_async_context(visitors(theatre, 1))
            if broken and chance.random() < 0.05:
                broken.pop().end.transport.abort()
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        for one in [*people, *left]:
            await one.has_all()


@pytest.mark.parametrize("seed", range(20))
def test_everybody_gets_every_push_once_and_in_order(seed: int) -> None:
    uvloop.run(play(seed))


def test_a_number_that_is_somebody_elses_by_now_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.rows.SLICE", 1)
    monkeypatch.setattr("gateway.fanout.SLICE", 2)  # laying out is the first
    taken: list[socket.socket] = []

    async def reuse() -> None:
        theatre = Theatre()
        async with visitors(theatre, 2) as people:
            _, [number] = theatre.room.row(Right.STAFF, 1).files
            [second] = [one for one in people if one.end.outlet.file == number]
            with ExitStack() as strangers:
                second.end.transport.abort()
                asyncio.get_running_loop().call_soon(lambda: taken.extend(taking(strangers, number)))
                theatre.say()  # a slice at once, and another after the line is lost
                await asyncio.sleep(0.01)
                near, far = taken
                assert near.fileno() == number
                far.setblocking(False)
                with pytest.raises(BlockingIOError):
                    far.recv(1)

    uvloop.run(reuse())


def taking(strangers: ExitStack, number: int) -> Iterator[socket.socket]:
    """Sockets of others, until one of them has this number: that one, and its far end."""
    while True:
        near, far = (strangers.enter_context(one) for one in socket.socketpair())
        if number in (near.fileno(), far.fileno()):
            yield from (near, far) if near.fileno() == number else (far, near)
            return


async def test_a_row_stands_while_nobody_moves() -> None:
    theatre = Theatre()
    async with visitors(theatre, 3) as people:
        theatre.say()
        row = theatre.room.row(Right.STAFF, 2)
        assert sorted(row.whose) == sorted(one.end.outlet.file or 0 for one in people)
        theatre.say()
        people[0].subscription.client.tell(b"{}")
        assert theatre.room.row(Right.STAFF, 3) is row
        people[1].end.outlet.send(b"x" * 100_000)
        assert row.is_stale
        assert theatre.room.row(Right.STAFF, 3).others == [[people[1].subscription]]


async def test_whoever_joins_while_something_is_on_its_way_is_passed_over_only_once() -> None:
    theatre = Theatre()
    async with visitors(theatre, 2) as people:
        theatre.hear()
        async with visitors(theatre, 1) as [late]:
            theatre.fanout.send([theatre.room])
            theatre.say()
            assert len(theatre.room.row(Right.STAFF, 3).whose) == 3
            for one in [*people, late]:
                await one.has_all()


async def test_whoever_was_slow_hears_of_it_before_anything_else() -> None:
    theatre = Theatre()
    async with visitors(theatre, 1) as [slow]:
        theatre.say(pad="x" * 600_000)
        assert slow.end.outlet.is_slow
        theatre.say(kind="STATS_UPDATE", presentStudents=1)
        await slow.end.everything(len(theatre.said[0]))
        await until(lambda: not slow.end.outlet.is_slow)
        slow.end.outlet.judge()
        theatre.say()
        assert await slow.versions(3) == [1, 0, 3]


async def test_whoever_was_shown_counters_out_of_turn_is_not_shown_them_again() -> None:
    theatre = Theatre()
    async with visitors(theatre, 2, Role.STUDENT) as [one, other]:
        theatre.say(kind="STATS_UPDATE", presentStudents=1)
        theatre.say(kind="STATS_UPDATE", presentStudents=2)
        mine = {"studentId": str(one.subscription.client.identity.user_id)}
        theatre.say(kind="CHECK_IN", checkIns=[mine])
        assert await other.versions(2) == [1, 2]
        assert await one.versions(3) == [1, 2, 3]


@pytest.mark.parametrize("way", ["send", "finish"])
async def test_a_fault_of_the_sending_ends_the_process(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    theatre = Theatre()
    theatre.join(MemoryOutlet())
    running = asyncio.create_task(theatre.fanout.run())
    monkeypatch.setattr("gateway.fanout.batch_of", break_down)
    theatre.hear()
    with pytest.raises(ZeroDivisionError):
        theatre.fanout.send([theatre.room]) if way == "send" else theatre.fanout.finish(theatre.room)
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(running, 5)
