"""What people do, and what their connections show of it.

Moments are minutes after the scheduled start. Every person has the *truth* (when they were really there) and the
*points* that a server would have received. How often Wi-Fi fails or tabs are left open is assumed, not measured: the
figures say how suggestions fare against each of these, not how frequent they are on a campus.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from shared.domain.words import Mark, UserType

BEAT = 0.25
"""Minutes between two pongs of a socket."""

THROTTLED_BEAT = 1.0
"""Minutes between two beats of a hidden page's timer."""


class Scenario(StrEnum):
    """What somebody's session is like."""

    ALL_WELL = "all well"
    LATE_COMER = "late comer"
    FLAKY_WIFI = "flaky Wi-Fi"
    THROTTLED_TAB = "throttled tab"
    TWO_DEVICES = "two devices"
    EARLY_LEAVER = "early leaver"
    LEFT_OPEN_TAB = "left-open tab"
    NO_SHOW = "no-show"
    ON_TIME_TUTOR = "tutor on time"
    LATE_TUTOR = "late tutor"


@dataclass(frozen=True)
class Hours:
    """The time that counts for somebody."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """Minutes."""
        return self.end - self.start


@dataclass(frozen=True)
class Person:
    """Somebody in a session. ``came`` and ``left`` are the truth; both None for a no-show."""

    scenario: Scenario
    user_type: UserType = UserType.STUDENT
    came: float | None = None
    left: float | None = None
    points: list[float] = field(default_factory=list)


def truth(person: Person, hours: Hours) -> Mark:
    """What a tutor would mark who saw everything: the default policy, applied to when the person really was there.

    So it measures what the evidence loses, not whether the policy is wise.
    """
    if person.came is None or person.left is None:
        return Mark.ABSENT
    share = max(0.0, min(person.left, hours.end) - max(person.came, hours.start)) / hours.length
    late = person.came - hours.start
    if share < 0.30 or (late > 15 and share < 0.40):
        return Mark.ABSENT
    return Mark.LATE if late > 5 else Mark.PRESENT


def beats(chance: Random, begin: float, end: float, every: float = BEAT) -> list[float]:
    """A connect, then beats; one client in five vanishes without a goodbye."""
    points, moment = [begin], begin
    while (moment := moment + every * chance.uniform(0.97, 1.03)) < end:
        points.append(moment)
    return points if chance.random() < 0.2 else [*points, end]


def _arrival(chance: Random, hours: Hours) -> float:
    return hours.start + chance.uniform(-5, 3)


def _connecting(chance: Random) -> float:
    """From sitting down to being connected."""
    return chance.uniform(0.0, 0.4)


def _stay(chance: Random, scenario: Scenario, came: float, left: float, shown_until: float | None = None) -> Person:
    """A simple stay with one good connection."""
    points = beats(chance, came + _connecting(chance), left if shown_until is None else shown_until)
    return Person(scenario, came=came, left=left, points=points)


def all_well(chance: Random, hours: Hours) -> Person:
    """On time, until the end."""
    return _stay(chance, Scenario.ALL_WELL, _arrival(chance, hours), hours.end)


def late_comer(chance: Random, hours: Hours) -> Person:
    """Some minutes or half the session late."""
    late = chance.uniform(3, max(10.0, min(40.0, 0.8 * hours.length)))
    return _stay(chance, Scenario.LATE_COMER, hours.start + late, hours.end + 1)


def flaky_wifi(chance: Random, hours: Hours) -> Person:
    """There all the time, with outages: one every six minutes or so, mostly under a minute, some of many minutes."""
    came, points = _arrival(chance, hours), []
    moment = came + _connecting(chance)
    while moment < hours.end:
        lost = moment + chance.expovariate(1 / 6)
        points += beats(chance, moment, min(lost, hours.end))
        moment = lost + chance.lognormvariate(-0.3, 1.2)
    return Person(Scenario.FLAKY_WIFI, came=came, left=hours.end, points=points)


def throttled_tab(chance: Random, hours: Hours) -> Person:
    """A hidden page that beats once a minute over HTTP; one beat in forty is lost."""
    came = _arrival(chance, hours)
    points = beats(chance, came + _connecting(chance), hours.end, THROTTLED_BEAT)
    kept = points[:1] + [point for point in points[1:] if chance.random() > 1 / 40]
    return Person(Scenario.THROTTLED_TAB, came=came, left=hours.end, points=kept)


def two_devices(chance: Random, hours: Hours) -> Person:
    """A laptop until its battery dies, a phone from a little before or after that on."""
    came = _arrival(chance, hours)
    change = hours.start + chance.uniform(0.2, 0.8) * hours.length
    laptop = beats(chance, came + _connecting(chance), change)
    phone = beats(chance, change + chance.uniform(-10, 2), hours.end)
    return Person(Scenario.TWO_DEVICES, came=came, left=hours.end, points=laptop + phone)


def early_leaver(chance: Random, hours: Hours) -> Person:
    """On time, and gone somewhere in the middle."""
    left = hours.start + chance.uniform(0.05, 0.8) * hours.length
    return _stay(chance, Scenario.EARLY_LEAVER, min(_arrival(chance, hours), left - 0.5), left)


def left_open_tab(chance: Random, hours: Hours) -> Person:
    """On time, then away for good, while the tab stays connected to the end: looks like presence."""
    left = hours.start + chance.uniform(0.05, 0.8) * hours.length
    came = min(_arrival(chance, hours), left - 0.5)
    return _stay(chance, Scenario.LEFT_OPEN_TAB, came, left, shown_until=hours.end)


def no_show(_chance: Random, _hours: Hours) -> Person:
    """Never came."""
    return Person(Scenario.NO_SHOW)


Behaviour = Callable[[Random, Hours], Person]

STUDENTS: dict[Behaviour, float] = {
    all_well: 30,
    late_comer: 14,
    flaky_wifi: 14,
    throttled_tab: 10,
    two_devices: 8,
    early_leaver: 8,
    left_open_tab: 4,
    no_show: 12,
}
"""Behaviours of students and their assumed weights."""
