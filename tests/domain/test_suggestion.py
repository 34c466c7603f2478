"""The decision table, at every one of its borders and against a second writing of it (1-domain 1.3)."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings

from shared.domain.suggestion import Confidence
from shared.domain.words import Mark
from tests.domain.oracle_cases import CASES, answer
from tests.domain.oracle_suggestion import MINUTE, Case, expected, row_of

rules = settings.get_profile("rules")
HOUR = 60 * MINUTE


def says(case: Case) -> str:
    """Status and confidence in two words."""
    suggestion = answer(case)
    return f"{suggestion.status.lower()} {suggestion.confidence}" if suggestion else "nothing"


def came(late: int = 0, percent: int = 100, beside: int = 0, window: int = HOUR) -> Case:
    """So many microseconds late, so many percent of the window and some microseconds beside that."""
    return Case(lateness=late, active=percent * window // 100 + beside, window=window)


# --- rows ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["present", "late"])
@pytest.mark.parametrize("case", [Case(anybody=False, lateness=None), Case(lateness=None), came(30 * MINUTE, 1)])
def test_row_0_a_students_check_in_decides_whatever_the_connection_says(case: Case, mark: str) -> None:
    assert says(replace(case, check_in=mark, mode="hybrid")) == f"{mark} high"


def test_row_0_is_for_students_only() -> None:
    assert says(replace(came(7 * MINUTE, 80), check_in="present", student=False)) == "late high"


def test_row_1_when_nobody_came_everybody_is_absent_with_low_confidence() -> None:
    assert says(Case(anybody=False, lateness=None)) == "absent low"


@pytest.mark.parametrize("student", [True, False])
def test_row_2_who_never_came_while_another_did_is_absent(student: bool) -> None:
    assert says(Case(lateness=None, active=0, connects=0, student=student)) == "absent high"


def test_presence_outside_the_window_only_is_row_3_and_not_row_2() -> None:
    outside = Case(lateness=61 * MINUTE, active=0)
    assert (says(outside), row_of(outside).number) == ("absent high", 3)


@pytest.mark.parametrize(
    ("percent", "beside", "said"),
    [
        (0, 0, "absent high"),
        (15, -1, "absent high"),
        (15, 0, "absent medium"),
        (15, 1, "absent medium"),
        (30, -1, "absent medium"),
        (30, 0, "present low"),
        (30, 1, "present low"),
        (40, -1, "present low"),
        (40, 0, "present medium"),
        (40, 1, "present medium"),
        (70, -1, "present medium"),
        (70, 0, "present medium"),
        (70, 1, "present high"),
        (100, 0, "present high"),
    ],
)
def test_engagement_decides_to_the_microsecond(percent: int, beside: int, said: str) -> None:
    assert says(came(0, percent, beside)) == said


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (0, "present high"),
        (5 * MINUTE - 1, "present high"),
        (5 * MINUTE, "present high"),
        (5 * MINUTE + 1, "late high"),
        (15 * MINUTE - 1, "late high"),
        (15 * MINUTE, "late high"),
        (15 * MINUTE + 1, "late medium"),
    ],
)
def test_lateness_decides_to_the_microsecond(late: int, said: str) -> None:
    assert says(came(late, 75)) == said


@pytest.mark.parametrize(
    ("late", "percent", "beside", "said"),
    [
        (15 * MINUTE, 40, -1, "late low"),
        (15 * MINUTE + 1, 40, -1, "absent medium"),
        (15 * MINUTE + 1, 40, 0, "late medium"),
        (15 * MINUTE + 1, 40, 1, "late medium"),
        (15 * MINUTE + 1, 30, 0, "absent medium"),
        (15 * MINUTE + 1, 30, -1, "absent medium"),
        (15 * MINUTE + 1, 15, -1, "absent high"),
        (15 * MINUTE + 1, 75, 0, "late medium"),
        (5 * MINUTE + 1, 30, 0, "late low"),
        (5 * MINUTE + 1, 40, 0, "late medium"),
        (5 * MINUTE + 1, 70, 0, "late medium"),
        (5 * MINUTE + 1, 70, 1, "late high"),
    ],
)
def test_lateness_and_engagement_meet_in_rows_3_to_6(late: int, percent: int, beside: int, said: str) -> None:
    assert says(came(late, percent, beside)) == said


def test_a_window_of_an_odd_length_is_compared_without_rounding() -> None:
    """70 % of 7 microseconds less than an hour is no whole microsecond: the last below is not above."""
    window = HOUR - 7
    border = 70 * window // 100
    assert says(Case(active=border, window=window)) == "present medium"
    assert says(Case(active=border + 1, window=window)) == "present high"


# --- adjustments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("beside", "said"), [(-1, "present low"), (0, "present high"), (1, "present high")])
def test_a_window_shorter_than_15_minutes_means_low_confidence(beside: int, said: str) -> None:
    assert says(came(window=15 * MINUTE + beside)) == said


@pytest.mark.parametrize(("connects", "said"), [(1, "high"), (3, "high"), (4, "medium"), (9, "medium")])
def test_more_than_three_connects_are_one_level_less(connects: int, said: str) -> None:
    assert says(replace(came(), connects=connects)) == f"present {said}"


@pytest.mark.parametrize(("percent", "said"), [(50, "present low"), (35, "present low"), (10, "absent medium")])
def test_one_level_less_is_not_below_low(percent: int, said: str) -> None:
    assert says(replace(came(0, percent), connects=4)) == said


@pytest.mark.parametrize(("percent", "said"), [(100, "medium"), (50, "medium"), (35, "low")])
def test_before_the_end_confidence_is_at_most_medium_and_provisional(percent: int, said: str) -> None:
    suggestion = answer(replace(came(0, percent), completed=False))
    assert suggestion is not None
    assert (suggestion.confidence, suggestion.provisional) == (Confidence(said), True)


def test_the_adjustments_come_one_after_the_other() -> None:
    """High, one less for the connects, then the cap: medium, not low."""
    assert says(replace(came(), connects=4, completed=False)) == "present medium"


def test_a_check_in_is_adjusted_like_every_row() -> None:
    check_in = replace(came(window=10 * MINUTE), check_in="late", mode="hybrid")
    assert says(check_in) == "late low"
    assert says(replace(check_in, window=HOUR, completed=False)) == "late medium"


@pytest.mark.parametrize("case", [Case(window=0, active=0), Case(window=0, active=0, check_in="present")])
def test_an_empty_window_has_no_suggestion(case: Case) -> None:
    assert answer(case) is None


def test_an_in_person_session_without_presence_has_no_suggestion() -> None:
    nobody = Case(anybody=False, lateness=None, mode="in_person")
    assert answer(nobody) is None
    assert answer(replace(nobody, check_in="present")) is None
    assert says(replace(nobody, anybody=True)) == "absent high"


# --- everything ---------------------------------------------------------------------------------------


@rules
@given(CASES)
def test_the_rules_say_what_the_oracle_says(case: Case) -> None:
    suggestion = answer(case)
    found = suggestion and (suggestion.status.lower(), str(suggestion.confidence), suggestion.provisional)
    assert found == expected(case)


@rules
@given(CASES)
def test_a_suggestion_is_measured_exactly_and_never_excuses(case: Case) -> None:
    suggestion = answer(case)
    if suggestion:
        assert suggestion.metrics.engagement * case.window == 100 * Fraction(case.active)
        assert suggestion.status is not Mark.EXCUSED
        assert suggestion.reasons


def test_the_cases_drawn_reach_every_row() -> None:
    reached: Counter[int] = Counter()

    @settings(max_examples=300, deadline=None, derandomize=True, database=None)
    @given(CASES)
    def reach(case: Case) -> None:
        reached[row_of(case).number] += 1

    reach()
    assert set(reached) == set(range(8))
