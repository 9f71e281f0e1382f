"""Reads and writes tables, as CSV and XLSX, with the care strangers' spreadsheets need.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and the
apostrophe is taken off again when read. XLSX needs none: its cells say that they are text.
"""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from itertools import chain, islice
from typing import Any

from msgspec import Struct, field
from python_calamine import CalamineError, CalamineWorkbook

from registry.landscape.exchange.archive import ARCHIVE_BYTES_MAX, DAMAGED, FILES_MAX, RATIO_MAX
from registry.landscape.exchange.refusals import FileTooLarge, ModelFileRefused

CSV_BYTES_MAX = 100_000_000
ROWS_MAX = 1_000_000  # what a spreadsheet holds
COLUMNS_MAX = 1_000  # GEMMA has 84 property names; a table with more columns is no table
CELL_CHARACTERS_MAX = 1_000_000  # longer than any documentation; keeps one quote from eating a file
XLSX_UNPACKED_BYTES_MAX = 400_000_000
# A sheet that unpacks to less is no bomb, however well it shrank.
XLSX_RATIO_FREE_BYTES = 20_000_000

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_QUOTED_FORMULA = re.compile(r"'+[=+\-@\t\r]")
_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
HEADER_LINE_MAX = 10  # titles and remarks people put above their tables; below it is data


class Row(Struct, frozen=True):
    """One row: its line in the file, and its cells by column name."""

    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Return a cell; nothing if the table lacks the column."""
        return self.cells.get(column, "")


class Table(Struct):
    """A table with named columns."""

    name: str
    columns: list[str]
    rows: list[Row] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Append a row."""
        named = dict(zip(self.columns, cells, strict=True))
        self.rows.append(Row(len(self.rows) + 2, named))


def read_csv(data: bytes, *, file: str) -> Table:
    """Read a CSV file with a header; comma, semicolon, tab or bar, UTF-8 or Windows-1252.

    Raises:
        ModelFileRefused: No header, a column name twice, or a row with more cells than columns;
            names the line.
        FileTooLarge: One of the limits above is passed.
    """
    if len(data) > CSV_BYTES_MAX:
        raise FileTooLarge(
            f"it has {len(data):,} bytes; at most {CSV_BYTES_MAX:,} are read.", file=file
        )
    text = _decoded(data, file)
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    return _table(file, _lines(reader, file), file=file, quoted=True)


def _delimiter(text: str) -> str:
    """Return the mark that most of the first lines hold equally often."""
    bare = _QUOTED.sub("", text[:CELL_CHARACTERS_MAX])
    lines = bare.split("\n", HEADER_LINE_MAX)[:HEADER_LINE_MAX]

    def rating(mark: str) -> tuple[int, int]:
        counted = Counter(filter(None, (line.count(mark) for line in lines)))
        return max(((alike, marks) for marks, alike in counted.items()), default=(0, 0))

    return max(_DELIMITERS, key=rating)


