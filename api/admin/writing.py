"""Tables an admin may change: one way to write a row, with its trace in the same transaction.

What PostgreSQL refuses (a duplicate, a row that others refer to) is said in the form; nothing is kept then.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Table, Uuid, delete, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError
from starlette.requests import Request
from starlette_admin.exceptions import ActionFailed, FormValidationError
from starlette_admin.fields import BaseField
from starlette_admin.tools.iter import iterdecode, iterencode

from api.admin.record import record
from api.admin.tables import TableView
from api.admin.visit import visit_of
from shared.ids import new_id

Values = dict[str, Any]
"""Columns of a row."""

GONE = "This row is gone."
TAKEN = "There is another row with this value."


class ChangingView(TableView):
    """A table with forms: ``creates`` and ``changes`` name their fields, ``needs`` those that are required."""

    creates: Sequence[str] = ()
    changes: Sequence[str] = ()
    needs: frozenset[str] = frozenset()
    shows: Sequence[str] = ()
    """Fields that say in the form which row it is."""
    deletes = False

    def adjust(self, fields: Sequence[BaseField]) -> list[BaseField]:
        """Every field as this table's forms have it."""
        for field in fields:
            field.exclude_from_create = field.name not in self.creates
            field.exclude_from_edit = field.name not in (*self.changes, *self.shows)
            field.read_only = field.name in self.shows
            field.required = field.name in self.needs
        return list(fields)

    def can_create(self, request: Request) -> bool:
        """Where there is a form for it."""
        return bool(self.creates)

    def can_edit(self, request: Request) -> bool:
        """Where there is a form for it."""
        return bool(self.changes)

    def can_delete(self, request: Request) -> bool:
        """Only what no history needs (1-domain 1.5); PostgreSQL refuses what others refer to."""
        return self.deletes

    # --- what the tables say -----------------------------------------------------------------------------

    async def new_row(self, request: Request, form: Values) -> Values:
        """The columns of a new row. Raises ``FormValidationError`` naming the field that is wrong."""
        return {name: form[name] for name in self.creates}

    async def changed_row(self, request: Request, form: Values, before: Values) -> Values:
        """The columns that are to change."""
        del before
        return {name: form[name] for name in self.changes}

    # --- writing -----------------------------------------------------------------------------------------

    async def create(self, request: Request, data: Values) -> Any:
        """A new row and its trace."""
        async with said_in_the_form(request, self.creates):
            values = await self.new_row(request, data)
            if "id" in self.table.columns and isinstance(self.table.columns["id"].type, Uuid):
                values = {"id": new_id(), **values}
            after = await self.insert(request, self.table, values)
        return await self.find_by_pk(request, self.key_of(after))

    async def insert(self, request: Request, table: Table, values: Values) -> Values:
        """Write one row and its trace; the row as it is then."""
        visit = visit_of(request)
        after = dict((await visit.connection.execute(insert(table).values(values).returning(table))).mappings().one())
        await record(visit, table.name, key_in(table, after), "create", after=after)
        return after

    async def edit(self, request: Request, pk: Any, data: Values) -> Any:
        """The changed row and its trace; nothing where nothing changes."""
        async with said_in_the_form(request, self.changes):
            before = await self.locked(request, pk)
            values = await self.changed_row(request, data, before)
            if any(before[name] != value for name, value in values.items()):
                await self.update(request, before, values, "change")
        return await self.fresh(request, pk)

    async def update(
        self, request: Request, before: Values, values: Values, action: str, reason: str | None = None
    ) -> None:
        """Change one row, and leave its trace."""
        visit = visit_of(request)
        changed = update(self.table).where(*self._is(before)).values(values).returning(self.table)
        after = dict((await visit.connection.execute(changed)).mappings().one())
        await record(visit, self.table.name, self.key_of(before), action, before=before, after=after, reason=reason)

    async def delete(self, request: Request, pks: list[Any]) -> int:
        """Remove rows, each with its trace."""
        visit = visit_of(request)
        try:
            for pk in pks:
                before = await self.locked(request, pk)
                await self.require_unused(request, before)
                await self.take_out(request, before)
                await record(visit, self.table.name, self.key_of(before), "delete", before=before)
        except IntegrityError:
            raise ActionFailed("This cannot be deleted: other rows, or the history, refer to it.") from None
        return len(pks)

    async def take_out(self, request: Request, row: Values) -> None:
        """Delete one row; its trace is the caller's."""
        connection = visit_of(request).connection
        async with connection.begin_nested():
            gone = await connection.execute(delete(self.table).where(*self._is(row)))
        if gone.rowcount != 1:
            raise ActionFailed(GONE)

    async def require_unused(self, request: Request, row: Values) -> None:
        """Refuse to delete a row that takes others with it: ``ActionFailed``."""

    async def locked(self, request: Request, pk: Any) -> Values:
        """A row as it is now, which nobody else changes until the end of this request."""
        keys = list(self.table.primary_key)
        parts = iterdecode(str(pk)) if len(keys) > 1 else (str(pk),)
        same = [key == key.type.python_type(part) for key, part in zip(keys, parts, strict=True)]
        wanted = select(self.table).where(*same)
        if self.changes:  # PostgreSQL locks rows only for those who may change them
            wanted = wanted.with_for_update()
        found = await visit_of(request).connection.execute(wanted)
        row = found.mappings().one_or_none()
        if row is None:
            raise ActionFailed(GONE)
        return dict(row)

    async def fresh(self, request: Request, pk: Any) -> Any:
        """The row for showing, read again."""
        request.state.session.expunge_all()
        return await self.find_by_pk(request, pk)

    def key_of(self, row: Mapping[str, Any]) -> str:
        """The id of a row in addresses and in the trace."""
        return key_in(self.table, row)

    def _is(self, row: Mapping[str, Any]) -> list[Any]:
        return [key == row[key.name] for key in self.table.primary_key]


def key_in(table: Table, row: Mapping[str, Any]) -> str:
    """A row's primary key as one text."""
    values = [str(row[key.name]) for key in table.primary_key]
    return values[0] if len(values) == 1 else iterencode(values)


@asynccontextmanager
async def said_in_the_form(request: Request, names: Sequence[str]) -> AsyncIterator[None]:
    """What PostgreSQL refuses is an error of the form, at the field it names; ``names`` are the form's fields."""
    try:
        async with visit_of(request).connection.begin_nested():
            yield
    except IntegrityError as error:
        raise FormValidationError(refused(error, names)) from None
    except (DataError, UnicodeError):
        raise FormValidationError({names[0]: "A value holds characters or a size that cannot be kept."}) from None
    except ActionFailed as error:
        raise FormValidationError({names[0]: error.msg}) from None


def refused(error: IntegrityError, names: Sequence[str]) -> dict[str | int, str]:
    """Which field is to blame, and why, as far as PostgreSQL tells."""
    diagnosis = getattr(error.orig, "diag", None)
    blamed = f"{getattr(diagnosis, 'constraint_name', '')} {getattr(diagnosis, 'column_name', '')}"
    kind = blamed.partition("_")[0]
    sentence = {"uq": TAKEN, "ix": TAKEN, "pk": TAKEN, "fk": "There is no such row."}.get(kind, "This is not allowed.")
    return {next((name for name in names if name in blamed), names[0]): sentence}
