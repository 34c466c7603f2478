"""Looking: every table, by admins only, with the names behind its ids."""

import pytest

from api.admin.tree import NOT_SHOWN, tables
from shared.models import Base
from tests.api.admin.conftest import Desk

TABLES = sorted(view.table.name for view in tables())


def test_every_table_has_a_place() -> None:
    assert set(TABLES) | NOT_SHOWN == set(Base.metadata.tables)


@pytest.mark.parametrize("table", TABLES)
async def test_every_table_can_be_looked_at(desk: Desk, table: str) -> None:
    """Searching goes through everything that listing does."""
    assert (await desk.read(f"/{table}/list?q=S123")).status_code == 200
