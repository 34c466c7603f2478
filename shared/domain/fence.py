"""Whether a phone is inside a session's fence: judged in the request, kept only as inside or not and a distance band.

Location is one weak signal (5-security): phones err, and can be made to lie.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import NamedTuple

EARTH_RADIUS_METERS = 6_371_008.8
"""Mean radius (IUGG); the earth's flattening errs by half a percent, far less than a phone does."""

MOST_ACCURACY_METERS = 100.0
"""As much of a reported inaccuracy is granted; else "accurate to 50 km" would be inside every fence."""

BANDS_METERS = (25, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000)
FARTHEST_METERS = 100_000
"""Stands for everything beyond the last band."""


@dataclass(frozen=True, slots=True)
class Fence:
    """A circle on the ground: degrees, metres."""

    latitude: float
    longitude: float
    radius_meters: float


@dataclass(frozen=True, slots=True)
class Position:
    """Where a phone says it is: degrees, and within how many metres it believes that."""

    latitude: float
    longitude: float
    accuracy_meters: float


class Placed(NamedTuple):
    """What is kept of a position. ``distance_meters`` is the upper end of its band."""

    inside: bool
    distance_meters: int


def distance_meters(one: Fence | Position, other: Fence | Position) -> float:
    """Great-circle distance by the haversine formula, which is exact where others cancel out: close by."""
    north = math.radians(other.latitude - one.latitude)
    east = math.radians(other.longitude - one.longitude)
    scale = math.cos(math.radians(one.latitude)) * math.cos(math.radians(other.latitude))
    half_chord = math.sin(north / 2) ** 2 + scale * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_METERS * math.asin(math.sqrt(min(1.0, half_chord)))


def place(fence: Fence, position: Position) -> Placed:
    """Inside, if the phone could be inside given what it knows of its own error."""
    distance = distance_meters(fence, position)
    inside = distance <= fence.radius_meters + min(position.accuracy_meters, MOST_ACCURACY_METERS)
    return Placed(inside, _band(distance))


def _band(distance: float) -> int:
    place = bisect_left(BANDS_METERS, distance)
    return BANDS_METERS[place] if place < len(BANDS_METERS) else FARTHEST_METERS
