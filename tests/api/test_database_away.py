"""PostgreSQL is away: a lecture that runs goes on, and everything else says when to come again (4-pipeline)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from redis.asyncio import Redis
from sqlalchemy import Engine
from starlette.applications import Starlette

from api.endpoint import Endpoint
from api.routes import ENDPOINTS
from deploy.stack.local import LocalServices
from shared import keys
from shared.settings import Settings
from shared.tokens import Tokens
from tests.api.answers import good
from tests.api.every import Target, name_of
from tests.api.lecture import Lecture, open_lecture
from tests.api.outages import NO_DATABASE, NOWHERE, Wire, elsewhere, inbox, running, waits
from tests.api.test_checkin import marks
from tests.campus import Classroom, Visitor
from tests.gateway.campus import until
from tests.gateway.valkey import Valkey
from workers.drain import drain
from workers.ports import Ports


@pytest.fixture(scope="module")
async def no_database(settings: Settings, tokens: Tokens) -> AsyncIterator[Visitor]:
    """Visitors of an application whose PostgreSQL is gone."""
    async with running(settings, tokens, database_url=NO_DATABASE) as visitor:
        yield visitor


NEED_NO_DATABASE = {"logout", "create_realtime_ticket"}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name_of)
async def test_everything_is_503_or_needs_none(endpoint: Endpoint, no_database: Visitor, lecture: Lecture) -> None:
    target = Target(endpoint, lecture)
    room = lecture.classroom
    asker = no_database.speaking_as(room.teacher if endpoint.tag == "reports" else room.students[0])
    body = {**target.body, "token": await lecture.token()} if "token" in target.body else target.body
    answer = await asker.request(endpoint.method, target.url(), json=body if endpoint.body else None)
    if endpoint.name in NEED_NO_DATABASE:
        assert answer.status_code in endpoint.answers
    else:
        assert waits(answer)


@pytest.fixture
def wire(local: LocalServices, tmp_path: Path) -> Wire:
    """A way to PostgreSQL, joined."""
    made = Wire(tmp_path, local.database_url)
    made.join()
    return made


class Stranded(NamedTuple):
    """A lecture that runs, and what its people have to show, once PostgreSQL is away for them."""

    application: Starlette
    lecture: Lecture
    token: str
    ticket: str


Strand = Callable[..., AbstractAsyncContextManager[Stranded]]


@pytest.fixture
def strand(settings: Settings, tokens: Tokens, wire: Wire, classroom: Classroom) -> Strand:
    """Makes one, with other settings."""

    @asynccontextmanager
    async def stranded(**other: str) -> AsyncIterator[Stranded]:
        async with running(settings, tokens, database_url=wire.url, **other) as visitor:
            lecture = await open_lecture(visitor, classroom)
            ticket = await lecture.ticket(lecture.student)
            made = Stranded(visitor._app, lecture, await lecture.token(), ticket["ticket"])
            await wire.cut(made.application)
            yield made

    return stranded


async def test_a_running_lecture_goes_on_checking_in(strand: Strand, wire: Wire, owner: Engine, ports: Ports) -> None:
    """What a check-in needs is remembered, and the stream keeps it; whatever asks the database is 503."""
    async with strand() as (_, lecture, token, _):
        good(await lecture.check_in(lecture.student, token=token), 202)
        assert waits(await lecture.teacher.get(f"{lecture.path}/stats"))
        wire.join()
        good(await lecture.teacher.get(f"{lecture.path}/stats"))
    drain(ports)
    assert marks(owner, lecture.id) == [("PRESENT", "qr_checkin")]


async def test_a_lost_connection_to_redis_ends_no_lecture(strand: Strand, valkey: Valkey) -> None:
    """Who changed what may have been missed then; but nothing can change while the database is away. The Redis is its
    own: nobody else's connection is cut."""
    async with strand(redis_url=valkey.url) as (application, lecture, token, _):
        redis = application.state.services.redis
        await until(lambda: somebody_listens(redis))
        assert await redis.client_kill_filter(_type="pubsub") == 1
        await until(lambda: somebody_listens(redis))
        good(await lecture.check_in(lecture.student, token=token), 202)


async def somebody_listens(redis: Redis) -> bool:
    """Whether a process hears what the others say."""
    return dict(await redis.pubsub_numsub(keys.CONTROL))[keys.CONTROL.encode()] > 0


async def test_an_end_is_refused_and_the_session_goes_on(strand: Strand) -> None:
    async with strand() as (_, lecture, token, _):
        assert waits(await lecture.teacher.post(f"{lecture.path}/end"))
        good(await lecture.check_in(lecture.student, token=token), 202)


async def test_with_redis_gone_as_well_nothing_is_accepted(strand: Strand, wire: Wire, owner: Engine) -> None:
    async with strand(redis_url=NOWHERE) as (_, lecture, token, ticket):
        assert waits(await lecture.check_in(lecture.student, token=token))
        assert waits(await lecture.check_in(lecture.student, ticket=ticket))
        wire.join()
        good(await lecture.check_in(lecture.student, ticket=ticket), 202)
    assert len(inbox(owner, lecture.id)) == 1


@contextmanager
def frozen_postgresql() -> Iterator[None]:
    """The server's processes stand still: connections stay open, and nothing answers."""
    processes = [process for process in psutil.Process().children(recursive=True) if process.name() == "postgres"]
    assert processes
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


async def test_a_frozen_postgresql_holds_up_no_lecture_that_is_running(
    settings: Settings, tokens: Tokens, lecture: Lecture
) -> None:
    """A person seen for the first time is looked up in the database; nobody waits for it for long. The application is
    its own: it does without the database for a moment afterwards."""
    token = await lecture.token()
    async with running(settings, tokens) as visitor:
        here = elsewhere(visitor, lecture)
        one, two, *_ = here.students
        good(await here.check_in(one, token=token), 202)
        with frozen_postgresql():
            async with asyncio.timeout(15):
                good(await here.check_in(two, token=token), 202)
