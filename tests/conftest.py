"""Fixtures everybody shares: real PostgreSQL and Valkey with the real migrations and the demo campus.

Services start once per run, in a home of their own. A test that writes makes itself a class nobody else touches
(:class:`tests.campus.Classroom`), so tests need no cleaning up and may run in any order.
"""

import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine, text
from starlette.applications import Starlette

from api.app import create_app
from deploy.demo import load
from deploy.stack.local import LocalServices, temporary_services
from shared.database import owner_engine
from shared.migrations import migrate
from shared.redis import sync_redis
from shared.settings import Settings
from shared.tokens import Tokens
from tests.campus import Classroom, Visitor, make_classroom
from tests.stack import Stack, started_stack
from workers.ports import Ports, make_ports
from workers.suggestions import compute


@pytest.fixture(scope="session")
def local() -> Iterator[LocalServices]:
    """PostgreSQL and Valkey, migrated, with the demo campus."""
    with temporary_services() as services:
        migrate(services.database_url)
        load(services.database_url)
        yield services


@pytest.fixture(scope="session")
def settings(local: LocalServices) -> Settings:
    """Settings that point at :func:`local`."""
    return Settings(
        environment="local",
        database_url=local.database_url,
        redis_url=local.redis_url,
        secret_key=local.secret_key,
        allowed_origins=["https://whiteboard.test"],
        log_format="text",
    )


@pytest.fixture(scope="session")
def owner(settings: Settings) -> Iterator[Engine]:
    """A connection that sees everything, to arrange and to check."""
    engine = owner_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def redis(settings: Settings) -> Iterator[Redis]:
    """The same Redis the services use."""
    client = sync_redis(settings)
    yield client
    client.close()


@pytest.fixture(scope="session")
def tokens(settings: Settings) -> Tokens:
    """Makes tokens without a login."""
    return Tokens(settings)


@pytest.fixture(scope="session")
async def app(settings: Settings) -> AsyncIterator[Starlette]:
    """The whole API, in this process."""
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
def classroom(owner: Engine) -> Classroom:
    """A teacher, a course, a group and three students that belong to this test alone."""
    return make_classroom(owner)


@pytest.fixture
async def visitor(app: Starlette, tokens: Tokens) -> AsyncIterator[Visitor]:
    """Makes HTTP clients that speak as somebody, each with its own cookies."""
    made = Visitor(app, tokens)
    yield made
    await made.close()


@pytest.fixture
def ports(settings: Settings) -> Iterator[Ports]:
    """What a worker process has; the test drains by calling the drain."""
    made = make_ports(settings, "test-worker")
    yield made
    made.engine.dispose()
    made.redis.close()


@pytest.fixture(scope="module")
def scoring(settings: Settings) -> Iterator[None]:
    """A worker of the suggestions queue, in a thread: computes whatever is due as soon as it is due."""
    ports, done = make_ports(settings, "test-scorer"), threading.Event()
    due = text("SELECT session_id FROM session_suggestions WHERE facts_seen < facts")

    def run() -> None:
        while not done.wait(0.02):
            with ports.engine.connect() as connection:
                found = list(connection.execute(due).scalars())
            compute(ports, found)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    done.set()
    thread.join()
    ports.engine.dispose()
    ports.redis.close()


@pytest.fixture(scope="session")
async def stack() -> AsyncIterator[Stack]:
    """The whole stack as ``make up`` starts it, one for every test that needs processes."""
    async with started_stack() as running:
        yield running
