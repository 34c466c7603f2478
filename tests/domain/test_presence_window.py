"""Windows, lateness and engagement (1-domain 1.2)."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.engagement import (
    Metrics,
    SessionTimes,
    Window,
    active_minutes,
    engagement_percentage,
    in_minutes,
    lateness_minutes,
    measure,
    one_decimal,
    window_of,
)
from shared.domain.presence import runs_of
from shared.domain.words import UserType
from tests.domain.oracles import MICROSECOND, NINE, credited

rules = settings.get_profile("rules")

TUTOR, STUDENT = UserType
SPAN = st.timedeltas(timedelta(minutes=-30), timedelta(hours=2))
MOMENT = SPAN.map(lambda since: NINE + since)


def clock(minutes: float) -> datetime:
    """A moment so many minutes after nine."""
    return NINE + timedelta(minutes=minutes)


ON_TIME = SessionTimes(clock(0), clock(60), clock(0), clock(60))
LATER = clock(600)


@pytest.mark.parametrize(
    ("times", "who", "window"),
    [
        (ON_TIME, STUDENT, (0, 60)),
        (replace(ON_TIME, actual_start=clock(10)), STUDENT, (10, 60)),
        (replace(ON_TIME, actual_start=clock(10)), TUTOR, (0, 60)),
        (replace(ON_TIME, actual_start=clock(-10)), STUDENT, (0, 60)),
        (replace(ON_TIME, actual_start=clock(-10)), TUTOR, (0, 60)),
        (replace(ON_TIME, actual_end=clock(50)), STUDENT, (0, 50)),
        (replace(ON_TIME, actual_end=clock(70)), TUTOR, (0, 60)),
        (replace(ON_TIME, scheduled_end=None), STUDENT, (0, 60)),
        (SessionTimes(None, None, clock(3), clock(33)), STUDENT, (3, 33)),
        (SessionTimes(None, None, clock(3), clock(33)), TUTOR, (3, 33)),
    ],
)
def test_the_window_is_the_later_start_to_the_earlier_end(
    times: SessionTimes, who: UserType, window: tuple[float, float]
) -> None:
    assert window_of(times, who, LATER) == Window(clock(window[0]), clock(window[1]))


@pytest.mark.parametrize(("now", "end"), [(20, 20), (60, 60), (75, 60)])
def test_while_running_the_window_ends_now_but_not_after_the_schedule(now: float, end: float) -> None:
    running = replace(ON_TIME, actual_end=None)
    assert window_of(running, STUDENT, clock(now)) == Window(clock(0), clock(end))


def test_while_running_without_a_schedule_the_window_ends_now() -> None:
    assert window_of(SessionTimes(actual_start=clock(1)), STUDENT, clock(2)) == Window(clock(1), clock(2))


@pytest.mark.parametrize(
    "times",
    [
        SessionTimes(clock(0), clock(60)),
        replace(ON_TIME, actual_start=clock(60), actual_end=clock(90)),
        replace(ON_TIME, actual_start=clock(-20), actual_end=clock(-5)),
        replace(ON_TIME, actual_end=clock(0)),
    ],
)
def test_an_empty_window_and_one_that_has_not_begun_are_none(times: SessionTimes) -> None:
    assert window_of(times, STUDENT, LATER) is None


def test_a_session_opened_after_its_scheduled_end_has_a_window_for_its_tutor_only() -> None:
    times = replace(ON_TIME, actual_start=clock(61), actual_end=clock(90))
    assert window_of(times, STUDENT, LATER) is None
    assert window_of(times, TUTOR, LATER) == Window(clock(0), clock(60))


@rules
@given(MOMENT, MOMENT, MOMENT, MOMENT)
def test_nobody_is_measured_outside_what_was_scheduled_and_what_was(
    planned: datetime, planned_end: datetime, began: datetime, ended: datetime
) -> None:
    window = window_of(SessionTimes(planned, planned_end, began, ended), STUDENT, LATER)
    latest, earliest = max(planned, began), min(planned_end, ended)
    assert window == ((latest, earliest) if latest < earliest else None)


HOUR = Window(clock(0), clock(60))


def test_somebody_who_never_came_has_no_lateness_and_no_engagement() -> None:
    metrics = measure((), HOUR)
    assert metrics == Metrics(None, Fraction(0), timedelta(0))
    assert (lateness_minutes(metrics), engagement_percentage(metrics), active_minutes(metrics)) == (None, 0.0, 0.0)


@pytest.mark.parametrize(("came", "lateness"), [(-12, 0), (0, 0), (7, 7), (80, 80)])
def test_lateness_counts_from_the_start_and_is_never_negative(came: float, lateness: float) -> None:
    assert measure(runs_of([clock(came)]), HOUR).lateness == timedelta(minutes=lateness)


def test_somebody_who_only_came_outside_the_window_was_not_active_in_it() -> None:
    metrics = measure(runs_of([clock(-9), clock(-8), clock(61), clock(62)]), HOUR)
    assert metrics == Metrics(timedelta(0), Fraction(0), timedelta(0))


def test_being_there_before_and_after_is_exactly_a_hundred_percent() -> None:
    points = [clock(minute) for minute in range(-5, 66)]
    assert measure(runs_of(points), HOUR) == Metrics(timedelta(0), Fraction(100), timedelta(hours=1))


@rules
@given(st.lists(MOMENT, max_size=30), MOMENT, MOMENT)
def test_engagement_is_credited_time_over_the_window_to_the_microsecond(
    points: list[datetime], one: datetime, other: datetime
) -> None:
    window = Window(min(one, other), max(one, other) + MICROSECOND)
    metrics = measure(runs_of(points), window)
    assert metrics.active == credited(points, *window) * MICROSECOND
    assert metrics.engagement * (window.length // MICROSECOND) == 100 * credited(points, *window)
    assert 0 <= metrics.engagement <= 100


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        (Fraction(0), 0.0),
        (Fraction(5, 100), 0.1),
        (Fraction(5, 100) - Fraction(1, 10**12), 0.0),
        (Fraction(25, 100), 0.3),
        (Fraction(35, 100), 0.4),
        (Fraction(9995, 100), 100.0),
        (Fraction(1, 3), 0.3),
        (Fraction(2, 3), 0.7),
        (Fraction(2865, 1000), 2.9),
    ],
)
def test_rounding_is_half_up_to_one_decimal(exact: Fraction, shown: float) -> None:
    assert one_decimal(exact) == shown


@rules
@given(st.timedeltas(timedelta(0), timedelta(days=2)))
def test_rounding_is_off_by_half_a_tenth_at_most(span: timedelta) -> None:
    exact = in_minutes(span)
    assert -Fraction(1, 20) < Fraction(str(one_decimal(exact))) - exact <= Fraction(1, 20)
