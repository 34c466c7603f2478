"""Scenarios by name: who comes, along which curve, and what must hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loadtests.load.thresholds import ANY, Threshold
from loadtests.load.traffic import CLASS_SIZE, SHARES

JOURNEY = "check-in → dashboard"
"""The row of the product's own number, see :mod:`loadtests.load.journey`."""

PATIENT = Threshold(p95=1000, p99=2000)
"""4-pipeline 4.4: p99 ≤ 2 s at the hour change, nobody refused."""

VISIBLE = Threshold(p95=600, p99=1000)
"""4-pipeline 4.4: accepted → visible, p99 ≤ 1 s."""


STAFF = frozenset({"Dashboards", "Reviews"})
"""User classes whose number is fixed: a room has its teacher from the beginning, however many students are there."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """``weights`` of the user classes by name."""

    about: str
    weights: Mapping[str, int]
    curve: str
    limits: Mapping[str, Threshold] = field(default_factory=lambda: {ANY: PATIENT, JOURNEY: VISIBLE})
    needed: tuple[str, ...] = ()

    def staff(self, students: int) -> dict[str, int]:
        """How many of each staff class belong to so many students; at least one."""
        per = sum(weight for name, weight in self.weights.items() if name not in STAFF)
        staff = {name: weight for name, weight in self.weights.items() if name in STAFF}
        return {name: -(-students * weight // per) if per else students for name, weight in staff.items()}


SCENARIOS = {
    "rush": Scenario(
        "campus hour change: everybody connects and checks in",
        {"Rush": CLASS_SIZE, "Dashboards": 1},
        "storm",
        {ANY: PATIENT, JOURNEY: PATIENT},
        needed=(JOURNEY,),
    ),
    "heartbeats": Scenario("clients that speak only HTTP", {"Heartbeats": 1}, "soak"),
    "sockets": Scenario("presence by socket", {"Sockets": 1}, "soak"),
    "dashboards": Scenario(
        "teachers watch while students arrive", {"Dashboards": 1, "Rush": 4}, "soak", needed=(JOURNEY,)
    ),
    "reconnect": Scenario("every socket is cut at once", {"Storm": CLASS_SIZE, "Dashboards": 1}, "storm"),
    "review": Scenario("tutors end sessions and accept suggestions", {"Reviews": 1}, "step"),
    "mixed": Scenario(
        "a campus in the morning",
        {
            "Sockets": SHARES["sockets"],
            "Heartbeats": SHARES["heartbeats"],
            "Rush": SHARES["rush"],
            "Dashboards": SHARES["dashboards"],
            "Reviews": SHARES["reviews"],
        },
        "bell",
        needed=(JOURNEY,),
    ),
}
