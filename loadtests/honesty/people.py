"""Who is in the class, and how each tries to check in.

How long a phone takes, who sits together and how quickly a photo is passed on is assumed, not measured: the figures
say how the rules fare against each of these, not how frequent they are on a campus.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from shared.domain.fence import Position

CAMPUS = Position(48.137, 11.575, 0)
METERS_PER_DEGREE = 111_195.0


class Kind(StrEnum):
    """How somebody checks in."""

    HONEST = "honest"
    FRIENDS = "friends side by side"
    RELAY_3 = "photo passed on, 3 s"
    RELAY_10 = "photo passed on, 10 s"
    RELAY_25 = "photo passed on, 25 s"
    HELPED = "helper with five phones"
    ONE_PHONE = "five on one phone"
    AT_HOME = "at home, true location"
    SPOOFED = "at home, spoofed location"


HONEST = (Kind.HONEST, Kind.FRIENDS)
RELAYED = {Kind.RELAY_3: 3.0, Kind.RELAY_10: 10.0, Kind.RELAY_25: 25.0}
TRIES = 4
"""Somebody who is told that a code is too old scans the next one, a few times."""


@dataclass(frozen=True, slots=True)
class Student:
    """A student; ``table`` is whom they come and sit with, ``device`` the phone they use."""

    number: int
    kind: Kind
    table: int
    device: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One code shown to the server: read off the screen at one moment, received at another (seconds)."""

    read: float
    received: float
    position: Position


def make_class(chance: Random, size: int) -> list[Student]:
    """Mostly honest people, every fifth of them with a friend at their side, and each kind of colluder."""
    colluders = [
        *([Kind.RELAY_3, Kind.RELAY_10, Kind.RELAY_25] * 2),
        *([Kind.HELPED] * 5),
        *([Kind.ONE_PHONE] * 5),
        Kind.AT_HOME,
        Kind.SPOOFED,
    ]
    kinds = [*colluders]
    while len(kinds) < size:
        kinds += [Kind.FRIENDS] * 2 if chance.random() < 0.1 else [Kind.HONEST]
    return [Student(number, kind, _table(kinds, number), _device(kind, number)) for number, kind in enumerate(kinds)]


def attempts(student: Student, arrives: float, chance: Random) -> list[Attempt]:
    """What they show to the server, in order, until they give up."""
    found = []
    at = arrives + _turn(student, chance)
    for _ in range(TRIES):
        phone = 0.8 + chance.lognormvariate(0.0, 0.5)  # camera, page, network: 1.8 s in the middle
        passed_on = RELAYED.get(student.kind, 0.0) * chance.uniform(0.7, 1.3)
        found.append(Attempt(at, at + passed_on + phone, _position(student.kind, chance)))
        at = found[-1].received + chance.uniform(1.0, 6.0)
    return found


def _turn(student: Student, chance: Random) -> float:
    """How long after their table's arrival: friends take out their phones together, a helper one after the other."""
    if student.kind is Kind.FRIENDS:
        return chance.expovariate(1 / 3)
    if student.kind in (Kind.HELPED, Kind.ONE_PHONE):
        return 4.0 * (student.number - student.table) + chance.uniform(0.0, 1.5)
    return chance.uniform(0.0, 20.0)


def _position(kind: Kind, chance: Random) -> Position:
    if kind in (Kind.AT_HOME, *RELAYED):
        return Position(CAMPUS.latitude + 4_000 / METERS_PER_DEGREE, CAMPUS.longitude, 15.0)
    if kind is Kind.SPOOFED:
        return CAMPUS
    error = chance.expovariate(1 / 15)  # indoors: mostly tens of metres, now and then far off
    reported = max(5.0, error * chance.uniform(0.6, 1.6))
    return Position(CAMPUS.latitude + error / METERS_PER_DEGREE, CAMPUS.longitude, reported)


def _table(kinds: list[Kind], number: int) -> int:
    """The number of the first of those who belong together."""
    kind = kinds[number]
    if kind in (Kind.HELPED, Kind.ONE_PHONE):
        return kinds.index(kind)
    before = sum(1 for place in range(number) if kinds[place] is Kind.FRIENDS)
    return number - 1 if kind is Kind.FRIENDS and before % 2 else number


def _device(kind: Kind, number: int) -> int:
    return -1 if kind is Kind.ONE_PHONE else number