def _decoded(data: bytes, file: str) -> str:
    if data[:2] in _UTF_16_MARKS:
        return data.decode("utf-16", errors="replace")
    if b"\0" in data[:10_000]:
        raise ModelFileRefused("this is not a text file.", file=file, remedy="Save it as CSV.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("windows-1252", errors="replace")


def _lines(reader: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ModelFileRefused(f"the CSV is broken: {error}.", file=file, line=first) from error
        yield first, cells


def _table(name: str, lines: "_Lines", *, file: str, quoted: bool = False) -> Table:
    line, header, lines = _header(lines)
    columns = [cell.strip() for cell in header]
    while columns and not columns[-1]:
        columns.pop()
    if not columns:
        raise ModelFileRefused("it has no header row.", file=file, line=line)
    if len(columns) > COLUMNS_MAX:
        raise FileTooLarge(f"it has {len(columns):,} columns.", file=file, line=line)
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        raise ModelFileRefused(f"the column {min(twice)!r} stands twice.", file=file, line=line)
    table = Table(name, columns)
    for number, cells in lines:
        if not any(cells):
            continue
        if len(table.rows) >= ROWS_MAX:
            raise FileTooLarge(f"it has more than {ROWS_MAX:,} rows.", file=file, line=number)
        if any(cells[len(columns) :]):
            raise ModelFileRefused(
                f"the row has {len(cells)} cells, the header {len(columns)}.",
                file=file,
                line=number,
            )
        said = [_unquoted(cell) for cell in cells] if quoted else cells
        table.rows.append(Row(number, dict(zip(columns, said, strict=False))))
    return table


_Lines = Iterator[tuple[int, list[str]]]


def _header(lines: _Lines) -> tuple[int, list[str], _Lines]:
    """Return the header and what follows it; a title and empty lines may stand above it."""
    first = list(islice(lines, HEADER_LINE_MAX))
    filled = [number for number, (_line, cells) in enumerate(first) if any(map(str.strip, cells))]
    wide = [number for number in filled if sum(1 for cell in first[number][1] if cell.strip()) > 1]
    place = next(iter(wide or filled), None)
    if place is None:
        return 0, [], lines
    line, header = first[place]
    return line, header, chain(first[place + 1 :], lines)


def _unquoted(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _QUOTED_FORMULA.match(cell) else cell


def write_csv(table: Table, *, spreadsheet_safe: bool = True) -> bytes:
    """Return a table as CSV.

    Args:
        table: The table.
        spreadsheet_safe: Put an apostrophe before what a spreadsheet would take for a formula.
            Turn it off only for programs that do not open the file in a spreadsheet.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(table.columns)
    for row in table.rows:
        cells = (row[column] for column in table.columns)
        writer.writerow([_safe(cell) for cell in cells] if spreadsheet_safe else list(cells))
    return out.getvalue().encode()


def _safe(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def read_xlsx(data: bytes, *, file: str) -> dict[str, Table]:
    """Read all sheets of a workbook that have a header, by name.

    Raises:
        ModelFileRefused: Not a workbook, or a sheet whose header or rows are wrong.
        FileTooLarge: One of the limits above is passed.
    """
    _check_package(data, file)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in workbook.sheet_names
        }
    except (CalamineError, ValueError) as error:
        raise ModelFileRefused(f"it is no readable workbook: {error}.", file=file) from error
    tables = {
        name: _table(name, _sheet_lines(rows), file=f"{file}, sheet {name}")
        for name, rows in sheets.items()
        if rows
    }
    if not tables:
        raise ModelFileRefused("all its sheets are empty.", file=file)
    return tables


def _check_package(data: bytes, file: str) -> None:
    """See that unpacking a workbook cannot burst anything."""
    if len(data) > ARCHIVE_BYTES_MAX:
        raise FileTooLarge(f"it has {len(data):,} bytes.", file=file)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            sizes = [entry.file_size for entry in package.infolist()]
    except DAMAGED as error:
        raise ModelFileRefused("it is no XLSX workbook.", file=file) from error
    limit = min(XLSX_UNPACKED_BYTES_MAX, max(XLSX_RATIO_FREE_BYTES, RATIO_MAX * len(data)))
    if len(sizes) > FILES_MAX or sum(sizes) > limit:
        raise FileTooLarge(f"unpacked it has {sum(sizes):,} bytes.", file=file)


def _sheet_lines(rows: Sequence[Sequence[object]]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, 1):
        yield number, [_cell_text(cell) for cell in row]


def _cell_text(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time.min:
        return cell.date().isoformat()
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)


def write_xlsx(tables: Iterable[Table]) -> bytes:
    """Return a workbook with one sheet per table; every cell is text, never a formula or link."""
    import xlsxwriter  # a hundred modules, which only those who write workbooks wait for

    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as workbook:
        bold = workbook.add_format({"bold": True})
        for table in tables:
            sheet = workbook.add_worksheet(table.name)
            sheet.freeze_panes(1, 0)
            for column, title in enumerate(table.columns):
                sheet.write_string(0, column, title, bold)
                for number, row in enumerate(table.rows, 1):
                    if cell := row[title]:
                        sheet.write_string(number, column, _short_enough(cell, table, row))
    return out.getvalue()


# A workbook's cell holds no more; longer texts travel as CSV.
XLSX_CELL_CHARACTERS_MAX = 32_767


def _short_enough(cell: str, table: Table, row: Row) -> str:
    if len(cell) > XLSX_CELL_CHARACTERS_MAX:
        raise ModelFileRefused(
            f"a text has {len(cell):,} characters; a workbook's cell holds "
            f"{XLSX_CELL_CHARACTERS_MAX:,}.",
            file=table.name,
            line=row.line,
            remedy="Export as CSV instead.",
        )
    return cell
