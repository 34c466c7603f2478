"""What a load on gateways needs beside them: sessions that Redis knows, people with tokens, and crowds of them."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from redis import Redis

from loadtests.bench.servers import SERVER_CORE
from loadtests.gateway.crowd import SAMPLED
from loadtests.gateway.member import frame
from shared import keys, projection
from shared.domain.words import Role, SessionStatus
from shared.ids import new_id
from shared.projection import Projection
from shared.settings import Settings
from shared.tokens import Tokens

MUSTER = {"ready": b'"SUBSCRIBED"'}
"""The dialect of our gateway, for members that follow a channel."""


@dataclass(frozen=True)
class Hall:
    """One session and those who come."""

    session_id: UUID
    teacher: UUID
    students: list[UUID]

    @property
    def channel(self) -> str:
        """Its realtime channel."""
        return keys.channel(self.session_id)


def open_halls(redis: Redis, halls: int, students: int) -> list[Hall]:
    """Sessions that run, with this many students each, as the workers would project them."""
    opened = [Hall(new_id(), new_id(), [new_id() for _ in range(students)]) for _ in range(halls)]
    pipeline: Any = redis.pipeline(transaction=False)
    for hall in opened:
        projection.write(pipeline, Projection(hall.session_id, SessionStatus.ACTIVE, hall.teacher, hall.students))
    pipeline.execute()
    return opened


def students_of(settings: Settings, halls: Sequence[Hall]) -> list[dict[str, Any]]:
    """Every student as a guest of a crowd: present on the session's path, and following its channel."""
    tokens, now = Tokens(settings), datetime.now(UTC)
    guests = []
    for hall in halls:
        for student in hall.students:
            token, _ = tokens.issue(student, Role.STUDENT, now, timedelta(hours=2))
            connect = {"type": "CONNECT", "token": token, "subscribe": [{"channel": hall.channel}]}
            first = [b64encode(frame(json.dumps(connect).encode())).decode()]
            guests.append({"path": f"/ws/sessions/{hall.session_id}", "first": first})
    return guests


class CrowdProcess:
    """A crowd in a process of its own, and what it is told."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def join(
        self, port: int, guests: Sequence[dict[str, Any]], dialect: dict[str, bytes], rate: float, **more: int
    ) -> dict[str, Any]:
        """Open these sockets; raises when one of them is refused. ``sampled``: about how many of them are timed."""
        spoken = {name: b64encode(value).decode() for name, value in dialect.items()}
        before = self.tell("report")["there"]
        answer = self.tell("join", port=port, guests=list(guests), dialect=spoken, rate=rate, **more)
        if answer["there"] - before != len(guests):
            raise AssertionError(f"not everybody got in: {answer}")
        return answer

    def tell(self, order: str, **more: Any) -> dict[str, Any]:
        """Send an order; the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": order, **more}).encode() + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the crowd has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def go_first(self) -> None:
        """Read what comes before anybody else on these cores does anything, where that is allowed."""
        try:
            os.sched_setscheduler(self._process.pid, os.SCHED_FIFO, os.sched_param(1))
        except (AttributeError, PermissionError):
            _say_once("Nobody may go first here: delays seem longer than they are.")


class Audience:
    """A crowd, and evenly spread among them some who are timed, in a process of their own that goes first on its core:
    whoever reads for a thousand others too, or waits for those who do, is late, and no server is to blame for that."""

    def __init__(self, crowd: CrowdProcess, timed: CrowdProcess) -> None:
        self._crowd = crowd
        self._timed = timed

    def join(self, port: int, guests: Sequence[dict[str, Any]], dialect: dict[str, bytes], rate: float) -> None:
        """Open these sockets, in this order; raises when one of them is refused."""
        size = max(1, len(guests) // SAMPLED)
        for start in range(0, len(guests), size):
            some = guests[start : start + size]
            one = len(some) // 2
            self._crowd.join(port, some[:one], dialect, rate, sampled=0)
            self._timed.join(port, some[one : one + 1], dialect, rate, sampled=1)
            self._crowd.join(port, some[one + 1 :], dialect, rate, sampled=0)

    def tell(self, order: str) -> dict[str, Any]:
        """Send an order to all; what they have seen together, timed by those who are."""
        crowd, timed = self._crowd.tell(order), self._timed.tell(order)
        return {**timed, **{count: crowd[count] + timed[count] for count in ("there", "pushes", "bytes", "pings")}}


@cache
def _say_once(what: str) -> None:
    print(what, flush=True)


@contextmanager
def audience() -> Iterator[Audience]:
    """One that is gone after the block."""
    with crowd() as many, crowd() as few:
        few.go_first()
        yield Audience(many, few)


@contextmanager
def crowd() -> Iterator[CrowdProcess]:
    """A crowd that is gone after the block, kept off the core of the servers."""
    command = [sys.executable, "-m", "loadtests.gateway.crowd"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process.pid, set(range(os.cpu_count() or 1)) - {SERVER_CORE})
    try:
        yield CrowdProcess(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)
