"""PostgreSQL connections, and who a transaction speaks for.

Every process connects with the same kind of URL and takes its database role from here, so that one URL is
enough for the local stack while a production login can be a member of just one role. Statements and lock waits
are limited on every connection.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.domain.words import Role
from shared.settings import Settings

APP = "muster_app"
WORKER = "muster_worker"
OWNER = "muster_owner"
SERVICE = "muster_service"

TRANSACTION_SECONDS = 15.0
"""Limit of a whole transaction on this side: a frozen server enforces none of its own limits."""

PERSON_ROLES = {role: f"muster_{role.lower()}" for role in Role}
"""The database role that each kind of person speaks with."""

_SPEAK = text("SELECT set_config('role', :role, true), set_config('muster.user_id', :user_id, true)")


def sqlalchemy_url(url: str) -> URL:
    """A ``postgresql://`` URL with the psycopg 3 driver."""
    return make_url(url).set(drivername="postgresql+psycopg")


def _arguments(settings: Settings, role: str) -> dict[str, Any]:
    millis = int(settings.database_timeout * 1000)
    options = f"-c role={role} -c statement_timeout={millis} -c lock_timeout={millis} -c timezone=UTC"
    return {
        "connect_args": {
            "options": f"{options} -c idle_in_transaction_session_timeout=60000",
            "connect_timeout": max(2, int(settings.database_timeout)),
            "application_name": role,
            # A link that went dead without a word is noticed by the kernel (TCP only).
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": millis * 3,
        },
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
        "pool_timeout": settings.database_timeout,
        "pool_pre_ping": True,
        "hide_parameters": True,  # an error that is logged must not carry names or hashes
    }


def worker_engine(settings: Settings) -> Engine:
    """The synchronous engine of a worker process."""
    return create_engine(sqlalchemy_url(settings.database_url), **_arguments(settings, WORKER))


def owner_engine(settings: Settings) -> Engine:
    """The synchronous engine of command-line tools; sees everything."""
    return create_engine(sqlalchemy_url(settings.database_url), **_arguments(settings, OWNER))


def app_engine(settings: Settings) -> AsyncEngine:
    """The API's engine. Its connections can do nothing until :func:`speak_as` gives them a voice."""
    return create_async_engine(sqlalchemy_url(settings.database_url), **_arguments(settings, APP))


@asynccontextmanager
async def speak_as(engine: AsyncEngine, role: Role | None, user_id: UUID | None) -> AsyncIterator[AsyncConnection]:
    """One transaction in which row-level security sees this person; ``None`` is the service itself.

    The role and the identity end with the transaction, so a pooled connection never keeps them.
    """
    database_role = SERVICE if role is None else PERSON_ROLES[role]
    async with asyncio.timeout(TRANSACTION_SECONDS), engine.begin() as connection:
        await connection.execute(_SPEAK, {"role": database_role, "user_id": str(user_id or "")})
        yield connection
