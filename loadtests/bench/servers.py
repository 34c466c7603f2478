"""Servers under test: one process each, pinned to one core where the system can."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psutil

from deploy.stack.local import LocalServices

SERVER_CORE = 0
READY_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A running server process, and others whose work is counted as its own."""

    url: str
    process: psutil.Process
    helpers: tuple[psutil.Process, ...] = ()

    def cpu_seconds(self) -> float:
        """CPU time used, user and system."""
        times = [process.cpu_times() for process in (self.process, *self.helpers)]
        return float(sum(each.user + each.system for each in times))

    def counting(self, pids: Iterable[int]) -> "Server":
        """The same server, with the CPU of these processes on its bill."""
        return replace(self, helpers=tuple(psutil.Process(pid) for pid in pids))


def leave_the_server_its_core() -> None:
    """Pin this process, and what it starts from now on, to the other cores."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {SERVER_CORE})


def api_environment(local: LocalServices, port: int) -> dict[str, str]:
    """The variables of an API process under test."""
    return {
        **local.environment(),
        "MUSTER_ENVIRONMENT": "local",
        # A thousand people do here in a minute what takes a campus a day.
        "MUSTER_REQUESTS_PER_MINUTE": "10000000",
        "MUSTER_CHECK_INS_PER_MINUTE": "10000000",
        "MUSTER_CONNECTION_EVENTS_PER_MINUTE": "10000000",
        "MUSTER_API_PORT": str(port),
        "MUSTER_API_METRICS_PORT": "0",
        "MUSTER_LOG_LEVEL": "WARNING",
    }


def baseline(name: str, port: int) -> list[str]:
    """The command of a server of :mod:`loadtests.baselines`."""
    served = ["-m", "uvicorn", f"loadtests.baselines.{name}:app", "--port", str(port)]
    return [*served, "--no-access-log", "--log-level", "warning"]


@contextmanager
def server(arguments: list[str], port: int, environment: Mapping[str, str]) -> Iterator[Server]:
    """Start ``python …``, wait until it answers, stop it after the block."""
    process = subprocess.Popen([sys.executable, *arguments], env={**os.environ, **environment})  # noqa: S603
    watched = psutil.Process(process.pid)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {SERVER_CORE})
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield Server(url, watched)
    finally:
        process.terminate()
        process.wait(15)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(READY_SECONDS * 10):
        if process.poll() is not None:
            raise RuntimeError(f"the server under test ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{url}/livez", timeout=1)  # noqa: S310 - loopback
        except urllib.error.HTTPError:
            return  # it answers, if only to say that it does not know the path
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} did not answer")
