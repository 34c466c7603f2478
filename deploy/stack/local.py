"""PostgreSQL and Valkey for the length of a block: for commands, and for tests.

A running stack is reused. Otherwise the embedded services are started and stopped around the block::

    with local_services() as services:
        migrate(services.database_url)
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.errors import StackError
from deploy.stack.home import Home, open_home, read_env
from deploy.stack.lock import AlreadyRunning, locked
from deploy.stack.postgres import prepare_postgres
from deploy.stack.program import end
from deploy.stack.service import Service
from deploy.stack.services import Embedded, find_services
from deploy.stack.valkey import prepare_valkey


@dataclass(frozen=True, slots=True)
class LocalServices:
    """Where the services answer, and the key that belongs to their data."""

    database_url: str
    redis_url: str
    secret_key: str

    def environment(self) -> dict[str, str]:
        """The same as the variables that every process reads."""
        return {
            "MUSTER_DATABASE_URL": self.database_url,
            "MUSTER_REDIS_URL": self.redis_url,
            "MUSTER_SECRET_KEY": self.secret_key,
        }


@contextmanager
def local_services(
    directory: Path | None = None,
    *,
    durable: bool = True,
    environment: Mapping[str, str] = os.environ,
) -> Iterator[LocalServices]:
    """The services of the home in ``directory`` (see :func:`deploy.stack.home.open_home`).

    ``durable=False`` never waits for the disk. URLs in ``environment`` win over embedded services.
    Raises :class:`StackError`, one line, where a service cannot be had.
    """
    home = open_home(directory)
    running = _running(home)
    if running:
        yield running
        return
    with _patiently_locked(home), ExitStack() as stack:
        secret = environment.get("MUSTER_SECRET_KEY") or home.secret()
        database, redis = find_services(environment)
        urls = []
        for source, prepare in ((database, _postgres), (redis, _valkey)):
            if isinstance(source, Embedded):
                service = prepare(home, source.program, durable)
                stack.enter_context(_started(service, home))
                urls.append(service.url)
            else:
                urls.append(source.url)
        yield LocalServices(urls[0], urls[1], secret)


@contextmanager
def temporary_services() -> Iterator[LocalServices]:
    """Empty services that nobody shares, gone after the block; ready in about a second.

    For tests: explicit URLs are ignored on purpose, a test run must never meet real data.
    """
    with temporary_home() as root, local_services(root, durable=False, environment={}) as services:
        yield services


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A directory for a stack of its own, gone after the block."""
    root = Path(tempfile.mkdtemp(prefix="muster-"))
    if os.geteuid() == 0:
        root.chmod(0o711)  # PostgreSQL does not run as root and has to pass through.
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _postgres(home: Home, binaries: Path, durable: bool) -> Service:
    return prepare_postgres(home, binaries, lambda line: print(line, file=sys.stderr), durable=durable)


def _valkey(home: Home, server: Path, durable: bool) -> Service:
    return prepare_valkey(home, server, durable=durable)


def _running(home: Home) -> LocalServices | None:
    """The services of a stack that runs already, if it said where they are."""
    noted = read_env(home.env_file)
    try:
        services = LocalServices(*(noted[f"MUSTER_{name}"] for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")))
        with locked(home, "looking"):  # Free: what the note speaks of has been killed.
            return None
    except KeyError:
        return None
    except AlreadyRunning:
        return services


@contextmanager
def _patiently_locked(home: Home, seconds: float = 10.0) -> Iterator[None]:
    """The lock of the home; another short command may hold it for a moment."""
    deadline = time.monotonic() + seconds
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(home, "a command"))
                break
            except AlreadyRunning:
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.1)
        yield


@contextmanager
def _started(service: Service, home: Home) -> Iterator[None]:
    """Run a service for the length of the block; what it says goes to ``<home>/<name>.log``."""
    program = service.program
    log = home.root / f"{program.name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(program.command, stdout=output, stderr=output, **program.options())
        try:
            _wait(service, process, log)
            yield
        finally:
            end(process, program.stop_signal)


def _wait(service: Service, process: "subprocess.Popen[bytes]", log: Path, seconds: float = 60.0) -> None:
    """Until the service answers; recovery after a crash may take a while."""
    deadline = time.monotonic() + seconds
    while not service.answers():
        if process.poll() is not None or time.monotonic() > deadline:
            last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise StackError(f"{service.program.name} does not start: {last}")
        time.sleep(0.02)
