"""A gateway dies under its people: a small form of ``python -m loadtests.gateway.kill``."""

from loadtests.gateway.kill import GOAL, Plan, kill_one
from loadtests.gateway.pages import backoff
from tests.gateway.conftest import Ground
from tests.stack import free_ports


async def test_nobody_misses_anything_or_leaves_when_a_gateway_is_killed(ground: Ground) -> None:
    known = {
        "MUSTER_ENVIRONMENT": "local",
        "MUSTER_DATABASE_URL": ground.settings.database_url,
        "MUSTER_REDIS_URL": ground.settings.redis_url,
        "MUSTER_SECRET_KEY": ground.settings.secret_key.get_secret_value(),
        "MUSTER_GATEWAY_METRICS_PORT": "0",
        "MUSTER_LOG_LEVEL": "WARNING",
    }
    environments = [{**known, "MUSTER_GATEWAY_PORT": str(port)} for port in free_ports(2)]
    report = await kill_one(Plan(clients=100, sessions=5, ping=1.0), ground.settings.redis_url, environments)
    assert not report.problems, report.told()
    assert report.away[-1] < GOAL
    assert report.longest < GOAL


def test_pages_wait_as_the_browsers_client_does() -> None:
    ends = [[backoff(failures, chance) for chance in (lambda: 0.0, lambda: 1.0)] for failures in (0, 1, 5, 50)]
    assert ends == [[0.5, 1.0], [0.5, 2.0], [0.5, 20.0], [0.5, 20.0]]
