"""Exports that are too long to wait for: written by a worker, kept in pieces for any API process to send.

What waits is a row; the Celery message is a nudge without content. A worker holds a lock of its database connection
while it writes, so a killed one gives its export back by dying. The pieces and the word ``done`` are one transaction:
there is a whole file or none, and writing twice changes nothing.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

import structlog
from sqlalchemy import Connection, Row, text

from shared.rollsheet import SESSION, write_sheet
from shared.sheets import SheetFormat, open_sheet
from workers.ports import Ports

PIECE = 256 * 1024
"""Bytes per row of ``export_chunks``."""
MOST_TRIES = 3
BUDGET_SECONDS = 300.0

log = structlog.get_logger()

_WAITING = text("SELECT id FROM exports WHERE status = 'waiting' AND expires_at > now() ORDER BY requested_at, id")
_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(CAST(:id AS text), 0))")
_UNLOCK = text("SELECT pg_advisory_unlock(hashtextextended(CAST(:id AS text), 0))")
_BEGIN = text("""
    UPDATE exports SET tries = tries + 1, rows_done = 0,
                       status = CASE WHEN tries >= :most THEN 'failed' ELSE status END
    WHERE id = :id AND status = 'waiting' RETURNING session_id, format, status
""")
_PROGRESS = text("UPDATE exports SET rows_done = :rows WHERE id = :id")
_KEEP = text("INSERT INTO export_chunks (export_id, place, content) VALUES (:id, :place, :content)")
_DONE = text("""
    UPDATE exports SET status = 'done', rows_done = :rows, rows_total = :rows, size = :size
    WHERE id = :id AND status = 'waiting'
""")
_FORGET = text("DELETE FROM exports WHERE expires_at < now()")


def write_waiting(ports: Ports) -> bool:
    """Write whatever waits until the time is up; whether more may wait."""
    until = time.monotonic() + BUDGET_SECONDS
    with ports.engine.begin() as connection:
        waiting = list(connection.execute(_WAITING).scalars())
    for export_id in waiting:
        if time.monotonic() > until:
            return True
        with _alone(ports, export_id) as mine:
            if mine:
                _write_one(ports, export_id)
    return False


def forget_expired(ports: Ports) -> int:
    """Delete exports, with their files, whose time is over."""
    with ports.engine.begin() as connection:
        return connection.execute(_FORGET).rowcount


@contextmanager
def _alone(ports: Ports, export_id: UUID) -> Iterator[bool]:
    """Whether this worker, and no other, may write the export during the block."""
    with ports.engine.connect() as connection:
        mine = bool(connection.execute(_LOCK, {"id": export_id}).scalar_one())
        connection.commit()
        try:
            yield mine
        finally:
            if mine:
                connection.execute(_UNLOCK, {"id": export_id})
                connection.commit()


def _write_one(ports: Ports, export_id: UUID) -> None:
    with ports.engine.begin() as connection:
        export = connection.execute(_BEGIN, {"id": export_id, "most": MOST_TRIES}).one_or_none()
    if export is None:  # another worker was quicker
        return
    if export.status == "failed":
        log.error("export given up", export=str(export_id), tries=MOST_TRIES)
        return
    with TemporaryFile(prefix="muster-export-") as out:
        rows = _write_rows(ports, export_id, export, out)
        with ports.engine.begin() as connection:
            _keep_file(connection, export_id, out, rows)
    log.info("export written", export=str(export_id), rows=rows)


def _write_rows(ports: Ports, export_id: UUID, export: Row[Any], out: IO[bytes]) -> int:
    """The roll; how many rows there were. Progress is told by another connection, for everybody to see at once."""
    with ports.engine.begin() as reading, open_sheet(SheetFormat(export.format), out, SESSION.columns) as sheet:
        told = partial(_report, ports, export_id)
        return write_sheet(reading, SESSION, export.session_id, ports.now(), sheet, told)


def _report(ports: Ports, export_id: UUID, rows: int) -> None:
    with ports.engine.begin() as connection:
        connection.execute(_PROGRESS, {"id": export_id, "rows": rows})


def _keep_file(connection: Connection, export_id: UUID, out: IO[bytes], rows: int) -> None:
    size = out.tell()
    if not connection.execute(_DONE, {"id": export_id, "rows": rows, "size": size}).rowcount:
        return
    out.seek(0)
    for place, content in enumerate(iter(lambda: out.read(PIECE), b"")):
        connection.execute(_KEEP, {"id": export_id, "place": place, "content": content})
