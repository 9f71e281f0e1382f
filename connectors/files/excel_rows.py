"""Read sheets of Excel and OpenDocument files."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from connectors.files.tables import Place, Rows
from connectors.sdk.json_pages import decode_records, encode_record
from connectors.sdk.strict import nearest
from schemas.errors import GiveUp

SHEET_BYTES_MAX = 100 * 1024 * 1024
"""A sheet is read as a whole; a million rows, Excel's own limit, take about 60 MB."""

UNPACKED_BYTES_MAX = 600 * 1024 * 1024
"""XML packs about 10 to 1; a file that unpacks further is meant to fill our memory."""

HEADER_CHARACTERS_MAX = 500
"""A longer cell in the header row is not a name."""


class ExcelFile:
    """One sheet of one file.

    Args:
        path: Where it is.
        sheet: Name of the sheet; None means the first.
        header_row: Number of the row with the names, as the program shows it.
        check: Judges the header.

    Raises:
        GiveUp: It is no such file, or has no such sheet.
    """

    def __init__(
        self,
        path: Path,
        *,
        sheet: str | None,
        header_row: int,
        check: Callable[[Sequence[str]], None],
    ) -> None:
        self._path, self._header_row = path, header_row
        _refuse_bombs(path)
        try:
            book = CalamineWorkbook.from_path(str(path))
        except (CalamineError, OSError):
            raise GiveUp(
                f"{path.name} is not an Excel or OpenDocument file, whatever its name says, or "
                "it is locked with a password.",
                remedy="Open it where it comes from and save it as .xlsx; a web page or CSV "
                "renamed to .xls is read with `format: csv` at best.",
            ) from None
        with book:
            names = book.sheet_names
            if not names or (sheet is not None and sheet not in names):
                raise GiveUp(f"{path.name} has no sheet `{sheet}`; {nearest(sheet or '', names)}")
            try:
                self._sheet = book.get_sheet_by_name(sheet or names[0])
            except CalamineError:
                raise GiveUp(f"A sheet of {path.name} is damaged and cannot be read.") from None
        self._at = 0
        self._rows: Iterator[list[Any]] = iter(())
        self._columns = self._header()
        check(self._columns)

    def close(self) -> None:
        """Do nothing: the sheet lies in memory."""

    def rows(self, at: Place, count: int) -> Rows:
        """Read up to `count` rows from a place; empty rows are passed over."""
        self._go_to(at.row or self._header_row)
        raws: list[bytes] = []
        ended = False
        while len(raws) < count:
            cells = next(self._rows, None)
            if cells is None:
                ended = True
                break
            self._at += 1
            if any(cell != "" for cell in cells):
                raws.append(encode_record(self._named(cells)))
        records, rejected = decode_records(raws)
        return Rows(records, rejected, Place(0, self._at), ended or self._at >= self._height())

    def _height(self) -> int:
        return self._sheet.end[0] + 1 if self._sheet.end else 0

    def _go_to(self, row: int) -> None:
        """Stand after a row, counted from 1."""
        if row < self._at or not self._at:
            self._rows, self._at = iter(self._sheet.iter_rows()), 0
        while self._at < row and next(self._rows, None) is not None:
            self._at += 1

    def _header(self) -> list[str]:
        self._go_to(self._header_row - 1)
        cells = next(self._rows, [])
        self._at += 1
        names = [str(cell).strip()[:HEADER_CHARACTERS_MAX] for cell in cells]
        if not any(names):
            raise GiveUp(
                f"Row {self._header_row} of {self._path.name} holds no names of columns.",
                remedy="Name the row with `header_row` in the connector file.",
            )
        return names

    def _named(self, cells: list[Any]) -> dict[str, Any]:
        return {
            name: _plain(cell) for name, cell in zip(self._columns, cells, strict=False) if name
        }


def _plain(cell: Any) -> Any:
    """Return a cell's value: nothing for an empty one, whole numbers without a fraction."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return None if cell == "" else cell


def _refuse_bombs(path: Path) -> None:
    size = path.stat().st_size
    unpacked = size
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as packed:
                unpacked = sum(entry.file_size for entry in packed.infolist())
        except (zipfile.BadZipFile, ValueError, RuntimeError):
            unpacked = size  # the reader that follows says what is wrong with it
    if size > SHEET_BYTES_MAX or unpacked > UNPACKED_BYTES_MAX:
        raise GiveUp(
            f"{path.name} is too large to be read as a sheet.",
            remedy="Have it delivered as CSV, which is read in portions.",
        )
