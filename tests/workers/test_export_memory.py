"""A roll of any length costs the same memory: ten times the rows, the same peak."""

import os
import tracemalloc
from tempfile import TemporaryFile
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from shared.rollsheet import SESSION, write_sheet
from shared.sheets import SheetFormat, open_sheet
from tests.campus import make_classroom
from tests.workers.events import running_session
from workers.ports import Ports

ROWS = 100_000 if os.environ.get("MUSTER_LONG") == "1" else 10_000
MEGABYTE = 1_000_000


def roll_of(owner: Engine, students: int) -> UUID:
    """A session in which this many are enrolled, and one more."""
    room = make_classroom(owner, 1)
    session_id = running_session(owner, room)
    statements = (
        """INSERT INTO users (id, email, first_name, last_name, role)
           SELECT gen_random_uuid(), :code || n || '@roll.test', 'Ann', :code, 'STUDENT'
           FROM generate_series(1, :many) n""",
        """INSERT INTO students (user_id, student_number)
           SELECT id, email FROM users WHERE last_name = :code AND role = 'STUDENT'""",
        """INSERT INTO enrolments (id, group_id, student_id, valid_from)
           SELECT gen_random_uuid(), :group, id, current_date - 1 FROM users
           WHERE last_name = :code AND role = 'STUDENT'""",
    )
    with owner.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = '5min'"))
        for statement in statements:
            connection.execute(
                text(statement), {"code": f"{room.code} and many", "many": students, "group": room.group_id}
            )
    return session_id


def write(ports: Ports, session_id: UUID, form: SheetFormat) -> int:
    """The roll in a file; how many rows there were."""
    with TemporaryFile() as out, ports.engine.begin() as reading, open_sheet(form, out, SESSION.columns) as sheet:
        return write_sheet(reading, SESSION, session_id, ports.now(), sheet, lambda _rows: None)


@pytest.mark.parametrize("form", SheetFormat)
def test_ten_times_the_rows_cost_the_same_memory(owner: Engine, ports: Ports, form: SheetFormat) -> None:
    peaks = []
    write(ports, roll_of(owner, 1), form)  # whatever is made once
    for students in (ROWS // 10, ROWS):
        session_id = roll_of(owner, students)
        tracemalloc.start()
        assert write(ports, session_id, form) == students + 1
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + MEGABYTE
