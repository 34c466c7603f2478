"""Calls that a session makes by itself: once at a random moment, or some minutes before its planned end.

Part of its check-in rules (docs/calls.md). Workers draw the moment and ask (workers/call_rules.py).
"""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.fields import CamelBody, CamelView
from shared.domain.words import CallKind

Share = Annotated[float, Field(gt=0, le=1)]
"""Of those who are in the room."""
AnswerSeconds = Annotated[int, Field(ge=30, le=600)]
"""How long an answer counts."""

_KEEP = text("""
    INSERT INTO call_rules (session_id, kind, share, seconds, minutes_before)
    VALUES (:id, :kind, :share, :seconds, :minutes_before)
    ON CONFLICT (session_id, kind) DO UPDATE
    SET share = excluded.share, seconds = excluded.seconds, minutes_before = excluded.minutes_before
""")
_DROP = text("DELETE FROM call_rules WHERE session_id = :id AND kind = :kind")
_READ = text("SELECT kind, share, seconds, minutes_before FROM call_rules WHERE session_id = :id")


class RecheckBody(CamelBody):
    """Ask once, at a random moment of the session."""

    share: Share = 1.0
    seconds: AnswerSeconds = 120


class ExitCheckBody(CamelBody):
    """Ask once, so many minutes before the planned end; the time to answer must fit in."""

    minutes_before: Annotated[int, Field(ge=1, le=60)] = 5
    share: Share = 1.0
    seconds: Annotated[AnswerSeconds, Field(validate_default=True)] = 120

    @field_validator("seconds")
    @classmethod
    def _fits(cls, seconds: int, info: ValidationInfo) -> int:
        if seconds > 60 * info.data.get("minutes_before", 60):
            raise ValueError("must be over by the planned end")
        return seconds


class RecheckView(CamelView):
    """The random re-check; its moment is not told."""

    share: float
    seconds: int


class ExitCheckView(CamelView):
    """The exit check."""

    minutes_before: int
    share: float
    seconds: int


class CallRulesView(CamelView):
    """The calls a session makes by itself; null: none of that kind."""

    recheck: RecheckView | None
    exit_check: ExitCheckView | None


async def write_call_rules(
    connection: AsyncConnection, session_id: UUID, recheck: RecheckBody | None, exit_check: ExitCheckBody | None
) -> None:
    """Replace them. One that only changes keeps the moment that was drawn for it."""
    rules = {CallKind.RECHECK: recheck, CallKind.EXIT: exit_check}
    for kind, rule in rules.items():
        values: dict[str, Any] = {"id": session_id, "kind": kind.value, "minutes_before": None}
        if rule is None:
            await connection.execute(_DROP, values)
        else:
            await connection.execute(_KEEP, {**values, **rule.model_dump()})


async def read_call_rules(connection: AsyncConnection, session_id: UUID) -> CallRulesView:
    """Those of a session."""
    rules = {row.kind: row._asdict() for row in await connection.execute(_READ, {"id": session_id})}
    recheck, exit_check = rules.get(CallKind.RECHECK), rules.get(CallKind.EXIT)
    return CallRulesView(
        recheck=None if recheck is None else RecheckView(**recheck),
        exit_check=None if exit_check is None else ExitCheckView(**exit_check),
    )
