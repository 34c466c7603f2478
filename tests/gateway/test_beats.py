"""Moments that wait: fewer, and they prove the same."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.beats import MOST, keep
from shared.domain.presence import GAP, runs_of

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def kept(seconds: list[float]) -> list[datetime]:
    """What is left of these moments, kept in this order."""
    moments: list[datetime] = []
    for second in seconds:
        keep(moments, START + timedelta(seconds=second))
    return moments


# Steps back are a clock that was set; steps of exactly 75 s are the border between one run and two.
STEPS = st.lists(st.sampled_from([0.0, 1.0, 15.0, 37.5, 74.999999, 75.0, 75.000001, 200.0, -20.0, -90.0]), max_size=100)


@given(STEPS)
def test_what_is_kept_proves_the_same_presence(steps: list[float]) -> None:
    seconds = [sum(steps[: place + 1]) for place in range(len(steps))]
    assert runs_of(kept(seconds)) == runs_of(START + timedelta(seconds=second) for second in seconds)


def test_an_hour_of_pings_is_kept_as_two_moments_per_gap() -> None:
    assert len(kept([15.0 * beat for beat in range(240)])) <= 2 * 3600 / GAP.total_seconds() + 2


def test_without_an_end_of_the_outage_memory_has_one() -> None:
    moments = kept([60.0 * beat for beat in range(10_000)])
    assert len(moments) == MOST
    assert moments[-1] == START + timedelta(minutes=9_999)
