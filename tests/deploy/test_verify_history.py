"""``muster verify-history``: one line that says it is whole, or which session and row are not."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from deploy.cli import main
from shared.settings import Settings
from tests.campus import Classroom
from tests.workers.events import running_session


@pytest.fixture
def configured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command works on the tests' services."""
    monkeypatch.setenv("MUSTER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MUSTER_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("MUSTER_SECRET_KEY", settings.secret_key.get_secret_value())


Said = Callable[..., tuple[int, str]]


@pytest.fixture
def said(configured: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs the command; its exit status, and its last line."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["muster", "verify-history", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), (err if ended.value.code else out).splitlines()[-1]

    return run


def test_it_names_the_session_and_row_of_the_first_break(owner: Engine, classroom: Classroom, said: Said) -> None:
    session_id = str(running_session(owner, classroom))
    assert said("--session", session_id) == (0, "The history is whole: 1 sessions, 1 changes.")
    forge = text("UPDATE session_status_changes SET reason = :reason WHERE session_id = :id RETURNING id")
    with owner.begin() as connection:
        row = connection.execute(forge, {"reason": "forged", "id": session_id}).scalar_one()
    try:
        status, words = said("--session", session_id)
    finally:
        with owner.begin() as connection:
            connection.execute(forge, {"reason": None, "id": session_id})
    reason = f"row {row} of session_status_changes is not what was written"
    assert (status, words) == (1, f"muster: session {session_id}, place 1 of its history: {reason}")


def test_it_checks_every_session(said: Said) -> None:
    status, words = said()
    assert status == 0
    assert words.startswith("The history is whole")


def test_an_unknown_session_is_not_whole(said: Said) -> None:
    unknown = str(uuid4())
    assert said("--session", unknown) == (1, f"muster: there is no session {unknown}")
