"""Migrations: one call brings a database from nothing to the newest schema.

Only who migrates loads alembic, which takes half a second: an API process asks no more than which revisions there are.
"""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, text

from shared.database import sqlalchemy_url

LOCK = 0x6D757374  # "must": an advisory lock, so that two deployments migrate one after the other
HERE = Path(__file__).parent


def migrate(database_url: str, to: str = "head") -> None:
    """Create the roles where missing, then run what migrations are missing up to a revision, as ``muster_owner``.

    The login of ``database_url`` must be a superuser, or may create roles and owns the database. A statement
    waits at most 5 s for a table's lock (set in env.py), so that a migration never queues up the campus behind it.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "os")
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        try:
            _create_roles(connection)
            config.attributes["connection"] = connection
            command.upgrade(config, to)
        finally:
            connection.rollback()
            connection.execute(text("RESET ROLE"))
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
            connection.commit()
    engine.dispose()


def make_roles(database_url: str) -> None:
    """Only the roles: what a backup speaks of before it can be restored."""
    engine = create_engine(sqlalchemy_url(database_url), poolclass=NullPool)
    with engine.begin() as connection:
        run_sql(connection, HERE / "roles.sql")
    engine.dispose()


def _create_roles(connection: Connection) -> None:
    run_sql(connection, HERE / "roles.sql")
    connection.commit()


def run_sql(connection: Connection, path: Path) -> None:
    """Run a file of several statements as it is, in the connection's transaction."""
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(path.read_text(encoding="utf-8"))


def head() -> str:
    """The newest revision this code knows."""
    return revisions()[-1]


def is_behind(revision: str | None) -> bool:
    """Whether a database at this revision lacks what this code needs. One that this code has never heard of is further
    on: while a deployment is upgraded the schema goes first, and what runs must go on serving."""
    return revision is None or (revision in revisions() and revision != head())


@cache
def revisions() -> tuple[str, ...]:
    """All there are, oldest first, by the numbers at the end of their files' names; read once, probes ask often."""
    files = (HERE / "versions").glob("*_[0-9][0-9][0-9][0-9].py")
    return tuple(sorted(file.stem[-4:] for file in files))
