"""``muster export`` as an operator runs it."""

import csv
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from deploy.cli import app
from shared.rollsheet import COLUMNS
from tests.campus import Classroom
from tests.shared.test_sheets import worksheets
from tests.workers.events import end_session, running_session


def run(*arguments: object) -> Result:
    """The command's output and status."""
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


@pytest.fixture
def session_id(owner: Engine, classroom: Classroom) -> UUID:
    """A session that has ended."""
    made = running_session(owner, classroom)
    end_session(owner, made)
    return made


@pytest.mark.usefixtures("environment")
def test_a_session_becomes_a_file(session_id: UUID, owner: Engine, tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    assert run("--session", session_id, "--output", path).output.strip() == f"3 rows in {path}."
    rows = list(csv.reader(path.read_text().splitlines()))
    assert (tuple(rows[0]), len(rows)) == (COLUMNS, 4)
    assert list(tmp_path.iterdir()) == [path]
    with owner.connect() as connection:
        noted = text("SELECT person_id, action, subject, detail FROM access_log WHERE subject_id = :id")
        assert [tuple(row) for row in connection.execute(noted, {"id": session_id})] == [
            (None, "export", "session", "csv")
        ]


@pytest.mark.usefixtures("environment")
def test_a_course_becomes_one_file_of_all_its_sessions(
    session_id: UUID, owner: Engine, classroom: Classroom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    end_session(owner, running_session(owner, classroom))
    assert run("--course", classroom.code, "--format", "xlsx").output.strip() == f"6 rows in {classroom.code}.xlsx."
    [sheet] = worksheets((tmp_path / f"{classroom.code}.xlsx").read_bytes())
    assert sheet[0] == ["session_date", "class_name", *COLUMNS]
    assert len(sheet) == 7


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    "arguments", [(), ("--session", uuid4(), "--course", "X"), ("--session", uuid4()), ("--course", "NOBODY000")]
)
def test_what_cannot_be_exported_leaves_no_file(arguments: tuple[object, ...], tmp_path: Path) -> None:
    path = tmp_path / "roll.csv"
    assert run(*arguments, "--output", path).exit_code == 1
    assert list(tmp_path.iterdir()) == []
