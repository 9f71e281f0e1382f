"""Anybody's CSV or Parquet file into a DuckDB table of text, with what was odd about it.

A well-formed file goes straight into DuckDB. Everything else (other encodings, quotes after
blanks, ragged lines, NUL bytes) is first written anew as plain UTF-8 by Python's tolerant reader,
and each thing that was mended or left out is told with a count.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import duckdb

from registry.customers.matching.engine import open_engine, run, workspace
from registry.customers.tables.column_names import role_by_name
from registry.customers.tables.encoding import encoding_of
from registry.customers.tables.labels import distinct_names, quoted
from registry.customers.tables.parquet import columns_of, undamaged
from schemas.errors import InvalidInput

# Longest cell that is read; Python's own bound of 128 kB is short for pasted letters.
CELL_CHARACTERS_MAX = 1_000_000
SAMPLE_BYTES = 256 * 1024
SAMPLE_LINES = 200
# Lines named in a warning; more would bury it.
LINES_NAMED_MAX = 5
# A table that begins further down is a report; more single cells in a row are a list.
LINES_ABOVE_MAX = 12
DELIMITERS = (",", ";", "\t", "|")
# An e-mail address, or a number or date of four digits and more; years may head a column.
_VALUE = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{5,}")
_PARQUET_MARK = b"PAR1"
# How files begin, blanks aside, that people bring instead of a table, and what to do with them.
_MARK_BYTES = 100
_EXPORT_ANEW = "Export it anew: a line of column names, and below it a line for each row."
_TAKE_A_SHEET = "Save its sheet as CSV (UTF-8) and give that file."
_NO_TABLES = (
    (b"PK\x03\x04", "is an Excel or OpenDocument workbook, or a ZIP", _TAKE_A_SHEET),
    (b"\xd0\xcf\x11\xe0", "is a workbook of old Excel", _TAKE_A_SHEET),
    (b"\x1f\x8b", "is packed with gzip", "Unpack it first."),
    (b"%PDF", "is a PDF", "Ask for the table behind it, as CSV."),
    (b"SQLiteformat3", "is an SQLite database", "Export the table in it as CSV."),
    (b"<", "is HTML or XML", _TAKE_A_SHEET),
    (b"{", "is JSON", "Save its records as CSV, one line each."),
    (b"[{", "is JSON", "Save its records as CSV, one line each."),
)


@dataclass
class TableRead:
    """One file, read.

    Attributes:
        name: File name without folder.
        table: DuckDB table that holds it: `row_number` from 1, then the columns as text.
        columns: Column names as the file has them, made distinct.
        rows: Rows.
        headless: It has no line of names.
        listed: Columns that are the first filled value of a list.
        better: Encodings in which its words are words, where it was read in a guessed one.
        warnings: What was odd, for people; counts and column names only.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    rows: int = 0
    headless: bool = False
    listed: set[str] = field(default_factory=set)
    better: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_table(
    con: duckdb.DuckDBPyConnection, path: Path, *, into: str, encoding: str | None = None
) -> TableRead:
    """Read one CSV or Parquet file.

    Args:
        con: The session.
        path: The file; its content decides what it is, not its name.
        into: Table to make.
        encoding: How CSV is written that does not prove to be Unicode, as `codec_of` names it.

    Raises:
        InvalidInput: It is not there, is empty, or is no table with a line of column names.
        WrongEncoding: It cannot be read in that encoding.
    """
    if _start_of(path).startswith(_PARQUET_MARK):
        found = _read_parquet(con, path, into)
    else:
        found = _read_csv(con, path, into, encoding)
    found.rows = int(run(con, "SELECT count(*) FROM $into", into=into)[0][0])
    if not found.rows:
        raise InvalidInput(f"{path.name} has column names and no rows.", remedy=_EXPORT_ANEW)
    return found


@dataclass
class RowsRead:
    """Every row of a file, the first one too, for those who know themselves what is a name.

    Attributes:
        rows: Cells as text, without blanks around; every row as long as the first.
        numbers: The line of each row; of Parquet, its place.
        warnings: What was odd, for people; counts only.
    """

    rows: list[list[str]]
    numbers: list[int]
    warnings: list[str] = field(default_factory=list)


