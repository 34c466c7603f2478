"""A real Valkey on a unix socket, a campus written into it, and real gateways on free ports."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from pydantic import SecretStr

from gateway.app import gateway
from gateway.pace import Pace
from gateway.serving import Gateway
from shared.settings import Settings
from tests.gateway.campus import Campus
from tests.gateway.valkey import Valkey

QUICK = Pace(redis_seconds=5.0, expiry_seconds=0.05, drain_seconds=1.0)


class Ground:
    """Where tests take place: a Valkey, and gateways that use it."""

    def __init__(self, valkey: Valkey) -> None:
        self.valkey = valkey
        self.settings = Settings(
            environment="local",
            database_url="postgresql://nobody/nothing",
            redis_url=valkey.url,
            secret_key=SecretStr("the-campus-secret-of-the-tests-0123456789"),
            public_url="https://muster.example",
            allowed_origins=["https://wall.example"],
            gateway_port=0,
            gateway_metrics_port=0,
        )
        self.campus = Campus(self.settings)

    @asynccontextmanager
    async def gateway(self, pace: Pace = QUICK, **changes: object) -> AsyncIterator[Gateway]:
        """A gateway that hears the bus."""
        settings = self.settings.model_copy(update=changes)
        async with gateway(settings, pace=pace) as running:
            yield running


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """One Valkey for all tests that do not stop it."""
    directory = Path(tempfile.mkdtemp(prefix="muster-"))
    with Valkey(directory) as running:
        yield running
    shutil.rmtree(directory)


@pytest.fixture
async def ground(valkey: Valkey) -> AsyncIterator[Ground]:
    """The shared Valkey, emptied, without a gateway."""
    here = Ground(valkey)
    await here.campus.redis.flushall()
    yield here
    await here.campus.redis.aclose()


@pytest.fixture
async def fragile() -> AsyncIterator[Ground]:
    """A Valkey that the test may stop."""
    directory = Path(tempfile.mkdtemp(prefix="muster-"))
    with Valkey(directory) as own:
        ground = Ground(own)
        yield ground
        await ground.campus.redis.aclose()
    shutil.rmtree(directory)


@pytest.fixture
def campus(ground: Ground) -> Campus:
    """The campus of this test."""
    return ground.campus


@pytest.fixture
async def running(ground: Ground) -> AsyncIterator[Gateway]:
    """A gateway at full speed."""
    async with ground.gateway() as up:
        yield up


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that a gateway runs on: it is stricter about closed connections than asyncio's own."""
    return {"uvloop": uvloop.new_event_loop}
