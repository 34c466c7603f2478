"""The facts a suggestion is computed from, and their fingerprint."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from shared.domain.engagement import SessionTimes
from shared.domain.presence import Runs
from shared.domain.words import Mark, Mode, SessionStatus, UserType


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What of a session decides."""

    mode: Mode
    status: SessionStatus
    times: SessionTimes


@dataclass(frozen=True, slots=True)
class CheckIn:
    """An accepted check-in: its status, and the server time it was judged by."""

    mark: Mark
    moment: datetime


@dataclass(frozen=True, slots=True)
class Participant:
    """Who it is, and what is known of them in the session."""

    user_id: UUID
    user_type: UserType
    runs: Runs = ()
    check_in: CheckIn | None = None


def anybody_came(people: Iterable[Participant]) -> bool:
    """Whether anybody has any presence in the session, the tutor included."""
    return any(person.runs for person in people)


def has_whiteboard(mode: Mode, anybody: bool) -> bool:
    """Whether there is something to judge: an in-person session has presence only if somebody connected (1.3)."""
    return mode is not Mode.IN_PERSON or anybody


def evidence_hash(session: SessionFacts, people: Iterable[Participant], policy_version: int) -> str:
    """SHA-256 over a canonical encoding of the facts and the policy's version, in hexadecimal.

    The order of people and the time zones do not matter. The current time is not in it: while a session runs the
    same facts have the same hash whenever it is computed.
    """
    facts = {
        "mode": session.mode,
        "status": session.status,
        "scheduled": [_moment(session.times.scheduled_start), _moment(session.times.scheduled_end)],
        "actual": [_moment(session.times.actual_start), _moment(session.times.actual_end)],
        "people": sorted(_person(person) for person in people),
        "policy": policy_version,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _person(person: Participant) -> list[str]:
    runs = [f"{_moment(run.first)}/{_moment(run.last)}" for run in person.runs]
    check_in = f"{person.check_in.mark}@{_moment(person.check_in.moment)}" if person.check_in else ""
    return [str(person.user_id), person.user_type, check_in, *runs]


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")
