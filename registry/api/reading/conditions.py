r"""Filters: from `{field: {eq, in, ilike …}, and, or, not}` to a condition in SQL.

Texts of users are data. Only `ilike` takes wildcards: `%` any characters, `_` one, `\` the next
character as it stands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from registry.api.reading.catalogue import Catalogue
from registry.api.reading.places import id_of, plain_text
from registry.api.reading.writing import Given, Writer, cast_of
from registry.storage.readable import Column, Join, Readable, Value
from schemas.errors import InvalidInput

DEPTH_MAX: Final = 8  # deeper filters are written by machines
PARTS_MAX: Final = 60  # conditions of one list; each is tried on every row
MEMBERS_MAX: Final = 200  # of `in`, as many as a page has rows
_COMPARED: Final = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

Leaf = Callable[[Any], Any]


@dataclass(frozen=True)
class _Compared:
    """What is compared: its name for people, its SQL and type, and how a given value is read."""

    name: str
    sql: str
    cast: str
    read: Leaf


class Conditions:
    """Writes the condition of one filter.

    Args:
        catalogue: What can be read.
        writer: The statement that the condition becomes part of.
    """

    def __init__(self, catalogue: Catalogue, writer: Writer) -> None:
        self._catalogue = catalogue
        self._writer = writer
        self._parts = 0

    def of(self, readable: Readable, row: str, given: Given, depth: int = 1) -> str:
        """Return the SQL of a filter on a row.

        Raises:
            InvalidInput: The filter is too large, or a value makes no sense.
            AccessDenied: It asks about what who asks may not see.
        """
        if depth > DEPTH_MAX:
            raise InvalidInput(f"A filter has at most {DEPTH_MAX} levels.")
        parts = [
            self._part(readable, row, name, child, depth) for name, child in given.items() if child
        ]
        return " AND ".join(parts) or "TRUE"

    def _part(self, readable: Readable, row: str, name: str, given: Given, depth: int) -> str:
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise InvalidInput(f"A filter has at most {PARTS_MAX} conditions.")
        if name in {"and", "or"}:
            inner = [f"({self.of(readable, row, each, depth + 1)})" for each in given.each()]
            neutral = "TRUE" if name == "and" else "FALSE"
            return f"({f' {name.upper()} '.join(inner) or neutral})"
        if name == "not":
            return f"(({self.of(readable, row, given, depth + 1)}) IS NOT TRUE)"
        if name == "id":
            return self._id(readable, row, given)
        field = readable.shown_fields[name]
        if isinstance(field, Column):
            return self._column(field, row, given)
        return self._join(field, row, given, depth)

    def _join(self, join: Join, row: str, given: Given, depth: int) -> str:
        """Ask whether anything at the end of a join fits."""
        self._writer.demand(join.policy)
        target = self._catalogue.target(join)
        there = self._writer.alias("f")
        source, on = self._writer.joined(join, target, row, there)
        picked = f" AND {target.where.format(row=there)}" if target.where else ""
        inner = self.of(target, there, given, depth + 1)
        return f"EXISTS (SELECT FROM {source} WHERE {on}{picked} AND ({inner}))"

    def _id(self, readable: Readable, row: str, given: Given) -> str:
        read = id_of(readable.id_kind, readable.name)
        return self._all(_Compared("id", f"{row}.{readable.key}", "uuid", read), given)

    def _column(self, column: Column, row: str, given: Given) -> str:
        expression = self._writer.compared(column, row)
        compared = _Compared(column.name, expression, cast_of(column), _reader(column))
        return self._all(compared, given)

    def _all(self, compared: _Compared, given: Given) -> str:
        """Join the comparisons of one field, e.g. `{gt: 1, lt: 5}`."""
        parts = []
        for operator, value in given.items():
            self._parts += 1
            if not value:
                raise InvalidInput(
                    f"`{compared.name}.{operator}` is null, which no value equals.",
                    remedy="Ask `isNull: true` instead.",
                )
            parts.append(self._comparison(compared, operator, value))
        return f"({' AND '.join(parts) or 'TRUE'})"

    def _comparison(self, compared: _Compared, operator: str, given: Given) -> str:
        sql, cast, bind = compared.sql, compared.cast, self._writer.bind
        if operator == "isNull":
            return f"{sql} IS {'NULL' if given.value else 'NOT NULL'}"
        if operator == "in":
            return f"{sql} = ANY({bind(given, _members(compared), f'{cast}[]')})"
        if operator == "ilike":
            return f"{sql} ILIKE {bind(given, _pattern(compared.name), cast)}"
        if operator == "startsWith":
            return f"starts_with({sql}, {bind(given, compared.read, cast)})"
        return f"{sql} {_COMPARED[operator]} {bind(given, compared.read, cast)}"


def _reader(column: Column) -> Leaf:
    """Return what checks a value that a column is compared with."""
    if column.kind is Value.TEXT:
        return lambda value: plain_text(value, column.name)
    if column.kind is Value.MOMENT:
        return lambda value: moment(value, column.name)
    if isinstance(column.kind, Value):
        return lambda value: value
    return lambda value: str(value.value)


def moment(value: Any, name: str) -> datetime:
    """Return a moment with its zone; one without is in UTC.

    Raises:
        InvalidInput: It lies outside the years that can be reckoned with.
    """
    try:
        aware: datetime = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise InvalidInput(f"`{name}` lies outside the years 1 to 9999.") from error


def _members(compared: _Compared) -> Leaf:
    def members(values: list[Any]) -> list[Any]:
        if len(values) > MEMBERS_MAX:
            raise InvalidInput(
                f"`{compared.name}.in` has {len(values)} members; {MEMBERS_MAX} are allowed."
            )
        return [compared.read(value) for value in values]

    return members


def _pattern(name: str) -> Leaf:
    def pattern(text: str) -> str:
        plain_text(text, name)
        backslashes = len(text) - len(text.rstrip("\\"))
        if backslashes % 2:
            raise InvalidInput(f"`{name}.ilike` ends in a lone backslash; write two for one.")
        return text

    return pattern
