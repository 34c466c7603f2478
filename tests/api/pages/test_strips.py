"""Presence as a picture: places along a strip."""

from datetime import UTC, datetime, timedelta

from api.pages.strips import LENGTH, THINNEST, Bar, axis_of, draw
from shared.domain.engagement import Window
from shared.domain.presence import Run

START = datetime(2026, 11, 20, 16, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def at(minute: float) -> datetime:
    """So many minutes after the start."""
    return START + timedelta(minutes=minute)


HOUR = Window(at(0), at(60))


def test_a_stay_is_as_long_as_its_share_of_the_time() -> None:
    assert draw((Run(at(15), at(45)),), HOUR, HOUR, FIVE).bars == [Bar(250, 500)]


def test_what_lies_outside_is_not_drawn() -> None:
    strip = draw((Run(at(-90), at(-30)), Run(at(-15), at(15)), Run(at(70), at(80))), HOUR, HOUR, FIVE)
    assert strip.bars == [Bar(0, 250)]


def test_a_single_moment_can_be_seen_also_at_the_very_end() -> None:
    bars = draw((Run(at(30), at(30)), Run(at(60), at(60))), HOUR, HOUR, FIVE).bars
    assert bars == [Bar(500, THINNEST), Bar(LENGTH - THINNEST, THINNEST)]


def test_late_begins_after_the_persons_own_start() -> None:
    """The tutor's window begins before the students'; both are drawn on the same axis."""
    students = Window(at(30), at(60))
    assert draw((), students, HOUR, FIVE).late == round(LENGTH * 35 / 60, 1)
    assert draw((), students, HOUR, FIVE).window == Bar(500, 500)
    assert draw((), HOUR, HOUR, timedelta(minutes=60)).late is None


def test_one_axis_holds_everybodys_window() -> None:
    assert axis_of([Window(at(10), at(50)), Window(at(0), at(40))]) == Window(at(0), at(50))
    assert axis_of([]) is None
