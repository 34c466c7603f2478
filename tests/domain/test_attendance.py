"""Check-in status and rates (1-domain 1.2, 1.4, 1.6)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.attendance import Tally, attendance_rate, check_in_mark, session_start
from shared.domain.words import Mark

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
COUNT = st.integers(0, 5_000)


@pytest.mark.parametrize(
    ("after", "mark"),
    [
        (timedelta(minutes=-10), Mark.PRESENT),
        (timedelta(0), Mark.PRESENT),
        (timedelta(minutes=5), Mark.PRESENT),
        (timedelta(minutes=5) + MICROSECOND, Mark.LATE),
        (timedelta(hours=2), Mark.LATE),
    ],
)
def test_present_up_to_and_including_five_minutes_after_the_start(after: timedelta, mark: Mark) -> None:
    assert check_in_mark(NINE + after, NINE) == mark


def test_the_courses_policy_moves_the_threshold() -> None:
    assert check_in_mark(NINE + timedelta(minutes=2), NINE, 1.5) == Mark.LATE
    assert check_in_mark(NINE + timedelta(seconds=90), NINE, 1.5) == Mark.PRESENT


@pytest.mark.parametrize("minutes", [-20, 0, 20])
def test_the_start_is_the_later_of_plan_and_fact(minutes: int) -> None:
    actual = NINE + timedelta(minutes=minutes)
    assert session_start(NINE, actual) == max(NINE, actual)


def test_without_a_plan_the_fact_is_the_start() -> None:
    assert session_start(None, NINE) == NINE


@pytest.mark.parametrize(
    ("present", "late", "total", "excused", "rate"),
    [
        (25, 2, 30, 0, 90.0),
        (45, 2, 50, 0, 94.0),
        (1, 0, 3, 0, 33.3),
        (2, 0, 3, 0, 66.7),
        (1, 0, 800, 0, 0.1),
        (1, 0, 16, 0, 6.3),
        (0, 0, 0, 0, 0.0),
        (0, 0, 4, 4, 0.0),
        (3, 0, 4, 1, 100.0),
    ],
)
def test_rates_are_rounded_half_up_to_one_decimal(
    present: int, late: int, total: int, excused: int, rate: float
) -> None:
    assert attendance_rate(present, late, total, excused) == rate


@given(present=COUNT, late=COUNT, absent=COUNT, excused=COUNT, unmarked=COUNT)
def test_a_rate_lies_between_nobody_and_everybody(
    present: int, late: int, absent: int, excused: int, unmarked: int
) -> None:
    tally = Tally(present + late + absent + excused + unmarked, present, late, absent, excused)
    assert tally.not_marked == unmarked
    assert 0.0 <= tally.rate <= 100.0


def test_not_marked_is_never_negative_when_an_enrolment_ended_after_a_mark() -> None:
    assert Tally(enrolled=1, present=1, late=1).not_marked == 0
