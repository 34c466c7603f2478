"""Lists that a query narrows: conditions with their values, and where the page before ended."""

from dataclasses import dataclass
from typing import Any

from api.cursors import read_cursor

STARTS = "coalesce(s.scheduled_start, s.started_at, s.created_at)"
"""What sessions (alias ``s``) are ordered by: planned start, else actual, else when it was made."""


@dataclass
class Narrowed:
    """The conditions of a list, fixed pieces of SQL, and the values they name."""

    conditions: list[str]
    values: dict[str, Any]

    def by(self, condition: str, **value: Any) -> None:
        """Only what meets the condition on this one value; no condition where the query leaves it out (None)."""
        [(_, given)] = value.items()
        if given is not None:
            self.conditions.append(condition)
            self.values |= value

    def after(self, cursor: str | None, when: str, row: str) -> None:
        """Only what follows the page before, newest first; 422 for a cursor that we did not make."""
        if cursor is not None:
            self.values["last_when"], self.values["last_row"] = read_cursor(cursor)
            self.conditions.append(f"({when}, {row}) < (CAST(:last_when AS timestamptz), CAST(:last_row AS uuid))")

    def __str__(self) -> str:
        """What stands after WHERE."""
        return " AND ".join(self.conditions)
