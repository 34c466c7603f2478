"""``muster up``, ``migrate`` and ``reset``: the local stack as a whole."""

from typing import Annotated

import typer

from deploy.cli.target import HomeOption, target_database


def up(
    api_port: Annotated[int | None, typer.Option(help="Port of pages and API [8000].", show_default=False)] = None,
    gateway_port: Annotated[int | None, typer.Option(help="Port of live updates [8001].", show_default=False)] = None,
    home: HomeOption = None,
    demo: Annotated[bool, typer.Option("--demo/--no-demo", help="Load the demo campus once.")] = True,
) -> None:
    """Run everything in this terminal, with PostgreSQL and Valkey of its own, until Ctrl-C."""
    from deploy.stack.up import Wishes
    from deploy.stack.up import up as run

    run(Wishes(home, api_port, gateway_port, demo))


def migrate(home: HomeOption = None) -> None:
    """Bring the database to the newest schema."""
    with target_database(home) as database_url:
        from shared.migrations import migrate as run

        run(database_url)
    typer.echo("The database has the newest schema.")


def reset(
    home: HomeOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete the data of the local stack."""
    from deploy.stack.home import open_home
    from deploy.stack.lock import locked
    from deploy.stack.reset import delete, places

    found = open_home(home)
    if not yes:
        typer.confirm(f"Delete all data of the local stack in {found.root}?", abort=True)
    with locked(found, "being deleted"):
        delete(places(found), found)
    typer.echo("Deleted.")
