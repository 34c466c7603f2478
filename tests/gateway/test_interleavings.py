"""The test that matters: for any order of pushes, losses and returns, *snapshot + deltas = fresh fetch*."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bus import MemoryBus
from gateway.fanout import Fanout
from gateway.frames import text_frame
from gateway.hub import Client, Hub
from gateway.recovery import Reading
from gateway.relay import Relay
from gateway.rights import Right
from shared import keys
from shared.messages.frames import Resume
from tests.gateway.twins import MemoryOutlet, somebody

SESSION = UUID(int=7)
CHANNEL = keys.channel(SESSION)

Step = tuple[str, int, int]
"""What happens, to whom or how often, and how many turns of the loop pass after it."""


class LazyBus(MemoryBus):
    """Everything takes its time, and what is on its way when the line breaks is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.under_way: list[tuple[str, bytes]] = []

    async def subscribe(self, channel: str) -> None:
        """Confirmed only while the line is up."""
        for _ in range(4):
            await asyncio.sleep(0)
        while not self.is_up:  # noqa: ASYNC110 - the twin has no line to wait for
            await asyncio.sleep(0)
        await super().subscribe(channel)
        await asyncio.sleep(0)

    async def read(self, channel: str, after: int | None) -> Reading:
        """The answer is older than the moment it arrives."""
        await asyncio.sleep(0)
        reading = await super().read(channel, after)
        self.reads += 1
        for _ in range(7 if self.reads % 2 else 1):  # A later question may be answered first.
            await asyncio.sleep(0)
        return reading

    def deliver(self, channel: str, message: bytes) -> None:
        """Put it on the line."""
        self.under_way.append((channel, message))

    def arrive(self, count: int) -> None:
        """Let messages come off the line."""
        arrived, self.under_way = self.under_way[:count], self.under_way[count:]
        for channel, message in arrived:
            super().deliver(channel, message)

    def swallow(self) -> None:
        """Lose one message without a trace, which no line should do."""
        self.under_way[:1] = []

    def break_line(self) -> None:
        """Lose what is on its way, and all until it is back."""
        self.is_up = False
        self.under_way.clear()


@dataclass
class Dashboard(MemoryOutlet):
    """A page: a snapshot, deltas on top of it, and a watch over the numbers."""

    truth: "Truth"
    state: dict[str, int] = field(default_factory=dict)
    version: int | None = None
    epoch: str | None = None
    expected: int | None = None
    joining: asyncio.Task[None] | None = None
    client: Client | None = None
    frames: list[dict[str, Any]] = field(default_factory=list)

    def take(self, frame: dict[str, Any]) -> None:
        """Act on a frame at once, as a page does."""
        super().take(frame)
        kind, payload = frame["type"], frame["payload"]
        if kind == "SUBSCRIBED":
            self._subscribed(payload["data"])
        elif kind == "RESYNC":
            self.fetch()
            self.expected = None
        else:
            self._pushed(payload["version"], payload["epoch"], payload["data"])

    def _subscribed(self, data: dict[str, Any]) -> None:
        if data["recovered"]:
            assert self.version is not None
            assert self.epoch == data["epoch"]
            self.expected = self.version + 1
        else:
            self.fetch()
            self.expected = data["version"] + 1

    def fetch(self) -> None:
        """Take a snapshot: rows, and the position they stand at."""
        top = self.truth.bus._top(CHANNEL)
        self.state, self.version, self.epoch = dict(self.truth.rows), top.version, top.epoch

    def _pushed(self, version: int, epoch: str, data: dict[str, int]) -> None:
        assert self.expected in (None, version), "a gap, or something shown twice"
        self.expected = version + 1
        assert self.version is not None
        if epoch == self.epoch and version > self.version:
            self.state.update(data)
            self.version = version


@dataclass
class Truth:
    """What PostgreSQL would hold, and the bus that tells of it."""

    bus: LazyBus
    rows: dict[str, int] = field(default_factory=dict)
    count: int = 0
    epochs: int = 1

    def push(self, key: str) -> None:
        """Change a row, then publish its absolute value."""
        self.count += 1
        self.rows[key] = self.count
        head = b'{"type":"STATS_UPDATE","payload":{"data":{"%s":%d}' % (key.encode(), self.count)
        self.bus.publish(CHANNEL, "STATS_UPDATE", head)

    def forget(self) -> None:
        """Redis forgets the channel."""
        self.epochs += 1
        self.bus.forget(CHANNEL, f"e{self.epochs}")


