"""Homes for local stacks, where an unprivileged PostgreSQL can reach them, and an operator's environment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.local import temporary_home
from shared.settings import Settings


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The services of the tests, as a production environment names them."""
    monkeypatch.setenv("MUSTER_ENVIRONMENT", "local")
    monkeypatch.setenv("MUSTER_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("MUSTER_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("MUSTER_SECRET_KEY", settings.secret_key.get_secret_value())


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home, gone after the test."""
    with temporary_home() as root:
        yield root
