"""Suggestions: a status, how sure it is, and why (1-domain 1.3). Never a mark until a person accepts it.

One table decides, row by row in its order; then three adjustments, in theirs. Comparisons are exact: times in
microseconds, percentages as fractions. Reasons name the number and the threshold that decided.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from shared.domain import reasons
from shared.domain.engagement import Metrics, Window, measure, window_of
from shared.domain.evidence import (
    CheckIn,
    Participant,
    SessionFacts,
    anybody_came,
    evidence_hash,
    has_whiteboard,
)
from shared.domain.policy import Policy, minutes, percent
from shared.domain.words import Mark, SessionStatus, UserType


class Confidence(StrEnum):
    """How sure a suggestion is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def one_less(self) -> "Confidence":
        """One level down, not below low."""
        return Confidence.MEDIUM if self is Confidence.HIGH else Confidence.LOW


class Verdict(NamedTuple):
    """What a row of the table says, and what is left of it after an adjustment."""

    status: Mark
    confidence: Confidence
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A participant's suggestion, measured in their window. ``provisional`` while the session is not completed."""

    status: Mark
    confidence: Confidence
    reasons: tuple[str, ...]
    window: Window
    metrics: Metrics
    provisional: bool


@dataclass(frozen=True, slots=True)
class SessionSuggestion:
    """Everybody's suggestions; who has none is not among them. ``digest`` changes when the version must."""

    has_whiteboard: bool
    provisional: bool
    policy_version: int
    suggestions: Mapping[UUID, Suggestion]
    digest: str
    evidence: str
    recommendation: str


def suggest(
    person: Participant, session: SessionFacts, policy: Policy, anybody: bool, now: datetime
) -> Suggestion | None:
    """What to mark this participant; ``anybody``: whether anybody has presence in the session, tutor included.

    None when there is nothing to judge: an empty window, or an in-person session without any presence.
    """
    window = window_of(session.times, person.user_type, now)
    if window is None or not has_whiteboard(session.mode, anybody):
        return None
    metrics = measure(person.runs, window)
    verdict = _adjusted(_row(person, metrics, policy, anybody), person, window, session, policy)
    return Suggestion(*verdict, window, metrics, session.status is not SessionStatus.COMPLETED)


def suggest_session(
    session: SessionFacts, people: Sequence[Participant], policy: Policy, now: datetime
) -> SessionSuggestion:
    """Everybody's suggestion, and what a session says as a whole."""
    anybody = anybody_came(people)
    found = {person.user_id: suggest(person, session, policy, anybody, now) for person in people}
    suggestions = {user_id: suggestion for user_id, suggestion in found.items() if suggestion}
    whiteboard = has_whiteboard(session.mode, anybody)
    provisional = session.status is not SessionStatus.COMPLETED
    return SessionSuggestion(
        has_whiteboard=whiteboard,
        provisional=provisional,
        policy_version=policy.version,
        suggestions=suggestions,
        digest=digest(suggestions),
        evidence=evidence_hash(session, people, policy.version),
        recommendation=recommendation(whiteboard, anybody, provisional, suggestions),
    )


def digest(suggestions: Mapping[UUID, Suggestion]) -> str:
    """SHA-256 over (participant, status, confidence), sorted: equal exactly if no version needs to change."""
    lines = sorted(f"{user_id} {each.status} {each.confidence}\n" for user_id, each in suggestions.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def recommendation(whiteboard: bool, anybody: bool, provisional: bool, suggestions: Mapping[UUID, Suggestion]) -> str:
    """One sentence for the person who decides."""
    sure = sum(each.confidence is Confidence.HIGH for each in suggestions.values())
    if not whiteboard:
        return reasons.NO_WHITEBOARD
    if not suggestions:
        return reasons.NO_TIME
    if not anybody and not sure:
        return reasons.NOBODY
    if provisional:
        return reasons.still_running(each.status for each in suggestions.values())
    return reasons.accept(sure, len(suggestions) - sure)


# --- the table ----------------------------------------------------------------------------------------


def _row(person: Participant, metrics: Metrics, policy: Policy, anybody: bool) -> Verdict:
    """Rows 0 to 2; whoever has presence is measured."""
    if person.check_in is not None and person.user_type is UserType.STUDENT:
        return _checked_in(person.check_in)
    if not anybody:
        return Verdict(Mark.ABSENT, Confidence.LOW, (reasons.NOBODY_CONNECTED,))
    if metrics.lateness is None:
        return Verdict(Mark.ABSENT, Confidence.HIGH, (reasons.NEVER_CONNECTED,))
    return _measured_row(metrics, policy)


def _checked_in(check_in: CheckIn) -> Verdict:
    return Verdict(check_in.mark, Confidence.HIGH, (reasons.checked_in(check_in.mark, check_in.moment),))


def _measured_row(metrics: Metrics, policy: Policy) -> Verdict:
    """Rows 3 to 7."""
    assert metrics.lateness is not None
    if metrics.engagement < percent(policy.low_engagement):
        return _hardly_there(metrics, policy)
    if metrics.lateness > minutes(policy.absent_after_minutes):
        return _very_late(metrics, policy)
    late = metrics.lateness > minutes(policy.late_after_minutes)
    confidence = _confidence(metrics, policy)
    why = (
        reasons.late(metrics.lateness, policy) if late else reasons.on_time(metrics.lateness, policy),
        reasons.engagement(metrics.engagement, policy),
    )
    return Verdict(Mark.LATE if late else Mark.PRESENT, confidence, why)


def _hardly_there(metrics: Metrics, policy: Policy) -> Verdict:
    sure = metrics.engagement < percent(policy.low_engagement) / 2
    why = reasons.hardly_there(metrics.engagement, policy)
    return Verdict(Mark.ABSENT, Confidence.HIGH if sure else Confidence.MEDIUM, (why,))


def _very_late(metrics: Metrics, policy: Policy) -> Verdict:
    assert metrics.lateness is not None
    absent = metrics.engagement < percent(policy.medium_engagement)
    why = (
        reasons.very_late(metrics.lateness, policy),
        reasons.very_late_engagement(metrics.engagement, policy),
    )
    return Verdict(Mark.ABSENT if absent else Mark.LATE, Confidence.MEDIUM, why)


def _confidence(metrics: Metrics, policy: Policy) -> Confidence:
    if metrics.engagement > percent(policy.high_engagement):
        return Confidence.HIGH
    return Confidence.MEDIUM if metrics.engagement >= percent(policy.medium_engagement) else Confidence.LOW


# --- the adjustments ----------------------------------------------------------------------------------


def _adjusted(verdict: Verdict, person: Participant, window: Window, session: SessionFacts, policy: Policy) -> Verdict:
    """Short window, many connects, not completed: in this order, each with its reason."""
    status, confidence, why = verdict
    if window.length < minutes(policy.short_session_minutes):
        confidence, why = Confidence.LOW, (*why, reasons.short(window.length, policy))
    if len(person.runs) > policy.max_connects:
        confidence, why = confidence.one_less, (*why, reasons.many_connects(len(person.runs), policy))
    if session.status is not SessionStatus.COMPLETED:
        at_most = Confidence.MEDIUM if confidence is Confidence.HIGH else confidence
        confidence, why = at_most, (*why, reasons.NOT_COMPLETED)
    return Verdict(status, confidence, why)
