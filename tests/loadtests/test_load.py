"""The parts of a load run that are plain functions: curves, thresholds, and the product's own number."""

from dataclasses import dataclass

import pytest

from loadtests.load.curves import CURVES, bell, soak, step
from loadtests.load.journey import Journey
from loadtests.load.running import Wish
from loadtests.load.scenarios import SCENARIOS
from loadtests.load.thresholds import ANY, Threshold, misses

WATCHED, STUDENT = "session", "student"


@dataclass
class Row:
    """Ten requests that all took the same time."""

    milliseconds: float
    fail_ratio: float = 0.0
    num_requests: int = 10

    def get_response_time_percentile(self, percent: float) -> float:
        """The same for all."""
        return self.milliseconds


@pytest.mark.parametrize("name", sorted(CURVES))
def test_a_curve_never_asks_for_nobody_or_for_more_than_there_are(name: str) -> None:
    assert all(1 <= CURVES[name](now, 60.0, 100) <= 100 for now in range(60))


def test_curves_have_their_shapes() -> None:
    assert bell(30, 60, 100) == 100
    assert bell(0, 60, 100) == bell(60, 60, 100) == 1
    assert [step(now, 50, 100) for now in (0, 10, 49)] == [20, 40, 100]
    assert soak(30, 60, 100) == soak(59, 60, 100) == 100


def test_a_threshold_that_is_not_held_is_named() -> None:
    limits = {"/slow": Threshold(p95=10, p99=50), ANY: Threshold(p95=1000, p99=1000)}
    assert misses({"/slow": Row(9), "/other": Row(999)}, limits) == []
    assert misses({"/slow": Row(20)}, limits) == ["/slow: p95 is 20 ms, at most 10 are allowed"]
    assert misses({"/other": Row(1, fail_ratio=0.5)}, limits) == ["/other: 50.00% failed, at most 0.00% may"]


def test_a_number_that_was_never_measured_holds_nothing() -> None:
    assert misses({}, {}, needed=["check-in"]) == ["check-in: nothing was measured"]
    assert misses({"check-in": Row(1, num_requests=0)}, {}, needed=["check-in"])


def test_a_journey_lasts_from_the_answer_to_the_frame() -> None:
    told: list[float] = []
    moments = iter([10.0, 10.25])
    journey = Journey(told.append, lambda: next(moments))
    journey.watch(WATCHED)
    journey.accepted((WATCHED, STUDENT))
    assert journey.under_way == 1
    journey.shown((WATCHED, STUDENT))
    assert told == [0.25]


def test_a_frame_that_overtakes_the_answer_is_a_journey_of_no_time() -> None:
    told: list[float] = []
    journey = Journey(told.append)
    journey.watch(WATCHED)
    journey.shown((WATCHED, STUDENT))
    journey.accepted((WATCHED, STUDENT))
    assert told == [0.0]


def test_what_no_dashboard_follows_is_no_journey() -> None:
    journey = Journey(lambda _: None)
    journey.accepted((WATCHED, STUDENT))
    journey.watch(WATCHED)
    journey.accepted((WATCHED, STUDENT))
    journey.unwatch(WATCHED)
    assert journey.under_way == 0


def test_as_many_students_come_as_were_wished() -> None:
    assert Wish("rush", 10_000, 60).users == 10_200
    assert Wish("heartbeats", 500, 60).users == Wish("review", 500, 60).users == 500
    assert SCENARIOS["rush"].staff(10_000) == {"Dashboards": 200}
    assert SCENARIOS["rush"].staff(20) == {"Dashboards": 1}
    assert set(SCENARIOS) >= {"rush", "heartbeats", "sockets", "dashboards", "reconnect", "review", "mixed"}
