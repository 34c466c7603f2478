"""Spreadsheets: rows out as CSV or XLSX, in constant memory, and with nothing in them that a program would run.

A student's name may be ``=HYPERLINK(…)``. Both formats neutralise every text alike (5-security, formula injection);
XLSX would not run it as it is, but people save such a file as CSV and open that.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from tempfile import TemporaryDirectory
from typing import IO, Protocol

from xlsxwriter import Workbook

Cell = str | int | float | None

MOST_ROWS = 1_048_576
"""Rows of one XLSX worksheet, the header among them; what is more goes on the next one."""

_RUNS = frozenset("=+-@|%")
_INVISIBLE = "\ufeff\u200b\u2060"


class SheetFormat(StrEnum):
    """How a spreadsheet is written."""

    CSV = "csv"
    XLSX = "xlsx"

    @property
    def media_type(self) -> str:
        """As ``Content-Type`` names it."""
        return MEDIA_TYPES[self]


MEDIA_TYPES = {
    SheetFormat.CSV: "text/csv; charset=utf-8",
    SheetFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Sheet(Protocol):
    """A table that is being written."""

    def append(self, row: Sequence[Cell]) -> None:
        """One more row."""


def neutral(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula or a command.

    That is decided by the first character that can be seen, whatever its width: ``＝`` is read like ``=`` in some
    locales. Tab and carriage return are dropped by some programs before they look (OWASP, CSV injection).
    """
    seen = text.lstrip().lstrip(_INVISIBLE).lstrip()[:1]
    risky = text[:1] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", seen) in _RUNS
    return f"'{text}" if risky else text


@contextmanager
def open_sheet(form: SheetFormat, out: IO[bytes], columns: Sequence[str]) -> Iterator[Sheet]:
    """A sheet with this header, whole in ``out`` after the block. ``out`` stays open."""
    with _open_csv(out, columns) if form is SheetFormat.CSV else _open_xlsx(out, columns) as sheet:
        yield sheet


def file_name(form: SheetFormat, *parts: object) -> str:
    """A file name of plain letters, so that no system and no header stumbles: ``TEST101-Section-A_2026-11-21.csv``."""
    plain = unicodedata.normalize("NFKD", "_".join(map(str, parts))).encode("ascii", "ignore").decode()
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', plain).strip('-_')[:80] or 'export'}.{form}"


class _Csv:
    """RFC 4180 in UTF-8."""

    def __init__(self, out: io.TextIOWrapper, columns: Sequence[str]) -> None:
        self._writer = csv.writer(out)
        self.append(columns)

    def append(self, row: Sequence[Cell]) -> None:
        self._writer.writerow([neutral(cell) if isinstance(cell, str) else cell for cell in row])


@contextmanager
def _open_csv(out: IO[bytes], columns: Sequence[str]) -> Iterator[Sheet]:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    try:
        yield _Csv(text, columns)
    finally:
        text.detach()


class _Xlsx:
    """One worksheet after the other; a row is on disk as soon as the next one begins."""

    def __init__(self, book: Workbook, columns: Sequence[str]) -> None:
        self._book = book
        self._columns = columns
        self._turn_over()

    def append(self, row: Sequence[Cell]) -> None:
        if self._place == MOST_ROWS:
            self._turn_over()
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                self._sheet.write_string(self._place, column, neutral(cell))
            elif cell is not None:
                self._sheet.write_number(self._place, column, cell)
        self._place += 1

    def _turn_over(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._place = 0
        self.append(self._columns)


@contextmanager
def _open_xlsx(out: IO[bytes], columns: Sequence[str]) -> Iterator[Sheet]:
    with TemporaryDirectory(prefix="muster-sheet-") as place:
        book = Workbook(out, {"constant_memory": True, "tmpdir": place})
        try:
            yield _Xlsx(book, columns)
        finally:
            book.close()  # also after an error: it closes what lies in the temporary directory
