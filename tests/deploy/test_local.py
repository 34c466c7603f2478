"""The embedded services: durable, private, and back after any end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import redis

from deploy.stack.home import Home, write_env
from deploy.stack.local import LocalServices, local_services, temporary_services
from deploy.stack.lock import locked
from deploy.stack.orphans import command_of, stop_orphan

HOLD = """
import sys, time
from pathlib import Path
from deploy.stack.local import local_services
with local_services(Path(sys.argv[1]), environment={}) as services:
    print("up", flush=True)
    time.sleep(600)
"""


def remember(services: LocalServices, word: str) -> None:
    """Put a word into both services."""
    with psycopg.connect(services.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])
    with redis.Redis.from_url(services.redis_url) as client:
        client.rpush("words", word)


def remembered(services: LocalServices) -> tuple[list[str], list[str]]:
    """The words in both services."""
    with psycopg.connect(services.database_url) as connection:
        rows = [row[0] for row in connection.execute("SELECT word FROM words")]
    with redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
        listed = client.lrange("words", 0, -1)
    assert isinstance(listed, list)
    return rows, listed


def postmaster(home: Path) -> int:
    """The process of the home's PostgreSQL."""
    return int((home / "postgres" / "postmaster.pid").read_text().split()[0])


def wait_until_gone(pid: int, seconds: float = 10.0) -> None:
    """Until there is no such process any more."""
    deadline = time.monotonic() + seconds
    while command_of(pid):
        assert time.monotonic() < deadline, f"{command_of(pid)} is still there"
        time.sleep(0.05)


def test_data_is_there_at_the_next_start(home: Path) -> None:
    with local_services(home, environment={}) as services:
        remember(services, "first")
    with local_services(home, environment={}) as services:
        assert remembered(services) == (["first"], ["first"])


def test_what_was_committed_survives_sigkill_of_everything(home: Path) -> None:
    with local_services(home, environment={}) as services:
        remember(services, "kept")
        os.kill(postmaster(home), signal.SIGKILL)
        os.kill(int((home / "valkey" / "valkey.pid").read_text()), signal.SIGKILL)
    with local_services(home, environment={}) as services:
        assert remembered(services) == (["kept"], ["kept"])


def test_a_killed_owner_leaves_no_server_behind_and_nothing_in_the_way(home: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        server = postmaster(home)
        owner.kill()
    with local_services(home, environment={}) as services:
        remember(services, "after")
        assert postmaster(home) != server
    wait_until_gone(server)


def test_durable_means_that_both_wait_for_the_disk(home: Path) -> None:
    with local_services(home, environment={}) as services:
        with psycopg.connect(services.database_url) as connection:
            settings = [connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")]
        with redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
            assert client.config_get("appendfsync") == {"appendfsync": "always"}
    assert settings == [("on",), ("on",)]


def test_nothing_listens_on_the_network(home: Path) -> None:
    with local_services(home, durable=False, environment={}) as services:
        with psycopg.connect(services.database_url) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        with redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
            assert client.config_get("port") == {"port": "0"}


def test_temporary_services_leave_nothing_behind() -> None:
    with temporary_services() as services:
        place = Path(services.redis_url.removeprefix("unix://").partition("?")[0])
        assert place.is_socket()
    assert not place.parent.parent.parent.exists()


def test_a_running_stack_is_reused(home: Path) -> None:
    running = LocalServices("postgresql:///", "unix:///", "secret")
    write_env(home / "env", running.environment())
    with locked(Home(home), "a stack"), local_services(home) as services:
        assert services == running


def test_a_number_that_is_another_programs_by_now_is_forgotten_and_nobody_is_hurt(tmp_path: Path) -> None:
    pid_file = tmp_path / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    stop_orphan(pid_file, tmp_path / "data", signal.SIGKILL)
    assert not pid_file.exists()
