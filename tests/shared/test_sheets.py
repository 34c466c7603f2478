"""Spreadsheets: what a program would run is text, whatever the format (5-security, formula injection)."""

import csv
import io
import zipfile
from xml.etree import ElementTree

import pytest

from shared import sheets
from shared.sheets import Cell, SheetFormat, file_name, neutral, open_sheet

COLUMNS = ("name", "minutes")
HOSTILE = [
    "=1+1", '=HYPERLINK("http://evil.test")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "|cmd", "%0A",
    "＝1+1", "＋1", "－1", "＠SUM(A1)", " =1", "\ufeff=1", "\u200b＝1", "\u00a0-1",
]  # fmt: skip
HARMLESS = ["", "Ann", "O’Connor", "a=1", "1+1", "ann@campus.test", "'=1", "Ångström", "S12345", "2026-11-21"]


def written(form: SheetFormat, *rows: tuple[Cell, ...]) -> bytes:
    """The file these rows make."""
    out = io.BytesIO()
    with open_sheet(form, out, COLUMNS) as sheet:
        for row in rows:
            sheet.append(row)
    return out.getvalue()


def worksheets(content: bytes) -> list[list[list[str]]]:
    """What the cells of each worksheet show; fails when one of them is a formula."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        for name in sorted(name for name in book.namelist() if "worksheets/sheet" in name):
            root = ElementTree.fromstring(book.read(name))
            assert root.find(f".//{space}f") is None
            found.append([["".join(cell.itertext()) for cell in row] for row in root.iter(f"{space}row")])
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_program_would_run_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_every_text_is_neutralised_in_both_formats(text: str) -> None:
    shown = list(csv.reader(io.StringIO(written(SheetFormat.CSV, (text, -2.5)).decode(), newline="")))
    assert shown == [list(COLUMNS), [f"'{text}", "-2.5"]]
    [[_header, [cell, number]]] = worksheets(written(SheetFormat.XLSX, (text, -2.5)))
    assert cell.startswith("'")
    assert number == "-2.5"


def test_an_empty_cell_is_empty_in_both_formats() -> None:
    assert written(SheetFormat.CSV, (None, 1)) == b"name,minutes\r\n,1\r\n"
    [[_header, row]] = worksheets(written(SheetFormat.XLSX, (None, 1)))
    assert row == ["1"]


def test_a_text_with_a_line_end_stays_one_cell() -> None:
    assert written(SheetFormat.CSV, ('a\r\n"b",c', None)) == b'name,minutes\r\n"a\r\n""b"",c",\r\n'


def test_what_one_worksheet_cannot_hold_goes_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 3)
    pages = worksheets(written(SheetFormat.XLSX, *((f"n{place}", place) for place in range(5))))
    assert [[row[0] for row in page] for page in pages] == [["name", "n0", "n1"], ["name", "n2", "n3"], ["name", "n4"]]


@pytest.mark.parametrize("form", SheetFormat)
def test_an_error_while_writing_leaves_nothing_open(form: SheetFormat) -> None:
    """A file left open would be a warning, and warnings are errors here."""
    with pytest.raises(ZeroDivisionError), open_sheet(form, io.BytesIO(), COLUMNS) as sheet:
        sheet.append(("a", 1 / 0))


def test_a_file_name_is_safe_for_systems_and_headers() -> None:
    assert file_name(SheetFormat.CSV, "TEST101 Section Ä", "2026-11-21") == "TEST101-Section-A_2026-11-21.csv"
    assert file_name(SheetFormat.XLSX, '../a"b\r\nSet-Cookie: x;') == "a-b-Set-Cookie-x.xlsx"
    assert file_name(SheetFormat.CSV, "数学") == "export.csv"
