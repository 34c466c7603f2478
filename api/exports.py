"""Exports of a session's roll: a short one is answered, a long one is written by a worker and fetched later.

A short one too is written to a file first and sent then: a slow reader must not hold a database connection, and a
failure half-way must be a 503 and not half a file.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response, StreamingResponse

from api.accesslog import note_export
from api.fields import CamelBody, CamelView
from api.ownership import as_person, require_staff
from api.services import Services
from api.sessions import SessionRow, load
from api.threads import in_thread
from shared.database import speak_as
from shared.domain.refusals import Code, Refused
from shared.domain.words import AccessSubject
from shared.ids import new_id
from shared.rollsheet import NAMES, SESSION
from shared.sheets import Sheet, SheetFormat, file_name, open_sheet
from shared.tokens import Identity

IN_MEMORY = 1024 * 1024
"""Bytes of a file that are kept in memory; what is more goes to disk."""
PIECE = 256 * 1024

_ASK = text("""
    INSERT INTO exports (id, session_id, requested_by, format, rows_total, expires_at)
    VALUES (:id, :session, :me, :format, :rows, :expires)
    ON CONFLICT (session_id, requested_by, format) WHERE status = 'waiting' DO NOTHING
""")
_COLUMNS = "SELECT id, session_id, format, status, rows_done, rows_total, size, requested_at, expires_at FROM exports "
_WAITING = text(
    _COLUMNS + "WHERE session_id = :session AND requested_by = :me AND format = :format AND status = 'waiting'"
)
_ONE = text(_COLUMNS + "WHERE id = :id AND session_id = :session AND requested_by = :me AND expires_at > :now")
_CHUNK = text("SELECT content FROM export_chunks WHERE export_id = :id AND place = :place")


class ExportQuery(CamelBody):
    """The query of an export."""

    format: SheetFormat = SheetFormat.CSV


class ExportView(CamelView):
    """An export that is written in the background; ``fileUrl`` once it is ``done``."""

    id: UUID
    session_id: UUID
    format: SheetFormat
    status: str
    rows_done: int
    rows_total: int
    url: str
    file_url: str | None
    requested_at: datetime
    expires_at: datetime


async def export_roll(services: Services, who: Identity, session_id: UUID, form: SheetFormat) -> Response | ExportView:
    """The file, or the export that will be one. It is noted before anything is read."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id)
        require_staff(who)
        await note_export(connection, who, AccessSubject.SESSION, session_id, form)
        rows: int = (await connection.execute(SESSION.count, {"id": session_id})).scalar_one()
        markers = list((await connection.execute(SESSION.markers, {"id": session_id})).scalars())
        long = rows > services.settings.export_rows
        asked = await _ask(services, connection, who, session_id, form, rows) if long else None
    if asked is None:
        return await _file_now(services, who, row, form, await _names(services, markers))
    services.nudger.export()
    return asked


async def read_export(services: Services, who: Identity, session_id: UUID, export_id: UUID) -> ExportView:
    """How far an export of one's own is."""
    async with as_person(services, who) as connection:
        await load(connection, who, session_id)
        require_staff(who)
        return _view(await _find(services, connection, who, session_id, export_id))


async def send_export(services: Services, who: Identity, session_id: UUID, export_id: UUID) -> Response:
    """The file of an export of one's own; ``export_not_ready`` until it is done."""
    async with as_person(services, who) as connection:
        row = await load(connection, who, session_id)
        require_staff(who)
        export = await _find(services, connection, who, session_id, export_id)
        if export.size is None:
            raise Refused(Code.EXPORT_NOT_READY)
        await note_export(connection, who, AccessSubject.SESSION, session_id, export.format)
    return _file(_chunks(services, who, export), export.size, row, SheetFormat(export.format))


async def _ask(
    services: Services, connection: AsyncConnection, who: Identity, session_id: UUID, form: SheetFormat, rows: int
) -> ExportView:
    """A new export, or the one that is waiting already."""
    key = {"session": session_id, "me": who.user_id, "format": form}
    expires = services.now() + timedelta(hours=services.settings.export_hours)
    await connection.execute(_ASK, {**key, "id": new_id(), "rows": rows, "expires": expires})
    return _view((await connection.execute(_WAITING, key)).one())


async def _find(
    services: Services, connection: AsyncConnection, who: Identity, session_id: UUID, export_id: UUID
) -> Row[Any]:
    values = {"id": export_id, "session": session_id, "me": who.user_id, "now": services.now()}
    row = (await connection.execute(_ONE, values)).one_or_none()
    if row is None:
        raise Refused(Code.NOT_FOUND)
    return row


async def _names(services: Services, people: list[UUID]) -> dict[UUID, str]:
    async with speak_as(services.engine, None, None) as connection:
        return {row.id: row.name for row in await connection.execute(NAMES, {"ids": people})}


async def _file_now(
    services: Services, who: Identity, row: SessionRow, form: SheetFormat, names: dict[UUID, str]
) -> Response:
    """Rows as the cursor brings them, each handful written by a thread: zipping would hold up the loop."""
    out = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it has been sent
    try:
        async with (
            as_person(services, who) as connection,
            in_thread(open_sheet(form, out, SESSION.columns)) as sheet,
            connection.stream(SESSION.rows, {"id": row.id, "now": services.now()}) as found,
        ):
            async for rows in found.partitions():
                await asyncio.to_thread(_append, sheet, rows, names)
    except BaseException:
        out.close()
        raise
    return _file(_pieces(out), out.tell(), row, form)


def _append(sheet: Sheet, rows: Sequence[Row[Any]], names: dict[UUID, str]) -> None:
    for row in rows:
        sheet.append(SESSION.cells(row, names))


def _file(content: Iterator[bytes] | AsyncIterator[bytes], size: int, row: SessionRow, form: SheetFormat) -> Response:
    name = file_name(form, row.class_name, row.session_date)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(content, headers=headers, media_type=form.media_type)


def _pieces(out: IO[bytes]) -> Iterator[bytes]:
    """The file from its beginning; Starlette reads it in a thread."""
    with out:
        out.seek(0)
        while piece := out.read(PIECE):
            yield piece


async def _chunks(services: Services, who: Identity, export: Row[Any]) -> AsyncIterator[bytes]:
    """The file, one chunk and one short transaction at a time."""
    sent, place = 0, 0
    while sent < export.size:
        async with as_person(services, who) as connection:
            values = {"id": export.id, "place": place}
            chunk: bytes = (await connection.execute(_CHUNK, values)).scalar_one()
        yield chunk
        sent, place = sent + len(chunk), place + 1


def _view(row: Row[Any]) -> ExportView:
    url = f"/api/v1/sessions/{row.session_id}/exports/{row.id}"
    return ExportView(
        id=row.id,
        session_id=row.session_id,
        format=SheetFormat(row.format),
        status=row.status,
        rows_done=row.rows_done,
        rows_total=row.rows_total,
        url=url,
        file_url=f"{url}/file" if row.size is not None else None,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
    )
