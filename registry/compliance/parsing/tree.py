"""A document as flat columns: one row per value, in the order in which the text has them.

A value's subtree is the half-open row range `row .. ends[row]`, so "everything below" is two
numbers and never a walk. Rows that lost against a later duplicate key, or that a merge key
replaced, stay in the columns but belong to `holes`.
"""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from schemas.errors import InvalidInput

ROWS_MAX = 3_000_000  # the largest public document we know has 0.5 million values
DEPTH_MAX = 300  # OpenAPI documents nest below 60; deeper ones are attacks on recursion
KEYS_MAX = 20_000  # of one object; the largest public document has 1,876
ABSENT = -1

Children: TypeAlias = dict[str, int] | list[int] | None
Key: TypeAlias = str | int


class DocumentTooLarge(InvalidInput):
    """The document has more values, more bytes or deeper nesting than we are ready to check."""

    code = "document_too_large"
    remedy = "Split the document, or remove repeated YAML aliases, and check the parts."


@dataclass(slots=True)
class Tree:
    """Columns of a parsed document.

    Attributes:
        keys: Name or index of the row in its parent; the root has "".
        parents: Row of the parent; ABSENT for the root.
        ends: First row after the row's subtree.
        values: The plain Python value of the row, without references followed.
        children: Names or indexes to rows; None for scalars.
        starts: First character of the row's range in the text.
        stops: First character after the row's range.
        holes: Row ranges that the document's value does not contain.
    """

    keys: list[Key] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    children: list[Children] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    stops: list[int] = field(default_factory=list)
    holes: list[tuple[int, int]] = field(default_factory=list)

    def path(self, row: int) -> tuple[str, ...]:
        """Return the names from the root to the row, as text."""
        names: list[str] = []
        while row > 0:
            names.append(str(self.keys[row]))
            row = self.parents[row]
        return tuple(reversed(names))

    def child(self, row: int, name: Key) -> int:
        """Return the row of the named child, or ABSENT."""
        inside = self.children[row]
        if isinstance(inside, dict):
            return inside.get(name if isinstance(name, str) else str(name), ABSENT)
        if isinstance(inside, list):
            index = array_index(name)
            if index is not None and index < len(inside):
                return inside[index]
        return ABSENT

    def closest(self, path: tuple[str, ...] | list[str], *, start: int = 0) -> tuple[int, int]:
        """Follow the path as far as it exists; return the last row and how many names fitted."""
        row = start
        for count, name in enumerate(path):
            below = self.child(row, name)
            if below == ABSENT:
                return row, count
            row = below
        return row, len(path)


def array_index(name: Key) -> int | None:
    """Return the array index that a name stands for, or None ("01" and "-1" are names)."""
    if isinstance(name, int):
        return name
    if name.isdigit() and name.isascii() and (name == "0" or name[0] != "0"):
        return int(name)
    return None
