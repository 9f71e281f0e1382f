"""Find the lists of a GraphQL schema that are no Relay connections: by page, by offset, or whole.

A list may stand below other fields (`town { people }`), inside an answer with a total, and take
its page in an object (`pagination: {page, size}`). What asks for it is written as REST's paging is,
with variables of the document in place of parameters.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as changed_in
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from connectors.generate.graphql_nodes import Node, as_schema, bare, is_list, leaf, selection
from connectors.generate.guesses import WEAK, Guess, InferredStream
from connectors.generate.lists import (
    Parameter,
    find_changed,
    find_key,
    find_records,
    find_since,
)
from connectors.generate.mapping import propose_map
from connectors.generate.pages import UNTOLD, find_paging
from connectors.generate.shapes import Shapes
from connectors.sdk.json_pages import path_steps

CHAIN_MAX = 3
"""Fields around a list: `api { people { items } }` has two."""

LISTS_MAX = 2_000
"""The largest public schema has under a thousand root fields."""

ENVELOPE_DEPTH_MAX = 3

_IN_ANSWER = ("next", "total", "more", "last", "pages")
_AS_VARIABLES = ("parameter", "size_parameter")
_WAYS = {"none", "cursor", "page", "offset", "last_key"}


@dataclass(frozen=True)
class Chain:
    """A field and those around it, outermost first."""

    fields: tuple[tuple[str, GraphQLField], ...]

    @property
    def path(self) -> str:
        """Where in an answer it stands."""
        return ".".join(["data", *(name for name, _ in self.fields)])

    @property
    def place(self) -> str:
        """How people call it."""
        return ".".join(name for name, _ in self.fields)

    @property
    def name(self) -> str:
        """What the stream is called."""
        return "-".join(name for name, _ in self.fields)[:60]

    def needed(self, taken: Iterable[str]) -> dict[tuple[int, str], str]:
        """Return the variable of each required argument, beside those that ask for pages."""
        found, used, last = dict[tuple[int, str], str](), set(taken), len(self.fields) - 1
        for depth, (name, field) in enumerate(self.fields):
            for argument, told in field.args.items():
                if not is_required_argument(told) or (depth == last and argument in taken):
                    continue
                variable = argument if argument not in used else f"{name}_{argument}"
                used.add(variable)
                found[depth, argument] = variable
        return found

    def open_points(self, taken: Iterable[str]) -> tuple[str, ...]:
        """Say which variables a person has to fill in."""
        names = self.needed(taken).values()
        return tuple(f"variable `{n}` is required: give it under `variables`" for n in names)

    def document(self, taken: Iterable[str], inside: str) -> str:
        """Write the query.

        Args:
            taken: Arguments of the last field that are variables of the same name.
            inside: What is asked for in the last field, a line each.
        """
        needed = self.needed(taken)
        own = self.fields[-1][1].args
        variables = {argument: own[argument].type for argument in own if argument in set(taken)}
        for (depth, argument), variable in needed.items():
            variables[variable] = self.fields[depth][1].args[argument].type
        said = ", ".join(f"${name}: {kind}" for name, kind in variables.items())
        lines, last = [f"query List({said}) {{" if said else "query List {"], len(self.fields) - 1
        for depth, (name, _) in enumerate(self.fields):
            given = [f"{one}: ${one}" for one in own if depth == last and one in set(taken)]
            given += [f"{one}: ${var}" for (at, one), var in needed.items() if at == depth]
            arguments = f"({', '.join(given)})" if given else ""
            lines.append(f"{'  ' * (depth + 1)}{name}{arguments} {{")
        lines += [f"{'  ' * (last + 2)}{line}" for line in inside.splitlines()]
        lines += [f"{'  ' * depth}}}" for depth in range(last + 1, -1, -1)]
        return "\n".join(lines) + "\n"


class _Asked(NamedTuple):
    """What asks for pages: parameters under their bare names, and the variable of each."""

    parameters: list[Parameter]
    variables: dict[str, str]


def walk_lists(query: GraphQLObjectType) -> Iterator[Chain]:
    """Yield the fields of a query that may be lists, also those below fields that are none."""
    level = [Chain(((name, field),)) for name, field in query.fields.items()]
    seen, count = {query.name}, 0
    for _ in range(CHAIN_MAX):
        following = list[Chain]()
        for chain in level:
            count += 1
            if count > LISTS_MAX:
                return
            inner = _whole(chain.fields[-1][1])
            lists = inner is not None and any(is_list(one) for one in inner.fields.values())
            if inner is None or lists:
                yield chain
            if inner is None or inner.name in seen or "pageInfo" in inner.fields:
                continue
            seen.add(inner.name)
            following += [
                Chain((*chain.fields, one))
                for one in inner.fields.items()
                if not lists or (one[1].args and _node(one[1]) is not None)
            ]
        level = following


def _whole(field: GraphQLField) -> GraphQLObjectType | None:
    """Return the type of a field that holds one object."""
    inner: GraphQLNamedType | None = get_named_type(field.type)
    return inner if isinstance(inner, GraphQLObjectType) and not is_list(field) else None


def plain_list(chain: Chain) -> InferredStream | None:
    """Return the stream of a list that is no connection; None where a field is no list."""
    name, field = chain.fields[-1]
    schema = _answer(field)
    shapes = Shapes({})
    records = None if schema is None else find_records(shapes, schema, name)
    if schema is None or records is None:
        return None
    steps = [] if records.value == "." else path_steps(records.value)
    node = _node_at(field, steps)
    if node is None:
        return None
    record = as_schema(node)
    key = find_key(shapes, record, in_path=(), owner=name)
    asked = _asked(field.args)
    paging = find_paging(shapes, schema, asked.parameters, {}, key)
    points = [f"{paging.evidence}: only the first answer is read"] \
        if paging.evidence.startswith(UNTOLD) else []  # fmt: skip
    if paging.value["type"] not in _WAYS:
        paging = Guess({"type": "none"}, WEAK, "its links to further pages are not followed")
        points.append("its links to further pages are not followed: only one answer is read")
    changed = find_changed(shapes, record)
    since = find_since([p for p in asked.parameters if p.name in field.args], changed)
    ways = _below(chain.path, paging.value, asked.variables)
    taken = {path_steps(str(ways[word]))[0] for word in _AS_VARIABLES if word in ways}
    taken |= {since.value["parameter"]} if since is not None else set()
    wanted = [path_steps(str(paging.value[w])) for w in _IN_ANSWER if w in paging.value]
    whole = chain.path if not steps else f"{chain.path}.{records.value}"
    if key is None:
        points.append("nothing looks like a key: write `key`")
    return InferredStream(
        name=chain.name,
        place=chain.place,
        options={"query": chain.document(taken, _inside(steps, selection(node), wanted))},
        records=changed_in(records, value=whole),
        paging=changed_in(paging, value=ways),
        key=key,
        changed=changed,
        incremental=since and changed_in(since, value={"variable": since.value["parameter"]}),
        map=propose_map(shapes, record, owner=name),
        paged=ways["type"] != "none",
        open_points=(*chain.open_points(taken), *points),
    )


def _node(field: GraphQLField) -> Node | None:
    inner: GraphQLNamedType | None = get_named_type(field.type)
    return inner if isinstance(inner, GraphQLObjectType | GraphQLInterfaceType) else None


def _answer(field: GraphQLField) -> dict[str, Any] | None:
    """Write a field's answer as JSON Schema: an array, or an object around one."""
    node = _node(field)
    if node is None:
        return None
    if is_list(field):
        return {"type": "array", "items": as_schema(node)}
    return _envelope(node, 0)


