"""A load run from beginning to end: a stack of its own, a prepared campus, locust in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.stack.errors import StackError
from deploy.stack.home import read_env
from deploy.stack.local import temporary_home
from deploy.stack.ports import free_port
from deploy.stack.settings import checked
from loadtests.load.prepare import prepare
from loadtests.load.prepared import Prepared, save
from loadtests.load.scenarios import SCENARIOS, STAFF
from loadtests.load.traffic import CLASS_SIZE
from shared.settings import Settings

READY_SECONDS = 120.0
STOP_SECONDS = 20.0
LOCUSTFILE = Path(__file__).parent.parent / "locustfile.py"


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run. ``arrive`` is the seconds in which everybody arrives, two thirds of the run unless told."""

    scenario: str
    students: int
    seconds: int
    processes: int = 1
    arrive: float | None = None

    @property
    def users(self) -> int:
        """Locust's users: the students, and the staff that belongs to them."""
        scenario = SCENARIOS[self.scenario]
        alone = scenario.weights.keys() <= STAFF
        return sum(scenario.staff(self.students).values()) + (0 if alone else self.students)


@contextmanager
def own_stack() -> Iterator[Settings]:
    """``muster up`` in a home of its own, on free ports, for the length of the block."""
    with temporary_home() as home, (home / "up.log").open("wb") as log:
        ports = ["--api-port", str(free_port("127.0.0.1")), "--gateway-port", str(free_port("127.0.0.1"))]
        command = [sys.executable, "-m", "deploy.cli", "up", "--no-demo", "--home", str(home), *ports]
        process = subprocess.Popen(command, env=_environment(), stdout=log, stderr=log)  # noqa: S603 - our own
        try:
            _wait(process, home)
            yield checked(read_env(home / "env"))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)


def _environment() -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    return {**given, "MUSTER_LOG_LEVEL": "WARNING", "MUSTER_API_METRICS_PORT": "0", "MUSTER_GATEWAY_METRICS_PORT": "0"}


def _wait(process: "subprocess.Popen[bytes]", home: Path) -> None:
    """Until the banner: everything in it is ready by then."""
    until = time.monotonic() + READY_SECONDS
    while "Muster is up" not in (home / "up.log").read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > until:
            last = (home / "up.log").read_text(errors="replace").splitlines()[-3:]
            raise StackError(f"the stack under load does not start: {' / '.join(last)}")
        time.sleep(0.1)


def run_in_own_stack(wish: Wish, artifacts: Path) -> int:
    """Start a stack, prepare it, load it; locust's exit status."""
    with own_stack() as settings:
        print(f"{settings.public_url} is up; preparing {wish.students:,} students", flush=True)
        return run(wish, prepare(settings, students=max(wish.students, CLASS_SIZE)), artifacts)


def run(wish: Wish, prepared: Prepared, artifacts: Path) -> int:
    """Load a prepared campus; the reports stay in a folder of their own."""
    folder = artifacts / f"{wish.scenario}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True)
    campus = folder / "campus.json"
    save(prepared, campus)
    try:
        status = subprocess.call(_locust(wish, prepared, campus, folder))  # noqa: S603 - our own command line
    finally:
        campus.unlink()  # its tokens let people in
    print(f"reports: {folder}/report.html, {folder}/load_stats.csv")
    return status


def _locust(wish: Wish, prepared: Prepared, campus: Path, folder: Path) -> list[str]:
    options = {
        "--locustfile": LOCUSTFILE,
        "--host": prepared.api,
        "--campus": campus,
        "--scenario": wish.scenario,
        "--users": wish.users,
        "--students": wish.students,
        "--run-time": f"{wish.seconds}s",
        "--arrive": wish.seconds * 2 / 3 if wish.arrive is None else wish.arrive,
        "--html": folder / "report.html",
        "--csv": folder / "load",
        "--load-processes": wish.processes,
        "--stop-timeout": 5,
        "--loglevel": "ERROR",  # starting many people at once is meant
    }
    several = ["--processes", str(wish.processes)] if wish.processes > 1 else []
    flat = [str(word) for pair in options.items() for word in pair]
    return [sys.executable, "-m", "locust", "--headless", "--only-summary", *flat, *several]
