"""Sheets kept by hand: dates, numbers, empty rows, and files that only call themselves Excel."""

import datetime as dt
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from schemas.errors import GiveUp
from tests.contract.connectors.servers import keys, read_all, source_of

FILE = """
connector: parking
kind: files
interface: urn:townclerk:interface:parking-sheet
streams:
  permits:
    data_set: urn:townclerk:data_set:parking
    files: "permits*"
    format: xlsx
    size: {size}
    {more}
    key: Number
    map:
      kind: "'person'"
      family_name: "['Last name']"
      birth_date: "date(Born, '%d-%m-%Y')"
"""
HEADER = ["Number", "Last name", "Born", "Paid"]


def permits(folder: Path, size: int = 3, more: str = "") -> Source:
    return source_of(FILE.format(size=size, more=more), f"file://{folder}")


def write(path: Path, rows: list[list[Any]], *, sheet: str = "Sheet1", above: int = 0) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "dd-mm-yyyy"})
        page = book.add_worksheet(sheet)
        for row, cells in enumerate(rows, start=above):
            for column, cell in enumerate(cells):
                if isinstance(cell, dt.date):
                    page.write_datetime(row, column, cell, day)
                else:
                    page.write(row, column, cell)


def rows(count: int) -> list[list[Any]]:
    born = dt.date(1990, 5, 12)
    return [HEADER, *[[number, f"Name {number}", born, 12.5] for number in range(1, count + 1)]]


@pytest.mark.parametrize("size", [1, 7, 10, 1000])
def test_every_page_size_gives_the_same_rows(tmp_path: Path, size: int) -> None:
    write(tmp_path / "permits.xlsx", rows(10))

    pages = read_all(permits(tmp_path, size), "permits")

    assert keys(pages, "Number") == list(range(1, 11))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_read_from_any_pages_cursor_gives_exactly_the_rest(tmp_path: Path) -> None:
    sheet = rows(9)
    sheet.insert(4, ["", "", "", ""])
    write(tmp_path / "permits1.xlsx", sheet)
    write(tmp_path / "permits2.xlsx", rows(2))
    source = permits(tmp_path, 2)
    pages = read_all(source, "permits")

    for number, page in enumerate(pages):
        rest = read_all(source, "permits", page.cursor)
        assert keys(rest, "Number") == keys(pages[number + 1 :], "Number")


def test_cells_become_numbers_days_and_nulls_and_a_replay_sees_the_same(tmp_path: Path) -> None:
    write(
        tmp_path / "permits.xlsx",
        [HEADER, [7, "Aa", dt.date(1990, 5, 12), ""], [8, "Bb", "12-05-1990", 1.5]],
    )
    source = permits(tmp_path)

    [page] = read_all(source, "permits")
    mapped = compile_mapping(source.spec.streams["permits"])(page)

    assert page.records[0].raw == b'{"Number":7,"Last name":"Aa","Born":"1990-05-12","Paid":null}'
    assert [record.birth_date for _, record in mapped.customers] == [dt.date(1990, 5, 12)] * 2
    assert [record.key for _, record in mapped.customers] == ["7", "8"]


def test_the_sheet_and_the_row_of_names_can_be_told(tmp_path: Path) -> None:
    write(tmp_path / "permits.xlsx", rows(3), sheet="Permits", above=4)

    more = "sheet: Permits\n    header_row: 5"
    assert keys(read_all(permits(tmp_path, more=more), "permits"), "Number") == [1, 2, 3]

    with pytest.raises(GiveUp, match="no sheet `Permit`; did you mean `Permits`"):
        read_all(permits(tmp_path, more="sheet: Permit"), "permits")
    with pytest.raises(GiveUp, match="Row 1 of permits"):
        read_all(permits(tmp_path), "permits")


@pytest.mark.parametrize(
    "content",
    [
        b"Number;Last name\n1;a\n",
        b"<html><table><tr><td>1</td></tr></table></html>",
        b"PK\x03\x04 not really",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        b"",
        b"\x00" * 100_000,
    ],
)
def test_a_file_that_only_calls_itself_excel_is_named_as_such(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "permits.xlsx").write_bytes(content)

    with pytest.raises(GiveUp, match="not an Excel or OpenDocument file"):
        read_all(permits(tmp_path), "permits")


def test_a_zip_with_something_else_in_it_is_no_excel(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "permits.xlsx", "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")

    with pytest.raises(GiveUp):
        read_all(permits(tmp_path), "permits")


def test_an_excel_file_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "permits.xlsx", rows(500))
    content = (tmp_path / "permits.xlsx").read_bytes()
    (tmp_path / "permits.xlsx").write_bytes(content[: len(content) // 2])

    with pytest.raises(GiveUp):
        read_all(permits(tmp_path), "permits")


def test_a_sheet_that_would_unpack_to_gigabytes_is_refused(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "permits.xlsx", "w", zipfile.ZIP_DEFLATED) as packed,
        packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as entry,
    ):
        for _ in range(601):
            entry.write(bytes(1024 * 1024))

    with pytest.raises(GiveUp, match="too large"):
        read_all(permits(tmp_path), "permits")


def test_an_empty_sheet_is_never_an_empty_delivery(tmp_path: Path) -> None:
    write(tmp_path / "permits.xlsx", [])

    with pytest.raises(GiveUp, match="holds no names"):
        read_all(permits(tmp_path), "permits")
