"""A table to look at: what its list shows, how it is searched, sorted, filtered and counted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, false, func, inspect, or_, select
from starlette.requests import Request
from starlette_admin.contrib.sqla import ModelView
from starlette_admin.fields import BaseField, StringField
from starlette_admin.filters import FilterGroup
from starlette_admin.tools.iter import iterdecode
from starlette_admin.types import RowActionsDisplayType

from api.accesslog import note_report, note_view
from api.admin.fields import field_for
from api.admin.reading import reading, table_of
from api.admin.visit import visit_of
from shared.models import Base, LiveSession, Student, User

MOST_COUNTED = 100_000
"""Rows counted at most for a list's pages; who looks for one row among more than that filters."""
SHOWN = 8
"""Columns a list shows where nothing else is said; the rest is one click away."""


class TableView(ModelView):
    """One table, read-only. Views that may change rows build on :class:`api.admin.writing.ChangingView`."""

    exporters: Sequence[Any] = ()
    page_size = 25
    row_actions_display_type = RowActionsDisplayType.ICON_LIST
    one = "row"
    """What one row is called."""
    raw: frozenset[str] = frozenset()
    """Columns of bytes that this view decodes itself."""

    def __init__(
        self, table: type[Base], title: str, *, listed: Sequence[str] = (), newest_first: bool = True, icon: str = ""
    ) -> None:
        self.table = table_of(table)
        row = reading(table, raw=self.raw)
        names = _in_order(
            [attribute.key for attribute in inspect(row).column_attrs if attribute.key not in self.raw], listed
        )
        self.fields = self.adjust([field_for(name, self.table.columns.get(name)) for name in names])
        shown = set(listed or [name for name in names if not name.endswith("_id")][:SHOWN])
        self.exclude_fields_from_list = [name for name in names if name not in shown]
        self._newest_first = newest_first
        self.sortable_fields = [name for name in names if name in self.table.columns]
        self.searchable_fields = names
        super().__init__(row, key=self.table.name, menu_label=title, display_name=self.one, icon=icon)

    def adjust(self, fields: Sequence[BaseField]) -> list[BaseField]:
        """The fields as this view wants them, and those of its own."""
        return list(fields)

    def can_create(self, request: Request) -> bool:
        """Nothing is made here."""
        return False

    def can_edit(self, request: Request) -> bool:
        """Nothing is changed here."""
        return False

    def can_delete(self, request: Request) -> bool:
        """Nothing is removed here."""
        return False

    def can_export(self, request: Request) -> bool:
        """Exports are made elsewhere, where they are logged and made harmless for spreadsheets."""
        return False

    def can_import(self, request: Request) -> bool:
        """Nothing comes in by file."""
        return False

    # --- finding ---------------------------------------------------------------------------------------

    def get_search_query(self, request: Request, term: str) -> ColumnElement[bool]:
        """Rows whose student number, name or class matches, or one of the table's own texts."""
        found = [*self._by_person(term), *self._by_class(term), *self._by_text(term)]
        return or_(*found) if found else false()

    def _by_person(self, term: str) -> list[ColumnElement[bool]]:
        # Found first, by themselves: then the table is searched by its own index.
        name = User.first_name + " " + User.last_name
        people = (
            select(User.id)
            .outerjoin(Student, Student.user_id == User.id)
            .where(
                or_(Student.student_number.istartswith(term, autoescape=True), name.icontains(term, autoescape=True))
            )
        )
        return [column.in_(people) for column in self._columns_to("users")]

    def _by_class(self, term: str) -> list[ColumnElement[bool]]:
        sessions = select(LiveSession.id).where(LiveSession.class_name.icontains(term, autoescape=True))
        return [column.in_(sessions) for column in self._columns_to("live_sessions")]

    def _by_text(self, term: str) -> list[ColumnElement[bool]]:
        own = [
            column for column in self.table.columns if isinstance(column.type, String) and column.name in self._texts
        ]
        found = [getattr(self.model, column.name).icontains(term, autoescape=True) for column in own]
        if self.table.name == "users":
            row = self.model
            found += [
                (row.first_name + " " + row.last_name).icontains(term, autoescape=True),
                row.student_number.istartswith(term, autoescape=True),
            ]
        return found

    @property
    def _texts(self) -> set[str]:
        return {field.name for field in self.fields if type(field) is StringField}

    def _columns_to(self, table: str) -> list[Any]:
        return [
            getattr(self.model, column.name)
            for column in self.table.columns
            if any(key.column.table.name == table and key.column.primary_key for key in column.foreign_keys)
        ]

    def _default_sort(self) -> list[tuple[str, bool]]:
        # None to speak of: the library would put it into every form, where ids that no list shows are refused.
        return []

    def build_order_clauses(self, request: Request, sorts: Sequence[tuple[str, str]], stmt: Select[Any]) -> Select[Any]:
        """As asked for, then by id: ids sort by time, and pages neither repeat nor leave out a row."""
        ordered = super().build_order_clauses(request, sorts, stmt)
        return ordered.order_by(*(key.desc() if self._newest_first else key for key in self._keys()))

    async def count(self, request: Request, q: str | None = None, filters: FilterGroup | None = None) -> int:
        """How many rows there are, up to :data:`MOST_COUNTED`. Names are joined only to be searched."""
        everything = q is None and (filters is None or filters.is_empty())
        rows: Select[Any] = select(self.table.primary_key.columns[0]) if everything else select(self._keys()[0])
        if not everything:
            rows = await self._apply_search_and_filters(request, rows, q, filters)
        counted = select(func.count()).select_from(rows.limit(MOST_COUNTED).subquery())
        return int((await visit_of(request).connection.execute(counted)).scalar_one())

    async def find_all(self, request: Request, *which: Any, **more: Any) -> Sequence[Any]:
        """A page of rows; noted in the access log where they say something of many people."""
        rows: Sequence[Any] = await super().find_all(request, *which, **more)
        if rows and self._person is not None:
            visit = visit_of(request)
            await note_report(visit.connection, visit.who, f"admin {self.table.name}")
        return rows

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        """The row, or None for an id that is none; noted in the access log where it says something of a person."""
        row = await self._find(request, pk)
        if row is not None and self._person is not None:
            visit = visit_of(request)
            await note_view(visit.connection, visit.who, getattr(row, self._person))
        return row

    async def _find(self, request: Request, pk: Any) -> Any:
        keys = self._keys()
        parts = iterdecode(str(pk)) if len(keys) > 1 else (str(pk),)
        if len(parts) != len(keys):
            return None
        try:
            return await super().find_by_pk(request, str(pk))
        except ValueError:
            return None

    @property
    def _person(self) -> str | None:
        """The column that says whom a row is about, where it is about one."""
        return next((name for name in ("student_id", "user_id") if name in self.table.columns), None)

    async def find_by_pks(self, request: Request, pks: list[Any]) -> Sequence[Any]:
        """The rows with these ids; what is no id finds none."""
        found = [await self.find_by_pk(request, pk) for pk in pks]
        return [row for row in found if row is not None]

    def _keys(self) -> list[Any]:
        return [getattr(self.model, column.name) for column in self.table.primary_key]


def _in_order(names: Sequence[str], first: Sequence[str]) -> list[str]:
    return [*first, *(name for name in names if name not in first)]
