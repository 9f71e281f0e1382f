"""What a CSV file and a sheet have in common: named columns, and rows read in portions."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from connectors.sdk.strict import nearest
from schemas.errors import GiveUp
from schemas.records import RejectedRecord, SourceRecord

COLUMNS_MAX = 2_000
"""PostgreSQL takes 1,600 columns and Excel's own users rarely pass 200."""

NAMED_MAX = 3
"""Columns of the mapping that an error names; the file has the rest."""

DELIMITERS = (";", "\t", "|", ",")
"""What other programs put between columns."""

SETTLED_SECONDS = 60.0
"""A file that breaks off and changed this recently is still being written."""


class Place(NamedTuple):
    """Where the next row begins.

    Attributes:
        offset: Bytes from the start of a CSV file; unused for a sheet.
        row: Number of the row, counted from 1 with the header, as an editor shows it.
    """

    offset: int = 0
    row: int = 0


class Rows(NamedTuple):
    """A portion of rows.

    Attributes:
        records: The rows that could be read.
        rejected: Those that could not, with the reason.
        after: Where to go on.
        ended: The file has no more rows.
    """

    records: list[SourceRecord]
    rejected: list[RejectedRecord]
    after: Place
    ended: bool


class Table(Protocol):
    """One open file."""

    def rows(self, at: Place, count: int) -> Rows:
        """Read up to `count` rows from a place; the start is `Place()`."""
        ...

    def close(self) -> None:
        """Let go of the file."""


def check_columns(
    columns: Sequence[str], used: Iterable[str], *, name: str, named: bool = False
) -> None:
    """Refuse a header that the mapping cannot work with, before its columns turn into nulls.

    Args:
        columns: What the header holds.
        used: The columns that the mapping reads.
        name: Of the file.
        named: The format itself says that these are names, so no record can be taken for them.

    Raises:
        GiveUp: A name stands twice, or the mapping uses one that is not there.
    """
    if len(columns) > COLUMNS_MAX:
        raise GiveUp(f"{name} has {len(columns)} columns; {COLUMNS_MAX} are the most we take.")
    wanted = set(used)
    missing = sorted(wanted - set(columns))
    if missing and len(missing) == len(wanted) and not named:
        raise _no_header(columns, missing, name)
    doubled = [column for column, count in Counter(columns).items() if count > 1 and column]
    if doubled:
        raise GiveUp(
            f"{name} has the column `{doubled[0][:60]}` twice.",
            remedy="Rename one, or give all names as `columns` in the connector file.",
        )
    if missing:
        raise _no_column(missing[0], nearest(missing[0], filter(None, columns)), name)


def _no_column(wanted: str, hint: str, name: str) -> GiveUp:
    return GiveUp(
        f"{name} has no column `{wanted[:60]}`; {hint}",
        remedy="Correct the mapping, or ask why the delivery changed.",
    )


def _no_header(columns: Sequence[str], missing: Sequence[str], name: str) -> GiveUp:
    """Say that a line holds none of the names; it may be somebody's record and is not repeated."""
    words = ", ".join(f"`{wanted[:60]}`" for wanted in missing[:NAMED_MAX])
    what = f"{name} has none of the columns that the mapping reads, such as {words}"
    mark = next((mark for mark in DELIMITERS if mark in columns[0]), None) if columns else None
    if len(columns) == 1 and mark is not None:
        shown = "\\t" if mark == "\t" else mark
        return GiveUp(
            f"{what}: its line of names is one column with `{shown}` in it.",
            remedy=f'Say `delimiter: "{shown}"` in the connector file.',
        )
    for wanted in missing:
        hint = nearest(wanted, filter(None, columns))
        if hint.startswith("did you mean"):  # so it is a header, and one name of it is told
            return _no_column(wanted, hint, name)
    return GiveUp(
        f"{what}: the line taken for names has {sum(map(bool, columns))} other ones.",
        remedy="If the names stand in a later row of a sheet, say `header_row`; if there is no "
        "line of names, give them as `columns`; else correct the mapping.",
    )
