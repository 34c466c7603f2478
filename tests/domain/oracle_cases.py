"""Cases of the oracle as real facts, and ways to draw them, often right at a threshold."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st

from shared.domain.engagement import SessionTimes
from shared.domain.evidence import CheckIn, Participant, SessionFacts
from shared.domain.policy import Policy
from shared.domain.presence import Run, Runs
from shared.domain.suggestion import Suggestion, suggest
from shared.domain.words import Mark, Mode, SessionStatus, UserType
from tests.domain.oracle_suggestion import MINUTE, Case
from tests.domain.oracles import MICROSECOND, NINE

WHO = UUID(int=1)


def answer(case: Case) -> Suggestion | None:
    """What the rules say to a case."""
    return suggest(participant(case), session(case), policy(case), case.anybody, NINE + case.window * MICROSECOND)


def participant(case: Case) -> Participant:
    """One run of the active time from the lateness on; further connects come after the window and prove nothing."""
    user_type = UserType.STUDENT if case.student else UserType.TUTOR
    check_in = CheckIn(Mark(case.check_in.upper()), NINE) if case.check_in else None
    return Participant(WHO, user_type, _runs(case), check_in)


def _runs(case: Case) -> Runs:
    if case.lateness is None:
        return ()
    first = NINE + case.lateness * MICROSECOND
    after = max(first, NINE + case.window * MICROSECOND) + timedelta(hours=1)
    further = [after + timedelta(minutes=2 * number) for number in range(case.connects - 1)]
    return (Run(first, first + case.active * MICROSECOND), *(Run(each, each) for each in further))


def session(case: Case) -> SessionFacts:
    """A session that began at nine as planned, and ended or is running at the end of the window."""
    ended = NINE + case.window * MICROSECOND
    times = SessionTimes(NINE, NINE + timedelta(days=1), NINE, ended if case.completed else None)
    return SessionFacts(Mode(case.mode), SessionStatus.COMPLETED if case.completed else SessionStatus.ACTIVE, times)


def policy(case: Case) -> Policy:
    """The thresholds as numbers with two decimals."""
    return Policy(
        late_after_minutes=case.late / 100,
        absent_after_minutes=case.very_late / 100,
        low_engagement=case.low / 100,
        medium_engagement=case.medium / 100,
        high_engagement=case.high / 100,
        short_session_minutes=case.short / 100,
        max_connects=case.most_connects,
        version=1,
    )


def _around(value: int) -> st.SearchStrategy[int]:
    """A border and its neighbours, never below zero."""
    return st.integers(-1, 1).map(lambda step: max(0, value + step))


PERCENTS = st.integers(0, 10_000)


@st.composite
def ordinary(draw: st.DrawFn) -> Case:
    """An hour or so under the default policy, where rows 3 to 7 meet."""
    window = draw(st.just(60 * MINUTE) | st.integers(60 * MINUTE, 120 * MINUTE))
    very_late = st.integers(15 * MINUTE, 30 * MINUTE)
    lateness = draw(_around(5 * MINUTE) | _around(15 * MINUTE) | very_late | st.integers(0, 15 * MINUTE))
    return _fill(draw, Case(window=window, lateness=lateness))


@st.composite
def strange(draw: st.DrawFn) -> Case:
    """Any thresholds in their order, any window, also none."""
    late, very_late = sorted(draw(st.tuples(st.integers(0, 4000), st.integers(0, 4000))))
    low, medium, high = sorted(draw(st.tuples(PERCENTS, PERCENTS, PERCENTS)))
    short = draw(st.integers(0, 6000))
    window = draw(st.just(0) | _around(short * MINUTE // 100) | st.integers(1, 200 * MINUTE))
    at_border = st.sampled_from([late, very_late]).flatmap(lambda limit: _around(limit * MINUTE // 100))
    lateness = draw(st.none() | at_border | st.integers(0, 220 * MINUTE))
    thresholds = Case(late=late, very_late=very_late, low=low, medium=medium, high=high, short=short)
    most = draw(st.integers(1, 6))
    return _fill(draw, replace(thresholds, window=window, lateness=lateness, most_connects=most))


def _fill(draw: st.DrawFn, case: Case) -> Case:
    """The rest of a case: presence that fits into the window, and everything that is not about time."""
    case = replace(
        case,
        student=draw(st.booleans()),
        check_in=draw(st.sampled_from([None, None, None, None, "present", "late"])),
        completed=draw(st.booleans()),
        mode=draw(st.sampled_from(["online", "hybrid", "in_person"])),
    )
    if case.lateness is None:
        return replace(case, anybody=draw(st.booleans()), active=0, connects=0)
    borders = [limit * case.window // 10_000 for limit in (case.low // 2, case.low, case.medium, case.high)]
    at_border = st.sampled_from(borders).flatmap(_around)
    wanted = draw(at_border | st.integers(borders[1], borders[2]) | st.integers(borders[2], case.window))
    active = min(wanted, max(0, case.window - case.lateness))
    return replace(case, active=active, connects=draw(st.integers(1, 5)))


CASES = ordinary() | strange()
