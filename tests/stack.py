"""The whole local stack as a newcomer starts it: ``muster up`` in a home of its own, on free ports."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psutil
from sqlalchemy import Engine

from deploy.stack.home import read_env
from deploy.stack.local import temporary_home
from deploy.stack.settings import checked
from shared.database import owner_engine
from shared.settings import Settings
from shared.tokens import Tokens
from tests.campus import Person

READY_SECONDS = 60


@dataclass(frozen=True)
class Stack:
    """A running stack. ``supervisor`` is the process of ``muster up``."""

    home: Path
    settings: Settings
    supervisor: psutil.Process

    @property
    def api(self) -> str:
        """Where pages and API answer."""
        return self.settings.public_url

    @property
    def friend(self) -> str:
        """Another origin that may call the API; nobody listens there until a test does."""
        return self.settings.allowed_origins[0]

    def token(self, person: Person) -> str:
        """A bearer token of this stack."""
        return Tokens(self.settings).issue(person.id, person.role, datetime.now(UTC), timedelta(hours=1))[0]

    def client(self, person: Person | None = None) -> httpx.AsyncClient:
        """Somebody on a device of their own."""
        headers = {"authorization": f"Bearer {self.token(person)}"} if person else {}
        return httpx.AsyncClient(base_url=self.api, headers=headers, timeout=15)

    @contextmanager
    def owner(self) -> Iterator[Engine]:
        """The database as its owner sees it."""
        engine = owner_engine(self.settings)
        yield engine
        engine.dispose()

    def processes(self, *words: str) -> list[psutil.Process]:
        """The stack's processes whose command line has all these words, parents before children."""
        found = []
        for process in self.supervisor.children(recursive=True):
            with_words = " ".join(_command(process))
            if all(word in with_words for word in words):
                found.append(process)
        return found

    def kill(self, *words: str) -> int:
        """SIGKILL these processes; how many there were."""
        doomed = self.processes(*words)
        for process in doomed:
            with _gone_is_fine():
                process.send_signal(signal.SIGKILL)
        return len(doomed)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except psutil.NoSuchProcess:
        return


def _command(process: psutil.Process) -> list[str]:
    try:
        line: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return line


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@asynccontextmanager
async def started_stack() -> AsyncIterator[Stack]:
    """Start the stack, wait until it says that it is ready, stop it as Ctrl-C does."""
    api_port, gateway_port, api_metrics, gateway_metrics, friend = free_ports(5)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MUSTER_")}
    environment |= {
        "MUSTER_API_METRICS_PORT": str(api_metrics),
        "MUSTER_GATEWAY_METRICS_PORT": str(gateway_metrics),
        "MUSTER_ALLOWED_ORIGINS": f"http://localhost:{friend}",
        "MUSTER_WORKER_METRICS_PORT": "0",
        "MUSTER_SCHEDULER_METRICS_PORT": "0",
    }
    arguments = ["--api-port", str(api_port), "--gateway-port", str(gateway_port)]
    with temporary_home() as home, (home / "up.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy.cli", "up", "--home", str(home), *arguments,
            stdout=log, stderr=log, env=environment,
        )  # fmt: skip
        try:
            await _ready(process, home)
            yield Stack(home, checked(read_env(home / "env")), psutil.Process(process.pid))
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), 20)


async def _ready(process: asyncio.subprocess.Process, home: Path) -> None:
    for _ in range(READY_SECONDS * 10):
        said = (home / "up.log").read_text(errors="replace")
        if "Muster is up" in said:
            return
        if process.returncode is not None:
            break
        await asyncio.sleep(0.1)
    raise AssertionError(f"the stack did not come up:\n{said[-4000:]}")
