"""What is an outage and what is not, what errors may tell, and which scheduler holds the lock."""

from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from shared.settings import Settings
from workers.app import create_celery
from workers.drain import is_away


def failed(owner: Engine, statement: str, **values: Any) -> DBAPIError:
    """The error of a statement that PostgreSQL refuses."""
    with owner.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text(statement), values)
    return caught.value


@pytest.mark.parametrize(("state", "away"), [("57014", False), ("55P03", False), ("40P01", False), ("23505", False)])
@pytest.mark.parametrize("outage", [("57P01", True), ("08006", True), ("53300", True)])
def test_only_the_servers_own_failure_is_an_outage(
    owner: Engine, state: str, away: bool, outage: tuple[str, bool]
) -> None:
    for code, expected in ((state, away), outage):
        raised = failed(owner, f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{code}'; END $$")
        assert is_away(raised) is expected


def test_an_error_that_is_logged_carries_no_values(owner: Engine) -> None:
    assert "secret-canary" not in str(failed(owner, "SELECT 1 / length(:name) / 0", name="secret-canary"))


def test_beat_holds_a_lock_without_being_told_to(settings: Settings) -> None:
    assert create_celery(settings).conf.beat_scheduler == "redbeat.RedBeatScheduler"
