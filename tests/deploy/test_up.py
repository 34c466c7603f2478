"""``muster up`` as a process, with stand-ins for the parts that it runs.

The stand-ins shadow the packages of the same name from the working directory; services and migrations are
real.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.stack.home import read_env
from deploy.stack.local import local_services, temporary_home
from deploy.stack.orphans import command_of
from deploy.stack.ports import free_port

pytestmark = pytest.mark.stack

EDGE = """
import http.server, os
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *words): pass
print("edge has pid", os.getpid(), flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["MUSTER_{name}_PORT"])), Answers).serve_forever()
"""

CELERY = """
import os, sys, time
print("stand-in for", *sys.argv[1:], "has pid", os.getpid())
print("celery@here ready.")
time.sleep(600)
"""


class Run:
    """One ``muster up``, and what it printed so far."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.ports = free_port("127.0.0.1"), free_port("127.0.0.1")
        self.log = folder / "log"

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it; the caller waits for it."""
        api, gateway = map(str, self.ports)
        options = ["--home", str(self.home), "--no-demo", "--api-port", api, "--gateway-port", gateway]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
        with self.log.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "deploy.cli", "up", *options],
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=output,
            )

    def text(self) -> str:
        """Everything printed."""
        return self.log.read_text()

    def pids(self) -> list[int]:
        """Every process that said its number."""
        return [int(line.split("pid ")[1]) for line in self.text().splitlines() if "has pid" in line]

    def wait_ready(self) -> None:
        """Until the banner."""
        eventually(lambda: "Muster is up." in self.text(), self.text)


def eventually(holds: Callable[[], bool], explain: Callable[[], str] = str, seconds: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


@contextmanager
def ready_run(folder: Path) -> Iterator["Running"]:
    """A stack of stand-ins that is ready, stopped after the block."""
    for name, code in (("api", EDGE), ("gateway", EDGE), ("celery", CELERY)):
        (folder / name).mkdir()
        (folder / name / "__init__.py").touch()
        (folder / name / "__main__.py").write_text(code.replace("{name}", name.upper()))
    with temporary_home() as home:
        run = Run(home, folder)
        with run.start() as process:
            try:
                run.wait_ready()
                yield run, process
            finally:
                process.terminate()


Running = tuple[Run, "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One stack for the tests that leave it running."""
    with ready_run(tmp_path_factory.mktemp("running")) as both:
        yield both


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Running]:
    """A stack for a test that ends it."""
    with ready_run(tmp_path) as both:
        yield both


def test_sigterm_stops_everything_within_ten_seconds(doomed: Running) -> None:
    run, process = doomed
    begun = time.monotonic()
    process.terminate()
    assert process.wait(15) == 0
    assert time.monotonic() - begun < 10
    assert not any(command_of(pid) for pid in run.pids())
    assert not (run.home / "env").exists()
    assert not (run.home / "postgres" / "postmaster.pid").exists()


def test_other_tools_find_the_running_stack_by_its_file(running: Running) -> None:
    run, _ = running
    noted = read_env(run.home / "env")
    with local_services(run.home) as services:
        assert services.database_url == noted["MUSTER_DATABASE_URL"]
    assert noted["MUSTER_PUBLIC_URL"] == f"http://localhost:{run.ports[0]}"


def test_a_second_start_is_refused_with_the_addresses_of_the_first(running: Running) -> None:
    run, process = running
    command = [sys.executable, "-m", "deploy.cli", "up", "--home", str(run.home)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert second.returncode == 69
    assert second.stdout == ""
    assert f"pid {process.pid}, pages at http://localhost:{run.ports[0]}" in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_part_that_dies_is_started_again(running: Running) -> None:
    run, _ = running
    edge = next(int(line.split("pid ")[1]) for line in run.text().splitlines() if line.startswith("api "))
    os.kill(edge, signal.SIGKILL)
    eventually(lambda: "was killed by SIGKILL, starts again in 0.5 s" in run.text(), run.text)
    eventually(lambda: len(run.pids()) == 8, run.text)
    eventually(lambda: answers(run.ports[0]))


def test_postgres_that_dies_is_started_again(running: Running) -> None:
    run, _ = running
    pid_file = run.home / "postgres" / "postmaster.pid"
    first = int(pid_file.read_text().split()[0])
    os.kill(first, signal.SIGKILL)
    eventually(lambda: run.text().count("database system is ready") == 2, run.text)
    assert int(pid_file.read_text().split()[0]) != first


def test_a_killed_supervisor_leaves_nothing_behind(doomed: Running) -> None:
    run, process = doomed
    process.kill()
    process.wait()
    eventually(lambda: not any(command_of(pid) for pid in run.pids()))
    with run.start() as again:
        run.wait_ready()
        again.terminate()
    assert again.returncode == 0


def answers(port: int) -> bool:
    """Whether a server answers on the port."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False
