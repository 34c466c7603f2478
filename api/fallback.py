"""Check-ins while Redis is away: redeemed and appended in PostgreSQL, in one transaction (see api/intake.py).

The same promises hold: a ticket is spent once, and a repeat is answered with the first time. What was drained before
the outage is known from the check-ins themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.receipts import Outcome, Receipt, Verdict
from shared.database import speak_as
from shared.domain.words import Mark
from shared.inbox import PUT, rows
from shared.messages.events import CheckInAccepted

Key = tuple[UUID, UUID]
"""Session and student."""

_ACTIVE = text("SELECT id FROM live_sessions WHERE id = ANY(:ids) AND status = 'active'")
_DRAINED = text("""
    SELECT DISTINCT ON (c.session_id, c.student_id) c.session_id, c.student_id, c.id, c.status, c.scanned_at
    FROM check_ins c JOIN unnest(CAST(:sessions AS uuid[]), CAST(:students AS uuid[])) AS k (session_id, student_id)
      ON c.session_id = k.session_id AND c.student_id = k.student_id
    ORDER BY c.session_id, c.student_id, c.accepted_at
""")
_SPENT = text("SELECT ticket_id FROM check_ins WHERE ticket_id = ANY(CAST(:tickets AS bytea[]))")
_DEVICES = text("""
    SELECT session_id, student_id, device FROM check_ins
    WHERE session_id = ANY(:sessions) AND device = ANY(CAST(:devices AS bytea[]))
    UNION SELECT session_id, student_id, device FROM redemptions
    WHERE session_id = ANY(:sessions) AND device = ANY(CAST(:devices AS bytea[]))
""")
_REDEEM = text("""
    INSERT INTO redemptions (session_id, student_id, ticket_id, check_in_id, status, scanned_at, device)
    SELECT * FROM unnest(CAST(:sessions AS uuid[]), CAST(:students AS uuid[]), CAST(:tickets AS bytea[]),
                         CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:times AS timestamptz[]),
                         CAST(:devices AS bytea[]))
    ON CONFLICT DO NOTHING
""")
_REDEEMED = text("""
    SELECT r.session_id, r.student_id, r.check_in_id AS id, r.status, r.scanned_at
    FROM redemptions r JOIN unnest(CAST(:sessions AS uuid[]), CAST(:students AS uuid[])) AS k (session_id, student_id)
      ON r.session_id = k.session_id AND r.student_id = k.student_id
""")


@dataclass(frozen=True, slots=True)
class Fallback:
    """Where check-ins become durable while Redis is away."""

    engine: AsyncEngine

    async def accept(self, events: list[CheckInAccepted]) -> Sequence[Verdict]:
        """Redeem and append a micro-batch."""
        async with speak_as(self.engine, None, None) as connection:
            active = set((await connection.execute(_ACTIVE, {"ids": [e.session_id for e in events]})).scalars())
            standing = [event for event in events if event.session_id in active]
            first = await _receipts(connection, _DRAINED, standing)
            spent = await _spent(connection, standing)
            shared = await _on_anothers_device(connection, [e for e in standing if _key(e) not in first])
            fresh = [e for e in standing if _key(e) not in first and e.ticket_id not in spent and _key(e) not in shared]
            await connection.execute(_REDEEM, _columns(fresh))
            first |= await _receipts(connection, _REDEEMED, fresh)
            verdicts = [_verdict(event, active, first, shared) for event in events]
            accepted = [e for e, verdict in zip(events, verdicts, strict=True) if verdict.outcome is Outcome.ACCEPTED]
            await connection.execute(PUT, rows(accepted))
        return verdicts


def _verdict(event: CheckInAccepted, active: set[UUID], first: dict[Key, Receipt], shared: set[Key]) -> Verdict:
    if event.session_id not in active:
        return Verdict(Outcome.NOT_ACTIVE)
    if _key(event) in shared:
        return Verdict(Outcome.DEVICE_USED)
    receipt = first.get(_key(event))
    if receipt is None:
        return Verdict(Outcome.TICKET_USED)
    return Verdict(Outcome.ACCEPTED if receipt.check_in_id == event.id else Outcome.DUPLICATE, receipt)


async def _receipts(
    connection: AsyncConnection, statement: Any, events: Sequence[CheckInAccepted]
) -> dict[Key, Receipt]:
    keys = {"sessions": [event.session_id for event in events], "students": [event.student_id for event in events]}
    found = await connection.execute(statement, keys)
    return {(row.session_id, row.student_id): Receipt(row.id, Mark(row.status), row.scanned_at) for row in found}


async def _on_anothers_device(connection: AsyncConnection, events: Sequence[CheckInAccepted]) -> set[Key]:
    """Who uses another student's device where that is refused; of two in one batch the first has it."""
    guarded = [event for event in events if event.one_student_per_device and event.device is not None]
    if not guarded:
        return set()
    values = {"sessions": [event.session_id for event in guarded], "devices": [event.device for event in guarded]}
    owners = {(row.session_id, bytes(row.device)): row.student_id for row in await connection.execute(_DEVICES, values)}
    return {
        _key(event)
        for event in guarded
        if owners.setdefault((event.session_id, event.device or b""), event.student_id) != event.student_id
    }


async def _spent(connection: AsyncConnection, events: Sequence[CheckInAccepted]) -> set[bytes]:
    tickets = [event.ticket_id for event in events if event.ticket_id is not None]
    return set((await connection.execute(_SPENT, {"tickets": tickets})).scalars())


def _columns(events: Sequence[CheckInAccepted]) -> dict[str, list[Any]]:
    return {
        "sessions": [event.session_id for event in events],
        "students": [event.student_id for event in events],
        "tickets": [event.ticket_id for event in events],
        "ids": [event.id for event in events],
        "statuses": [event.status.value for event in events],
        "times": [event.scanned_at for event in events],
        "devices": [event.device for event in events],
    }


def _key(event: CheckInAccepted) -> Key:
    return event.session_id, event.student_id
