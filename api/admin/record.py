"""The trace of a change: who changed which row, when, from what to what (5-security).

It is written in the transaction of the change, so there is none without the other; what people could misuse (hashes,
raw events) is left out.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from api.admin.reading import SECRETS
from api.admin.visit import Visit
from shared.models import AdminChange

Row = Mapping[str, Any]


async def record(
    visit: Visit,
    table: str,
    row_id: str,
    action: str,
    *,
    before: Row | None = None,
    after: Row | None = None,
    reason: str | None = None,
) -> None:
    """Keep one change of this visit. ``before`` is None for a new row, ``after`` for one that is gone."""
    values = {
        "changed_by": visit.who.user_id,
        "table_name": table,
        "row_id": row_id,
        "action": action,
        "reason": reason,
        "before": plain(before),
        "after": plain(after),
    }
    await visit.connection.execute(insert(AdminChange), [values])


def plain(row: Row | None) -> dict[str, Any] | None:
    """A row as JSON, without secrets and without bytes."""
    if row is None:
        return None
    return {name: _value(value) for name, value in row.items() if name not in SECRETS and not isinstance(value, bytes)}


def _value(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value
