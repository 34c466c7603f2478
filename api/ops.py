"""For operations: is this process alive, and can it do its work?"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.services import Services
from shared.database import speak_as
from shared.migrations import is_behind

READY_SECONDS = 3.0

log = structlog.get_logger()


async def livez(_request: Request) -> Response:
    """The event loop turns. Asks nobody else, so an outage elsewhere never restarts this process."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Database, queue and migrations; 503 names the checks that fail."""
    if found := await failing(request.app.state.services):
        return JSONResponse({"status": "unavailable", "failing": found}, 503, headers={"Retry-After": "2"})
    return JSONResponse({"status": "ok"})


async def failing(services: Services) -> list[str]:
    """The checks that fail: ``database``, ``queue``, ``migrations``."""
    checks: dict[str, Callable[[Services], Awaitable[None]]] = {"database": _database, "queue": _queue}
    results = await asyncio.gather(*(_passes(name, check, services) for name, check in checks.items()))
    return [name for found in results for name in found]


async def _passes(name: str, check: Callable[[Services], Awaitable[None]], services: Services) -> list[str]:
    try:
        await asyncio.wait_for(check(services), READY_SECONDS)
    except _Behind:
        return ["migrations"]
    except Exception as error:  # noqa: BLE001 - whatever it is, the check fails
        log.warning("not ready", check=name, reason=type(error).__name__)
        return [name]
    return []


class _Behind(Exception):
    """The database has not reached this code's revision."""


async def _database(services: Services) -> None:
    async with speak_as(services.engine, None, None) as connection:
        revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()
    if is_behind(revision):
        raise _Behind


async def _queue(services: Services) -> None:
    await services.redis.ping()


ROUTES = [Route("/livez", livez), Route("/readyz", readyz)]