def _envelope(node: Node, depth: int) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, field in node.fields.items():
        inner = _node(field)
        if not bare(field):
            continue
        if inner is None:
            found = leaf(get_named_type(field.type))
            properties[name] = {"type": "array", "items": found} if is_list(field) else found
        elif is_list(field):
            if not field.args:  # one that takes a page is a list of its own
                properties[name] = {"type": "array", "items": as_schema(inner)}
        elif depth + 1 < ENVELOPE_DEPTH_MAX:
            properties[name] = _envelope(inner, depth + 1)
    return {"type": "object", "properties": properties}


def _node_at(field: GraphQLField, steps: list[str]) -> Node | None:
    """Return the type of the records at a way through an answer."""
    node = _node(field)
    for step in steps:
        below = None if node is None else node.fields.get(step)
        node = None if below is None else _node(below)
    return node


def _asked(arguments: Mapping[str, GraphQLArgument]) -> _Asked:
    """Return the arguments of a list, and those inside of objects, by their bare names."""
    found = _Asked([], {})
    for name, argument in arguments.items():
        inner = get_named_type(argument.type)
        if not isinstance(inner, GraphQLInputObjectType):
            found.parameters.append(_parameter(name, inner, argument))
            found.variables[name] = name
            continue
        for own, told in inner.fields.items():
            if own not in found.variables:
                found.parameters.append(_parameter(own, get_named_type(told.type), argument))
                found.variables[own] = f"{name}.{own}"
    return found


def _parameter(name: str, inner: GraphQLNamedType, argument: GraphQLArgument) -> Parameter:
    schema = leaf(inner)
    if isinstance(argument.default_value, int):
        schema["default"] = argument.default_value
    told = str(argument.description or "")
    return Parameter(name, schema, required=False, description=told)


def _below(path: str, found: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Write ways of paging as they are below a whole answer, and parameters as variables."""
    return {
        word: f"{path}.{value}"
        if word in _IN_ANSWER
        else variables.get(value, value)
        if word in _AS_VARIABLES
        else value
        for word, value in found.items()
    }


def _inside(steps: list[str], records: str, wanted: list[list[str]]) -> str:
    """Write what is asked for in an answer: its records, and what leads on or counts."""
    if not steps:
        return records
    tree: dict[str, Any] = {}
    for way, leaf_of in [(steps, records), *((one, "") for one in wanted)]:
        place = tree
        for step in way[:-1]:
            place = place.setdefault(step, {})
        place[way[-1]] = leaf_of
    return "\n".join(_written(name, inner) for name, inner in tree.items())


def _written(name: str, inner: Any) -> str:
    if isinstance(inner, dict):
        return f"{name} {{ {' '.join(_written(n, i) for n, i in inner.items())} }}"
    return f"{name} {{ {inner} }}" if inner else name
