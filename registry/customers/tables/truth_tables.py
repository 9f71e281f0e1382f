"""Read who is one customer out of somebody's cross-reference table, whatever its shape.

CSV as it comes out of spreadsheets and databases, or Parquet, with a line of names or without.
What a line says wrongly is counted; a table that can be read in two ways is refused.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from registry.customers.live.cross_reference import Named, Pair
from registry.customers.live.known_records import KnownRecords, Place
from registry.customers.tables.encoding import codec_of
from registry.customers.tables.reading import RowsRead, read_rows
from registry.customers.tables.truth_shapes import (
    Long,
    Pairs,
    Row,
    Shape,
    ShapeName,
    Wide,
    shape_by_names,
    shape_by_roles,
    shape_by_values,
    shown,
)
from schemas.errors import InvalidInput

# The largest table of a city with ten sources; it is read at once.
FILE_BYTES_MAX: Final = 256 * 1024 * 1024
# Keys and ids longer than this are not ours to keep.
TEXT_CHARACTERS_MAX: Final = 400
# Lines named in a note; more would bury it.
LINES_NAMED_MAX: Final = 5


class UnclearTable(InvalidInput):
    """Nothing tells what the columns of a cross-reference table are, or two readings fit."""

    code = "unclear_table"
    remedy = "Name the columns with --key, --golden and --source, or the shape with --shape."


@dataclass
class TruthTable:
    """What a table says.

    Attributes:
        told: How its columns were read, for people.
        rows: Records with the id that they had.
        pairs: Records that are one customer.
        below: Pairs that score less than was asked for.
        warnings: What was odd, for people; counts and lines only.
    """

    told: str
    rows: list[Named] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    below: int = 0
    warnings: list[str] = field(default_factory=list)


def read_truth(
    db: psycopg.Connection,
    path: Path,
    *,
    roles: Mapping[str, str] | None = None,
    source: str | None = None,
    shape: ShapeName | None = None,
    at_least: float | None = None,
    encoding: str | None = None,
) -> TruthTable:
    """Read a cross-reference table.

    Args:
        db: Connection; keys that are here tell what a column without a name is.
        path: CSV or Parquet.
        roles: Column by role (source, key, golden), by name or number, where nothing tells it.
        source: Data set of all records, where no column says it.
        shape: How the table says who is one customer, where that is not clear.
        at_least: From which score on pairs are one customer.
        encoding: How CSV is written that does not prove to be Unicode; any name that Python knows.

    Raises:
        InvalidInput: The file is no table, or a column that was named is not there.
        WrongEncoding: There is no such encoding, or the file is not written in it.
        UnclearTable: Nothing tells what its columns are.
    """
    said = None if encoding is None else codec_of(encoding)
    read = read_rows(path, bytes_max=FILE_BYTES_MAX, encoding=said)
    if any("\ufffd" in cell or not cell.isprintable() for cell in read.rows[0]):
        raise InvalidInput(
            f"{path.name} begins with what is no text.",
            remedy="Save it as CSV or Parquet; a workbook has both under `Save as`.",
        )
    known = KnownRecords(db)
    headless = _begins_with_values(read.rows, known, source)
    names = [f"column {place}" for place in range(1, len(read.rows[0]) + 1)]
    names = names if headless else read.rows[0]
    found = _shape_of(
        names, read.rows[not headless :], known, roles=roles or {}, source=source, wanted=shape
    )
    table = TruthTable(_told(found, names), warnings=read.warnings)
    if isinstance(found, Pairs) and found.score is not None and at_least is None:
        raise UnclearTable(
            f"The pairs of the table are scored ({names[found.score]}), and not all need be true.",
            remedy="Say from which score on two records are one customer, with --at-least 0.95.",
        )
    _take(read, found, table, first=not headless, source=source or "", at_least=at_least)
    if table.below:
        pairs = "1 pair scores" if table.below == 1 else f"{table.below} pairs score"
        table.warnings.append(f"{pairs} less than {at_least}; no link comes of that")
    return table


def _begins_with_values(rows: Sequence[Row], known: KnownRecords, source: str | None) -> bool:
    """Tell a first line that is about records from one of names: it holds a key that is here."""
    first = rows[0]
    if known.find(Place(source or "", cell) for cell in first if cell).records:
        return True
    below = rows[1] if len(rows) > 1 else first
    return any(known.is_source(a) and known.is_source(b) for a, b in zip(first, below, strict=True))


def _shape_of(
    names: Row,
    rows: Sequence[Row],
    known: KnownRecords,
    *,
    roles: Mapping[str, str],
    source: str | None,
    wanted: ShapeName | None,
) -> Shape:
    if roles:
        return shape_by_roles(names, roles, given=source is not None)
    found = shape_by_names(names, known, wanted=wanted, given=source is not None)
    found = found or shape_by_values(rows, known, wanted=wanted, source=source)
    if found is None:
        raise UnclearTable(
            "Neither names nor values tell what the columns of the table are"
            f" ({shown(names)}): which holds the data set, the key and the id.",
        )
    return found


def _told(shape: Shape, names: Row) -> str:
    """Say how a table is read."""

    def record(source: int | None, key: int) -> str:
        return names[key] if source is None else f"{names[source]} / {names[key]}"

    match shape:
        case Long(source, key, golden):
            return f"a record ({record(source, key)}) and its id ({names[golden]}) in each line"
        case Pairs(left, right, _):
            return f"a pair in each line, {record(*left)} and {record(*right)}"
        case Wide(keys, golden):
            told = ", ".join(
                names[place] if source in ("", names[place]) else f"{names[place]} of {source}"
                for place, source in keys.items()
            )
            own = "" if golden is None else f", and its id ({names[golden]})"
            return f"a customer in each line, with keys in {told}{own}"


def _take(
    read: RowsRead,
    shape: Shape,
    table: TruthTable,
    *,
    first: int,
    source: str,
    at_least: float | None,
) -> None:
    """Take every line, and count those of no use."""
    useless: list[int] = []
    for number, row in zip(read.numbers[first:], read.rows[first:], strict=True):
        if not any(row):
            continue
        match shape:
            case Long():
                good = _take_long(shape, row, table, source)
            case Pairs():
                good = _take_pair(shape, row, table, source, at_least)
            case Wide():
                good = _take_wide(shape, row, table)
        if not good:
            useless.append(number)
    if useless:
        named = ", ".join(map(str, useless[:LINES_NAMED_MAX]))
        more = " and others" if len(useless) > LINES_NAMED_MAX else ""
        table.warnings.append(
            f"{len(useless)} line{'s' * (len(useless) > 1)} without a key, or with what is none,"
            f" left out (line {named}{more})"
        )


def _take_long(shape: Long, row: Row, table: TruthTable, source: str) -> bool:
    if shape.source is not None:
        source = row[shape.source]
    values = (*((source,) * (shape.source is not None)), row[shape.key], row[shape.golden])
    if not all(map(_is_value, values)):
        return False
    table.rows.append(Named(source, row[shape.key], row[shape.golden]))
    return True


def _take_pair(
    shape: Pairs, row: Row, table: TruthTable, source: str, at_least: float | None
) -> bool:
    places = [
        Place(source if named is None else row[named], row[key])
        for named, key in (shape.left, shape.right)
    ]
    cells = [
        row[place] for side in (shape.left, shape.right) for place in side if place is not None
    ]
    if not all(map(_is_value, cells)):
        return False
    if shape.score is not None and at_least is not None:
        score = _number(row[shape.score])
        if score is None:
            return False
        if score < at_least:
            table.below += 1
            return True
    table.pairs.append((places[0], places[1]))
    return True


def _take_wide(shape: Wide, row: Row, table: TruthTable) -> bool:
    places = [Place(source, row[place]) for place, source in shape.keys.items() if row[place]]
    golden = "" if shape.golden is None else row[shape.golden]
    if not places or not all(map(_is_value, (*(each.key for each in places), golden or "-"))):
        return False
    if golden:
        table.rows += [Named(each.source, each.key, golden) for each in places]
        return True
    # A customer without an id: its records are tied, also by way of another line with one of them.
    table.pairs += [(places[0], other) for other in places[1:]]
    return True


def _is_value(text: str) -> bool:
    return bool(text) and len(text) <= TEXT_CHARACTERS_MAX and text.isprintable()


def _number(text: str) -> float | None:
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) else None
