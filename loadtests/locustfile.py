"""Load on Muster, for people who know locust::

    locust -f loadtests --campus campus.json --host http://localhost:8000 --scenario rush -u 2000 -t 90s

``muster loadtest prepare`` makes the campus; ``muster loadtest rush`` does all of it. With ``--processes N`` give
``--load-processes N`` too: each then plays its own part of the sessions.
"""

from typing import Any

import gevent
from locust import LoadTestShape, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtests.load.curves import CURVES
from loadtests.load.people import open_campus
from loadtests.load.scenarios import SCENARIOS, Scenario
from loadtests.load.students import BeatingStudent, PresentStudent, RushStudent, StormStudent
from loadtests.load.teachers import DashboardTeacher, ReviewingTeacher
from loadtests.load.thresholds import Row, misses
from loadtests.load.traffic import RUSH_SECONDS, STORM_AFTER

MOST_AT_ONCE = 1_000
"""Users started per second at most."""


class Rush(RushStudent):
    """Arrives and checks in."""


class Sockets(PresentStudent):
    """Is there by socket."""


class Heartbeats(BeatingStudent):
    """Is there by HTTP."""


class Storm(StormStudent):
    """Loses the socket with everybody else."""


class Dashboards(DashboardTeacher):
    """Watches."""


class Reviews(ReviewingTeacher):
    """Decides."""


class ScenarioShape(LoadTestShape):
    """As many people as the scenario's curve says, until ``--run-time`` is over."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """People now, and how many may start per second."""
        assert self.runner is not None
        options: Any = self.runner.environment.parsed_options
        now, total = self.get_run_time(), float(options.run_time or 60)
        if now >= total:
            return None
        curve = CURVES[options.curve or SCENARIOS[options.scenario].curve]
        return curve(now, total, options.num_users or 100), MOST_AT_ONCE


@events.init_command_line_parser.add_listener
def _options(parser: LocustArgumentParser) -> None:
    parser.add_argument("--campus", default="campus.json", help="The campus that `muster loadtest prepare` made.")
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="mixed", help="Who comes.")
    parser.add_argument("--curve", choices=sorted(CURVES), default=None, help="Instead of the scenario's own.")
    parser.add_argument("--students", type=int, default=0, help="How many of the users are students; else all.")
    parser.add_argument("--arrive", type=float, default=RUSH_SECONDS, help="Seconds in which everybody arrives.")
    parser.add_argument("--load-processes", type=int, default=1, help="How many processes share the campus.")


def _scenario(environment: Environment) -> Scenario:
    options: Any = environment.parsed_options
    return SCENARIOS[options.scenario]


@events.init.add_listener
def _choose(environment: Environment, **_: Any) -> None:
    """Only the people of the scenario, in its proportions, at the campus's own address."""
    scenario = _scenario(environment)
    chosen = [one for one in environment.user_classes if one.__name__ in scenario.weights]
    options: Any = environment.parsed_options
    staff = scenario.staff(options.students or options.num_users or MOST_AT_ONCE)
    for one in chosen:
        one.weight = scenario.weights[one.__name__]
        one.fixed_count = staff.get(one.__name__, 0)
    environment.user_classes = chosen


@events.test_start.add_listener
def _brew(environment: Environment, **_: Any) -> None:
    """The storm of a reconnect storm."""
    if _scenario(environment) is SCENARIOS["reconnect"]:
        campus = open_campus(environment)
        gevent.spawn_later(STORM_AFTER, campus.storm.set)


@events.quitting.add_listener
def _judge(environment: Environment, **_: Any) -> None:
    """The exit status says whether the scenario's thresholds held; the workers leave it to their master."""
    if type(environment.runner).__name__ == "WorkerRunner":
        return
    scenario = _scenario(environment)
    rows: dict[str, Row] = {name: entry for (name, _method), entry in environment.stats.entries.items()}
    missed = misses(rows, scenario.limits, scenario.needed)
    print("\n".join(["", *(f"not held: {line}" for line in missed)] if missed else ["", "every threshold was held"]))
    environment.process_exit_code = int(bool(missed))
