"""Storing suggestions: everybody's row, and a new version when somebody's status or confidence changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from shared.domain.evidence import Participant
from shared.domain.suggestion import SessionSuggestion, Suggestion
from shared.domain.words import UserType
from workers.tallies import lock_tallies

_HEADS = text("""
    UPDATE session_suggestions q
    SET facts_seen = n.facts, version = q.version + CAST(q.digest <> n.digest AS integer), digest = n.digest,
        policy_version = n.policy, has_whiteboard = n.whiteboard, provisional = n.provisional,
        recommendation = n.recommendation, evidence = n.evidence, computed_at = n.at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:facts AS bigint[]), CAST(:digests AS text[]), CAST(:policies AS integer[]),
                CAST(:whiteboards AS boolean[]), CAST(:provisionals AS boolean[]), CAST(:recommendations AS text[]),
                CAST(:evidences AS text[]), CAST(:ats AS timestamptz[]))
         AS n (id, facts, digest, policy, whiteboard, provisional, recommendation, evidence, at)
    WHERE q.session_id = n.id AND (q.facts_seen < n.facts OR :again AND
        (q.digest, q.policy_version, q.has_whiteboard, q.provisional, q.recommendation, q.evidence)
        IS DISTINCT FROM (n.digest, n.policy, n.whiteboard, n.provisional, n.recommendation, n.evidence))
    RETURNING q.session_id
""")
_FORGET = text("""
    DELETE FROM suggestions WHERE session_id = ANY(:ids) AND (session_id, user_id) NOT IN (
        SELECT * FROM unnest(CAST(:sessions AS uuid[]), CAST(:users AS uuid[])))
""")
_ROWS = text("""
    INSERT INTO suggestions AS s (session_id, user_id, user_type, status, confidence, reasons, window_start, window_end,
                                  lateness_us, active_us)
    SELECT session_id, user_id, user_type, status, confidence, string_to_array(reasons, E'\\n'), window_start,
           window_end, lateness_us, active_us
    FROM unnest(CAST(:sessions AS uuid[]), CAST(:users AS uuid[]), CAST(:types AS text[]), CAST(:statuses AS text[]),
                CAST(:confidences AS text[]), CAST(:reasons AS text[]), CAST(:starts AS timestamptz[]),
                CAST(:ends AS timestamptz[]), CAST(:latenesses AS bigint[]), CAST(:actives AS bigint[]))
         AS n (session_id, user_id, user_type, status, confidence, reasons, window_start, window_end, lateness_us,
               active_us)
    ON CONFLICT (session_id, user_id) DO UPDATE
    SET user_type = excluded.user_type, status = excluded.status, confidence = excluded.confidence,
        reasons = excluded.reasons, window_start = excluded.window_start, window_end = excluded.window_end,
        lateness_us = excluded.lateness_us, active_us = excluded.active_us
    WHERE s IS DISTINCT FROM excluded
""")


@dataclass(frozen=True, slots=True)
class Computed:
    """A session's suggestion, the facts it knows, and the moment that stood for now."""

    session_id: UUID
    facts: int
    at: datetime
    people: Sequence[Participant]
    suggestion: SessionSuggestion


def store(connection: Connection, computed: Sequence[Computed], *, again: bool = False) -> int:
    """Write what was computed; how many rows that changed.

    Sessions whose later facts somebody computed meanwhile are left alone, unless it is computed ``again``.
    """
    lock_tallies(connection, sorted(each.session_id for each in computed))
    newer = set(connection.execute(_HEADS, _heads(computed) | {"again": again}).scalars())
    kept = [each for each in computed if again or each.session_id in newer]
    rows = [
        (each.session_id, person.user_id, person.user_type, each.suggestion.suggestions[person.user_id])
        for each in kept
        for person in each.people
        if person.user_id in each.suggestion.suggestions
    ]
    keys = {"sessions": [row[0] for row in rows], "users": [row[1] for row in rows]}
    gone = connection.execute(_FORGET, {"ids": [each.session_id for each in kept], **keys}).rowcount
    return len(newer) + gone + connection.execute(_ROWS, keys | _columns(rows)).rowcount


def _heads(computed: Sequence[Computed]) -> dict[str, Any]:
    said = [each.suggestion for each in computed]
    return {
        "ids": [each.session_id for each in computed],
        "facts": [each.facts for each in computed],
        "ats": [each.at for each in computed],
        "digests": [each.digest for each in said],
        "policies": [each.policy_version for each in said],
        "whiteboards": [each.has_whiteboard for each in said],
        "provisionals": [each.provisional for each in said],
        "recommendations": [each.recommendation for each in said],
        "evidences": [each.evidence for each in said],
    }


def _columns(rows: Sequence[tuple[UUID, UUID, UserType, Suggestion]]) -> dict[str, Any]:
    found = [row[3] for row in rows]
    return {
        "types": [row[2] for row in rows],
        "statuses": [each.status for each in found],
        "confidences": [each.confidence for each in found],
        "reasons": ["\n".join(each.reasons) for each in found],
        "starts": [each.window.start for each in found],
        "ends": [each.window.end for each in found],
        "latenesses": [_microseconds(each.metrics.lateness) for each in found],
        "actives": [_microseconds(each.metrics.active) for each in found],
    }


def _microseconds(span: timedelta | None) -> int | None:
    return None if span is None else span // timedelta(microseconds=1)
