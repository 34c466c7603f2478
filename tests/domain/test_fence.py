"""Inside or outside: the haversine distance and what a phone knows of its own error."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.fence import EARTH_RADIUS_METERS, FARTHEST_METERS, Fence, Position, distance_meters, place

CAMPUS = Fence(48.137, 11.575, 100)
DEGREE = math.pi / 180 * EARTH_RADIUS_METERS
degrees = st.floats(-90, 90)


def north_of(fence: Fence, meters: float, accuracy: float = 0) -> Position:
    """So many metres to the north."""
    return Position(fence.latitude + meters / DEGREE, fence.longitude, accuracy)


@pytest.mark.parametrize(
    ("meters", "accuracy", "inside"),
    [(0, 0, True), (99.9, 0, True), (100.1, 0, False), (120, 20.1, True), (120, 19.9, False), (201, 50_000, False)],
)
def test_the_border_moves_out_by_the_phones_own_error_up_to_a_limit(
    meters: float, accuracy: float, inside: bool
) -> None:
    assert place(CAMPUS, north_of(CAMPUS, meters, accuracy)).inside is inside


@pytest.mark.parametrize(
    ("meters", "band"), [(0, 25), (24.9, 25), (25.1, 50), (990, 1_000), (49_000, 50_000), (51_000, FARTHEST_METERS)]
)
def test_only_a_band_of_the_distance_is_kept(meters: float, band: int) -> None:
    assert place(CAMPUS, north_of(CAMPUS, meters)).distance_meters == band


def test_known_distances() -> None:
    munich, berlin = Position(48.1374, 11.5755, 0), Position(52.5200, 13.4050, 0)
    assert distance_meters(munich, berlin) == pytest.approx(504_400, rel=0.005)
    assert distance_meters(Position(0, 179.9995, 0), Position(0, -179.9995, 0)) == pytest.approx(111.2, rel=0.01)


@given(degrees, st.floats(-180, 180), degrees, st.floats(-180, 180))
def test_a_distance_is_the_same_both_ways_and_at_most_half_around(
    lat: float, lon: float, other_lat: float, other_lon: float
) -> None:
    one, other = Position(lat, lon, 0), Position(other_lat, other_lon, 0)
    distance = distance_meters(one, other)
    assert distance == pytest.approx(distance_meters(other, one))
    assert 0 <= distance <= math.pi * EARTH_RADIUS_METERS + 1