def read_rows(path: Path, *, bytes_max: int, encoding: str | None = None) -> RowsRead:
    """Read the rows of a CSV or Parquet file into memory.

    Args:
        path: The file; its content decides what it is, not its name.
        bytes_max: Larger files are refused before they are read.
        encoding: How CSV is written that does not prove to be Unicode, as `codec_of` names it.

    Raises:
        InvalidInput: It is not there, empty, too large, or no table.
        WrongEncoding: It cannot be read in that encoding.
    """
    start = _start_of(path)
    if path.stat().st_size > bytes_max:
        raise InvalidInput(f"{path.name} is larger than {bytes_max:,} bytes.")
    if start.startswith(_PARQUET_MARK):
        with open_engine() as con:
            table = _read_parquet(con, path, "parquet_rows")
            names = ", ".join(f"trim(coalesce({quoted(name)}, ''))" for name in table.columns)
            found = run(con, "SELECT $names FROM parquet_rows ORDER BY row_number", names=names)
        rows = [list(table.columns), *map(list, found)]
        return RowsRead(rows, list(range(len(rows))), table.warnings)
    written = encoding_of(path, encoding)
    encoding, warnings = written.name, written.notes
    sample = _sample(path, encoding)
    delimiter = _delimiter(sample)
    if skipped := _lines_above(sample, delimiter):
        warnings.append(f"{skipped} line{'s' if skipped > 1 else ''} above its columns left out")
    width = len(next(_rows(sample[skipped:], delimiter), []))
    read = RowsRead([], [], warnings)
    for number, row in _even_rows(path, encoding, delimiter, width, read.warnings, skipped=skipped):
        read.rows.append([cell.strip() for cell in row])
        read.numbers.append(number)
    return read


def _start_of(path: Path) -> bytes:
    if not path.exists():
        raise InvalidInput(f"There is no file {path.name}.", remedy="Check the path.")
    if not path.is_file():
        raise InvalidInput(
            f"{path} is a folder." if path.is_dir() else f"{path} cannot be read twice.",
            remedy="Give the name of a file; save first what comes out of a pipe.",
        )
    with path.open("rb") as file:
        start = file.read(SAMPLE_BYTES)
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise InvalidInput(f"{path.name} is empty.", remedy=_EXPORT_ANEW)
    _refuse_what_is_no_table(path, start[:_MARK_BYTES])
    return start


def _read_parquet(con: duckdb.DuckDBPyConnection, path: Path, into: str) -> TableRead:
    columns, warnings = columns_of(con, path)
    names, odd = distinct_names(path.name, (column.name for column in columns))
    chosen = ", ".join(
        f"{column.text} AS {quoted(name)}" for column, name in zip(columns, names, strict=True)
    )
    statement = (
        "CREATE OR REPLACE TABLE $into AS SELECT row_number() OVER () AS row_number, $chosen"
        " FROM read_parquet(?)"
    )
    with undamaged(path):
        _in_order(con, statement, str(path), into=into, chosen=chosen)
    listed = {name for column, name in zip(columns, names, strict=True) if column.lists}
    return TableRead(path.name, into, names, listed=listed, warnings=[*warnings, *odd])


def _read_csv(con: duckdb.DuckDBPyConnection, path: Path, into: str, said: str | None) -> TableRead:
    written = encoding_of(path, said)
    encoding, warnings = written.name, written.notes
    sample = _sample(path, encoding)
    delimiter = _delimiter(sample)
    skipped = _lines_above(sample, delimiter)
    if skipped:
        warnings.append(f"{skipped} line{'s' if skipped > 1 else ''} above its columns left out")
    first = next(_rows(sample[skipped:], delimiter), [])
    headed = not _holds_data(first)
    if not headed:
        warnings.append("its first line holds values, so the columns are called column 1, 2, 3")
        first = [f"column {place}" for place in range(1, len(first) + 1)]
    names = _names(path, first, warnings)
    found = TableRead(
        path.name, into, names, headless=not headed, better=written.better, warnings=warnings
    )
    if encoding == "utf-8" and f'{delimiter} "' not in "".join(sample[:SAMPLE_LINES]):
        try:
            _load(con, path, into, names, delimiter, headed=headed, skipped=skipped)
        except duckdb.Error:
            pass  # ragged lines or stray quotes: Python's reader below knows what to do
        else:
            return found
    clean = workspace(con) / f"{into}.csv"
    _write_plain(path, encoding, delimiter, clean, found, skipped=skipped)
    _load(con, clean, into, names, ",", headed=headed)
    clean.unlink()
    return found


def _load(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    into: str,
    names: tuple[str, ...],
    delimiter: str,
    *,
    headed: bool,
    skipped: int = 0,
) -> None:
    columns = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in names)
    _in_order(
        con,
        "CREATE OR REPLACE TABLE $into AS SELECT row_number() OVER () AS row_number, *"
        " FROM read_csv(?, auto_detect = false, header = $headed, delim = ?, quote = '\"',"
        " escape = '\"', columns = {$columns}, skip = $skipped, max_line_size = 4000000)",
        str(path),
        delimiter,
        into=into,
        columns=columns,
        headed=str(headed).lower(),
        skipped=str(skipped),
    )


