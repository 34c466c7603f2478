"""The direct way: each heartbeat reads its row and writes it back, in PostgreSQL, from a pool of threads."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CONNECTIONS = 10
"""More made it slower when measured: they wait for the same core."""
GAP_SECONDS = 75.0
NAME = "baseline"

_TABLE = """
    CREATE TABLE baseline_presence (session_id uuid, user_id uuid, last_activity_at timestamptz NOT NULL,
                                    total_active_seconds float8 NOT NULL, PRIMARY KEY (session_id, user_id))
"""
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = %s"
_SELECT = """
    SELECT last_activity_at, total_active_seconds FROM baseline_presence
    WHERE session_id = %s AND user_id = %s FOR UPDATE
"""
_UPDATE = """
    UPDATE baseline_presence SET last_activity_at = %s, total_active_seconds = %s
    WHERE session_id = %s AND user_id = %s
"""


def prepare_table(database_url: str, participants: Iterable[tuple[UUID, UUID]]) -> None:
    """Its own table, with a row for every (session, person)."""
    with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLE)
        with cursor.copy("COPY baseline_presence FROM STDIN") as copy:
            for participant in participants:
                copy.write_row((*participant, datetime.now(UTC), 0.0))


def backends(database_url: str) -> list[int]:
    """The processes that serve it in PostgreSQL."""
    with psycopg.connect(database_url) as connection:
        return [pid for (pid,) in connection.execute(_BACKENDS, (NAME,))]


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    url, name = os.environ["BASELINE_DATABASE_URL"], {"application_name": NAME}
    with ConnectionPool(url, kwargs=name, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        app.state.pool = pool
        yield


def _record(pool: ConnectionPool, session_id: UUID, user_id: UUID) -> datetime:
    now = datetime.now(UTC)
    with pool.connection() as connection:
        row = connection.execute(_SELECT, (session_id, user_id)).fetchone()
        assert row is not None
        gap = (now - row[0]).total_seconds()
        active = row[1] + (gap if gap <= GAP_SECONDS else 0.0)
        connection.execute(_UPDATE, (now, active, session_id, user_id))
    return now


async def _heartbeat(request: Request) -> Response:
    body = await request.json()
    session_id, user_id = request.path_params["session_id"], UUID(request.headers["x-user"])
    at = await run_in_threadpool(_record, request.app.state.pool, session_id, user_id)
    return JSONResponse({"accepted": True, **body, "timestamp": at.isoformat()}, 202)


app = Starlette(
    routes=[Route("/api/whiteboard/sessions/{session_id:uuid}/heartbeat", _heartbeat, methods=["POST"])],
    lifespan=_lifespan,
)
