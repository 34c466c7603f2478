"""``muster loadtest``: load without knowing locust. Loopback only, unless told where a prepared campus is."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.target import HomeOption, target
from loadtests.load.scenarios import SCENARIOS

app = typer.Typer(help="Simulate a campus and judge how Muster holds.", no_args_is_help=True)

StudentsOption = Annotated[int, typer.Option(min=1, help="Simulated students.")]
ArtifactsOption = Annotated[Path, typer.Option(help="Where reports are kept.")]
CampusOption = Annotated[
    Path | None,
    typer.Option("--campus", help="A campus that `prepare` made; else a stack of its own.", show_default=False),
]
HostOption = Annotated[
    str | None, typer.Option(help="The API under load, instead of the one the campus names.", show_default=False)
]


@app.command()
def prepare(
    students: StudentsOption = 2000, out: Annotated[Path, typer.Option()] = Path("campus.json"), home: HomeOption = None
) -> None:
    """Write a campus into the configured Muster, and the tokens of its people into a file."""
    with target(home) as settings:
        from loadtests.load.prepare import prepare as run
        from loadtests.load.prepared import save

        save(run(settings, students=students), out)
    typer.echo(f"{students:,} students are prepared in {out}; it lets people in, so delete it afterwards.")


def _scenario(name: str) -> Callable[..., None]:
    def run(
        students: StudentsOption = 2000,
        seconds: Annotated[int, typer.Option(min=5, help="Length of the run.")] = 90,
        processes: Annotated[int, typer.Option(min=1, help="Locust processes that share the load.")] = 1,
        campus: CampusOption = None,
        host: HostOption = None,
        artifacts: ArtifactsOption = Path("artifacts"),
    ) -> None:
        import msgspec

        from loadtests.load.prepared import load
        from loadtests.load.running import Wish, run_in_own_stack
        from loadtests.load.running import run as run_on

        wish = Wish(name, students, seconds, processes)
        if campus is None:
            raise typer.Exit(run_in_own_stack(wish, artifacts))
        prepared = load(campus)
        raise typer.Exit(run_on(wish, msgspec.structs.replace(prepared, api=host or prepared.api), artifacts))

    run.__doc__ = SCENARIOS[name].about[:1].upper() + SCENARIOS[name].about[1:] + "."
    return run


for _name in SCENARIOS:
    app.command(_name)(_scenario(_name))
