"""A few of the scenarios, other ones each time; `make stress` plays all."""

import random
import secrets

import pytest

from tests.gateway.stress.scenarios import Scenario, play, scenarios

SEED = secrets.randbelow(2**32)
FEW = 6


@pytest.mark.parametrize("scenario", random.Random(SEED).sample(scenarios(SEED), FEW), ids=str)
async def test_nothing_is_missed_shown_twice_or_leaked(scenario: Scenario) -> None:
    wrong = await play(scenario)
    assert not wrong, f"play it again: python -m tests.gateway.stress --seed {SEED} '{scenario}'"


def test_there_are_enough_scenarios_and_a_seed_plays_the_same_again() -> None:
    assert len(scenarios(SEED)) >= 40
    assert scenarios(SEED) == scenarios(SEED)
