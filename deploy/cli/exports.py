"""``muster export``: the roll of a session, or of every session of a course, as a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from deploy.cli.people import NotPossible
from deploy.cli.target import HomeOption, target
from shared.domain.words import AccessAction, AccessSubject
from shared.sheets import SheetFormat, file_name, open_sheet

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from shared.rollsheet import RollSheet
    from shared.settings import Settings

SessionOption = Annotated[UUID | None, typer.Option("--session", help="Id of a session.", show_default=False)]
CourseOption = Annotated[str | None, typer.Option("--course", help="Subject code of a course.", show_default=False)]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The file; else it is named after what it holds.", show_default=False),
]


def export(
    session: SessionOption = None,
    course: CourseOption = None,
    form: Annotated[SheetFormat, typer.Option("--format", help="How to write it.")] = SheetFormat.CSV,
    output: OutputOption = None,
    home: HomeOption = None,
) -> None:
    """Write the roll of a session, or of all sessions of a course, with marks and evidence."""
    if (session is None) == (course is None):
        raise NotPossible("give either --session or --course")
    if output is not None and not output.parent.is_dir():
        raise NotPossible(f"there is no directory {output.parent}")
    with target(home) as settings, _reading(settings) as connection:
        from shared.rollsheet import COURSE, SESSION

        if session is not None:
            name = _session(connection, session)
            rows = _write(connection, SESSION, session, form, path := output or Path(file_name(form, *name)))
        else:
            course_id = _course(connection, course or "")
            rows = _write(connection, COURSE, course_id, form, path := output or Path(file_name(form, course)))
    typer.echo(f"{rows} row{'s' * (rows != 1)} in {path}.")


@contextmanager
def _reading(settings: "Settings") -> Iterator["Connection"]:
    """One transaction of the owner, who sees everything."""
    from shared.database import owner_engine

    engine = owner_engine(settings)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _session(connection: "Connection", session_id: UUID) -> tuple[object, ...]:
    """What its file is named after."""
    from sqlalchemy import text

    statement = text("SELECT class_name, session_date FROM live_sessions WHERE id = :id")
    found = connection.execute(statement, {"id": session_id}).one_or_none()
    if found is None:
        raise NotPossible(f"there is no session {session_id}")
    return tuple(found)


def _course(connection: "Connection", code: str) -> UUID:
    from sqlalchemy import text

    statement = text("SELECT id FROM courses WHERE subject_code = :code")
    found: UUID | None = connection.execute(statement, {"code": code}).scalar_one_or_none()
    if found is None:
        raise NotPossible(f"there is no course {code}")
    return found


def _write(connection: "Connection", kind: "RollSheet", subject_id: UUID, form: SheetFormat, path: Path) -> int:
    """The file, whole or not at all: written beside its place and moved there."""
    from rich.progress import Progress

    from shared.rollsheet import SESSION, write_sheet

    total = connection.execute(kind.count, {"id": subject_id}).scalar_one()
    _note(connection, AccessSubject.SESSION if kind is SESSION else AccessSubject.COURSE, subject_id, form)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as out:
        try:
            with Progress(transient=True) as progress, open_sheet(form, out, kind.columns) as sheet:
                bar = progress.add_task("Exporting", total=total)
                rows = write_sheet(
                    connection, kind, subject_id, datetime.now(UTC), sheet,
                    lambda done: progress.update(bar, completed=done),
                )  # fmt: skip
            Path(out.name).replace(path)
        except BaseException:
            Path(out.name).unlink()
            raise
    return rows


def _note(connection: "Connection", subject: AccessSubject, subject_id: UUID, form: SheetFormat) -> None:
    """Also at the command line: nobody's name is known here, but that it happened is."""
    from sqlalchemy import insert

    from shared.models import AccessLogEntry

    entry = {"action": AccessAction.EXPORT, "subject": subject, "subject_id": subject_id, "detail": form}
    connection.execute(insert(AccessLogEntry), [entry])
