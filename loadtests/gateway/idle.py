"""Ten thousand who are connected and told nothing: what they weigh, what their pings cost, and what they may say."""

import json
import time
from base64 import b64encode
from dataclasses import dataclass

import psutil
from redis import Redis

from deploy.stack.local import LocalServices
from deploy.stack.settings import checked
from loadtests.gateway.contestant import Contestant
from loadtests.gateway.hall import CrowdProcess, crowd, open_halls, students_of
from loadtests.gateway.member import frame
from loadtests.gateway.rounds import Result, cpu, started

SOCKETS = 10_000
HALLS = 100
RATE = 200.0
ROUNDS_SECONDS = 30.0
TALKERS = 1_000
SAYINGS = 40


@dataclass(frozen=True)
class Idle:
    """Kilobytes per socket; the share of a core that 10,000 pings per 15 s take."""

    kilobytes: float
    core: float


def idle(contestant: Contestant, local: LocalServices) -> Idle:
    """Ours are present in a session and follow it, pings on; the yardstick's are connected, pings on."""
    with started(contestant) as process, crowd() as people:
        guests = contestant.guests(contestant.channels[0], SOCKETS)
        if contestant.name == "Muster":
            with Redis.from_url(local.redis_url) as redis:
                halls = open_halls(redis, HALLS, SOCKETS // HALLS)
            guests = students_of(checked(contestant.environment), halls)
        empty = process.memory_info().rss
        people.join(contestant.port, guests, contestant.dialect, RATE)
        time.sleep(2.0)
        before, start = cpu(process), time.monotonic()
        time.sleep(ROUNDS_SECONDS)
        core = (cpu(process) - before) / (time.monotonic() - start)
        if people.tell("report")["there"] != SOCKETS:
            raise AssertionError(f"{contestant.name}: not everybody stayed")
        return Idle((process.memory_info().rss - empty) / SOCKETS / 1024, core)


def heard(contestant: Contestant) -> Result:
    """What a frame from a client takes that the server reads."""
    with started(contestant) as process, crowd() as people:
        people.join(contestant.port, contestant.guests(contestant.channels[0], TALKERS), contestant.dialect, RATE)
        time.sleep(1.0)
        said = json.dumps({"type": "UNSUBSCRIBE", "channel": "attendance_updates_nobody"})
        before = cpu(process)
        for _ in range(SAYINGS):
            people.tell("say", frame=b64encode(frame(said.encode())).decode())
            _until_quiet(process, people)
        return Result((cpu(process) - before) / (TALKERS * SAYINGS) * 1e6)


def _until_quiet(process: psutil.Process, people: CrowdProcess) -> None:
    """Until the server has read what was said: its CPU stands still."""
    people.tell("report")
    last = -1.0
    while (now := cpu(process)) != last:
        last = now
        time.sleep(0.03)
