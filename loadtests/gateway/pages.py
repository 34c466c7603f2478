"""Pages that follow a session as the browser's client does (api/static/js/live, presence.js), thousands per process.

A fresh ticket on every try, resumed by version and epoch, back with full jitter or the server's hint. Each keeps what
it was shown, and notes what it should not have been shown.
"""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from loadtests.gateway.hall import Hall
from shared import keys, lua
from shared.bus import POSITION_SECONDS
from shared.domain.words import Role
from shared.messages.frames import RealtimeTicket
from shared.realtime import TICKET_LIFE, make_ticket

LEAST, MOST = 0.5, 20.0
STILL_THERE = 15.0
"""A socket that lasted this long was no failure, as a PONG is to the browser's client."""

Chance = Callable[[], float]
"""Gives numbers from 0 up to 1."""
State = dict[str, int]


def backoff(failures: int, chance: Chance) -> float:
    """Seconds to wait after this many failed tries: api/static/js/backoff.js."""
    return LEAST + chance() * (min(MOST, LEAST * 2.0 ** (failures + 1)) - LEAST)


@dataclass
class Lesson:
    """What is true of one session: how many are present, and how often each student was marked."""

    hall: Hall
    redis: Redis
    present: int = 0
    marks: Counter[UUID] = field(default_factory=Counter)

    def as_seen_by(self, user_id: UUID) -> State:
        """What a page of this person shows: its teacher everything, a student the counter and what is their own."""
        mine = self.marks if user_id == self.hall.teacher else {user_id: self.marks[user_id]}
        return {"presentStudents": self.present} | {str(who): times for who, times in mine.items() if times}

    async def snapshot(self, user_id: UUID) -> tuple[int, str, State]:
        """As ``/stats`` gives it: version and epoch, read before the rows; and the rows."""
        names = [keys.position(self.hall.channel), keys.history(self.hall.channel)]
        place: Any = self.redis.register_script(lua.script("position"))
        version, epoch = await place(keys=names, args=[secrets.token_hex(6), POSITION_SECONDS])
        return int(version), epoch.decode(), self.as_seen_by(user_id)


class Page:
    """One page. ``wrong`` says what it was shown wrongly, ``live_at`` since when it is live, by the loop's clock."""

    def __init__(self, lesson: Lesson, user_id: UUID, role: Role, chance: Chance) -> None:
        self.lesson = lesson
        self.user_id = user_id
        self.state: State = {}
        self.wrong: list[str] = []
        self.seen: Counter[str] = Counter()
        self.breaks = 0
        self.live_at: float | None = None
        self._role = role
        self._chance = chance
        self._version, self._epoch = 0, ""
        self._is_contiguous = False
        self._failures = 0
        self._hint: float | None = None

    async def run(self, port: int) -> None:
        """Follow until cancelled, coming back after every break."""
        await self._fetch()
        while True:
            try:
                url = f"ws://127.0.0.1:{port}/ws/sessions/{self.lesson.hall.session_id}?ticket={await self._ticket()}"
                async with connect(url, compression=None, ping_interval=None, open_timeout=10, proxy=None) as socket:
                    await self._follow(socket)
            except ConnectionClosed as closed:
                self.seen[f"closed {closed.rcvd.code if closed.rcvd else 1006}"] += 1
            except (OSError, EOFError, InvalidHandshake, TimeoutError):
                self.seen["refused"] += 1
            self._lost()
            await asyncio.sleep(self._wait())

    async def _ticket(self) -> str:
        """As ``POST /api/v1/realtime/ticket`` makes it."""
        now = datetime.now(UTC)
        ticket = make_ticket(now)
        stands_for = RealtimeTicket(self.user_id, self._role.value, secrets.token_hex(16), now + timedelta(hours=1))
        await self.lesson.redis.set(keys.realtime_ticket(ticket), msgspec.json.encode(stands_for), ex=TICKET_LIFE)
        return ticket

    async def _follow(self, socket: ClientConnection) -> None:
        resume = {"channel": self.lesson.hall.channel, "version": self._version, "epoch": self._epoch}
        await socket.send(json.dumps({"type": "SUBSCRIBE", **resume}))
        while True:
            frame = json.loads(await socket.recv())
            self.seen[frame["type"]] += 1
            await self._take(frame["type"], frame["payload"])

    async def _take(self, kind: str, payload: dict[str, Any]) -> None:
        data = payload["data"]
        if kind == "SUBSCRIBED" and data["recovered"]:
            self._live(is_contiguous=True)
        elif kind == "RESYNC":
            await self._fetch()
            self._live(is_contiguous=False)
        elif kind == "RECONNECT":
            self._hint = data["maxJitterMs"] / 1000
        elif "version" in payload:
            self._pushed(kind, payload["version"], payload["epoch"], data)

    async def _fetch(self) -> None:
        self._version, self._epoch, self.state = await self.lesson.snapshot(self.user_id)

    def _pushed(self, kind: str, version: int, epoch: str, data: dict[str, Any]) -> None:
        """Staff are shown every version, students only some: theirs are looked at mark by mark."""
        if version <= self._version or epoch != self._epoch:
            if self._is_contiguous:
                self.wrong.append(f"{epoch} {version} after {self._epoch} {self._version}")
            return  # A snapshot may be newer than what was on its way when it was taken.
        if self._role is Role.TEACHER and version != self._version + 1:
            self.wrong.append(f"{version} instead of {self._version + 1}")
        self._version, self._is_contiguous = version, True
        if kind == "MARK":
            for change in data["changes"]:
                self._marked(change["studentId"], change["times"])
        else:
            self.state.update(data)

    def _marked(self, who: str, times: int) -> None:
        if times > self.state.get(who, 0) + 1:  # less: the rows of a snapshot may be newer than its version
            self.wrong.append(f"mark {times} of {who} after {self.state.get(who, 0)}")
        self.state[who] = times

    def _live(self, *, is_contiguous: bool) -> None:
        self._is_contiguous = is_contiguous
        self.live_at = asyncio.get_running_loop().time()

    def _lost(self) -> None:
        if self.live_at is None:
            return
        if asyncio.get_running_loop().time() - self.live_at >= STILL_THERE:
            self._failures = 0
        self.breaks, self.live_at = self.breaks + 1, None

    def _wait(self) -> float:
        wait = backoff(self._failures, self._chance) if self._hint is None else self._chance() * self._hint
        self._failures, self._hint = self._failures + 1, None
        return wait
