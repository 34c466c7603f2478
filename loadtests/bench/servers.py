"""Servers under test: one process each, pinned to one core where the system can."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

SERVER_CORE = 0
READY_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A running server process."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """CPU time it has used, user and system."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def leave_the_server_its_core() -> None:
    """Pin this process, and what it starts from now on, to the other cores."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {SERVER_CORE})


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
