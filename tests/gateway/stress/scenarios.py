"""Scenarios: every disturbance by itself, and pairs of them at once, chosen by a seed."""

import asyncio
import random
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from redis.exceptions import RedisError

from tests.gateway.conftest import Ground
from tests.gateway.stress import disturbances
from tests.gateway.stress.ward import Ward
from tests.gateway.valkey import Valkey

PAIRS = 30
NOT_TOGETHER = {
    "a_deploy", "a_crash", "moved", "redis_frozen", "redis_killed", "redis_emptied", "people_lose_their_part",
}  # fmt: skip
"""They end or start the same things: one of them at a time. Two Redis outages in one are one."""
SECONDS = 60.0


@dataclass(frozen=True)
class Scenario:
    """Disturbances that happen at once; the seed decides about the rest."""

    names: tuple[str, ...]
    seed: int

    def __str__(self) -> str:
        return "+".join(self.names)


def scenarios(seed: int) -> list[Scenario]:
    """All of them, for this seed."""
    chance = random.Random(seed)
    singles = [(name,) for name in disturbances.ALL]
    pairs = [pair for pair in combinations(list(disturbances.ALL)[1:], 2) if len(NOT_TOGETHER & set(pair)) < 2]
    return [Scenario(names, chance.getrandbits(32)) for names in [*singles, *chance.sample(pairs, PAIRS)]]


async def _disturb(ward: Ward, name: str) -> None:
    with suppress(RedisError, OSError):  # Another disturbance may have taken Redis away from this one.
        await disturbances.ALL[name](ward)


async def play(scenario: Scenario) -> list[str]:
    """Let it happen, in a Redis of its own; what went wrong."""
    with tempfile.TemporaryDirectory(prefix="muster-") as directory, Valkey(Path(directory)) as valkey:
        ground = Ground(valkey)
        ground.settings = ground.settings.model_copy(update={"redis_timeout": 0.5})
        ward = Ward(ground, scenario.seed)
        try:
            async with asyncio.timeout(SECONDS), ward.open():
                await asyncio.gather(*[_disturb(ward, name) for name in scenario.names])
                await ward.settle()
        finally:
            await ground.campus.redis.aclose()
    return ward.wrong
