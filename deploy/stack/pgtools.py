"""PostgreSQL's own tools: where they are, and how they are told where to connect."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.stack.errors import StackError
from deploy.stack.services import postgres_binaries


def run_tool(name: str, database_url: str, *arguments: str) -> None:
    """Run ``pg_dump`` or ``pg_restore`` to its end; :class:`StackError` with its last words where it fails.

    The password goes into the environment: a command line can be read by everybody on the machine.
    """
    given = conninfo_to_dict(database_url)
    password = given.pop("password", None)
    environment = dict(os.environ) | ({"PGPASSWORD": str(password)} if password else {})
    command: Sequence[str] = (str(_find(name)), f"--dbname={make_conninfo('', **given)}", *arguments)
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        said = ended.stderr.strip().splitlines() or ["it said nothing"]
        raise StackError(f"{name} failed: {said[0]}")


def _find(name: str) -> Path:
    """Beside a PostgreSQL that we could run ourselves, else on PATH: what is newest reads every older server."""
    for folder in postgres_binaries():
        if (folder / name).exists():
            return folder / name
    if on_path := shutil.which(name):
        return Path(on_path)
    raise StackError(f"no {name} found: apt install postgresql-client")
