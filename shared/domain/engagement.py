"""A person's window in a session, their lateness and their engagement (1-domain 1.2).

Everything here is exact: times to the microsecond, percentages as fractions. Rounding is for the edge only.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shared.domain.presence import Runs, active_time, clip
from shared.domain.words import UserType

MINUTE = timedelta(minutes=1)
_NOTHING = timedelta(0)
_EVERYTHING = Fraction(100)


class Window(NamedTuple):
    """The time that counts for a person; its end is later than its start."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """End − start."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """When a session was planned and when it was. A start without an end is still running."""

    scheduled_start: datetime | None = None
    scheduled_end: datetime | None = None
    actual_start: datetime | None = None
    actual_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """What is measured of a person, unrounded.

    ``lateness`` is None for somebody who never came. ``engagement`` is a percentage from 0 to 100, ``active`` the
    active time inside the window.
    """

    lateness: timedelta | None
    engagement: Fraction
    active: timedelta


def window_of(times: SessionTimes, user_type: UserType, now: datetime) -> Window | None:
    """The later of the starts to the earlier of the ends, so that nobody pays for a tutor who came late or left early.

    The tutor's own window begins at the scheduled start. What was not scheduled does not count; while running, now
    stands for the actual end. None when it is empty, or the session has not started.
    """
    if times.actual_start is None:
        return None
    start = times.scheduled_start or times.actual_start
    if user_type is not UserType.TUTOR:
        start = max(start, times.actual_start)
    end = times.actual_end or now
    if times.scheduled_end is not None:
        end = min(end, times.scheduled_end)
    return Window(start, end) if end > start else None


def measure(runs: Runs, window: Window) -> Metrics:
    """Lateness, engagement and active time of somebody with these runs."""
    lateness = max(_NOTHING, runs[0].first - window.start) if runs else None
    return metrics_in(window, lateness, active_time(clip(runs, *window)))


def metrics_in(window: Window, lateness: timedelta | None, active: timedelta) -> Metrics:
    """The metrics that follow from this lateness and active time inside the window."""
    return Metrics(lateness, min(_EVERYTHING, ratio(active, window.length) * 100), active)


def ratio(part: timedelta, whole: timedelta) -> Fraction:
    """How often the whole goes into the part, exactly."""
    return Fraction(_microseconds(part), _microseconds(whole))


def in_minutes(span: timedelta) -> Fraction:
    """A span in minutes, exactly."""
    return ratio(span, MINUTE)


def rounded(value: Fraction, places: int) -> Decimal:
    """Rounded half up to so many decimals, from the exact value."""
    return Decimal(math.floor(value * 10**places + Fraction(1, 2))).scaleb(-places)


def one_decimal(value: Fraction) -> float:
    """As an answer shows it: half up, one decimal. For the edge only; decisions use the unrounded value."""
    return float(rounded(value, 1))


def lateness_minutes(metrics: Metrics) -> float | None:
    """``lateness_minutes`` as an answer shows it."""
    return None if metrics.lateness is None else one_decimal(in_minutes(metrics.lateness))


def engagement_percentage(metrics: Metrics) -> float:
    """``engagement_percentage`` as an answer shows it."""
    return one_decimal(metrics.engagement)


def active_minutes(metrics: Metrics) -> float:
    """``active_minutes`` as an answer shows it."""
    return one_decimal(in_minutes(metrics.active))


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