def _in_order(con: duckdb.DuckDBPyConnection, statement: str, *values: str, **parts: str) -> None:
    """Run a statement that numbers rows as the file has them; the number may be their name."""
    run(con, "SET preserve_insertion_order = true")
    try:
        run(con, statement, *values, **parts)
    finally:
        run(con, "SET preserve_insertion_order = false")


def _refuse_what_is_no_table(path: Path, start: bytes) -> None:
    text = b"".join(start.removeprefix(codecs.BOM_UTF8).split())
    for mark, what, remedy in _NO_TABLES:
        if text.startswith(mark):
            raise InvalidInput(f"{path.name} {what}, not CSV or Parquet.", remedy=remedy)


def _sample(path: Path, encoding: str) -> list[str]:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return file.read(SAMPLE_BYTES).replace("\0", "").splitlines(keepends=True)


def _rows(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(CELL_CHARACTERS_MAX)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def _delimiter(sample: list[str]) -> str:
    """Return the mark that parts most lines into one same number of cells."""
    best, most = DELIMITERS[0], 0.0
    for mark in DELIMITERS:
        try:
            widths = Counter(len(row) for row in _rows(sample[:SAMPLE_LINES], mark) if row)
        except csv.Error:
            continue
        width, lines = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        rating = (width - 1) * lines / max(sum(widths.values()), 1)
        if rating > most:
            best, most = mark, rating
    return best


def _lines_above(sample: list[str], delimiter: str) -> int:
    """Return how many lines stand above the columns: a title, a blank, Excel's `sep=;`."""
    widths = Counter(len(row) for row in _rows(sample[:SAMPLE_LINES], delimiter) if row)
    if not widths or widths.most_common(1)[0][0] < 2:
        return 0
    for above, line in enumerate(sample[:LINES_ABOVE_MAX]):
        if sum(bool(cell.strip()) for cell in next(_rows([line], delimiter), [])) > 1:
            return above
    return 0


def _holds_data(first: list[str]) -> bool:
    """Tell a first line of values from one of names: a date, an address or a number is no name."""
    if any(role_by_name(cell) for cell in first):
        return False
    telling = [cell for cell in first if any(sign.isalpha() for sign in cell)]
    return bool(telling) and any(_VALUE.fullmatch(cell.strip()) for cell in first)


def _names(path: Path, header: list[str], warnings: list[str]) -> tuple[str, ...]:
    """Return distinct column names out of the first line."""
    given = [" ".join(name.replace("\0", "").split()).strip("\ufeff") for name in header]
    numbers = sum(not any(sign.isalpha() for sign in name) for name in given if name)
    if not any(given) or numbers * 2 > len(given) or any("@" in name for name in given):
        raise InvalidInput(
            f"The first line of {path.name} does not name its columns.",
            remedy="Put one line of column names on top, such as `id,first_name,last_name`.",
        )
    names, odd = distinct_names(path.name, given)
    warnings += odd
    return names


def _write_plain(
    path: Path, encoding: str, delimiter: str, to: Path, found: TableRead, *, skipped: int
) -> None:
    """Write the file anew as UTF-8 with every line as long as the first."""
    width = len(found.columns)
    with to.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
        rows = _even_rows(path, encoding, delimiter, width, found.warnings, skipped=skipped)
        writer.writerows(row for _, row in rows)


def _even_rows(
    path: Path, encoding: str, delimiter: str, width: int, warnings: list[str], *, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every row, as many as `width`; tell at the end what was not.

    Raises:
        InvalidInput: A quote is not closed.
    """
    short, refused = 0, list[int]()
    with path.open(encoding=encoding, errors="replace", newline="") as source:
        lines = (line.replace("\0", "") for line in islice(source, skipped, None))
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        try:
            for row in reader:
                if not row:
                    continue
                if len(row) > width and any(cell.strip() for cell in row[width:]):
                    refused.append(reader.line_num + skipped)
                    continue
                short += len(row) < width
                yield reader.line_num + skipped, [*row, *[""] * (width - len(row))][:width]
        except csv.Error as error:
            raise InvalidInput(
                f"{path.name} cannot be read from line {reader.line_num + skipped} on: a quote is"
                " not closed, or a cell is endless.",
                remedy="Mend that line, or export the table anew with quotes doubled inside cells.",
            ) from error
    if short:
        told = "1 line has" if short == 1 else f"{short} lines have"
        warnings.append(f"{told} fewer cells than the first; the rest is empty")
    if refused:
        named = ", ".join(map(str, refused[:LINES_NAMED_MAX]))
        told = "1 line has" if len(refused) == 1 else f"{len(refused)} lines have"
        left = "is left out" if len(refused) == 1 else "are left out"
        warnings.append(
            f"{told} more cells than the first and {left} (line {named}"
            + (" and others)" if len(refused) > LINES_NAMED_MAX else ")")
        )
