"""``muster recompute`` as an operator runs it."""

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from deploy.cli import app
from tests.campus import Classroom
from tests.workers.events import online_session


@pytest.mark.usefixtures("environment")
def test_the_second_time_nothing_is_different(owner: Engine, classroom: Classroom) -> None:
    session_id = str(online_session(owner, classroom))
    said = [CliRunner().invoke(app, ["recompute", "--session", session_id]) for _ in range(2)]
    assert [run.exit_code for run in said] == [0, 0]
    assert "1 session recomputed; rows that were different: suggestions" in said[0].output
    assert said[1].output.strip() == "1 session recomputed; nothing was different."