class Stage:
    """One gateway without sockets, three dashboards, and what may happen to them."""

    def __init__(self) -> None:
        self.bus = LazyBus()
        self.truth = Truth(self.bus)
        self.hub = Hub()
        fanout = Fanout(tick=0.0)
        self.sending = asyncio.create_task(fanout.run())
        self.relay = Relay(self.hub, self.bus, fanout, lambda _message: None, retry_seconds=0)
        self.bus.listener = self.relay
        self.dashboards = [Dashboard(self.truth) for _ in range(3)]
        self.must_look = False
        self._happenings: dict[str, Callable[[int], None]] = {
            "push": lambda number: self.truth.push("abc"[number % 3]),
            "arrive": self.bus.arrive,
            "break": lambda _: self.bus.break_line(),
            "back": lambda _: self.bus.come_back(),
            "swallow": lambda _: self.swallow(),
            "trim": lambda number: self.bus.trim(CHANNEL, number),
            "forget": lambda _: self.truth.forget(),
            "join": lambda number: self.join(self.dashboards[number % 3]),
            "leave": lambda number: self.leave(self.dashboards[number % 3]),
        }

    async def step(self, step: Step) -> None:
        """One thing happens, and time passes."""
        what, number, ticks = step
        if what == "calm":
            await self.compare()
            return
        self._happenings[what](number)
        for _ in range(ticks):
            await asyncio.sleep(0)

    def join(self, dashboard: Dashboard) -> None:
        """Come (back) with the position last seen."""
        if dashboard.joining is not None:
            return
        if dashboard.version is None:
            dashboard.fetch()  # A page has its snapshot first, and resumes from there.
        dashboard.client = Client(somebody(), dashboard)
        resume = Resume(CHANNEL, dashboard.version, dashboard.epoch)
        dashboard.joining = asyncio.create_task(self.relay.join(dashboard.client, SESSION, Right.STAFF, resume))

    def swallow(self) -> None:
        """A message is lost while all seems well: only a look at the top can tell, if nothing follows."""
        self.must_look = True
        self.bus.swallow()

    def leave(self, dashboard: Dashboard) -> None:
        """The socket breaks, once its subscription stands."""
        if dashboard.client is not None and dashboard.joining is not None and dashboard.joining.done():
            self.relay.dismiss(dashboard.client)
            dashboard.joining = dashboard.client = None

    async def compare(self) -> None:
        """Let all lines be up and everything arrive; then every dashboard shows the truth."""
        if not self.bus.is_up:
            self.bus.come_back()
        for _ in range(60):
            self.bus.arrive(1000)
            await asyncio.sleep(0)
        if self.must_look:
            await self.relay.check_tops()
            for _ in range(30):
                await asyncio.sleep(0)
        self.must_look = False
        for dashboard in self.dashboards:
            if dashboard.joining is not None:
                dashboard.joining.result()
                assert dashboard.state == self.truth.rows


OFTEN = ["push", "push", "push", "arrive", "arrive", "join"]
SOMETIMES = ["leave", "trim", "break", "back", "back", "forget", "swallow", "calm", "calm"]
STEPS = st.lists(
    st.tuples(st.sampled_from(OFTEN + SOMETIMES), st.integers(0, 6), st.sampled_from([0, 0, 0, 1, 2, 12])),
    min_size=15,
    max_size=60,
)


@settings(max_examples=500, deadline=None)
@given(STEPS)
def test_a_snapshot_and_its_deltas_are_a_fresh_fetch(steps: list[Step]) -> None:
    asyncio.run(play(steps))


async def play(steps: list[Step]) -> None:
    """Let it all happen; in the end everybody comes back once more."""
    stage = Stage()
    for step in steps:
        await stage.step(step)
    await stage.compare()
    for dashboard in stage.dashboards:
        stage.leave(dashboard)
        stage.join(dashboard)
    await stage.compare()
    await stage.relay.stop()
    stage.sending.cancel()


@pytest.mark.parametrize("moment", range(20))
def test_a_push_at_any_moment_of_joining_is_shown_once(moment: int) -> None:
    asyncio.run(play([("join", 0, moment), ("push", 0, 0), ("arrive", 1, 0), ("calm", 0, 0)]))
    asyncio.run(play([("join", 0, 40), ("join", 1, moment), ("push", 0, 0), ("calm", 0, 0), ("push", 1, 0)]))


@pytest.mark.parametrize("moment", range(20))
def test_an_outage_at_any_moment_of_joining_hides_nothing(moment: int) -> None:
    for length in range(8):
        outage: list[Step] = [("break", 0, 0), ("push", 0, length), ("back", 0, 0), ("calm", 0, 0)]
        asyncio.run(play([("push", 0, 0), ("join", 0, moment), *outage, ("push", 1, 0)]))
        asyncio.run(play([("join", 1, 40), ("push", 0, 0), ("join", 0, moment), *outage, ("push", 1, 0)]))
        asyncio.run(play([("join", 1, 40), ("join", 0, moment), ("forget", 0, 0), *outage, ("push", 1, 0)]))


def test_a_frame_is_built_as_the_protocol_wants_it() -> None:
    assert text_frame(b"x") == b"\x81\x01x"
    assert text_frame(b"x" * 126)[:4] == b"\x81\x7e\x00\x7e"
    assert text_frame(b"x" * 70_000)[:2] == b"\x81\x7f"
