"""A course's policy: its defaults, and what makes sense (1-domain 1.3)."""

from dataclasses import astuple, replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from shared.domain.attendance import LATE_AFTER_MINUTES
from shared.domain.policy import DEFAULTS, Policy, minutes, percent, policy_errors


def test_the_defaults_are_those_of_the_table() -> None:
    assert astuple(DEFAULTS)[:7] == (5, 15, 30, 40, 70, 15, 3)
    assert DEFAULTS.late_after_minutes == LATE_AFTER_MINUTES


@pytest.mark.parametrize(
    "policy",
    [
        DEFAULTS,
        Policy(0, 0, 0, 0, 0, 0, 1),
        Policy(1440, 1440, 100, 100, 100, 1440, 1000),
        Policy(2.5, 7.25, 33.3, 33.4, 99.9, 0, 2),
    ],
)
def test_thresholds_in_their_order_make_sense(policy: Policy) -> None:
    assert policy_errors(policy) == {}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"late_after_minutes": -0.1}, {"late_after_minutes"}),
        ({"late_after_minutes": 15.1}, {"absent_after_minutes"}),
        ({"absent_after_minutes": 1440.1}, {"absent_after_minutes"}),
        ({"low_engagement": float("nan")}, {"low_engagement"}),
        ({"low_engagement": 41}, {"medium_engagement"}),
        ({"medium_engagement": 71}, {"high_engagement"}),
        ({"high_engagement": 100.5}, {"high_engagement"}),
        ({"short_session_minutes": float("inf")}, {"short_session_minutes"}),
        ({"max_connects": 0}, {"max_connects"}),
        ({"max_connects": 1001}, {"max_connects"}),
        ({"late_after_minutes": -1, "high_engagement": 101, "max_connects": -3}, None),
    ],
)
def test_every_wrong_threshold_is_named(change: dict[str, Any], fields: set[str] | None) -> None:
    assert policy_errors(replace(DEFAULTS, **change)).keys() == (fields or change.keys())


def test_a_percentage_means_what_is_written() -> None:
    assert percent(33.3) == Fraction(333, 10)
    assert percent(30) == 30


def test_minutes_are_kept_to_the_microsecond() -> None:
    assert minutes(5.1) == timedelta(minutes=5, seconds=6)
