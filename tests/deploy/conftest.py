"""Homes for local stacks, where an unprivileged PostgreSQL can reach them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.stack.local import temporary_home


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home, gone after the test."""
    with temporary_home() as root:
        yield root
