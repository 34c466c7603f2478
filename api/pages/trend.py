"""The trend drawn: a column a week, as tall as the rate, over the weeks between the first and the last. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.pages.dates import Gettext, full_day
from api.reports.views import WeekRow
from shared.domain.attendance import attendance_rate

LENGTH = 1000
"""Units along the chart; the picture is stretched to whatever width there is. Upwards it has 100, one for a percent."""
WIDEST = 60.0
SHARE = 0.7
"""How much of a week's place its column takes; the rest keeps it from the next."""


@dataclass(frozen=True, slots=True)
class Column:
    """A week: where it stands, and its rate in percent."""

    x: float
    width: float
    rate: float


@dataclass(frozen=True, slots=True)
class Trend:
    """All of it together, the columns, and the weeks at both ends in words; rates in percent."""

    sessions: int
    rate: float
    lowest: float
    highest: float
    columns: list[Column]
    first: str
    last: str


def draw(weeks: Sequence[WeekRow], translate: Gettext) -> Trend | None:
    """The trend of weeks in their order; None without any. Weeks without sessions keep their places empty."""
    if not weeks:
        return None
    rates = [week.attendance_rate for week in weeks]
    return Trend(
        sessions=sum(week.sessions for week in weeks),
        rate=_rate_of_all(weeks),
        lowest=min(rates),
        highest=max(rates),
        columns=_columns(weeks),
        first=full_day(weeks[0].week, translate),
        last=full_day(weeks[-1].week, translate),
    )


def _rate_of_all(weeks: Sequence[WeekRow]) -> float:
    """Not the average of the rates: a week with more people weighs more (1-domain 1.6)."""
    present, late = sum(week.present for week in weeks), sum(week.late for week in weeks)
    return attendance_rate(present, late, sum(week.enrolled for week in weeks), sum(week.excused for week in weeks))


def _columns(weeks: Sequence[WeekRow]) -> list[Column]:
    places = [(week.week - weeks[0].week).days // 7 for week in weeks]
    width = min(WIDEST, SHARE * LENGTH / (places[-1] + 1))
    step = (LENGTH - width) / max(1, places[-1])
    return [
        Column(round(place * step, 1), round(width, 1), week.attendance_rate)
        for place, week in zip(places, weeks, strict=True)
    ]
