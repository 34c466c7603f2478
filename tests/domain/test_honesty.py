"""When chance makes a pattern too unlikely."""

import pytest

from shared.domain.honesty import chance_of, is_burst, is_late_habit, is_pair


def test_the_tail_of_a_fair_coin() -> None:
    assert chance_of(0, 5, 0.5) == 1
    assert chance_of(3, 3, 0.5) == pytest.approx(0.125)
    assert chance_of(2, 3, 0.5) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("late", "of", "habit"),
    [(3, 3, False), (4, 4, False), (5, 5, True), (4, 10, False), (7, 10, True), (20, 100, False)],
)
def test_a_habit_is_more_than_bad_luck(late: int, of: int, habit: bool) -> None:
    assert is_late_habit(late, of) is habit


@pytest.mark.parametrize(("late", "of", "burst"), [(3, 3, False), (5, 5, False), (6, 6, True), (6, 30, False)])
def test_a_burst_is_one_code_used_late_by_many(late: int, of: int, burst: bool) -> None:
    assert is_burst(late, of) is burst


@pytest.mark.parametrize(("together", "of", "pair"), [(4, 4, False), (11, 11, False), (12, 12, True), (12, 18, False)])
def test_a_pair_is_more_than_friends(together: int, of: int, pair: bool) -> None:
    assert is_pair(together, of) is pair
