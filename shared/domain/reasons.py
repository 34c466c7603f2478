"""Why: short sentences with the numbers and the threshold that decided (1-domain 1.3)."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from shared.domain.engagement import in_minutes, rounded
from shared.domain.policy import Policy, minutes, percent
from shared.domain.words import Mark

NOBODY_CONNECTED = "Nobody connected to this session, so there is nothing to compare with"
NEVER_CONNECTED = "Never connected, while others did"
NOT_COMPLETED = "The session is not completed; at most medium confidence until then"

NO_WHITEBOARD = "No whiteboard data available. Please mark attendance manually."
NO_TIME = "There is no session time to judge yet; please mark attendance manually."
NOBODY = "Nobody connected to this session; find out whether it took place before marking anybody."

_FINEST = 9
"""Decimals at most: a microsecond is 0.000000017 min."""


def shown(value: Fraction, *limits: Fraction) -> str:
    """A number with one decimal, or as many as it takes to see on which side of the thresholds it lies.

    Otherwise 5 min and a second would read "5.0 min after the start; late after 5 min".
    """
    for places in range(1, _FINEST):
        number = rounded(value, places)
        if all(_side(Fraction(number), limit) == _side(value, limit) for limit in limits):
            return str(number)
    return str(rounded(value, _FINEST))


def _side(value: Fraction, limit: Fraction) -> int:
    return (value > limit) - (value < limit)


def _plain(threshold: float) -> str:
    return f"{threshold:.10g}"


def _minutes(span: timedelta, *thresholds: float) -> str:
    return shown(in_minutes(span), *(in_minutes(minutes(threshold)) for threshold in thresholds))


def _percent(value: Fraction, *thresholds: float) -> str:
    return shown(value, *(percent(threshold) for threshold in thresholds))


def checked_in(mark: Mark, moment: datetime) -> str:
    """Row 0."""
    return f"Checked in at {moment.astimezone(UTC):%H:%M:%S} UTC as {mark.lower()}; an accepted check-in decides"


def hardly_there(engagement: Fraction, policy: Policy) -> str:
    """Row 3."""
    low = policy.low_engagement
    share = _percent(engagement, low, low / 2)
    surely = "surely" if engagement < percent(low) / 2 else "surely only"
    return f"Connected for {share} % of the time; absent below {_plain(low)} %, {surely} below {_plain(low / 2)} %"


def very_late(lateness: timedelta, policy: Policy) -> str:
    """Rows 4 and 5, first half."""
    limit = policy.absent_after_minutes
    return f"Connected {_minutes(lateness, limit)} min after the start; very late after {_plain(limit)} min"


def very_late_engagement(engagement: Fraction, policy: Policy) -> str:
    """Rows 4 and 5, second half."""
    limit = policy.medium_engagement
    outcome = "absent below" if engagement < percent(limit) else "late rather than absent from"
    return f"Connected for {_percent(engagement, limit)} % of the time; when very late, {outcome} {_plain(limit)} %"


def late(lateness: timedelta, policy: Policy) -> str:
    """Row 6."""
    limit = policy.late_after_minutes
    shown_lateness = _minutes(lateness, limit, policy.absent_after_minutes)
    return f"Connected {shown_lateness} min after the start; late after {_plain(limit)} min"


def on_time(lateness: timedelta, policy: Policy) -> str:
    """Row 7."""
    limit = policy.late_after_minutes
    return f"Connected {_minutes(lateness, limit)} min after the start; on time up to {_plain(limit)} min"


def engagement(value: Fraction, policy: Policy) -> str:
    """The confidence of rows 6 and 7."""
    medium, high = policy.medium_engagement, policy.high_engagement
    if value > percent(high):
        level = f"high confidence above {_plain(high)} %"
    elif value >= percent(medium):
        level = f"medium confidence from {_plain(medium)} to {_plain(high)} %"
    else:
        level = f"low confidence below {_plain(medium)} %"
    return f"Connected for {_percent(value, policy.low_engagement, medium, high)} % of the time; {level}"


def short(length: timedelta, policy: Policy) -> str:
    """The first adjustment."""
    limit = policy.short_session_minutes
    return f"Only {_minutes(length, limit)} min of this session count; low confidence below {_plain(limit)} min"


def many_connects(connects: int, policy: Policy) -> str:
    """The second adjustment."""
    return f"Connected {connects} times; one level less confident above {policy.max_connects}"


def still_running(statuses: Iterable[Mark]) -> str:
    """A recommendation while the session is not completed."""
    count = Counter(statuses)
    so_far = ", ".join(f"{count[mark]} {mark.lower()}" for mark in (Mark.PRESENT, Mark.LATE, Mark.ABSENT))
    return f"The session is not completed; so far {so_far}, so decide when it has ended."


def accept(sure: int, unsure: int) -> str:
    """A recommendation for a completed session."""
    if not unsure:
        return f"All {_suggestions(sure)} of high confidence; accept after a look at the reasons."
    if not sure:
        return f"No suggestion is of high confidence; look at the reasons of {_suggestions(unsure)} one by one."
    return f"Accept the {_suggestions(sure)} of high confidence, and look at the reasons of the other {unsure}."


def _suggestions(number: int) -> str:
    return "1 suggestion" if number == 1 else f"{number} suggestions"
