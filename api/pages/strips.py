"""Presence drawn as a strip: when somebody was connected, over the time that counts. Pure: moments in, places out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.engagement import Window
from shared.domain.presence import Runs, clip

LENGTH = 1000
"""Units along a strip; the picture is stretched to whatever width there is."""
THINNEST = 4.0
"""A single moment is drawn this wide, or nobody would see it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a strip."""

    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Strip:
    """``window`` is what counts for this person, ``bars`` when they were connected, ``late`` where late begins."""

    window: Bar
    bars: list[Bar]
    late: float | None


def axis_of(windows: Iterable[Window]) -> Window | None:
    """One axis for everybody in a session, so that strips can be compared; None when nobody's time counts."""
    found = list(windows)
    if not found:
        return None
    return Window(min(window.start for window in found), max(window.end for window in found))


def draw(runs: Runs, window: Window, axis: Window, late_after: timedelta) -> Strip:
    """One person's strip."""
    late = window.start + late_after
    return Strip(
        window=_bar(window.start, window.end, axis),
        bars=[_bar(run.first, run.last, axis) for run in clip(runs, *axis)],
        late=_place(late, axis) if late < axis.end else None,
    )


def _bar(first: datetime, last: datetime, axis: Window) -> Bar:
    x = _place(first, axis)
    width = max(THINNEST, _place(last, axis) - x)
    return Bar(min(x, LENGTH - width), width)


def _place(moment: datetime, axis: Window) -> float:
    return round(LENGTH * ((moment - axis.start) / axis.length), 1)
