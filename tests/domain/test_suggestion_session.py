"""What a session suggests as a whole: whom it covers, when its version changes, what it recommends (1-domain 1.3)."""

import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from uuid import UUID

import pytest

from shared.domain.engagement import SessionTimes
from shared.domain.evidence import CheckIn, Participant, SessionFacts, evidence_hash
from shared.domain.policy import Policy
from shared.domain.presence import Run, Runs
from shared.domain.suggestion import Confidence, SessionSuggestion, suggest_session
from shared.domain.words import Mark, Mode, SessionStatus, UserType
from tests.domain.oracles import NINE

POLICY = Policy(version=7)


def clock(minutes: float) -> datetime:
    """A moment so many minutes after nine."""
    return NINE + timedelta(minutes=minutes)


def stay(begin: float, end: float) -> Runs:
    """One run, in minutes after nine."""
    return (Run(clock(begin), clock(end)),)


ENDED = SessionFacts(Mode.ONLINE, SessionStatus.COMPLETED, SessionTimes(clock(0), clock(60), clock(0), clock(60)))
RUNNING = replace(ENDED, status=SessionStatus.ACTIVE, times=replace(ENDED.times, actual_end=None))
TUTOR = Participant(UUID(int=1), UserType.TUTOR, stay(0, 60))
ANN = Participant(UUID(int=2), UserType.STUDENT, stay(1, 60))
BOB = Participant(UUID(int=3), UserType.STUDENT)
EVERYBODY = [TUTOR, ANN, BOB]


def whole(*people: Participant, session: SessionFacts = ENDED, now: float = 60) -> SessionSuggestion:
    """The session's suggestion."""
    return suggest_session(session, people, POLICY, clock(now))


def test_everybody_has_a_suggestion_and_it_names_its_policy() -> None:
    session = whole(*EVERYBODY)
    statuses = {user_id.int: each.status for user_id, each in session.suggestions.items()}
    assert statuses == {1: Mark.PRESENT, 2: Mark.PRESENT, 3: Mark.ABSENT}
    assert (session.has_whiteboard, session.provisional, session.policy_version) == (True, False, 7)


def test_a_tutor_who_opened_late_is_late_and_nobody_else() -> None:
    opened = replace(ENDED, times=replace(ENDED.times, actual_start=clock(10)))
    session = whole(replace(TUTOR, runs=stay(10, 60)), replace(ANN, runs=stay(11, 60)), session=opened)
    assert session.suggestions[TUTOR.user_id].status == Mark.LATE
    assert session.suggestions[ANN.user_id].status == Mark.PRESENT


def test_the_tutor_counts_as_somebody_who_came() -> None:
    assert whole(TUTOR, BOB).suggestions[BOB.user_id].confidence == Confidence.HIGH
    assert whole(replace(TUTOR, runs=()), BOB).suggestions[BOB.user_id].confidence == Confidence.LOW


def test_an_in_person_session_without_presence_is_to_be_marked_manually() -> None:
    checked_in = replace(BOB, check_in=CheckIn(Mark.PRESENT, clock(1)))
    session = whole(replace(TUTOR, runs=()), checked_in, session=replace(ENDED, mode=Mode.IN_PERSON))
    assert (session.has_whiteboard, session.suggestions) == (False, {})
    assert session.recommendation == "No whiteboard data available. Please mark attendance manually."


def test_a_session_that_has_not_begun_suggests_nothing() -> None:
    scheduled = SessionFacts(Mode.ONLINE, SessionStatus.SCHEDULED, SessionTimes(clock(0), clock(60)))
    session = whole(*EVERYBODY, session=scheduled)
    assert (session.suggestions, session.provisional) == ({}, True)
    assert "no session time" in session.recommendation


# --- version ------------------------------------------------------------------------------------------


def test_the_digest_does_not_change_with_every_heartbeat() -> None:
    longer = replace(ANN, runs=stay(1, 59))
    assert whole(TUTOR, longer, BOB).digest == whole(*EVERYBODY).digest
    assert whole(TUTOR, longer, BOB).evidence != whole(*EVERYBODY).evidence


