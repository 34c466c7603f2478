"""``muster recompute`` as an operator runs it."""

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner

from deploy.cli import app
from shared.settings import Settings
from tests.campus import Classroom
from tests.workers.events import online_session


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services of the tests, as a production environment names them."""
    monkeypatch.setenv("MUSTER_ENVIRONMENT", "local")
    monkeypatch.setenv("MUSTER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MUSTER_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("MUSTER_SECRET_KEY", settings.secret_key.get_secret_value())


@pytest.mark.usefixtures("environment")
def test_the_second_time_nothing_is_different(owner: Engine, classroom: Classroom) -> None:
    session_id = str(online_session(owner, classroom))
    said = [CliRunner().invoke(app, ["recompute", "--session", session_id]) for _ in range(2)]
    assert [run.exit_code for run in said] == [0, 0]
    assert "1 session recomputed; rows that were different: suggestions" in said[0].output
    assert said[1].output.strip() == "1 session recomputed; nothing was different."
