"""``muster backup`` and ``muster restore``: the whole database in one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.target import HomeOption, target, target_database
from deploy.stack.errors import StackError
from shared import keys

FileArgument = Annotated[Path, typer.Argument(help="The backup, in pg_dump's own compressed format.")]

# The owner sees every row by its policy (sql_0001/policies.sql) and needs no superuser.
AS_OWNER = "--role=muster_owner"

STALE = ("session:", "roster:", "receipts:", "ending:", "short:", "position:", "history:", "idempotency:")
"""Redis keys that speak of the database as it was; all are made again when missing. The stream of accepted events is
not among them: it is drained into what was restored."""


class NotEmpty(StackError):
    """There is something in the database already."""

    exit_code = 1


def backup(file: FileArgument, home: HomeOption = None) -> None:
    """Write the whole database to FILE while everything runs: one moment, consistent."""
    from deploy.stack.pgtools import run_tool

    if file.exists():
        raise NotEmpty(f"{file} exists")
    draft = file.with_name(f".{file.name}.part")
    draft.touch(mode=0o600, exist_ok=True)  # names and marks of a whole campus
    try:
        with target_database(home) as database_url:
            run_tool("pg_dump", database_url, "--format=custom", AS_OWNER, "--enable-row-security", f"--file={draft}")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    typer.echo(f"The database is in {file}, {file.stat().st_size / 1e6:.1f} MB.")


def restore(file: FileArgument, home: HomeOption = None) -> None:
    """Fill an empty database from FILE, bring it to the newest schema, and let Redis forget what was before."""
    if not file.is_file():
        raise NotEmpty(f"there is no {file}")
    from deploy.stack.pgtools import run_tool
    from shared.migrations import make_roles, migrate
    from shared.redis import sync_redis

    with target(home) as settings:
        _require_empty(settings.database_url)
        make_roles(settings.database_url)
        options = (AS_OWNER, "--exit-on-error", "--single-transaction")
        run_tool("pg_restore", settings.database_url, *options, str(file))
        migrate(settings.database_url)
        with sync_redis(settings) as redis:
            for prefix in STALE:
                for key in redis.scan_iter(f"{keys.PREFIX}{prefix}*", count=1000):
                    redis.unlink(key)
    typer.echo("The database is restored and has the newest schema.")


def _require_empty(database_url: str) -> None:
    import psycopg

    with psycopg.connect(database_url, connect_timeout=5) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    if found and found[0]:
        raise NotEmpty("the database is not empty; restore into a new one")
