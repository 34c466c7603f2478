"""A teacher's dashboard without a page: a snapshot, then every later push; and whether it shows what a reload shows."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from loadtests.campus import RunningClass
from loadtests.chaos.line import Line, NotSent, Unanswered
from loadtests.load.journey import Journey
from shared.keys import channel

PAUSE = 0.3
LOOK_SECONDS = 0.5
"""Between two comparisons of a dashboard with a reload."""
COUNTERS = (
    "presentStudents",
    "lateStudents",
    "absentStudents",
    "excusedStudents",
    "notMarked",
    "connectedCount",
    "attendanceRate",
)


@dataclass
class Dashboard:
    """Follows one session as the teacher's page does: a snapshot, then every later push, then again where told so."""

    gateway_port: int
    api_port: int
    meeting: RunningClass
    token: str
    journey: Journey
    counters: dict[str, Any] = field(default_factory=dict)
    version: int = -1
    epoch: str = ""
    resyncs: int = 0
    reconnects: int = 0
    is_live: bool = False
    """Whether it follows just now."""
    gaps: int = 0
    """Pushes that were neither the next nor one seen before: there must be none."""

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(OSError, WebSocketException, TimeoutError, NotSent, Unanswered):
                if not self.epoch:
                    await self._fetch()
                await self._listen()
            self.is_live = False
            self.reconnects += 1
            await asyncio.sleep(PAUSE)

    async def is_exact(self) -> bool:
        """Whether a reload would show the same."""
        with suppress(NotSent, Unanswered):
            said = await self.snapshot()
            return self.version == said["version"] and self.counters == {name: said[name] for name in COUNTERS}
        return False

    async def snapshot(self) -> dict[str, Any]:
        """What the API says now."""
        line = Line(self.api_port)
        try:
            answer = await line.ask("GET", f"/api/v1/sessions/{self.meeting.session.id}/stats", self.token)
        finally:
            line.close()
        if answer.status != 200:
            raise Unanswered
        said: dict[str, Any] = answer.json()
        return said

    async def _fetch(self) -> None:
        said = await self.snapshot()
        self.counters = {name: said[name] for name in COUNTERS}
        self.version, self.epoch = said["version"], said["epoch"]

    async def _listen(self) -> None:
        name = channel(self.meeting.session.id)
        place = {"channel": name, "version": self.version, "epoch": self.epoch}
        self.journey.watch(str(self.meeting.session.id))
        async with connect(f"ws://127.0.0.1:{self.gateway_port}/ws", compression=None, open_timeout=5) as socket:
            hello = {"type": "CONNECT", "token": self.token, "subscribe": [place]}
            await socket.send(msgspec.json.encode(hello).decode())
            async for message in socket:
                frame = msgspec.json.decode(message)
                if frame["type"] == "RESYNC":
                    self.resyncs += 1
                    await self._fetch()
                elif frame["type"] == "ERROR":
                    return  # it could not subscribe just now
                elif frame["type"] == "SUBSCRIBED":
                    self.is_live = True
                elif "version" in frame["payload"]:
                    self._apply(frame["payload"], frame["type"])

    def _apply(self, payload: dict[str, Any], kind: str) -> None:
        if kind == "CHECK_IN":
            for one in payload["data"]["checkIns"]:
                self.journey.shown((payload["sessionId"], one["studentId"]))
        if payload["version"] <= self.version and payload["epoch"] == self.epoch:
            return
        self.gaps += payload["version"] != self.version + 1 or payload["epoch"] != self.epoch
        self.version, self.epoch = payload["version"], payload["epoch"]
        if kind == "STATS_UPDATE":
            self.counters |= {name: value for name, value in payload["data"].items() if name in COUNTERS}
        elif kind == "PRESENCE":
            self.counters["connectedCount"] = payload["data"]["connectedCount"]


@asynccontextmanager
async def followed(dashboards: Sequence[Dashboard]) -> AsyncIterator[None]:
    """All of them are open during the block."""
    tasks = [asyncio.create_task(dashboard.follow()) for dashboard in dashboards]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_live(dashboards: Sequence[Dashboard], seconds: float = 30.0) -> None:
    """Until all of them follow; ``TimeoutError`` when one does not."""
    async with asyncio.timeout(seconds):
        while not all(dashboard.is_live for dashboard in dashboards):  # noqa: ASYNC110 - each says it by itself
            await asyncio.sleep(0.1)


async def until_exact(dashboards: Sequence[Dashboard], seconds: float = 40.0) -> list[tuple[str, Dashboard]]:
    """Snapshot and deltas are a fresh fetch: what is wrong with each dashboard that does not show, within so many
    seconds for all of them together, what it would show after a reload, or missed something on the way."""
    looks = {asyncio.create_task(_until_exact(dashboard)): dashboard for dashboard in dashboards}
    done, late = await asyncio.wait(looks, timeout=seconds)
    for look in late:
        look.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for look in done:
        look.result()
    wrong = [("a dashboard shows something else than a reload", looks[look]) for look in late]
    return wrong + [(f"{one.gaps} gaps in a dashboard's versions", one) for one in dashboards if one.gaps]


async def _until_exact(dashboard: Dashboard) -> None:
    while not await dashboard.is_exact():  # noqa: ASYNC110 - asks another process
        await asyncio.sleep(LOOK_SECONDS)
