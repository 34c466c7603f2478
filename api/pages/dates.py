"""Times and days as a campus writes them: in its own zone, never in the server's or the phone's."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

Gettext = Callable[[str], str]


def clock(moment: datetime, zone: ZoneInfo) -> str:
    """Hours and minutes, e.g. ``09:02``."""
    return f"{moment.astimezone(zone):%H:%M}"


def weekday(day: date, _: Gettext) -> str:
    """The day's name. Not strftime's: that follows the server's locale, not the reader's language."""
    return (
        _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
    )[day.weekday()]  # fmt: skip


def month(day: date, _: Gettext) -> str:
    """The month's name."""
    return (
        _("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July"), _("August"),
        _("September"), _("October"), _("November"), _("December"),
    )[day.month - 1]  # fmt: skip


def long_day(day: date, _: Gettext) -> str:
    """E.g. ``Saturday, 21 November 2026``; a translation may order the parts as it likes."""
    parts = {"weekday": weekday(day, _), "day": day.day, "month": month(day, _), "year": day.year}
    return _("%(weekday)s, %(day)s %(month)s %(year)s") % parts


def short_day(day: date, _: Gettext) -> str:
    """E.g. ``21 November``."""
    return _("%(day)s %(month)s") % {"day": day.day, "month": month(day, _)}


def full_day(day: date, _: Gettext) -> str:
    """E.g. ``5 January 2026``: for lists that go over years."""
    return _("%(day)s %(month)s %(year)s") % {"day": day.day, "month": month(day, _), "year": day.year}
