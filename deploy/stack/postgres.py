"""The embedded PostgreSQL: a data directory, a command line, and when it is ready."""

import re
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg

from deploy.stack.errors import StackError
from deploy.stack.home import Home
from deploy.stack.orphans import stop_orphan
from deploy.stack.place import Place, place_postgres, private_directory
from deploy.stack.program import Program, run_as
from deploy.stack.service import Service

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All that the server sees of our environment: it needs no secrets."""

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "logical",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "",
    "log_checkpoints": "off",
}

HASTY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that lives as long as a test run."""


def prepare_postgres(home: Home, binaries: Path, say: Callable[[str], None], *, durable: bool = True) -> Service:
    """Everything but the start: a place, a data directory, and no leftovers of an earlier run."""
    place = place_postgres(home, binaries, say)
    _initialise(place, durable=durable)
    stop_orphan(place.data / "postmaster.pid", place.data, signal.SIGINT)
    for leftover in place.sockets.iterdir():
        leftover.unlink()
    settings = SETTINGS | ({} if durable else HASTY_SETTINGS)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = (str(place.binaries / "postgres"), "-D", str(place.data), "-k", str(place.sockets), *options)
    # SIGINT is PostgreSQL's "fast" shutdown: open transactions are rolled back, data is written.
    fast = signal.SIGINT
    program = Program("postgres", command, ENVIRONMENT, account=place.account, stop_signal=fast, orphan_signal=fast)
    return Service(_url(place, "muster"), program, partial(_answers, _url(place, "postgres")))


def _url(place: Place, database: str) -> str:
    return f"postgresql://muster@/{database}?host={place.sockets}"


def _initialise(place: Place, *, durable: bool) -> None:
    """Make the data directory, all or nothing: an interrupted initdb is started over."""
    if (place.data / "PG_VERSION").exists():
        _check_version(place)
        return
    draft = place.data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    private_directory(draft, place.account)
    options = ["--username=muster", "--auth=trust", "--encoding=UTF8", *_locale(_major(place))]
    options += [] if durable else ["--no-sync"]
    command = [str(place.binaries / "initdb"), f"--pgdata={draft}", *options]
    made = run_as(place.account, command, ENVIRONMENT)
    if made.returncode != 0:
        raise StackError(f"initdb failed: {' '.join(made.stderr.split()[-40:])}")
    draft.rename(place.data)


def _locale(major: int) -> list[str]:
    """Unicode's own rules on every machine: built into PostgreSQL since 17, from the C library before."""
    if major >= 17:
        return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return ["--locale=C.UTF-8"]


def _major(place: Place) -> int:
    shown = run_as(place.account, [str(place.binaries / "postgres"), "--version"], ENVIRONMENT)
    found = re.search(r"\d+", shown.stdout)  # "postgres (PostgreSQL) 18.4"
    if found is None:
        raise StackError(f"cannot run {place.binaries}/postgres: {shown.stderr.strip()}")
    return int(found[0])


def _check_version(place: Place) -> None:
    made_by, found = (place.data / "PG_VERSION").read_text().strip(), str(_major(place))
    if made_by != found:
        raise StackError(
            f"{place.data} was made by PostgreSQL {made_by}, found PostgreSQL {found}; choose another --home"
        )


def _answers(url: str) -> bool:
    """Whether the server takes connections; makes Muster's database at the first one."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'muster'").fetchone()
            if row is None:
                connection.execute("CREATE DATABASE muster")
    except psycopg.OperationalError:
        return False
    return True
