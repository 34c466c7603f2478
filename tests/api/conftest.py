"""Fixtures of the API's tests: a running session, an application whose time the test decides, a Redis to hurt."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette

from api.app import create_app
from api.services import Services
from deploy.stack.local import temporary_home
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.lecture import Clock, Lecture, open_lecture
from tests.campus import Classroom, Person, Visitor, make_admin, make_classroom
from tests.gateway.valkey import Valkey


@pytest.fixture(scope="session")
def every_clock() -> Clock:
    """The one clock behind :func:`clock`."""
    return Clock()


@pytest.fixture(scope="session")
async def clocked_app(settings: Settings, every_clock: Clock) -> AsyncIterator[Starlette]:
    """The whole API, with our time."""
    application = create_app(settings, now=every_clock)
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
def clock(every_clock: Clock) -> Clock:
    """Time in :func:`timed`: now, until the test moves it."""
    every_clock.reset()
    return every_clock


@pytest.fixture
async def punctual(clocked_app: Starlette, tokens: Tokens, clock: Clock) -> AsyncIterator[Visitor]:
    """Makes clients of the application whose time is ours."""
    made = Visitor(clocked_app, tokens)
    yield made
    await made.close()


@pytest.fixture
async def timed(punctual: Visitor, classroom: Classroom) -> Lecture:
    """A running session that started at ``clock``'s now."""
    return await open_lecture(punctual, classroom)


@pytest.fixture
async def lecture(visitor: Visitor, classroom: Classroom) -> Lecture:
    """A running session."""
    return await open_lecture(visitor, classroom)


@pytest.fixture(scope="session")
async def patient_app(settings: Settings) -> AsyncIterator[Starlette]:
    """The API, writing everything over two rows in the background."""
    application = create_app(settings.model_copy(update={"export_rows": 2}))
    async with application.router.lifespan_context(application):
        yield application


@pytest.fixture
async def patient(patient_app: Starlette, tokens: Tokens) -> AsyncIterator[Visitor]:
    """Makes clients of the application that lets people wait."""
    made = Visitor(patient_app, tokens)
    yield made
    await made.close()


@pytest.fixture
async def long(patient: Visitor, owner: Engine) -> Lecture:
    """A session whose roll is too long to wait for; its class is another than :func:`classroom`."""
    return await open_lecture(patient, make_classroom(owner))


@pytest.fixture
def services(app: Starlette) -> Services:
    """The ports of the application in this process."""
    ports: Services = app.state.services
    return ports


@pytest.fixture
def elsewhere(owner: Engine) -> Classroom:
    """Another class, with other people."""
    return make_classroom(owner)


@pytest.fixture
def teacher(visitor: Visitor, classroom: Classroom) -> httpx.AsyncClient:
    """The class's teacher."""
    return visitor.speaking_as(classroom.teacher)


@pytest.fixture
def student(visitor: Visitor, classroom: Classroom) -> httpx.AsyncClient:
    """The class's first student."""
    return visitor.speaking_as(classroom.students[0])


@pytest.fixture
def stranger(visitor: Visitor, elsewhere: Classroom) -> httpx.AsyncClient:
    """A student of another class."""
    return visitor.speaking_as(elsewhere.students[0])


@pytest.fixture
def other_teacher(visitor: Visitor, elsewhere: Classroom) -> httpx.AsyncClient:
    """The teacher of another class."""
    return visitor.speaking_as(elsewhere.teacher)


@pytest.fixture(scope="session")
def administrator(owner: Engine) -> Person:
    """Somebody who may do everything."""
    return make_admin(owner)


@pytest.fixture
def admin(visitor: Visitor, administrator: Person) -> httpx.AsyncClient:
    """:func:`administrator`, asking."""
    return visitor.speaking_as(administrator)


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A Valkey of one's own."""
    with temporary_home() as root, Valkey(root) as server:
        yield server
