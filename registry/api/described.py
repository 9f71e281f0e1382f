"""GraphQL types of answers whose dataclass says in its docstring what each field means.

One source for both: the reader of the code and the reader of the schema see the same words.
"""

import re
import types
from collections.abc import Collection
from dataclasses import fields
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import strawberry

from registry.api.pages import global_id

_ATTRIBUTE: Final = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*)$")


_MADE: Final[dict[type[Any], Any]] = {}
_CUSTOMERS: Final[dict[type[Any], frozenset[str]]] = {}
# Numbers of rows outgrow GraphQL's Int, so they are ids there.
_ROW_NUMBERS: Final = frozenset({"record_id", "left_id", "right_id", "number", "last_event"})


def described(shape: type[Any], name: str, *, customers: Collection[str] = ()) -> Any:
    """Return the GraphQL type of a dataclass.

    Args:
        shape: A dataclass whose docstring has `Attributes:` for every field.
        name: Name of the type in the schema.
        customers: Fields that hold a customer's id; they become global ids.
    """
    words = _words(shape)
    hints = get_type_hints(shape)
    shown = [part.name for part in fields(shape)]
    members: dict[str, Any] = {
        "__annotations__": {part: _kind(part, hints[part]) for part in shown},
        "__doc__": (shape.__doc__ or "").partition("\n")[0],
    }
    members |= {part: strawberry.field(description=words[part]) for part in shown}
    made = strawberry.type(type(name, (), members), description=members["__doc__"])
    _MADE[shape], _CUSTOMERS[shape] = made, frozenset(customers)
    return made


def told(value: Any) -> Any:
    """Return an answer as GraphQL objects.

    Args:
        value: A dataclass that `described` has seen, or a list of such; all else stays as it is.
    """
    if isinstance(value, list | tuple):
        return [told(one) for one in value]
    shape = type(value)
    if shape not in _MADE:
        return value
    customers = _CUSTOMERS[shape]
    return _MADE[shape](
        **{
            part.name: _id(getattr(value, part.name), part.name, customers)
            for part in fields(shape)
        }
    )


def _id(value: Any, name: str, customers: Collection[str]) -> Any:
    if value is None:
        return None
    if name in customers:
        return global_id("customer", value)
    if name in _ROW_NUMBERS or isinstance(value, UUID):
        return str(value)
    return told(value)


def _words(shape: type[Any]) -> dict[str, str]:
    """Return what the docstring says of each field."""
    found: dict[str, str] = {}
    last = None
    for line in (shape.__doc__ or "").splitlines():
        # Docstrings of classes are indented once more than their text.
        match = _ATTRIBUTE.match(line[4:])
        if match:
            last = match["name"]
            found[last] = match["text"]
        elif last and line.strip():
            found[last] += " " + line.strip()
    return found


def _kind(name: str, hint: Any) -> Any:
    if get_origin(hint) in {list, tuple}:
        return list[_kind(name, get_args(hint)[0])]  # type: ignore[misc]  # made at run time
    if get_origin(hint) in {Union, types.UnionType}:
        return _kind(name, get_args(hint)[0]) | None
    if name in _ROW_NUMBERS or hint is UUID:
        return strawberry.ID
    return _MADE.get(hint, hint)
