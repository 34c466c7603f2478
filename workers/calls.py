"""Calls to confirm: answers are kept as evidence, and staff watch them come in."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.words import CallKind
from shared.messages.events import ConfirmationCalled, Confirmed
from shared.messages.pushes import Called, ConfirmedBy

_KEEP = text("""
    INSERT INTO confirmations (call_id, student_id, session_id, confirmed_at, via)
    SELECT c.id, n.student_id, c.session_id, min(n.at), min(n.via)
    FROM unnest(CAST(:calls AS uuid[]), CAST(:students AS uuid[]), CAST(:times AS timestamptz[]),
                CAST(:vias AS text[])) AS n (call_id, student_id, at, via)
    JOIN confirmation_calls c ON c.id = n.call_id
    WHERE n.student_id = ANY(c.asked) AND n.at BETWEEN c.called_at AND c.closes_at
    GROUP BY c.id, n.student_id, c.session_id
    ON CONFLICT (call_id, student_id) DO NOTHING
""")
_COUNT = text("SELECT count(*) FROM confirmations WHERE call_id = :id")
_CALL = text("""
    SELECT c.id, c.kind, c.closes_at, cardinality(c.asked) AS asked, c.called_by IS NULL AS by_rule,
           s.code_generation
    FROM confirmation_calls c JOIN live_sessions s ON s.id = c.session_id WHERE c.id = ANY(:ids)
""")


def keep_confirmations(connection: Connection, events: Sequence[Confirmed]) -> None:
    """Keep the first answer of everybody who was asked, if it came in time."""
    if events:
        values = {
            "calls": [event.call_id for event in events],
            "students": [event.user_id for event in events],
            "times": [event.at for event in events],
            "vias": [event.via for event in events],
        }
        connection.execute(_KEEP, values)


def called(connection: Connection, events: Sequence[ConfirmationCalled]) -> Iterator[Called]:
    """What participants are told of calls."""
    if events:
        for row in connection.execute(_CALL, {"ids": [event.call_id for event in events]}):
            yield Called(row.id, CallKind(row.kind), row.closes_at, row.asked, row.by_rule, row.code_generation)


def confirmed(connection: Connection, events: Sequence[Confirmed]) -> Iterator[ConfirmedBy]:
    """What staff are told of answers; a second delivery says the same again."""
    students: dict[UUID, set[UUID]] = {}
    for event in events:
        students.setdefault(event.call_id, set()).add(event.user_id)
    for call_id, answered in students.items():
        number = connection.execute(_COUNT, {"id": call_id}).scalar_one()
        yield ConfirmedBy(call_id, sorted(answered), number)
