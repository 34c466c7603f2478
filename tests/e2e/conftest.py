"""One running stack for all promises of the README."""

from collections.abc import AsyncIterator

import pytest

from tests.stack import Stack, started_stack


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    """The stack as ``make up`` starts it."""
    async with started_stack() as running:
        yield running
