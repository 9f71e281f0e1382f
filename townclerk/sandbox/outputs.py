"""The sources that are files: rows for the tax database, the waste service's CSV, a spreadsheet."""

import csv
import datetime
from pathlib import Path
from typing import TextIO

import xlsxwriter

from townclerk.sandbox.people import TODAY
from townclerk.sandbox.sources import parking, waste
from townclerk.sandbox.sources.desk import Note

CSV_ROWS_MAX = 50_000  # per file, as the waste service's export cuts it
_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class CopyFile:
    """Rows in PostgreSQL's COPY text format, loaded when the tax database starts."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("w", encoding="utf-8", newline="\n")

    def add(self, _stream: str, note: Note) -> None:
        """Write one row."""
        plain = "".join(filter(None, note.row))
        if "\\" in plain or not plain.isprintable():
            row = [cell and cell.translate(_COPY_ESCAPES) for cell in note.row]
        else:
            row = note.row  # by far the most rows
        cells = ["\\N" if cell is None else cell for cell in row]
        self._file.write("\t".join(cells) + "\n")

    def close(self, *, whole: bool) -> None:  # noqa: ARG002  # half a file costs no more
        """Close the file."""
        self._file.close()


class WasteFiles:
    """The export of the waste service: semicolons, cp1252, decimal commas, several files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._rows = 0
        self._file: TextIO | None = None
        self._next()

    def _next(self) -> None:
        if self._file is not None:
            self._file.close()
        name = f"afvalpassen_{self._rows // CSV_ROWS_MAX + 1:03d}.csv"
        self._file = (self._folder / name).open("w", encoding=waste.ENCODING, newline="")
        self._writer = csv.writer(self._file, delimiter=";", lineterminator="\r\n")
        self._writer.writerow(waste.HEADERS)

    def add(self, _stream: str, note: Note) -> None:
        """Write one row, in a new file when this one is full."""
        if self._rows and self._rows % CSV_ROWS_MAX == 0:
            self._next()
        self._writer.writerow(note.row)
        self._rows += 1

    def close(self, *, whole: bool) -> None:  # noqa: ARG002  # half a file costs no more
        """Close the last file."""
        if self._file is not None:
            self._file.close()


class ParkingSheet:
    """The parking desk's spreadsheet, written row by row in constant memory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._book = xlsxwriter.Workbook(
            str(folder / "parkeervergunningen.xlsx"),
            {"constant_memory": True, "tmpdir": str(folder)},
        )
        # The same town is the same bytes, so the file may not say when it was made.
        self._book.set_properties(
            {"created": datetime.datetime(TODAY.year, TODAY.month, TODAY.day)}  # noqa: DTZ001  # the spreadsheet format has no zone
        )
        self._day = self._book.add_format({"num_format": "dd-mm-yyyy"})
        self._sheet = self._book.add_worksheet("Vergunningen")
        for column, header in enumerate(parking.HEADERS):
            self._sheet.write_string(0, column, header)

    def add(self, _stream: str, note: Note) -> None:
        """Write one row; an empty cell is not written at all."""
        for column, cell in enumerate(note.row):
            if isinstance(cell, datetime.date):
                self._sheet.write_datetime(note.number, column, cell, self._day)
            elif cell:
                self._sheet.write_string(note.number, column, cell)

    def close(self, *, whole: bool) -> None:  # noqa: ARG002  # the library can only finish
        """Pack the spreadsheet."""
        self._book.close()
