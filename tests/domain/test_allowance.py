"""The sliding window of an allowance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.allowance import seconds_to_wait


@pytest.mark.parametrize(
    ("before", "now", "elapsed", "wait"),
    [
        (0, 600, 0.0, 0),
        (0, 601, 59.0, 2),
        (600, 1, 0.0, 1),
        (600, 300, 30.0, 0),
        (600, 301, 30.0, 1),
        (600, 600, 59.9, 1),
        (1200, 1, 0.0, 31),
        (0, 1200, 0.0, 91),
    ],
)
def test_what_lies_within_the_last_minute_counts(before: int, now: int, elapsed: float, wait: int) -> None:
    assert seconds_to_wait(before, now, 600, elapsed) == wait


@given(st.integers(0, 3000), st.integers(1, 3000), st.integers(1, 1000), st.floats(0, 59.99))
def test_who_waits_as_told_is_free_and_nobody_waits_two_minutes(
    before: int, now: int, most: int, elapsed: float
) -> None:
    wait = seconds_to_wait(before, now, most, elapsed)
    assert 0 <= wait <= 120
    if wait:
        minutes, later = divmod(elapsed + wait, 60)
        if minutes == 0:
            assert seconds_to_wait(before, now + 1, most, later) == 0
        elif minutes == 1:
            assert seconds_to_wait(now, 1, most, later) == 0
