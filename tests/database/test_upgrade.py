"""A campus that was there before a migration is right after it."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import IntegrityError

from deploy.cli.history import check, read_heads
from shared.database import OWNER, sqlalchemy_url
from shared.migrations import HERE, migrate
from shared.settings import Settings
from tests.campus import make_classroom
from tests.workers.events import running_session


@pytest.fixture
def older(settings: Settings) -> Iterator[str]:
    """A database of its own beside the others', empty; its URL."""
    name = f"older_{uuid4().hex}"
    url = sqlalchemy_url(settings.database_url)
    server = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def owner_of(url: str) -> Engine:
    """Somebody who may do everything there."""
    return create_engine(sqlalchemy_url(url), poolclass=NullPool, connect_args={"options": f"-c role={OWNER}"})


def test_history_from_before_is_chained_in_the_order_of_its_times(older: str) -> None:
    migrate(older, "0004")
    engine = owner_of(older)
    room = make_classroom(engine)
    session_id = running_session(engine, room)
    with engine.begin() as connection:
        for student in room.students:
            row = {"session": session_id, "student": student.id}
            connection.execute(_MARK, row)
        connection.execute(_EARLIER)
    migrate(older)
    with engine.connect() as connection:
        assert sum(check(connection, read_heads(connection))) == 4
        order = connection.execute(_ORDER).scalars().all()
        assert order == [4, 3, 2]


def test_doubles_of_dead_letters_go_and_none_comes_again_until_it_is_undone(older: str) -> None:
    migrate(older, "0008")
    engine = owner_of(older)
    with engine.begin() as connection:
        for payload in (b"one", b"one", b"other"):
            connection.execute(_LETTER, {"payload": payload})
    migrate(older, "0009")
    with engine.connect() as connection:
        assert sorted(connection.execute(text("SELECT payload FROM dead_letters")).scalars()) == [b"one", b"other"]
        with pytest.raises(IntegrityError, match="uq_dead_letters_delivery"):
            connection.execute(_LETTER, {"payload": b"one"})
        connection.rollback()
        back = Config()
        back.set_main_option("script_location", str(HERE))
        back.set_main_option("path_separator", "os")
        back.attributes["connection"] = connection
        command.downgrade(back, "0008")
        connection.execute(_LETTER, {"payload": b"one"})
    migrate(older, "0009")


_LETTER = text("""INSERT INTO dead_letters (id, origin, entry_id, payload, reason)
                  VALUES (gen_random_uuid(), 'stream', '1-0', :payload, 'a test')""")
_MARK = text("""INSERT INTO attendance_records (id, session_id, student_id, status, source)
                VALUES (gen_random_uuid(), :session, :student, 'PRESENT', 'manual')""")
_EARLIER = text("UPDATE attendance_status_changes SET changed_at = changed_at + interval '1 h' - id * interval '1 min'")
_ORDER = text("SELECT place FROM attendance_status_changes ORDER BY id")
