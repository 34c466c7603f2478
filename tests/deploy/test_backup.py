"""Backup and restore of a whole campus, with real PostgreSQL tools."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.cli import app
from deploy.demo import load
from deploy.stack.local import LocalServices, temporary_services
from deploy.stack.services import postgres_binaries
from shared import keys
from shared.database import owner_engine
from shared.migrations import migrate
from shared.redis import sync_redis
from shared.settings import Settings

Run = Callable[..., str]


@pytest.fixture(scope="module")
def services() -> Iterator[LocalServices]:
    """A PostgreSQL for two campuses: the one that is saved and the one it is restored into."""
    with temporary_services() as found:
        migrate(found.database_url)
        load(found.database_url)
        yield found


@pytest.fixture
def run(services: LocalServices, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on one of the databases, and gives what it said."""

    def run(*arguments: str, database: str = "muster", user: str = "muster", fails: int = 0) -> str:
        url = services.database_url.replace("//muster@/muster?", f"//{user}@/{database}?")
        monkeypatch.setenv("MUSTER_DATABASE_URL", url)
        monkeypatch.setenv("MUSTER_REDIS_URL", services.redis_url)
        monkeypatch.setenv("MUSTER_SECRET_KEY", services.secret_key)
        result = CliRunner().invoke(app, arguments)
        exit_code = getattr(result.exception, "exit_code", result.exit_code)
        assert exit_code == fails, (result.output, result.exception)
        return str(result.exception or result.output)

    return run


def contents(settings: Settings) -> dict[str, tuple[int, str]]:
    """Every table's number of rows and fingerprint, every policy and every trigger."""
    engine = owner_engine(settings)
    found = {}
    with engine.connect() as connection:
        tables = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        for table in sorted(tables):
            rows = f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
            count, fingerprint = connection.execute(text(rows)).one()
            found[table] = (count, fingerprint)
        for name, query in RULES.items():
            count, fingerprint = connection.execute(text(query)).one()
            found[name] = (count, fingerprint)
    engine.dispose()
    return found


RULES = {
    "policies": "SELECT count(*), md5(string_agg(p::text, '|' ORDER BY p::text)) FROM pg_policies p",
    "forced": "SELECT count(*), md5(string_agg(relname, '|' ORDER BY relname)) FROM pg_class "
    "WHERE relrowsecurity AND relforcerowsecurity",
    "triggers": "SELECT count(*), md5(string_agg(tgname, '|' ORDER BY tgname)) FROM pg_trigger WHERE NOT tgisinternal",
    "grants": "SELECT count(*), md5(string_agg(concat(grantee, table_name, privilege_type), '|' "
    "ORDER BY concat(grantee, table_name, privilege_type))) FROM information_schema.role_table_grants "
    "WHERE table_schema = 'public'",
    "publications": "SELECT count(*), md5(string_agg(tablename, '|' ORDER BY tablename)) FROM pg_publication_tables",
}


def test_what_was_saved_comes_back_whole(services: LocalServices, run: Run, tmp_path: Path, settings: Settings) -> None:
    saved = settings.model_copy(update={"database_url": services.database_url, "redis_url": services.redis_url})
    file = tmp_path / "campus.backup"
    assert "The database is in" in run("backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE second")
    with sync_redis(saved) as redis:
        redis.hset(f"{keys.PREFIX}receipts:x", "s", "r")
        redis.xadd(keys.EVENTS, {"0": "x"})
        assert "is restored" in run("restore", str(file), database="second")
        assert not redis.exists(f"{keys.PREFIX}receipts:x")
        assert redis.xlen(keys.EVENTS) == 1
        redis.delete(keys.EVENTS)
    second = saved.model_copy(update={"database_url": services.database_url.replace("/muster?", "/second?")})
    before, after = contents(saved), contents(second)
    assert before == after
    assert before["attendance_records"][0] > 100
    assert before["policies"][0] > 50


def test_a_restore_never_touches_what_is_there(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "campus.backup"
    run("backup", str(file))
    assert "not empty" in run("restore", str(file), fails=1)


def test_a_backup_overwrites_nothing_and_leaves_no_half(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "campus.backup"
    file.touch()
    assert "exists" in run("backup", str(file), fails=1)
    run("backup", str(tmp_path / "other"), database="nowhere", fails=69)
    assert [path.name for path in tmp_path.iterdir()] == ["campus.backup"]


def test_whoever_keeps_backups_needs_no_superuser(services: LocalServices, run: Run, tmp_path: Path) -> None:
    """A login that may only become the owner sees every row; one that may not, gets no file at all."""
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE keeper LOGIN NOINHERIT")
        connection.execute("CREATE ROLE stranger LOGIN NOINHERIT")
        connection.execute("GRANT muster_owner TO keeper")
    run("backup", str(tmp_path / "whole"))
    run("backup", str(tmp_path / "kept"), user="keeper")
    run("backup", str(tmp_path / "stolen"), user="stranger", fails=69)
    assert rows_of(tmp_path / "whole") == rows_of(tmp_path / "kept")
    assert not (tmp_path / "stolen").exists()


def rows_of(file: Path) -> list[str]:
    """The rows in a backup, as pg_restore prints them."""
    tool = next(postgres_binaries()) / "pg_restore"
    printed = subprocess.run([str(tool), "--data-only", "--file=-", str(file)], capture_output=True, check=True)
    found = [line for line in printed.stdout.decode().splitlines() if "\t" in line]
    assert len(found) > 1000
    return found
