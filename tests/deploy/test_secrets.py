"""The scripts of compose.yaml against real services: secrets, logins with few rights, a Redis that knows its own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis as redis_client

from deploy.stack.home import Home
from deploy.stack.local import LocalServices, temporary_home, temporary_services
from deploy.stack.services import Embedded, find_services, postgres_binaries
from shared.domain.words import Role
from shared.migrations import make_roles, migrate
from shared.settings import Settings
from tests.deploy.manifests import DEPLOY

SCRIPTS = DEPLOY / "compose"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The directory that secrets.sh makes."""
    subprocess.run(["sh", str(SCRIPTS / "secrets.sh"), str(tmp_path / "secrets")], check=True, capture_output=True)
    return tmp_path / "secrets"


def test_secrets_are_long_different_private_and_made_once(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    made = {path.name: path.read_text() for path in secrets.iterdir()}
    words = [made[name] for name in ("secret_key", "owner_password", "api_password", "worker_password")]
    assert len(set(words)) == 4
    assert all(len(word) == 64 for word in words)
    again = subprocess.run(["sh", str(SCRIPTS / "secrets.sh"), str(secrets)], capture_output=True, check=False)
    assert again.returncode == 1
    assert (secrets / "secret_key").read_text() == made["secret_key"]


def test_a_process_reads_its_secrets_as_files(secrets: Path, tmp_path: Path) -> None:
    mounted = tmp_path / "run"
    mounted.mkdir()
    for name, source in {
        "secret_key": "secret_key",
        "redis_url": "redis_url",
        "database_url": "database_url_api",
    }.items():
        shutil.copy(secrets / source, mounted / f"muster_{name}")
    settings = Settings(_secrets_dir=mounted)
    assert settings.secret_key.get_secret_value() == (secrets / "secret_key").read_text()
    assert settings.database_url == (secrets / "database_url_api").read_text()


@pytest.fixture(scope="module")
def services() -> Iterator[LocalServices]:
    """A PostgreSQL as the image starts it: empty, with a superuser."""
    with temporary_services() as found:
        yield found


def test_the_logins_may_do_what_their_process_does_and_nothing_else(services: LocalServices, secrets: Path) -> None:
    make_roles(services.database_url)
    script = (SCRIPTS / "logins.sh").read_text().replace("/run/secrets", str(secrets))
    host = services.database_url.partition("host=")[2]
    binaries = next(postgres_binaries())
    environment = {
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "PGHOST": host,
        "POSTGRES_USER": "muster",
        "POSTGRES_DB": "muster",
    }
    subprocess.run(["sh", "-c", script], env=environment, check=True, capture_output=True)
    migrate(services.database_url)
    for login, role, other in (("api", "muster_app", "muster_worker"), ("worker", "muster_worker", "muster_app")):
        with psycopg.connect(host=host, user=login, dbname="muster", autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT * FROM users")
            connection.execute(f"SET ROLE {role}")
            for forbidden in (other, "muster_owner", "muster"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(f"SET ROLE {forbidden}")
    with psycopg.connect(host=host, user="api", dbname="muster") as connection:
        for person in Role:
            connection.execute(f"SET ROLE muster_{person.value.lower()}")


def test_redis_knows_one_name_that_cannot_empty_or_copy_it(secrets: Path) -> None:
    _, source = find_services({})
    assert isinstance(source, Embedded)
    with temporary_home() as root:
        socket = Home(root).root / "valkey.sock"
        command = [str(source.program), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(root)]
        command += ["--aclfile", str(secrets / "valkey.acl"), "--loglevel", "warning"]
        with subprocess.Popen(command) as server:
            try:
                _speak(socket, (secrets / "redis_url").read_text().split("muster:")[1].split("@")[0])
            finally:
                server.terminate()


def _speak(socket: Path, password: str) -> None:
    nobody = redis_client.Redis(unix_socket_path=str(socket), retry=_patient())
    with pytest.raises(redis_client.AuthenticationError):
        nobody.ping()
    nobody.close()
    muster = redis_client.Redis(unix_socket_path=str(socket), username="muster", password=password)
    assert muster.set("muster:x", 1)
    assert muster.eval("return redis.call('GET', KEYS[1])", 1, "muster:x") == b"1"
    assert muster.xadd("muster:events", {"0": "x"})
    assert muster.publish("channel", "x") == 0
    for command in ("FLUSHALL", "CONFIG GET *", "KEYS *", "SHUTDOWN", "REPLICAOF a 1", "ACL LIST"):
        with pytest.raises(redis_client.exceptions.NoPermissionError):
            muster.execute_command(*command.split())  # type: ignore[no-untyped-call]
    muster.close()


def _patient() -> "redis_client.retry.Retry":
    """The server needs a moment."""
    return redis_client.retry.Retry(
        redis_client.backoff.ConstantBackoff(0.05), 100, (redis_client.ConnectionError, FileNotFoundError)
    )
