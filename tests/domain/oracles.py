"""The rules of presence written a second time, slowly and in another way, to compare with.

Presence is counted on a line of microseconds: every point covers the G after it, and what is covered is counted by
walking over the borders, as the stored multirange does. Nothing here is shared with the rules themselves.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SEVENTY_FIVE = 75_000_000


def ticks(moment: datetime) -> int:
    """Microseconds since nine."""
    since = moment - NINE
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def stays(points: Collection[datetime]) -> list[tuple[int, int]]:
    """First and last microsecond of each stay: a border opens at t and closes at t + G; openings go first."""
    marks = {ticks(point) for point in points}
    borders = sorted([(mark, 0) for mark in marks] + [(mark + SEVENTY_FIVE, 1) for mark in marks])
    found, depth, begun = [], 0, 0
    for place, closes in borders:
        if not closes and not depth:
            begun = place
        depth += -1 if closes else 1
        if not depth:
            found.append((begun, place - SEVENTY_FIVE))
    return found


def credited(points: Collection[datetime], start: datetime, end: datetime) -> int:
    """Credited microseconds in [start, end]: pair by pair of neighbours at most G apart, each cut to the window."""
    marks: Sequence[int] = sorted({ticks(point) for point in points})
    low, high = ticks(start), ticks(end)
    pairs = [(a, b) for a, b in pairwise(marks) if b - a <= SEVENTY_FIVE]
    return sum(max(0, min(b, high) - max(a, low)) for a, b in pairs)
