"""Read GraphQL schemas, as text or as the answer to an introspection: which connections there are.

Only lists that page as Relay's cursor connections do can be read; all others are passed over with
a reason. Source: Relay's cursor connections specification.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_named_type,
    is_required_argument,
)

from connectors.generate.guesses import (
    SURE,
    WEAK,
    Guess,
    InferredInterface,
    InferredStream,
    InterfaceUnreadable,
)
from connectors.generate.lists import Parameter, find_changed, find_key, find_since
from connectors.generate.mapping import propose_map
from connectors.generate.shapes import Shapes
from connectors.generate.words import plain

SCHEMA_CHARACTERS_MAX = 8_000_000
"""The largest public schema has five million."""

NODE_DEPTH_MAX = 2
"""Objects inside a node that are asked for, too; deeper ones are other records."""

LEAVES_MAX = 120
"""Fields asked for per node."""

_FORMATS = {"date": "date", "datetime": "date-time", "timestamp": "date-time", "email": "email",
    "emailaddress": "email"}  # fmt: skip
_TYPES = {"Int": "integer", "Float": "number", "Boolean": "boolean"}


def read_graphql(document: str | Mapping[str, Any]) -> InferredInterface:
    """Infer what a schema lets a connector read.

    Raises:
        InterfaceUnreadable: It is no GraphQL schema, or has no queries.
    """
    schema = _schema(document)
    if schema.query_type is None:
        raise InterfaceUnreadable("The schema has no queries, so there is nothing to read.")
    streams: list[InferredStream] = []
    passed: list[tuple[str, str]] = []
    for name, field in schema.query_type.fields.items():
        found = _stream(name, field)
        if isinstance(found, InferredStream):
            streams.append(found)
        else:
            passed.append((name, found))
    return InferredInterface(
        kind="graphql",
        dialect="GraphQL",
        title="GraphQL interface",
        address=None,
        auth=Guess({"type": "none"}, WEAK, "a schema does not say how to sign in"),
        streams=tuple(streams),
        passed_over=tuple(passed),
    )


def _schema(document: str | Mapping[str, Any]) -> GraphQLSchema:
    if isinstance(document, str) and len(document) > SCHEMA_CHARACTERS_MAX:
        raise InterfaceUnreadable(f"The schema has over {SCHEMA_CHARACTERS_MAX:,} characters.")
    try:
        if isinstance(document, str):
            return build_schema(document, assume_valid=True)
        found: Any = document.get("data", document)
        return build_client_schema(found, assume_valid=True)
    except (GraphQLError, TypeError, KeyError, AttributeError, ValueError) as error:
        first = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise InterfaceUnreadable(f"This is no GraphQL schema: {first}.") from None
    except RecursionError:
        raise InterfaceUnreadable("The schema is nested too deeply to be read.") from None


def _stream(name: str, field: GraphQLField) -> InferredStream | str:
    node = _node_of(field)
    if node is None:
        return "no Relay connection: it has no `edges { node }` with `pageInfo`"
    if not {"first", "after"} <= set(field.args):
        return "a connection that does not take `first` and `after`"
    required = [a for a, found in field.args.items() if is_required_argument(found)]
    if blocking := [argument for argument in required if argument != "first"]:
        return f"needs the argument `{blocking[0]}`: written by hand"
    connection = get_named_type(field.type)
    assert isinstance(connection, GraphQLObjectType | GraphQLInterfaceType)  # `_node_of` saw it
    total = next((n for n in connection.fields if plain(n) in ("totalcount", "total")), None)
    record = _as_schema(node, 0)
    shapes = Shapes({})
    changed = find_changed(shapes, record)
    arguments = [
        Parameter(argument, {}, required=False, description=str(found.description or ""))
        for argument, found in field.args.items()
    ]
    since = find_since(arguments, changed)
    options: dict[str, Any] = {
        "query": _document(name, field, node, total, since),
        "connection": f"data.{name}",
    }
    if total is not None:
        options["total"] = f"data.{name}.{total}"
    return InferredStream(
        name=name[:60],
        place=name,
        options=options,
        records=Guess(f"data.{name}.edges", SURE, f"`{name}` is a Relay connection"),
        paging=Guess({}, SURE, "`pageInfo { hasNextPage endCursor }`"),
        key=find_key(shapes, record, in_path=(), owner=name),
        changed=changed,
        incremental=None
        if since is None
        else Guess({"variable": since.value["parameter"]}, since.confidence, since.evidence),
        map=propose_map(shapes, record, owner=name),
    )


def _node_of(field: GraphQLField) -> GraphQLObjectType | GraphQLInterfaceType | None:
    """Return the type of a connection's nodes, or None where a field is no connection."""
    inner: GraphQLNamedType | None = get_named_type(field.type)
    fields = getattr(inner, "fields", {})
    if "pageInfo" not in fields or "edges" not in fields:
        return None
    edges = getattr(get_named_type(fields["edges"].type), "fields", {})
    if "node" not in edges:
        return None
    node = get_named_type(edges["node"].type)
    return node if isinstance(node, GraphQLObjectType | GraphQLInterfaceType) else None


def _readable(
    node: GraphQLObjectType | GraphQLInterfaceType, depth: int
) -> Iterator[tuple[str, GraphQLNamedType]]:
    """Yield the fields of a type that can be asked for without arguments."""
    for name, field in node.fields.items():
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        inner = get_named_type(field.type)
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType) or (
            isinstance(inner, GraphQLObjectType)
            and depth + 1 < NODE_DEPTH_MAX
            and "[" not in str(field.type)
            and "edges" not in inner.fields
        ):
            yield name, inner


def _as_schema(node: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> dict[str, Any]:
    """Write a type as JSON Schema, so that one set of rules judges both."""
    properties: dict[str, Any] = {}
    for name, inner in _readable(node, depth):
        if isinstance(inner, GraphQLObjectType):
            properties[name] = _as_schema(inner, depth + 1)
        elif isinstance(inner, GraphQLEnumType):
            properties[name] = {"type": "string", "enum": list(inner.values)}
        else:
            form = _FORMATS.get(plain(inner.name))
            properties[name] = {"type": _TYPES.get(inner.name, "string")}
            properties[name] |= {"format": form} if form else {}
    return {"type": "object", "properties": properties}


def _selection(node: GraphQLObjectType | GraphQLInterfaceType, depth: int) -> str:
    parts = [
        f"{name} {{ {_selection(inner, depth + 1)} }}"
        if isinstance(inner, GraphQLObjectType)
        else name
        for name, inner in list(_readable(node, depth))[:LEAVES_MAX]
    ]
    return " ".join(parts) or "__typename"


def _document(
    name: str,
    field: GraphQLField,
    node: GraphQLObjectType | GraphQLInterfaceType,
    total: str | None,
    since: Guess[dict[str, Any]] | None,
) -> str:
    """Write the query, with exactly the variables that the field takes."""
    variables = f"$first: {field.args['first'].type}, $after: {field.args['after'].type}"
    given = "first: $first, after: $after"
    if since is not None:
        argument = since.value["parameter"]
        variables += f", ${argument}: {field.args[argument].type}"
        given += f", {argument}: ${argument}"
    counted = f"{total} " if total else ""
    return (
        f"query List({variables}) {{\n  {name}({given}) {{\n"
        f"    edges {{ node {{ {_selection(node, 0)} }} }}\n"
        f"    {counted}pageInfo {{ hasNextPage endCursor }}\n  }}\n}}\n"
    )
