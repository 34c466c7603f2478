"""``muster recompute``: everything derived, once more from stored facts."""

from collections import Counter
from typing import Annotated
from uuid import UUID

import typer

from deploy.cli.target import HomeOption, target


def recompute(
    session: Annotated[UUID | None, typer.Option("--session", help="Only this one.", show_default=False)] = None,
    home: HomeOption = None,
) -> None:
    """Derive presence, counters and suggestions again; what was right stays byte for byte."""
    with target(home) as settings:
        from rich.progress import Progress

        from workers.ports import make_ports
        from workers.recompute import recompute as run
        from workers.recompute import sessions

        ports = make_ports(settings, "recompute")
        found = sessions(ports, session)
        changed: Counter[str] = Counter()
        with Progress(transient=True) as progress:
            bar = progress.add_task("Recomputing", total=len(found))
            for done, rows in run(ports, found):
                changed += rows
                progress.advance(bar, done)
        ports.engine.dispose()
    typer.echo(f"{len(found)} session{'s' * (len(found) != 1)} recomputed; {_said(changed)}.")


def _said(changed: Counter[str]) -> str:
    if not changed:
        return "nothing was different"
    return "rows that were different: " + ", ".join(f"{name} {rows}" for name, rows in sorted(changed.items()))
