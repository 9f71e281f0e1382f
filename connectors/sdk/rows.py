"""The records of a page as their mapping reads them: column by column.

A page is decoded into plain objects once. After that the shape of a source's records is known, and
further pages are decoded straight into structs of that shape, at half the cost of objects and with
the same values. A page that holds anything the shape has not, be it a field or a list where there
was text, is decoded into plain objects again, and the shape learns from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

Column = list[Any]
Steps = tuple[str, ...]

FIELDS_MAX = 300
"""Records with more fields are few, or their fields are named by their content."""

JSON_DEPTH_MAX = 64
"""Real records nest about six deep; far deeper ones are meant to exhaust a stack."""

LESSONS_MAX = 16
"""A source whose records are shaped anew this often is read as plain objects."""

PAGES_PER_LESSON = 4
"""Pages that fit the shape earn one more lesson: a page decoded in vain costs a third of one."""

_SCALARS = str | int | float | bool | None
_SCALAR_TYPES = {str, int, float, bool, type(None)}
_DECODER = msgspec.json.Decoder()


class Rows:
    """Records of a page that are plain objects.

    Args:
        values: The decoded records.
    """

    def __init__(self, values: Sequence[Mapping[str, Any]]) -> None:
        self._values = values
        self._columns: dict[Steps, Column] = {}
        self.asked = set[Steps]()
        """The paths that a mapping has asked for."""

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> Sequence[Mapping[str, Any]]:
        """Return the records as plain objects."""
        return self._values

    def read(self, steps: Steps) -> Column:
        """Return what stands at a path in each record, None where nothing does.

        Raises:
            AttributeError: Something on the way is no object.
        """
        column = self._columns.get(steps)
        if column is None:
            self.asked.add(steps)
            column = self._columns[steps] = self._read(steps)
        return column

    def _read(self, steps: Steps) -> Column:
        name = steps[-1]
        if len(steps) == 1:
            return [record.get(name) for record in self._values]
        return [None if one is None else one.get(name) for one in self.read(steps[:-1])]


class TypedRows(Rows):
    """Records of a page that are structs of a learned shape.

    Args:
        structs: The decoded records.
        places: The attribute of each path.
        pieces: Their bytes, for when plain objects are wanted after all.
    """

    def __init__(
        self, structs: Sequence[Any], places: Mapping[Steps, str], pieces: Sequence[bytes]
    ) -> None:
        super().__init__([])
        self._structs, self._places, self._pieces = structs, places, pieces

    def __len__(self) -> int:
        return len(self._structs)

    def values(self) -> Sequence[Mapping[str, Any]]:
        """Decode the records once more, as plain objects."""
        if not self._values:
            self._values = [_DECODER.decode(piece) for piece in self._pieces]
        return self._values

    def _read(self, steps: Steps) -> Column:
        place = self._places.get(steps)
        if place is None:  # no record so far had it, and one that did would not fit the shape
            return [None] * len(self._structs)
        inner = attrgetter(place)
        if len(steps) == 1:
            return list(map(inner, self._structs))
        outer = self.read(steps[:-1])
        if None in outer:
            return [None if one is None else inner(one) for one in outer]
        return list(map(inner, outer))


class Shape:
    """What the records of one stream look like, learned from those that came."""

    def __init__(self) -> None:
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._places: dict[Steps, str] = {}
        self._tree: dict[str, Any] = {}
        self._is_deep = False
        self._lessons = self._fitted = 0

    def decode(self, pieces: Sequence[bytes]) -> TypedRows | None:
        """Decode records that are JSON values; None where one of them does not fit the shape."""
        if self._decoder is None or (self._is_deep and any(map(may_be_too_deep, pieces))):
            return None
        try:
            rows = self._decoder.decode(b"[" + b",".join(pieces) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if len(rows) != len(pieces):
            return None
        self._fitted += 1
        return TypedRows(rows, self._places, pieces)

    def learn(self, rows: Rows) -> None:
        """Learn from a page of plain objects that a mapping has read."""
        if not len(rows):
            return
        self._decoder, self._lessons = None, self._lessons + 1
        if self._lessons > LESSONS_MAX + self._fitted // PAGES_PER_LESSON:
            return
        through = {path[:at] for path in rows.asked for at in range(1, len(path))}
        _note(self._tree, rows.values(), (), through)
        if not 0 < _count(self._tree) <= FIELDS_MAX:
            return
        self._places = {}
        try:
            record = _struct(self._tree, (), self._places)
        except ValueError:
            return  # a name that a struct cannot carry
        self._is_deep = Any in self._tree.values()
        self._decoder = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]  # made above


def may_be_too_deep(raw: bytes) -> bool:
    """Tell whether a record opens so many lists and objects that their nesting must be counted."""
    return raw.count(b"{") + raw.count(b"[") > JSON_DEPTH_MAX


def _note(tree: dict[str, Any], values: Iterable[Any], at: Steps, through: set[Steps]) -> None:
    """Note the fields of some objects: scalars, an object that is read through, or anything."""
    seen: dict[str, list[Any]] = {}
    for value in values:
        for name, held in value.items():
            seen.setdefault(name, []).append(held)
    for name, held in seen.items():
        if (*at, name) in through:
            # Whatever else stands there will not fit, and its page is read as plain objects.
            objects = (one for one in held if isinstance(one, dict))
            _note(tree.setdefault(name, {}), objects, (*at, name), through)
        elif set(map(type, held)) <= _SCALAR_TYPES:
            tree.setdefault(name, _SCALARS)
        else:
            tree[name] = Any


def _count(tree: Mapping[str, Any]) -> int:
    return sum(1 + (_count(one) if isinstance(one, dict) else 0) for one in tree.values())


def _struct(tree: Mapping[str, Any], at: Steps, places: dict[Steps, str]) -> Any:
    """Build the struct of one layer; any field may be missing, none may come that is not known."""
    fields: list[tuple[str, Any, Any]] = []
    for number, (name, kind) in enumerate(tree.items()):
        place = (*at, name)
        places[place] = f"f{number}"
        inner = _struct(kind, place, places) | None if isinstance(kind, dict) else kind
        fields.append((f"f{number}", inner, None))
    names = {f"f{number}": name for number, name in enumerate(tree)}
    return msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True)
