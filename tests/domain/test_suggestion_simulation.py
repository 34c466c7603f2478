"""The simulated campus: reproducible, and honest about what connections cannot show."""

from random import Random

import pytest

from loadtests.simulation.__main__ import main
from loadtests.simulation.campus import Outcome, hold, receive
from loadtests.simulation.people import Hours, Person, Scenario, truth
from shared.domain.presence import merge
from shared.domain.suggestion import Confidence
from shared.domain.words import Mark

HOUR = Hours(0, 60)


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Sixty sessions."""
    chance = Random(20260302)
    return [outcome for _ in range(60) for outcome in hold(chance)]


@pytest.mark.parametrize(
    ("came", "left", "mark"),
    [
        (None, None, Mark.ABSENT),
        (-3, 60, Mark.PRESENT),
        (5, 60, Mark.PRESENT),
        (6, 60, Mark.LATE),
        (20, 60, Mark.LATE),
        (37, 60, Mark.ABSENT),
        (0, 17, Mark.ABSENT),
    ],
)
def test_truth_is_the_policy_applied_to_when_somebody_really_was_there(
    came: float | None, left: float | None, mark: Mark
) -> None:
    assert truth(Person(Scenario.ALL_WELL, came=came, left=left), HOUR) == mark


def test_delivery_does_not_change_what_is_stored() -> None:
    everybody = [[minute / 4 for minute in range(n, 40 * n)] for n in range(8)]
    stored = receive(Random(1), everybody)
    assert stored == receive(Random(2), everybody)
    assert [merge(runs) for runs in stored] == stored


def test_high_confidence_is_right_where_connections_can_know(outcomes: list[Outcome]) -> None:
    sure = [each for each in outcomes if each.confidence is Confidence.HIGH]
    known = [each for each in sure if each.scenario is not Scenario.LEFT_OPEN_TAB]
    assert sum(each.truth == each.suggested for each in known) > 0.97 * len(known) > 0


def test_a_left_open_tab_looks_like_presence(outcomes: list[Outcome]) -> None:
    fooled = [each for each in outcomes if each.scenario is Scenario.LEFT_OPEN_TAB]
    assert {each.suggested for each in fooled} == {Mark.PRESENT}
    assert any(each.truth is Mark.ABSENT for each in fooled)


def test_the_same_seed_gives_the_same_report(capsys: pytest.CaptureFixture[str]) -> None:
    reports = []
    for _ in range(2):
        main(["--seed", "7", "--sessions", "20"])
        reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1]
    assert reports[0].startswith("seed 7, 20 online sessions")
    assert all(scenario in reports[0] for scenario in Scenario)
