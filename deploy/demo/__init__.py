"""The demo campus (7-running): people, courses, and four weeks of plausible past. Also the tests' fixture.

It is the same every time but for its dates, which count back from today; all passwords are ``muster-demo``.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, NullPool, create_engine, text

from deploy.demo.past import load_past
from deploy.demo.people import load_people
from shared.database import OWNER, sqlalchemy_url
from shared.models import Base

PASSWORD = "muster-demo"  # noqa: S105 - public, for the demo only
SEED = 2026

_TABLES = ", ".join(sorted(Base.metadata.tables))


def load(database_url: str, now: datetime | None = None) -> bool:
    """Load the demo campus; False when the database has people already, and nothing is changed then."""
    with _owner(database_url) as connection:
        if connection.execute(text("SELECT EXISTS (SELECT 1 FROM users)")).scalar_one():
            return False
        load_into(connection, now or datetime.now(UTC))
    return True


def reset(database_url: str, now: datetime | None = None) -> None:
    """Empty every table and load the demo campus afresh."""
    with _owner(database_url) as connection:
        connection.execute(text(f"TRUNCATE {_TABLES}"))
        load_into(connection, now or datetime.now(UTC))


def load_into(connection: Connection, now: datetime) -> None:
    """Load into an open transaction of the owner."""
    campus = load_people(connection, PASSWORD, now)
    load_past(connection, campus, now, random.Random(SEED))  # noqa: S311 - plausible, not secret


@contextmanager
def _owner(database_url: str) -> Iterator[Connection]:
    """One transaction of the owner."""
    options = {"options": f"-c role={OWNER} -c timezone=UTC"}
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool, connect_args=options)
    with engine.begin() as connection:
        yield connection
