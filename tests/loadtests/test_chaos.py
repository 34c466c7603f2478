"""Everything is killed under load, and nothing that was acknowledged is lost: the short profile of ``make chaos``."""

import pytest

from deploy.stack.local import temporary_home
from loadtests.chaos.plan import Plan
from loadtests.chaos.run import run

pytestmark = [pytest.mark.stack, pytest.mark.chaos]

SHORT = Plan(
    seed=20261121,
    seconds=25.0,
    kills=10,
    rate=250.0,
    cohorts=3,
    size=40,
    sessions_each=4,
    sitters=20,
    victims=("gateway", "api"),
    outages=(4.0,),
    freezes=(),
    full_disks=(1.5,),
    rolling=1,
    poison=False,  # its five tries take longer than all the rest; tests/workers prove it
)


async def test_faults_lose_nothing_double_nothing_and_credit_the_right_seconds() -> None:
    said: list[str] = []
    with temporary_home() as home:
        outcome = await run(SHORT, home, said.append)
    assert outcome.findings == [], "\n".join(said)
    assert outcome.done.kills.keys() >= {"gateway", "api", "pool process"}
    assert outcome.ledger.acknowledged > 500
    assert any(sitting.signs(outcome.calm)[0] for sitting in outcome.ledger.sittings.values())
    assert outcome.done.left_out or sum("disk full" in name for name in outcome.done.faults) >= 2
