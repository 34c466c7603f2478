"""Looking: every table, by admins only, with the names behind its ids."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from api.admin.tree import NOT_SHOWN, tables
from shared.models import Base
from tests.api.admin.conftest import Desk
from tests.campus import Classroom, Person

Looks = Callable[[], list[tuple[str, UUID | None, str | None]]]
TABLES = sorted(view.table.name for view in tables())


def test_every_table_has_a_place() -> None:
    assert set(TABLES) | NOT_SHOWN == set(Base.metadata.tables)


@pytest.mark.parametrize("table", TABLES)
async def test_every_table_can_be_looked_at(desk: Desk, table: str) -> None:
    """Searching goes through everything that listing does."""
    assert (await desk.read(f"/{table}/list?q=S123")).status_code == 200


# --- who looked ----------------------------------------------------------------------------------------


@pytest.fixture
def looks(owner: Engine, administrator: Person) -> Looks:
    """What the access log says of this admin since now: what was looked at, whose, and where."""
    found = text("SELECT subject, subject_id, detail FROM access_log WHERE person_id = :me AND id > :since ORDER BY id")
    with owner.connect() as connection:
        since = connection.execute(text("SELECT coalesce(max(id), 0) FROM access_log")).scalar_one()

    def read() -> list[tuple[str, UUID | None, str | None]]:
        with owner.connect() as connection:
            rows = connection.execute(found, {"me": administrator.id, "since": since})
            return [(subject, whose, detail) for subject, whose, detail in rows]

    return read


async def test_who_looks_at_rows_about_people_is_noted(desk: Desk, looks: Looks, classroom: Classroom) -> None:
    """A list as a report over many, a row as a look at that person's record."""
    ann = classroom.students[0]
    assert (await desk.read("/students/list")).status_code == 200
    assert (await desk.read(f"/students/detail?pk={ann.id}")).status_code == 200
    assert looks() == [("report", None, "admin students"), ("student", ann.id, None)]


async def test_what_shows_nobody_is_not_noted(desk: Desk, looks: Looks, classroom: Classroom) -> None:
    await desk.read("/courses/list")
    await desk.read(f"/courses/detail?pk={classroom.course_id}")
    await desk.read("/students/list?q=nobody-is-called-that")
    await desk.read(f"/students/detail?pk={classroom.course_id}")
    assert looks() == []
