"""What all simulated people share: who they are, how they talk, and that a lost socket is opened again."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import gevent.event
from geventhttpclient.client import HTTPClientPool
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from loadtests.load.journey import Journey
from loadtests.load.prepared import Meeting, Prepared, load
from loadtests.load.scenarios import JOURNEY
from loadtests.load.screens import Screens
from loadtests.load.sockets import Lost, RoomSocket, report
from loadtests.load.traffic import RECONNECT_SECONDS

POOLED = 200
"""HTTP connections of a process: what a proxy in front of the API keeps open to it."""

MOST_TRIES = 5


class Campus:
    """The part of a prepared campus that this process plays, and what its people share.

    Sessions are dealt out whole, so that both ends of a check-in are in one process.
    """

    def __init__(self, prepared: Prepared, environment: Environment, index: int = 0, processes: int = 1) -> None:
        self.gateway = prepared.gateway
        self._meetings = prepared.meetings[index::processes] or prepared.meetings
        self._reviews = prepared.reviews[index::processes] or prepared.reviews
        self.journey = Journey(lambda seconds: report(environment, "JOURNEY", JOURNEY, seconds))
        self.screens = Screens()
        self.storm = gevent.event.Event()
        self.chance = Random(index)
        self._began = time.monotonic()
        self._students = _round_robin(self._meetings)
        self._teachers, self._reviewers = count(), count()

    def age(self) -> float:
        """Seconds since the first of its people was there."""
        return time.monotonic() - self._began

    def next_student(self) -> tuple[Meeting, str, str]:
        """Somebody who is not played yet: their session, id and token."""
        return next(self._students)

    def next_meeting(self) -> Meeting:
        """A session whose teacher is not played yet."""
        return self._meetings[next(self._teachers) % len(self._meetings)]

    def next_review(self) -> Meeting:
        """A session that nobody ends yet."""
        return self._reviews[next(self._reviewers) % len(self._reviews)]


def _round_robin(meetings: list[Meeting]) -> Iterator[tuple[Meeting, str, str]]:
    """Room after room, so that all fill at the same time; from the beginning again after the last student."""
    for place in count():
        for meeting in meetings:
            yield meeting, *meeting.students[place % len(meeting.students)]


def open_campus(environment: Environment) -> Campus:
    """The campus of this process, read once."""
    known: Campus | None = getattr(environment, "muster_campus", None)
    if known is None:
        options: Any = environment.parsed_options
        runner: Any = environment.runner
        index, processes = getattr(runner, "worker_index", 0), int(options.load_processes)
        known = Campus(load(Path(options.campus)), environment, max(0, index), processes)
        environment.muster_campus = known  # type: ignore[attr-defined]
    return known


class CampusUser(FastHttpUser):
    """Somebody on campus."""

    abstract = True
    connection_timeout = 10.0
    network_timeout = 15.0
    client_pool = HTTPClientPool(concurrency=POOLED)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.campus = open_campus(environment)
        self.chance = Random(self.campus.chance.random())
        self.room: RoomSocket | None = None

    def ask(self, method: str, path: str, token: str, name: str, body: Any = None) -> Any:
        """One request, named by its route. The answer's body, or None where it is refused."""
        headers = {"Authorization": f"Bearer {token}"}
        with self.client.request(method, path, name=name, json=body, headers=headers, catch_response=True) as answer:
            if answer.status_code not in (200, 201, 202):
                answer.failure(f"status {answer.status_code}")
                return None
            answer.success()
            return answer.json()

    def wait_between(self, bounds: tuple[float, float]) -> None:
        """A pause like a person's."""
        gevent.sleep(self.chance.uniform(*bounds))

    def follow(self, path: str, name: str, token: str, channel: str, stay: Callable[[RoomSocket], None]) -> None:
        """Open a socket and ``stay``; when it is lost, open it again as a page does: full jitter, always."""
        while True:
            try:
                self.room = RoomSocket(self.environment, self.campus.gateway + path, name)
                self.room.hello(token, channel)
                stay(self.room)
                return
            except Lost:
                self.wait_between(RECONNECT_SECONDS)

    def on_stop(self) -> None:
        """Leave as a closed page does."""
        if self.room is not None:
            self.room.close()