@pytest.mark.parametrize("runs", [stay(6, 60), stay(1, 40), stay(30, 31)])
def test_the_digest_changes_with_a_status_or_a_confidence(runs: Runs) -> None:
    assert whole(TUTOR, replace(ANN, runs=runs), BOB).digest != whole(*EVERYBODY).digest


def test_the_digest_changes_with_who_takes_part() -> None:
    assert whole(TUTOR, ANN).digest != whole(*EVERYBODY).digest


def test_the_digest_changes_when_two_people_change_places() -> None:
    swapped = [replace(ANN, runs=BOB.runs), replace(BOB, runs=ANN.runs)]
    assert whole(TUTOR, *swapped).digest != whole(*EVERYBODY).digest


def test_the_order_of_people_changes_neither_digest_nor_evidence() -> None:
    people = [replace(ANN, user_id=UUID(int=number), runs=stay(number, 60)) for number in range(20)]
    session = whole(*people)
    random.Random(1).shuffle(people)
    assert (whole(*people).digest, whole(*people).evidence) == (session.digest, session.evidence)


# --- evidence -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        replace(ENDED, mode=Mode.HYBRID),
        replace(ENDED, status=SessionStatus.ACTIVE),
        replace(ENDED, times=replace(ENDED.times, actual_end=clock(59))),
        replace(ENDED, times=replace(ENDED.times, scheduled_start=None)),
    ],
)
def test_evidence_changes_with_the_session(other: SessionFacts) -> None:
    assert evidence_hash(other, EVERYBODY, 7) != evidence_hash(ENDED, EVERYBODY, 7)


def test_evidence_changes_with_the_policy_with_a_check_in_and_with_every_point() -> None:
    checked_in = [TUTOR, replace(ANN, check_in=CheckIn(Mark.LATE, clock(9))), BOB]
    moved = [TUTOR, replace(ANN, runs=(Run(clock(1), clock(60) + timedelta(microseconds=1)),)), BOB]
    hashes = {evidence_hash(ENDED, people, 7) for people in (EVERYBODY, checked_in, moved)}
    assert len(hashes | {evidence_hash(ENDED, EVERYBODY, 8)}) == 4


def test_evidence_is_the_same_in_every_time_zone_and_at_every_time() -> None:
    there = timezone(timedelta(hours=9))
    abroad = replace(ANN, runs=tuple(Run(a.astimezone(there), b.astimezone(there)) for a, b in ANN.runs))
    assert evidence_hash(ENDED, [abroad], 7) == evidence_hash(ENDED, [ANN], 7)
    assert whole(ANN, session=RUNNING, now=20).evidence == whole(ANN, session=RUNNING, now=40).evidence


def test_evidence_stays_what_it_was() -> None:
    """Stored hashes are compared with new ones: the encoding must not change unnoticed."""
    assert evidence_hash(ENDED, EVERYBODY, 7) == "58e0346126df6bd22e96ed686e5821ab05e0e7df08d4ea002f0c4d8485bf38ca"


# --- recommendation -----------------------------------------------------------------------------------


def test_sure_suggestions_are_recommended_and_the_others_left_to_a_person() -> None:
    unsure = replace(ANN, user_id=UUID(int=9), runs=stay(1, 30))
    assert whole(*EVERYBODY, unsure).recommendation == (
        "Accept the 3 suggestions of high confidence, and look at the reasons of the other 1."
    )


def test_when_all_are_sure_or_none_is_the_recommendation_says_so() -> None:
    unsure = replace(ANN, runs=stay(1, 30))
    assert whole(TUTOR, ANN).recommendation.startswith("All 2 suggestions of high confidence")
    assert whole(unsure).recommendation.startswith("No suggestion is of high confidence; look at the reasons of 1 sugg")


def test_while_running_the_recommendation_is_to_wait() -> None:
    assert whole(*EVERYBODY, session=RUNNING, now=50).recommendation == (
        "The session is not completed; so far 2 present, 0 late, 1 absent, so decide when it has ended."
    )


def test_when_nobody_came_the_recommendation_is_to_find_out_why() -> None:
    assert whole(replace(TUTOR, runs=()), BOB).recommendation.startswith("Nobody connected to this session")
