"""What a GraphQL type holds that can be asked for, as JSON Schema and as a selection."""

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    get_named_type,
    is_required_argument,
)

from connectors.generate.leaves import LISTS
from connectors.generate.words import plain

NODE_DEPTH_MAX = 2
"""Objects inside a node that are asked for, too; deeper ones are other records."""

LEAVES_MAX = 120
"""Fields asked for per node."""

_FORMATS = {"date": "date", "datetime": "date-time", "timestamp": "date-time", "email": "email",
    "emailaddress": "email"}  # fmt: skip
_TYPES = {"Int": "integer", "Float": "number", "Boolean": "boolean"}

Node = GraphQLObjectType | GraphQLInterfaceType


def is_list(field: GraphQLField) -> bool:
    """Tell whether a field holds several values."""
    return "[" in str(field.type)


def bare(field: GraphQLField) -> bool:
    """Tell whether a field can be asked for without arguments."""
    return not any(is_required_argument(argument) for argument in field.args.values())


def readable(node: Node, depth: int) -> Iterator[tuple[str, GraphQLField, GraphQLNamedType]]:
    """Yield the fields of a type that belong to the same record."""
    for name, field in node.fields.items():
        inner = get_named_type(field.type)
        if not bare(field):
            continue
        own = isinstance(inner, GraphQLObjectType) and depth + 1 < NODE_DEPTH_MAX
        listed = {plain(name), plain(name).removesuffix("s"), plain(name).removesuffix("es")}
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType) or (
            own
            and "edges" not in getattr(inner, "fields", {})
            and (not is_list(field) or listed & LISTS)
        ):
            yield name, field, inner


def as_schema(node: Node, depth: int = 0) -> dict[str, Any]:
    """Write a type as JSON Schema, so that one set of rules judges both."""
    properties: dict[str, Any] = {}
    for name, field, inner in readable(node, depth):
        said = as_schema(inner, depth + 1) if isinstance(inner, GraphQLObjectType) else leaf(inner)
        properties[name] = {"type": "array", "items": said} if is_list(field) else said
    return {"type": "object", "properties": properties}


def leaf(inner: GraphQLNamedType) -> dict[str, Any]:
    """Write a type without fields as JSON Schema."""
    if isinstance(inner, GraphQLEnumType):
        return {"type": "string", "enum": list(inner.values)}
    form = _FORMATS.get(plain(inner.name))
    return {"type": _TYPES.get(inner.name, "string")} | ({"format": form} if form else {})


def selection(node: Node, depth: int = 0) -> str:
    """Write what of a type is asked for."""
    parts = [
        f"{name} {{ {selection(inner, depth + 1)} }}"
        if isinstance(inner, GraphQLObjectType)
        else name
        for name, _, inner in list(readable(node, depth))[:LEAVES_MAX]
    ]
    return " ".join(parts) or "__typename"
