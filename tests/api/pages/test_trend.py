"""The weeks as columns: places and widths."""

from datetime import date, timedelta

import pytest

from api.pages.trend import LENGTH, WIDEST, draw
from api.reports.views import WeekRow

MONDAY = date(2026, 3, 2)


def week(place: int, rate: float = 50.0, **counts: int) -> WeekRow:
    """A week, so many after the first one."""
    numbers = {"sessions": 1, "enrolled": 2, "present": 1, "late": 0, "absent": 1, "excused": 0, "not_marked": 0}
    return WeekRow(week=MONDAY + timedelta(weeks=place), attendance_rate=rate, **{**numbers, **counts})


def test_nothing_is_no_trend() -> None:
    assert draw([], str) is None


def test_one_week_is_one_column_at_the_beginning() -> None:
    trend = draw([week(0, 80.0)], str)
    assert trend is not None
    assert [(column.x, column.width, column.rate) for column in trend.columns] == [(0, WIDEST, 80.0)]
    assert (trend.first, trend.last) == ("2 March 2026", "2 March 2026")


@pytest.mark.parametrize("weeks", [2, 15, 52, 500])
def test_columns_fill_the_chart_and_do_not_touch(weeks: int) -> None:
    trend = draw([week(place) for place in range(weeks)], str)
    assert trend is not None
    assert trend.columns[-1].x + trend.columns[-1].width == pytest.approx(LENGTH, abs=0.2)
    pairs = zip(trend.columns, trend.columns[1:], strict=False)
    assert all(left.x + left.width < right.x for left, right in pairs)


def test_weeks_without_sessions_keep_their_places() -> None:
    trend = draw([week(0), week(1), week(4)], str)
    assert trend is not None
    first, second, last = (column.x for column in trend.columns)
    assert last - first == pytest.approx(4 * (second - first), abs=0.5)


def test_a_week_with_more_people_weighs_more() -> None:
    """150 of 200 are 75.0, though the average of the rates is 62.5."""
    trend = draw([week(0, 50.0, enrolled=98, present=49), week(1, 99.0, enrolled=102, present=90, late=11)], str)
    assert trend is not None
    assert (trend.rate, trend.lowest, trend.highest, trend.sessions) == (75.0, 50.0, 99.0, 2)
