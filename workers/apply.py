"""Applying events: facts in, in one transaction, and the news that follow from them.

A check-in is evidence and always kept. It makes the mark if there is none or only a ``system_default`` one; it never
replaces a person's mark, in whichever order the two arrive (1-domain 1.4).
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.ids import new_id
from shared.messages.events import CheckInAccepted, Event
from shared.messages.pushes import Push
from workers.batch import Applied, Batch
from workers.calls import keep_confirmations
from workers.flags import flag_check_ins
from workers.news import announce
from workers.presence import keep_presence
from workers.tallies import lock_tallies, read_tallies

_KEEP = text("""
    INSERT INTO check_ins (id, session_id, student_id, status, via, ticket_id, scanned_at, accepted_at, step_age_ms,
                           client_scanned_at, device, inside, distance_meters, on_campus)
    SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:session_id AS uuid[]), CAST(:student_id AS uuid[]),
                         CAST(:status AS text[]), CAST(:via AS text[]), CAST(:ticket_id AS bytea[]),
                         CAST(:scanned_at AS timestamptz[]), CAST(:accepted_at AS timestamptz[]),
                         CAST(:step_age_ms AS integer[]), CAST(:client_scanned_at AS timestamptz[]),
                         CAST(:device AS bytea[]), CAST(:inside AS boolean[]), CAST(:distance_meters AS integer[]),
                         CAST(:on_campus AS boolean[]))
    ON CONFLICT DO NOTHING
    RETURNING id
""")
_KEPT_FIELDS = (
    "id",
    "session_id",
    "student_id",
    "status",
    "via",
    "ticket_id",
    "scanned_at",
    "accepted_at",
    "step_age_ms",
    "client_scanned_at",
    "device",
    "inside",
    "distance_meters",
    "on_campus",
)
_SPENT_BY = text("SELECT ticket_id, student_id FROM check_ins WHERE ticket_id = ANY(CAST(:tickets AS bytea[]))")
_MARK = text("""
    INSERT INTO attendance_records (id, session_id, student_id, status, source, marked_at, updated_at)
    SELECT id, session_id, student_id, status, 'qr_checkin', accepted_at, accepted_at
    FROM unnest(CAST(:id AS uuid[]), CAST(:session_id AS uuid[]), CAST(:student_id AS uuid[]),
                CAST(:status AS text[]), CAST(:accepted_at AS timestamptz[]))
         AS c (id, session_id, student_id, status, accepted_at)
    ON CONFLICT (session_id, student_id) DO UPDATE
    SET status = excluded.status, source = excluded.source, marked_by = NULL, reason = NULL,
        updated_at = excluded.updated_at
    WHERE attendance_records.source = 'system_default'
""")
_MARK_FIELDS = ("session_id", "student_id", "status", "accepted_at")


class TicketSpent(Exception):
    """Two students were given a yes for one ticket: only possible where Redis had lost its memory."""


def apply(connection: Connection, events: Sequence[Event]) -> list[Push]:
    """Write the facts behind these events and say what is to be published after the commit.

    A second delivery writes nothing, but its news is published again: the first time may have been cut off.
    """
    batch = Batch.of(events)
    before = lock_tallies(connection, batch.sessions)
    new = _keep(connection, batch.check_ins)
    _mark(connection, [event for event in batch.check_ins if event.id in new])
    flag_check_ins(connection, new)
    keep_confirmations(connection, batch.confirmations)
    moves = keep_presence(connection, batch.points)
    after = read_tallies(connection, batch.sessions)
    return announce(connection, batch, Applied(before, after, new, moves))


def _keep(connection: Connection, check_ins: Sequence[CheckInAccepted]) -> frozenset[UUID]:
    """Keep the evidence; the ids that were not there yet."""
    if not check_ins:
        return frozenset()
    new = frozenset(connection.execute(_KEEP, _columns(check_ins, _KEPT_FIELDS)).scalars())
    _check_tickets(connection, [event for event in check_ins if event.id not in new])
    return new


def _check_tickets(connection: Connection, known: Sequence[CheckInAccepted]) -> None:
    """A check-in that is no news was delivered before, or its student spent its ticket while Redis was away. A ticket
    that another student spent is neither."""
    tickets = {event.ticket_id: event.student_id for event in known if event.ticket_id is not None}
    rows = connection.execute(_SPENT_BY, {"tickets": list(tickets)})
    if any(tickets[bytes(row.ticket_id)] != row.student_id for row in rows):
        raise TicketSpent("another student has spent this ticket")


def _mark(connection: Connection, check_ins: Sequence[CheckInAccepted]) -> None:
    """Make marks, one per session and student, in key order."""
    first: dict[tuple[UUID, UUID], CheckInAccepted] = {}
    for event in sorted(check_ins, key=lambda event: (event.session_id, event.student_id, event.accepted_at)):
        first.setdefault((event.session_id, event.student_id), event)
    if first:
        columns = _columns(list(first.values()), _MARK_FIELDS)
        connection.execute(_MARK, {**columns, "id": [new_id() for _ in first]})


def _columns(events: Sequence[CheckInAccepted], fields: Iterable[str]) -> dict[str, list[Any]]:
    """Events as one array per column: one statement whatever the size of the batch."""
    return {name: [getattr(event, name) for event in events] for name in fields}
