"""Filters, orders and groups as GraphQL inputs, made from the declarations.

Inputs reach the executor as strawberry's objects and the compiler as GraphQL's dictionaries;
`as_given` turns the first into the second, so that both are read by the same code.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, StrEnum
from types import GenericAlias
from typing import Any, Final

import strawberry
from strawberry import UNSET

from registry.api.enums import publish
from registry.api.reading.catalogue import Catalogue
from registry.storage.readable import Column, Readable, Value, camel


class Direction(StrEnum):
    """Which way a list is sorted."""

    ASC = "asc"
    DESC = "desc"


MEANINGS: Final = {
    "eq": "The same.",
    "ne": "Another one.",
    "in": "One of these, at most 200.",
    "ilike": "Like this pattern in any case: % any characters, _ one, \\ the next one as it is.",
    "startsWith": "Begins with exactly this; no wildcards.",
    "gt": "After it.",
    "gte": "After it, or the same.",
    "lt": "Before it.",
    "lte": "Before it, or the same.",
    "isNull": "True where there is no value, false where there is one.",
}
_COMPARABLE: Final = ("eq", "ne", "in", "gt", "gte", "lt", "lte", "isNull")
OPERATORS: Final[dict[Any, tuple[str, ...]]] = {
    Value.TEXT: ("eq", "ne", "in", "ilike", "startsWith", "gt", "gte", "lt", "lte", "isNull"),
    Value.INTEGER: _COMPARABLE,
    Value.NUMBER: _COMPARABLE,
    Value.MOMENT: _COMPARABLE,
    Value.TRUTH: ("eq", "ne", "isNull"),
    "ID": ("eq", "ne", "in"),
}
OPERATORS_OF_ENUMS: Final = ("eq", "ne", "in", "isNull")
PYTHON_TYPES: Final[dict[Any, Any]] = {
    Value.TEXT: str,
    Value.INTEGER: int,
    Value.NUMBER: float,
    Value.TRUTH: bool,
    Value.MOMENT: datetime,
}
_WORDS: Final = {"String": "a text", "Int": "a number", "Float": "a number", "ID": "a global id"}
_GRAPHQL_NAMES: dict[type, dict[str, str]] = {}


class Inputs:
    """The inputs of every readable type.

    Args:
        catalogue: What can be read.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._comparisons: dict[Any, type] = {}
        publish(
            Direction,
            "Which way a list is sorted.",
            {Direction.ASC: "The least first.", Direction.DESC: "The greatest first."},
        )
        types = catalogue.types.values()
        self.filters = {each.name: type(f"{each.name}Filter", (), {}) for each in types}
        self.orders = {each.name: self._order(each) for each in types}
        self.groupings = {each.name: self._grouping(each) for each in types}
        for each in types:
            self._fill_filter(each)

    def _fill_filter(self, readable: Readable) -> None:
        """Give a filter its fields, now that all filters exist."""
        own = self.filters[readable.name]
        fields: dict[str, tuple[Any, str]] = {
            "and": (list_of(own), "All of these hold."),
            "or": (list_of(own), "At least one of these holds."),
            "not": (own, "This does not hold."),
        }
        if readable.id_kind and not readable.is_interface:
            fields["id"] = (self._comparison("ID"), "Its global id.")
        for name, field in readable.all_fields.items():
            if not field.can_filter:
                continue
            if isinstance(field, Column):
                fields[camel(name)] = (self._comparison(field.kind), field.description)
            else:
                said = f"At least one is like this: {field.description}" if field.many else ""
                fields[camel(name)] = (
                    self.filters[field.target],
                    said or f"It is there and like this: {field.description}",
                )
        said = "What must hold of each entry; everything named must hold together."
        publish_input(own, f"{readable.name}Filter", said, fields)

    def _comparison(self, kind: Any) -> type:
        """Return the input that compares one kind of value."""
        if kind not in self._comparisons:
            is_enum = isinstance(kind, type)
            name = kind.__name__ if is_enum else getattr(kind, "value", kind)
            made: type = type(f"{name}Comparison", (), {})
            python = kind if is_enum else PYTHON_TYPES.get(kind, strawberry.ID)
            operators = OPERATORS_OF_ENUMS if is_enum else OPERATORS[kind]
            kinds = {"in": list_of(python), "isNull": bool}
            fields = {each: (kinds.get(each, python), MEANINGS[each]) for each in operators}
            publish_input(made, made.__name__, f"How {_words(name)} is compared.", fields)
            self._comparisons[kind] = made
        return self._comparisons[kind]

    def _order(self, readable: Readable) -> type | None:
        columns = [each for each in readable.columns if each.can_order]
        fields = {camel(each.name): (Direction, each.description) for each in columns}
        if readable.id_kind:
            fields["id"] = (Direction, "When it was registered: ids rise with time.")
        made: type = type(f"{readable.name}Order", (), {})
        said = "What a list is sorted by: one column per entry, the most important first."
        publish_input(made, made.__name__, said, fields)
        return made

    def _grouping(self, readable: Readable) -> Any:
        columns = [each for each in readable.columns if each.can_group]
        if not columns:
            return None
        made = Enum(  # type: ignore[misc] # as many values as there are columns
            f"{readable.name}Grouping", {each.name.upper(): each.name for each in columns}
        )
        meanings: dict[Enum, str] = {
            value: readable.column(str(value.value)).description for value in made
        }
        publish(made, "What rows are counted by.", meanings)
        return made


def publish_input(
    made: type, name: str, description: str, fields: Mapping[str, tuple[Any, str]]
) -> None:
    """Make a class an input of the graph; every field may be left out."""
    made.__doc__ = description
    annotations = {}
    for graphql_name, (kind, said) in fields.items():
        python_name = f"{graphql_name}_"
        annotations[python_name] = kind | None
        setattr(
            made,
            python_name,
            strawberry.field(name=graphql_name, default=UNSET, description=said),
        )
    made.__annotations__ = annotations
    _GRAPHQL_NAMES[made] = {f"{each}_": each for each in fields}
    strawberry.input(made, name=name, description=description)


def list_of(kind: Any) -> Any:
    """Return the annotation of a list of a type that is made at run time."""
    return GenericAlias(list, (kind,))


def as_given(value: Any) -> Any:
    """Return an argument as GraphQL coerces it, before strawberry makes objects of it."""
    if isinstance(value, list):
        return [as_given(each) for each in value]
    names = _GRAPHQL_NAMES.get(type(value))
    if names is None:
        return value
    return {
        shown: as_given(part)
        for name, shown in names.items()
        if (part := getattr(value, name)) is not UNSET
    }


def _words(name: str) -> str:
    return _WORDS.get(name, "a value")
