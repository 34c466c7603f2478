"""Check-in status and rates: the arithmetic of 1-domain 1.4 and 1.6."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from shared.domain.words import Mark

LATE_AFTER_MINUTES = 5.0
"""Default of the course policy's ``lateAfterMinutes`` (1-domain 1.3)."""


def session_start(scheduled: datetime | None, actual: datetime) -> datetime:
    """The later of scheduled and actual start, so that nobody is late because the teacher was (1.2)."""
    return actual if scheduled is None else max(scheduled, actual)


def check_in_mark(moment: datetime, start: datetime, late_after_minutes: float = LATE_AFTER_MINUTES) -> Mark:
    """``PRESENT`` up to and including the threshold after the start, else ``LATE`` (1.4)."""
    return Mark.PRESENT if moment <= start + timedelta(minutes=late_after_minutes) else Mark.LATE


@dataclass(frozen=True, slots=True)
class Tally:
    """How many students of a session have which mark. ``connected`` counts students connected now."""

    enrolled: int
    present: int = 0
    late: int = 0
    absent: int = 0
    excused: int = 0
    connected: int = 0

    @property
    def not_marked(self) -> int:
        """Enrolled students without any mark; never below zero when an enrolment ended after a mark."""
        return max(0, self.enrolled - self.present - self.late - self.absent - self.excused)

    @property
    def rate(self) -> float:
        """The session attendance rate in percent."""
        return attendance_rate(self.present, self.late, self.enrolled, self.excused)


def attendance_rate(present: int, late: int, total: int, excused: int) -> float:
    """(present + late) ÷ (total − excused) × 100, one decimal, half up; 0.0 if nothing to divide (1.6)."""
    return percentage(present + late, total - excused)


def percentage(part: int, whole: int) -> float:
    """part ÷ whole × 100, one decimal, half up; 0.0 if nothing to divide."""
    if whole <= 0:
        return 0.0
    exact = Decimal(100 * part) / Decimal(whole)
    return float(exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))
