"""GraphQL types of answers whose dataclass says in its docstring what each field means.

One source for both: the reader of the code and the reader of the schema see the same words.
"""

import re
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import strawberry

_ATTRIBUTE: Final = re.compile(r"^ {4}(?P<name>\w+): (?P<text>.*)$")


@cache
def described(shape: type[Any], name: str, *, without: frozenset[str] = frozenset()) -> Any:
    """Return the GraphQL type of a dataclass.

    Args:
        shape: A dataclass whose docstring has `Attributes:` for every field.
        name: Name of the type in the schema.
        without: Fields that are not shown.
    """
    words = _words(shape)
    hints = get_type_hints(shape)
    shown = [part.name for part in fields(shape) if part.name not in without]
    members: dict[str, Any] = {
        "__annotations__": {part: _kind(hints[part]) for part in shown},
        "__doc__": (shape.__doc__ or "").partition("\n")[0],
    }
    members |= {part: strawberry.field(description=words[part]) for part in shown}
    made = strawberry.type(type(name, (), members), description=members["__doc__"])
    _MADE[shape] = made
    return made


_MADE: Final[dict[type[Any], Any]] = {}


def told(value: Any, *, in_place_of: Mapping[str, Any] | None = None) -> Any:
    """Return an answer as GraphQL objects.

    Args:
        value: A dataclass that `described` has seen, or a list of such.
        in_place_of: Values of the object itself that are told otherwise.
    """
    if isinstance(value, list | tuple):
        return [told(one) for one in value]
    if not is_dataclass(value) or isinstance(value, type):
        return value
    made = _MADE[type(value)]
    names = made.__annotations__
    own = {part: told(getattr(value, part)) for part in names if hasattr(value, part)}
    return made(**(own | dict(in_place_of or {})))


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


def _kind(hint: Any) -> Any:
    if get_origin(hint) in {list, tuple}:
        return list[_kind(get_args(hint)[0])]  # type: ignore[misc]  # made at run time
    if get_origin(hint) in {Union, types.UnionType}:
        return _kind(get_args(hint)[0]) | None
    return _MADE.get(hint, hint)
