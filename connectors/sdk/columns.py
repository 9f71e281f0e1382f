"""Map a page column by column: a tenth of the work of mapping it record by record.

Almost all pages are plain: a column holds text of ordinary length, or whole numbers, or days as
ISO 8601, and nulls between. Such a column is read, checked and finished by a few steps over all
of it. A step that meets anything else raises one of `MIXED`; then that one column goes value by
value, by the same functions that map a single record, which know what to do and what to refuse.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from connectors.sdk.rows import Column, Rows, Steps
from connectors.sdk.values import as_date, time_zone
from schemas.errors import RejectRecord

Whole = Callable[[Rows], Column]
"""Runs an expression on all records of a page."""

Finish = Callable[[Column], Column]
"""Turns all values of a column into what the canonical field takes."""

MIXED = (AttributeError, KeyError, TypeError, ValueError, RejectRecord)
"""What a step over a whole column raises where the column is not of one kind."""

INTEGER_MAX = 10**15
"""Beyond it the value's own function decides; keys and house numbers are far smaller."""


_METHODS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "trim": str.strip,
}


def field_at(steps: Steps) -> Whole:
    """Return the reader of a field of the record, or of an object inside it."""
    return lambda rows: rows.read(steps)


def literal(value: Any) -> Whole:
    """Return the reader of a literal."""
    return lambda rows: [value] * len(rows)


def call_whole(name: str, wholes: Sequence[Whole | None], constants: Sequence[Any]) -> Whole | None:
    """Return a call over whole columns; None where it has to go record by record.

    Args:
        name: The function.
        wholes: The arguments' readers.
        constants: The value of each argument that is a literal; else an ellipsis.
    """
    head = wholes[0] if wholes else None
    if head is None:
        return None
    if name == "case" and ... not in constants[1:]:
        return _case(head, constants[1:])
    if name == "date" and len(constants) == 1:
        return lambda rows: days(head(rows))
    if name == "date" and ... not in constants[1:]:
        form = constants[1]
        return lambda rows: [None if v is None else as_date(v, form) for v in head(rows)]
    if name == "datetime" and len(constants) == 1:
        return lambda rows: moments(head(rows))
    method = _METHODS.get(name)
    if method is None or len(constants) != 1:
        return None
    return lambda rows: [None if v is None else method(v) for v in head(rows)]


def _case(head: Whole, rest: Sequence[Any]) -> Whole:
    pairs = list(zip(rest[:-1:2], rest[1::2], strict=False))
    table = dict(reversed(pairs))  # the first of two equal codes counts
    if len(rest) % 2:
        return lambda rows: [table.get(code, rest[-1]) for code in head(rows)]
    table.setdefault(None, None)
    return lambda rows: list(map(table.__getitem__, head(rows)))


def texts(column: Column, limit: int) -> Column:
    """Return text without outer blanks, or nothing where that leaves nothing; numbers as text."""
    try:
        stripped = list(map(str.strip, column))
    except TypeError:
        return _mixed_texts(column, limit)
    _demand_usual(stripped, limit)
    return stripped if all(stripped) else [text or None for text in stripped]


def _mixed_texts(column: Column, limit: int) -> Column:
    kinds = set(map(type, column))
    if int in kinds:
        return _numbers(column, kinds)
    stripped = [None if value is None else value.strip() for value in column]
    found = [text for text in stripped if text]
    _demand_usual(found, limit)
    return stripped if len(found) == len(column) else [text or None for text in stripped]


def _demand_usual(found: Sequence[str], limit: int) -> None:
    """Raise where a text has to be looked at by itself."""
    joined = "".join(found)
    if not joined.isascii():
        joined.encode()  # half a character (a lone surrogate) raises
    if "\0" in joined or (len(joined) > limit and max(map(len, found)) > limit):
        raise ValueError


def keys(column: Column, limit: int) -> Column:
    """Return keys as text; each record has one."""
    found = texts(column, limit)
    if None in found:
        raise ValueError
    return found


def _numbers(column: Column, kinds: set[type]) -> Column:
    if not kinds <= {int, type(None)}:
        raise TypeError
    found = [value for value in column if value is not None] if len(kinds) > 1 else column
    if max(found) >= INTEGER_MAX or min(found) < 0:
        raise ValueError
    if found is column:
        return list(map(str, column))
    return [None if value is None else str(value) for value in column]


def days(column: Column) -> Column:
    """Return days that are days, or are written as ISO 8601 text."""
    kinds = set(map(type, column)) - {type(None)}
    if kinds == {date}:
        return column
    read = date.fromisoformat
    return [None if value is None or value == "" else read(value) for value in column]


def moments(column: Column) -> Column:
    """Return moments out of ISO 8601 text; one without a zone is taken in UTC."""
    kinds = set(map(type, column)) - {type(None)}
    if kinds == {datetime}:
        found = column
    else:
        read = datetime.fromisoformat
        found = [None if value is None or value == "" else read(value) for value in column]
    if all(moment is None or moment.tzinfo for moment in found):
        return found
    zone = time_zone("UTC")
    return [one.replace(tzinfo=zone) if one and not one.tzinfo else one for one in found]


def coded(column: Column, codes: Mapping[Any, Any]) -> Column:
    """Return what each code stands for."""
    return [codes[value] for value in column]
