"""``muster demo``: the demo campus."""

import importlib
import importlib.util
from typing import Any

import typer

from deploy.cli.target import HomeOption, target_database
from deploy.stack.errors import StackError

app = typer.Typer(help="The demo campus: people, courses and four weeks of sessions.", no_args_is_help=True)


@app.command()
def load(home: HomeOption = None) -> None:
    """Load the demo campus unless it is there."""
    campus = _campus()
    with target_database(home) as database_url:
        loaded = campus.load(database_url)
    typer.echo("The demo campus is loaded." if loaded else "The demo campus was there already.")


@app.command()
def reset(home: HomeOption = None) -> None:
    """Make the demo campus as it was in the beginning."""
    campus = _campus()
    with target_database(home) as database_url:
        campus.reset(database_url)
    typer.echo("The demo campus is as new.")


def _campus() -> Any:
    """Imported when asked for: an image for production may leave it out."""
    if importlib.util.find_spec("deploy.demo") is None:
        raise StackError("this installation has no demo campus")
    return importlib.import_module("deploy.demo")
