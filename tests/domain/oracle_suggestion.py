"""The decision table of 1-domain 1.3 written a second time, from its text, as a list of rows.

Works on whole microseconds and whole hundredths of a percent; shares nothing with the rules but the words.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

MINUTE = 60_000_000
LEVELS = ["low", "medium", "high"]

Word = str | None


@dataclass(frozen=True)
class Case:
    """One participant: spans in microseconds, thresholds in hundredths (of a minute, of a percent)."""

    student: bool = True
    check_in: Word = None
    anybody: bool = True
    lateness: int | None = 0
    active: int = 60 * MINUTE
    window: int = 60 * MINUTE
    connects: int = 1
    completed: bool = True
    mode: str = "online"
    late: int = 500
    very_late: int = 1500
    low: int = 3000
    medium: int = 4000
    high: int = 7000
    short: int = 1500
    most_connects: int = 3

    def l_over(self, hundredths: int) -> bool:
        """L > so many hundredths of a minute."""
        return self.lateness is not None and self.lateness * 100 > hundredths * MINUTE

    def e_minus(self, hundredths: int) -> int:
        """The sign of E minus so many hundredths of a percent."""
        return self.active * 10_000 - hundredths * self.window


class Row(NamedTuple):
    """A row of the table."""

    number: int
    applies: Callable[[Case], bool]
    status: Callable[[Case], str]
    confidence: Callable[[Case], str]


def _scale(case: Case) -> str:
    if case.e_minus(case.high) > 0:
        return "high"
    return "medium" if case.e_minus(case.medium) >= 0 else "low"


ROWS = [
    Row(0, lambda c: c.student and bool(c.check_in), lambda c: str(c.check_in), lambda c: "high"),
    Row(1, lambda c: not c.anybody, lambda c: "absent", lambda c: "low"),
    Row(2, lambda c: c.lateness is None, lambda c: "absent", lambda c: "high"),
    Row(
        3,
        lambda c: c.e_minus(c.low) < 0,
        lambda c: "absent",
        lambda c: "high" if 2 * c.active * 10_000 < c.low * c.window else "medium",
    ),
    Row(4, lambda c: c.l_over(c.very_late) and c.e_minus(c.medium) < 0, lambda c: "absent", lambda c: "medium"),
    Row(5, lambda c: c.l_over(c.very_late), lambda c: "late", lambda c: "medium"),
    Row(6, lambda c: c.l_over(c.late), lambda c: "late", _scale),
    Row(7, lambda c: True, lambda c: "present", _scale),
]


def row_of(case: Case) -> Row:
    """The first row that applies."""
    return next(row for row in ROWS if row.applies(case))


def expected(case: Case) -> tuple[str, str, bool] | None:
    """Status, confidence, provisional; None without a suggestion."""
    if case.window <= 0 or (case.mode == "in_person" and not case.anybody):
        return None
    row = row_of(case)
    level = LEVELS.index(row.confidence(case))
    if case.window * 100 < case.short * MINUTE:
        level = 0
    if case.connects > case.most_connects:
        level = max(level - 1, 0)
    if not case.completed:
        level = min(level, 1)
    return row.status(case), LEVELS[level], not case.completed
