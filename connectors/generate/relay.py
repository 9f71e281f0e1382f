"""Read GraphQL schemas, as text or as the answer to an introspection: which lists there are.

Those that page as Relay's cursor connections do are found here, all others in graphql_lists.
Source: Relay's cursor connections specification.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_named_type,
)

from connectors.generate.graphql_lists import Chain, plain_list, walk_lists
from connectors.generate.graphql_nodes import Node, as_schema, is_list, selection
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
    for chain in walk_lists(schema.query_type):
        found = _stream(chain)
        if isinstance(found, str) and (listed := plain_list(chain)) is not None:
            found = listed
        if isinstance(found, InferredStream):
            streams.append(found)
        else:
            passed.append((chain.place, found))
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
        raise InterfaceUnreadable(f"This is no GraphQL schema: {first.rstrip('.')}.") from None
    except RecursionError:
        raise InterfaceUnreadable("The schema is nested too deeply to be read.") from None


def _stream(chain: Chain) -> InferredStream | str:
    name, field = chain.fields[-1]
    node, inside = _node_of(field)
    if node is None:
        return "no list: neither a connection of Relay nor an array of objects"
    if not {"first", "after"} <= set(field.args):
        return "a connection that does not take `first` and `after`"
    connection = get_named_type(field.type)
    assert isinstance(connection, GraphQLObjectType | GraphQLInterfaceType)  # `_node_of` saw it
    total = next((n for n in connection.fields if plain(n) in ("totalcount", "total")), None)
    record = as_schema(node)
    shapes = Shapes({})
    changed = find_changed(shapes, record)
    arguments = [
        Parameter(argument, {}, required=False, description=str(found.description or ""))
        for argument, found in field.args.items()
    ]
    since = find_since(arguments, changed)
    options: dict[str, Any] = {
        "query": _document(chain, node, inside, total, since),
        "connection": chain.path,
    }
    if total is not None:
        options["total"] = f"{chain.path}.{total}"
    return InferredStream(
        name=chain.name,
        place=chain.place,
        options=options,
        records=Guess(f"{chain.path}.{inside}", SURE, f"`{name}` is a Relay connection"),
        paging=Guess({}, SURE, "`pageInfo { hasNextPage endCursor }`"),
        key=find_key(shapes, record, in_path=(), owner=name),
        changed=changed,
        incremental=None
        if since is None
        else Guess({"variable": since.value["parameter"]}, since.confidence, since.evidence),
        map=propose_map(shapes, record, owner=name),
        open_points=chain.open_points({"first", "after"}),
    )


def _node_of(field: GraphQLField) -> tuple[Node | None, str]:
    """Return the type of a connection's nodes and where they are; None where it is none."""
    inner: GraphQLNamedType | None = get_named_type(field.type)
    fields = getattr(inner, "fields", {})
    for inside in ("edges", "nodes"):
        if "pageInfo" not in fields or inside not in fields or is_list(field):
            continue
        found = get_named_type(fields[inside].type)
        if inside == "edges":
            edges = getattr(found, "fields", {})
            found = get_named_type(edges["node"].type) if "node" in edges else None
        if isinstance(found, GraphQLObjectType | GraphQLInterfaceType):
            return found, inside
    return None, ""


def _document(
    chain: Chain, node: Node, inside: str, total: str | None, since: Guess[dict[str, Any]] | None
) -> str:
    """Write the query, with exactly the variables that the field takes."""
    taken = {"first", "after"} | ({since.value["parameter"]} if since is not None else set())
    inner = selection(node)
    records = f"edges {{ node {{ {inner} }} }}" if inside == "edges" else f"nodes {{ {inner} }}"
    counted = f"{total} " if total else ""
    return chain.document(taken, f"{records}\n{counted}pageInfo {{ hasNextPage endCursor }}")
