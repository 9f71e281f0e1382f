"""Bulk rows by COPY: thirteen times faster than inserts through the object mapper."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql


def copy_into(
    db: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Copy rows into a table.

    Args:
        db: The caller's connection; nothing is committed.
        table: Name, with its schema before a point where it has one.
        columns: Column names in the order of the values.
        rows: One sequence of Python values per row; a dict becomes jsonb.

    Returns:
        How many rows were copied.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with db.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


NULL = "\\N"
_TAB, _LINE = "\t", "\n"
_ESCAPES = str.maketrans({"\\": r"\\", _TAB: r"\t", _LINE: r"\n", "\r": r"\r"})
_ZONE = attrgetter("tzinfo")


def copy_lines(columns: Sequence[Sequence[Any]]) -> str:
    """Write columns as lines of COPY's text format: a third of the work of copying row by row.

    Args:
        columns: Equally long; text, whole numbers, days or moments with their zone, each with None
            among them, or bytes without.

    Returns:
        One line per row, as `COPY … FROM STDIN` takes them.
    """
    written = [_as_text(column) for column in columns]
    lines = _joined(written)
    backslashes = sum(column.count(None) for column in columns if None in column)
    backslashes += sum(2 * len(column) for column in columns if column and type(column[0]) is bytes)
    marks = {_TAB: len(columns[0]) * (len(columns) - 1), _LINE: len(columns[0])}
    marks |= {"\\": backslashes, "\r": 0}
    if all(lines.count(mark) == times for mark, times in marks.items()):
        return lines
    return _joined([_escaped(column, text) for column, text in zip(columns, written, strict=True)])


def _joined(written: Sequence[Sequence[str]]) -> str:
    return _LINE.join(map(_TAB.join, zip(*written, strict=True))) + _LINE


def _as_text(column: Sequence[Any]) -> Sequence[str]:
    """Write the values of one column; text stays as it is."""
    kinds = set(map(type, column))
    without = kinds - {type(None)}
    if without == kinds:
        return _values_as_text(column, kinds)
    written = iter(_values_as_text([value for value in column if value is not None], without))
    return [NULL if value is None else next(written) for value in column]


def _values_as_text(column: Sequence[Any], kinds: set[type]) -> Sequence[str]:
    if all(issubclass(kind, str) for kind in kinds):
        return column
    if kinds == {bytes}:
        return [rf"\\x{value.hex()}" for value in column]
    if kinds == {date} or (kinds == {datetime} and set(map(_ZONE, column)) == {UTC}):
        # A JSON writer is several times faster than isoformat(), and says the same.
        return msgspec.json.encode(column).decode()[2:-2].split('","')
    if not kinds <= {int, date, datetime}:
        raise TypeError(f"no way to copy values of {kinds}")
    return list(map(str, column))


def _escaped(column: Sequence[Any], written: Sequence[str]) -> Sequence[str]:
    if not any(isinstance(value, str) for value in column):
        return written
    return [
        text if value is None else text.translate(_ESCAPES)
        for value, text in zip(column, written, strict=True)
    ]


def write_lines(db: psycopg.Connection, table: str, names: Sequence[str], lines: str) -> int:
    """Copy what `copy_lines` has written into some columns of a table; return how many rows."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with db.cursor() as cursor:
        with cursor.copy(statement) as copy:
            copy.write(lines)
        return cursor.rowcount


def as_bigint(number: int) -> int:
    """Return a number of 64 bits without a sign, as digests are, as PostgreSQL's bigint has it."""
    return number - (1 << 64) if number >= 1 << 63 else number


def bigints(numbers: Iterable[int]) -> str:
    """Return an array of whole numbers as PostgreSQL writes it, for `%s::bigint[]`."""
    return array_of(numbers)


def array_of(values: Iterable[int | float | str | UUID]) -> str:
    """Return an array as PostgreSQL writes it, for a parameter like `%s::uuid[]`.

    psycopg looks at each element of a list; for a page of ten thousand records that is seconds.

    Args:
        values: Numbers, truth values, ids or words of our own, and NULL; nothing that needs quotes.
    """
    return f"{{{','.join(map(str, values))}}}"


# Both sides of a CSV file of ours: every value quoted, NULL written as backslash N.
CSV = "FORMAT csv, NULL '\\N'"
BLOCK_BYTES = 2**18


def copy_from_file(db: psycopg.Connection, table: str, columns: Sequence[str], file: Path) -> None:
    """Copy a CSV file of ours into a table, block by block."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (" + CSV + ")").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with file.open("rb") as source, db.cursor() as cursor, cursor.copy(statement) as copy:
        while block := source.read(BLOCK_BYTES):
            copy.write(block)


def copy_to_file(db: psycopg.Connection, question: str, file: Path) -> None:
    """Copy the answer to a question of ours into a CSV file, block by block."""
    statement = f"COPY ({question}) TO STDOUT ({CSV}, FORCE_QUOTE *)"
    with file.open("wb") as target, db.cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            target.write(block)
