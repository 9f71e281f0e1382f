"""The columns of a Parquet file as text: structures laid flat, numbers as a person writes them.

Address books and health systems keep `address {street, city}` in one column, and several telephone
numbers in another. A field of a structure becomes a column of its own, called `address.street`;
of a list the first filled value counts, as of several columns for one role. What that leaves out is
told with the number of rows.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import duckdb
from duckdb.sqltypes import DuckDBPyType

from registry.customers.matching.engine import run
from registry.customers.tables.labels import quoted
from schemas.errors import InvalidInput

# Deeper structures than a person's name in a list of names are no table.
DEPTH_MAX: Final = 6
LISTS_NAMED_MAX: Final = 5  # in a warning; more would bury it
_REAL: Final = frozenset({"float", "double", "decimal"})
_UNREADABLE: Final = frozenset({"map", "union", "variant", "geometry"})


class Column(NamedTuple):
    """One column that is read.

    Attributes:
        name: As the file has it; fields of structures behind a dot.
        text: SQL that gives its value as text.
        lists: SQL that tells of each list it stands in, by the list's name, whether it holds more
            than the value that is read.
    """

    name: str
    text: str
    lists: Mapping[str, str] = MappingProxyType({})


@contextmanager
def undamaged(path: Path) -> Iterator[None]:
    """Refuse a file that cannot be read as Parquet, wherever in it that shows.

    Raises:
        InvalidInput: It is damaged, or none.
    """
    try:
        yield
    except duckdb.OperationalError:
        raise  # of this machine: the disk, the memory
    except duckdb.Error as error:
        raise InvalidInput(
            f"{path.name} cannot be read as Parquet.",
            remedy="It is cut short or damaged; copy or export it anew.",
        ) from error


def columns_of(con: duckdb.DuckDBPyConnection, path: Path) -> tuple[list[Column], list[str]]:
    """Return what can be read of a Parquet file, and what is odd about it, for people.

    Raises:
        InvalidInput: It is no Parquet file, or nothing in it can be read as text.
    """
    with undamaged(path):
        found = con.execute("SELECT * FROM read_parquet(?) LIMIT 0", [str(path)]).description
    warnings: list[str] = []
    columns: list[Column] = []
    left_out = 0
    for name, kind, *_ in found or ():
        read = list(_flat(Column(name, quoted(name)), kind))
        columns += read
        left_out += not read
    if not columns:
        raise InvalidInput(
            f"No column of {path.name} can be read as text.",
            remedy="Export it with a column for each thing it says of a person.",
        )
    warnings += _not_read(con, path, columns)
    if left_out:
        warnings.append(
            f"{left_out} column{'s hold' if left_out > 1 else ' holds'} what is no text and"
            f" {'are' if left_out > 1 else 'is'} left out"
        )
    return columns, warnings


def _not_read(con: duckdb.DuckDBPyConnection, path: Path, columns: list[Column]) -> list[str]:
    """Tell of which lists something is left out, with the number of rows."""
    lists = {name: more for column in columns for name, more in column.lists.items()}
    if not lists:
        return []
    counts = ", ".join(f"count(*) FILTER ({more})" for more in lists.values())
    with undamaged(path):
        found = run(con, "SELECT $counts FROM read_parquet(?)", str(path), counts=counts)[0]
    longer = [(name, rows) for name, rows in zip(lists, found, strict=True) if rows]
    told = [f"{name} of {rows} row{'s' if rows > 1 else ''}" for name, rows in longer]
    others = " and others" if len(told) > LISTS_NAMED_MAX else ""
    named = f"{', '.join(told[:LISTS_NAMED_MAX])}{others}"
    return [f"only the first value is read in {named}, where lists hold more"] if told else []


def _flat(column: Column, kind: DuckDBPyType, depth: int = 0) -> Iterator[Column]:
    """Yield the columns that one column is laid out into; none where it holds no text."""
    name, value, lists = column
    if kind.id in _UNREADABLE or depth > DEPTH_MAX:
        return
    if kind.id == "struct":
        for field, inner in _parts(kind):
            part = Column(f"{name}.{field}", f"struct_extract({value}, {_text(field)})", lists)
            yield from _flat(part, inner, depth + 1)
    elif kind.id in ("list", "array"):
        ((_, inner),) = _parts(kind)[:1]
        filled = f"list_filter({value}, lambda one: {_filled(inner)})"
        more = f"len({filled}) > 1"
        lists = {**lists, name: f"{lists[name]} OR {more}" if name in lists else more}
        yield from _flat(Column(name, f"{filled}[1]", lists), inner, depth + 1)
    else:
        yield Column(name, _as_text(value, kind.id), lists)


def _parts(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    """Return the fields of a structure; of a list or an array what it is of, first."""
    return [(name, part) for name, part in kind.children if isinstance(part, DuckDBPyType)]


def _filled(kind: DuckDBPyType) -> str:
    return "trim(one) <> ''" if kind.id == "varchar" else "one IS NOT NULL"


def _as_text(value: str, kind: str) -> str:
    if kind == "blob":  # texts of writers that do not say that they are; a picture is none
        return f"TRY(decode({value}))"
    if (
        kind == "timestamp with time zone"
    ):  # in no zone of this machine; `date_digits` knows midnights
        return f"make_timestamp(epoch_us({value}))::VARCHAR || 'Z'"
    if kind in _REAL:
        # A column of whole numbers with gaps becomes one of fractions in many tools: 12.0.
        return f"nullif(regexp_replace({value}::VARCHAR, '\\.0+$', ''), 'nan')"
    return f"{value}::VARCHAR"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
