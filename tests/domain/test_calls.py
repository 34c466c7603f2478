"""The moment of a re-check that nobody can foresee."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.calls import closing, moment_of_recheck, number_to_ask

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = START + timedelta(minutes=100)


def minutes(now: float, chance: float, end: datetime | None = END, reserved: float = 2) -> float:
    """When, in minutes after the start, as seen so many minutes after it."""
    moment = moment_of_recheck(START, end, START + timedelta(minutes=now), chance, timedelta(minutes=reserved))
    return (moment - START) / timedelta(minutes=1)


@pytest.mark.parametrize(("chance", "expected"), [(0, 15), (0.5, 52.5), (1, 90)])
def test_it_lies_in_the_middle_of_the_session(chance: float, expected: float) -> None:
    assert minutes(0, chance) == expected


def test_a_rule_that_comes_late_is_drawn_over_what_is_left() -> None:
    assert minutes(60, 0) == 60
    assert minutes(60, 0.5) == 75
    assert minutes(97, 0.5) == 97


@pytest.mark.parametrize(("reserved", "last"), [(10, 90), (15, 85), (65, 35), (90, 15)])
def test_the_time_to_answer_and_an_exit_check_are_kept_free(reserved: float, last: float) -> None:
    assert minutes(0, 1, reserved=reserved) == last


def test_without_a_planned_end_an_hour_is_taken() -> None:
    assert minutes(0, 0, None) == 9
    assert minutes(0, 1, None) == 54
    assert minutes(300, 0.5, None) == 300


@pytest.mark.parametrize(("over_by", "left"), [(None, 120), (500, 120), (45, 45)])
def test_a_call_closes_when_it_must_be_over(over_by: float | None, left: float) -> None:
    limit = None if over_by is None else START + timedelta(seconds=over_by)
    assert closing(START, 120, limit) == START + timedelta(seconds=left)


@pytest.mark.parametrize(("there", "share", "asked"), [(1, 0.01, 1), (10, 0.5, 5), (11, 0.5, 6), (30, 1, 30)])
def test_a_share_of_those_there_is_at_least_one(there: int, share: float, asked: int) -> None:
    assert number_to_ask(there, share) == asked
