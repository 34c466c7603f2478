"""The ``muster`` command.

Every failure that a person can do something about is one line on stderr and a status from sysexits.h:
78 for a wrong configuration, 69 for a service that is away.
"""

import sys
from importlib.util import find_spec

import typer

from deploy.cli import backup, config, demo, docs, exports, facts, health, history, people, stack
from deploy.stack.errors import StackError
from shared.settings import EXIT_UNAVAILABLE

app = typer.Typer(
    name="muster",
    help="Live attendance: presence is evidence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(stack.up)
app.command()(stack.migrate)
app.command()(stack.reset)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(health.health)
app.command()(people.token)
app.command("verify-history")(history.verify)
app.command()(facts.recompute)
app.command()(exports.export)
app.add_typer(people.app, name="user")
app.add_typer(demo.app, name="demo")
app.add_typer(config.app, name="config")
app.add_typer(docs.app, name="docs")
if find_spec("loadtests"):  # an image for production leaves it out
    from deploy.cli import loadtest

    app.add_typer(loadtest.app, name="loadtest")


def main() -> None:
    """Entry point of ``muster``."""
    try:
        app()
    except StackError as error:
        _leave(str(error), error.exit_code)
    except Exception as error:
        if not _is_away(error):
            raise
        _leave(f"a service is away: {str(error).strip().splitlines()[0]}", EXIT_UNAVAILABLE)


def _leave(line: str, status: int) -> None:
    print(f"muster: {line}", file=sys.stderr)
    raise SystemExit(status)


def _is_away(error: Exception) -> bool:
    """Whether a database or Redis could not be reached."""
    # Imported where needed: `muster --help` should not wait for SQLAlchemy.
    import psycopg
    import redis
    import sqlalchemy.exc

    return isinstance(
        error,
        psycopg.OperationalError | sqlalchemy.exc.OperationalError | redis.ConnectionError | redis.TimeoutError,
    )
