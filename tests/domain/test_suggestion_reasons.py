"""Every suggestion says why, with the numbers and the threshold that decided (1-domain 1.3)."""

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import reasons
from shared.domain.reasons import shown
from shared.domain.words import Mark
from tests.domain.oracle_cases import CASES, answer
from tests.domain.oracle_suggestion import MINUTE, Case

rules = settings.get_profile("rules")


def came(late: float, percent: int) -> Case:
    """So many minutes late, so many percent of an hour."""
    return Case(lateness=round(late * MINUTE), active=percent * 60 * MINUTE // 100)


def why(case: Case) -> tuple[str, ...]:
    """The reasons of a case that has a suggestion."""
    suggestion = answer(case)
    assert suggestion is not None
    return suggestion.reasons


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (Case(check_in="late"), "Checked in at 09:00:00 UTC as late; an accepted check-in decides"),
        (Case(lateness=None, anybody=False), "Nobody connected to this session, so there is nothing to compare with"),
        (Case(lateness=None, connects=0), "Never connected, while others did"),
        (came(0, 10), "Connected for 10.0 % of the time; absent below 30 %, surely below 15 %"),
        (came(0, 20), "Connected for 20.0 % of the time; absent below 30 %, surely only below 15 %"),
        (came(16, 35), "Connected 16.0 min after the start; very late after 15 min"),
        (came(16, 35), "Connected for 35.0 % of the time; when very late, absent below 40 %"),
        (came(16, 50), "Connected for 50.0 % of the time; when very late, late rather than absent from 40 %"),
        (came(7, 80), "Connected 7.0 min after the start; late after 5 min"),
        (came(7, 80), "Connected for 80.0 % of the time; high confidence above 70 %"),
        (came(2.5, 50), "Connected 2.5 min after the start; on time up to 5 min"),
        (came(2.5, 50), "Connected for 50.0 % of the time; medium confidence from 40 to 70 %"),
        (came(2.5, 35), "Connected for 35.0 % of the time; low confidence below 40 %"),
    ],
)
def test_each_row_names_its_numbers_and_its_threshold(case: Case, said: str) -> None:
    assert said in why(case)


def test_each_adjustment_has_its_reason_in_order() -> None:
    short = Case(window=10 * MINUTE, active=10 * MINUTE, connects=4, completed=False)
    assert why(short)[-3:] == (
        "Only 10.0 min of this session count; low confidence below 15 min",
        "Connected 4 times; one level less confident above 3",
        "The session is not completed; at most medium confidence until then",
    )


def test_the_courses_own_thresholds_are_named() -> None:
    assert why(replace(came(3, 80), late=250))[0] == "Connected 3.0 min after the start; late after 2.5 min"


def test_a_number_just_beyond_a_threshold_is_shown_as_beyond() -> None:
    second_late = replace(came(5, 80), lateness=5 * MINUTE + 1_000_000)
    assert why(second_late)[0] == "Connected 5.02 min after the start; late after 5 min"
    microsecond_late = replace(second_late, lateness=5 * MINUTE + 1)
    assert why(microsecond_late)[0] == "Connected 5.00000002 min after the start; late after 5 min"


@rules
@given(st.fractions(0, 100, max_denominator=10_000), st.integers(0, 100).map(Fraction))
def test_what_is_shown_lies_on_the_side_of_the_threshold_where_the_value_lies(value: Fraction, limit: Fraction) -> None:
    number = Fraction(shown(value, limit))
    assert (number > limit, number < limit) == (value > limit, value < limit)


@rules
@given(CASES)
def test_reasons_are_short_sentences_each_said_once(case: Case) -> None:
    suggestion = answer(case)
    said = suggestion.reasons if suggestion else ()
    assert len(set(said)) == len(said)
    assert all(sentence[0].isupper() and len(sentence) <= 120 for sentence in said)


def test_a_check_in_is_named_in_universal_time() -> None:
    moment = datetime.fromisoformat("2026-03-02T18:04:05+09:00")
    assert moment.astimezone(UTC).hour == 9
    assert reasons.checked_in(Mark.PRESENT, moment).startswith("Checked in at 09:04:05 UTC as present")
