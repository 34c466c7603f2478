"""Times and days on pages."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from api.pages.dates import clock, full_day, long_day, short_day


def same(text: str) -> str:
    """No translation."""
    return text


def test_times_are_the_campuss_own() -> None:
    """Noon in UTC is one o'clock in Vienna, and two in summer."""
    vienna = ZoneInfo("Europe/Vienna")
    assert clock(datetime(2026, 1, 5, 12, 0, tzinfo=UTC), vienna) == "13:00"
    assert clock(datetime(2026, 7, 5, 12, 0, tzinfo=UTC), vienna) == "14:00"


def test_days_are_written_out() -> None:
    """With the weekday, and without for lists."""
    assert long_day(date(2026, 11, 21), same) == "Saturday, 21 November 2026"
    assert short_day(date(2026, 1, 5), same) == "5 January"
    assert full_day(date(2026, 1, 5), same) == "5 January 2026"


def test_a_translation_orders_the_parts_itself() -> None:
    """Some languages put the year first."""
    turned = {"%(weekday)s, %(day)s %(month)s %(year)s": "%(year)s %(month)s %(day)s"}
    assert long_day(date(2026, 11, 21), lambda text: turned.get(text, text)) == "2026 November 21"
