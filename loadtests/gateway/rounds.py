"""One contestant's work, measured: CPU of its process per delivery, and how late deliveries are."""

import os
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, replace
from typing import TypeVar

import psutil

from loadtests.bench.servers import SERVER_CORE
from loadtests.gateway.contestant import Contestant, Publish
from loadtests.gateway.hall import Audience, CrowdProcess, audience, crowd
from loadtests.gateway.member import STAMP

PAYLOAD_BYTES = 110
"""With our envelope a frame of some 250 bytes; without one it is filled up to the same."""
ENVELOPE_BYTES = 140
FOLLOWERS = 1000
PATIENCE = 120.0
Contender = TypeVar("Contender")


@dataclass(frozen=True)
class Fanout:
    """A way to publish: to so many channels, so often a second, so many at once, so many times. ``goal`` is the most
    CPU per delivery, as a share of the yardstick's, where there is one."""

    name: str
    channels: int
    per_second: float
    times: int
    goal: float | None = None
    at_once: int = 1


FANOUTS = [
    Fanout("G1, G6: 1 × 1000, 20 a second", 1, 20, 80, 0.67),
    Fanout("half of what the yardstick can: 1 × 1000, 45 a second", 1, 45, 70),
    Fanout("G3: 1 × 1000, 100 a second", 1, 100, 250, 0.36),
    Fanout("G4: 1 × 1000, 200 a second", 1, 200, 200, 0.22),
    Fanout("G5: 1 × 1000, bursts of 100", 1, 2, 3, 0.06, at_once=100),
    Fanout("G2: 10 × 100, 20 a second each", 10, 20, 60, 0.67),
]


@dataclass(frozen=True)
class Result:
    """Microseconds of CPU per delivery (or per socket that came), and milliseconds from publishing to reading."""

    micros: float
    p50: float = 0.0
    p99: float = 0.0


def median(results: Sequence[Result]) -> Result:
    """Of each figure by itself."""
    return Result(*map(statistics.median, zip(*map(astuple, results), strict=True)))


@dataclass(frozen=True, eq=False)
class Stand:
    """A contestant at work, and those who follow its channels."""

    contestant: Contestant
    process: psutil.Process
    people: Audience

    def __str__(self) -> str:
        return self.contestant.name


@contextmanager
def started(contestant: Contestant) -> Iterator[psutil.Process]:
    """Run a contestant on a core of its own for the length of the block."""
    environment = {**os.environ, **contestant.environment}
    quiet = None if contestant.name == "Muster" else subprocess.DEVNULL
    process = subprocess.Popen(contestant.command, env=environment, stdout=quiet, stderr=quiet)  # noqa: S603
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {SERVER_CORE})
    try:
        _wait(contestant.port, process)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def connect(contestant: Contestant, process: psutil.Process, people: CrowdProcess | Audience, channels: int) -> float:
    """Let everybody come; microseconds of CPU per socket."""
    share = FOLLOWERS // channels
    guests = [guest for name in contestant.channels[:channels] for guest in contestant.guests(name, share)]
    before = cpu(process)
    people.join(contestant.port, guests, contestant.dialect, rate=1000.0)
    return (cpu(process) - before) / FOLLOWERS * 1e6


def fan_out(stand: Stand, work: Fanout) -> Result:
    """Publish, wait until all has arrived, and see what that took."""
    contestant, process, people = stand.contestant, stand.process, stand.people
    publish = contestant.open()
    _publish(
        publish, contestant.channels[: work.channels], replace(work, per_second=20, times=3, at_once=1), contestant.name
    )
    time.sleep(1.0)
    people.tell("reset")
    before = cpu(process)
    expected = _publish(publish, contestant.channels[: work.channels], work, contestant.name)
    deadline = time.monotonic() + PATIENCE
    while (seen := people.tell("report"))["pushes"] < expected * contestant.kept:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{contestant.name}: {seen} of {expected} deliveries")
        time.sleep(0.05)
    if seen["pushes"] > expected:
        raise AssertionError(f"{contestant.name}: {seen['pushes']} deliveries instead of {expected}")
    return Result((cpu(process) - before) / expected * 1e6, seen["p50"], seen["p99"])


def cpu(process: psutil.Process) -> float:
    """CPU seconds used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def arrivals(contestant: Contestant) -> Result:
    """What connecting takes."""
    with started(contestant) as process, crowd() as people:
        return Result(connect(contestant, process, people, 1))


@contextmanager
def stands(everybody: Sequence[Contestant], channels: int) -> Iterator[list[Stand]]:
    """All of them, followed and quiet, for the length of the block; each on the same core, so one at a time."""
    with ExitStack() as stack:
        up = []
        for contestant in everybody:
            stand = Stand(contestant, stack.enter_context(started(contestant)), stack.enter_context(audience()))
            connect(contestant, stand.process, stand.people, channels)
            up.append(stand)
        yield up


def in_turns(
    everybody: Sequence[Contender], measured: Callable[[Contender], Result], rounds: int
) -> dict[Contender, Result]:
    """The same work of everybody, a little of each in every round, so that what the machine does meanwhile hits all.

    Whoever cannot do it is left out, and that is said.
    """
    found: dict[Contender, list[Result]] = {one: [] for one in everybody}
    for _ in range(rounds):
        for one in list(found):
            try:
                found[one].append(measured(one))
            except (OSError, RuntimeError, AssertionError, TimeoutError) as error:
                print(f"{one} is left out: {error}")
                del found[one]
    return {one: median(results) for one, results in found.items()}


def _publish(publish: Publish, channels: Sequence[str], work: Fanout, name: str) -> int:
    size = PAYLOAD_BYTES + (0 if name == "Muster" else ENVELOPE_BYTES)
    start = time.monotonic()
    for turn in range(work.times):
        time.sleep(max(0.0, start + turn / work.per_second - time.monotonic()))
        for place, channel in enumerate(channels):
            if place:  # Spread over the turn: sessions do not publish in step.
                time.sleep(max(0.0, start + (turn + place / len(channels)) / work.per_second - time.monotonic()))
            publish(channel, [_payload(size)] * work.at_once)
    return work.times * work.at_once * FOLLOWERS // work.channels * len(channels)


def _payload(size: int) -> bytes:
    head = b'{%s%d,"pad":"' % (STAMP, int(time.time() * 1e6))
    return head + b"x" * (size - len(head) - 2) + b'"}'


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the server on port {port} ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=1).close()
        except urllib.error.HTTPError as answered:
            answered.close()
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nobody answers on port {port}")
