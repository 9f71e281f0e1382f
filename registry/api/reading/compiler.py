"""A whole read operation becomes one SQL statement that returns the answer as JSON text.

The compiler walks the operation beside the declarations. An object is a `row_to_json` over a
sub-select, a list a `json_agg`, a join a correlated sub-select, so the nesting of the SQL is that
of the question. What it cannot express (changes, questions about the schema, anything refused)
raises `NotCompilable` and is left to the plain executor, which answers the same, with errors.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
)
from graphql.execution.collect_fields import collect_fields, collect_sub_fields
from graphql.execution.values import get_argument_values

from registry.api.reading.catalogue import Catalogue
from registry.api.reading.connections import Connections
from registry.api.reading.lists import PAGE_MAX, Listed, Lists
from registry.api.reading.moments import LANDSCAPE, bind_moment
from registry.api.reading.places import global_id_sql, read_global_id
from registry.api.reading.writing import Given, Writer, enum_name_sql
from registry.api.whole import capped
from registry.storage.readable import Column, Entry, Join, Readable, Way, camel
from schemas.errors import InvalidInput

NAME_CHARACTERS_MAX: Final = 60  # PostgreSQL cuts longer names off
Fields = list[tuple[str, str]]
Nodes = list[FieldNode]


class NotCompilable(Exception):  # never leaves this folder, so it is no error of ours
    """This operation is for the plain executor."""


class Compiler:
    """Compiles one operation for somebody with certain scopes.

    Args:
        catalogue: What can be read.
        graph: The schema that the operation was validated against.
        fragments: The document's fragments.
        variables: Coerced variables of this request.
        writer: Takes the parameters.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        graph: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        variables: dict[str, Any],
        writer: Writer,
    ) -> None:
        self.writer = writer
        self.sites: list[tuple[Any, FieldNode]] = []
        self.arguments: list[Mapping[str, Any]] = []
        self._catalogue = catalogue
        self._graph = graph
        self._fragments = fragments
        self._variables = variables
        self._lists = Lists(catalogue, writer)
        self._connections = Connections(self)

    def operation(self, operation: OperationDefinitionNode) -> str:
        """Return the SQL of an operation.

        Raises:
            NotCompilable: It holds what only the executor knows.
            InvalidInput: An argument makes no sense; the executor says which field has it.
            AccessDenied: The same for a scope.
        """
        root = self._graph.query_type
        assert root is not None
        collected = collect_fields(
            self._graph, self._fragments, self._variables, root, operation.selection_set
        )
        return capped(self._entries(root, collected))

    def selected(self, kind: str, nodes: Nodes) -> dict[str, Nodes]:
        """Return the fields asked of an object of a type, by the name they get in the answer."""
        found = collect_sub_fields(
            self._graph, self._fragments, self._variables, self._type(kind), nodes
        )
        for name in found:
            if len(name) > NAME_CHARACTERS_MAX:
                raise NotCompilable(name)
        return found

    def given(self, kind: str, node: FieldNode) -> Given:
        """Return the arguments of a field as GraphQL coerces them."""
        definition = self._type(kind).fields[node.name.value]
        values = get_argument_values(definition, node, self._variables)
        self.sites.append((definition, node))
        self.arguments.append(values)
        return Given(values, len(self.sites) - 1)

    def object(self, readable: Readable, row: str, nodes: Nodes) -> str:
        """Return SQL of a row as a JSON object, of the type that the row turns out to be."""
        variants: dict[str, list[Readable]] = {}
        for member in self._catalogue.members(readable):
            fields = self._fields(member, readable, row, self.selected(member.name, nodes))
            variants.setdefault(record(fields), []).append(member)
        if len(variants) == 1:
            return next(iter(variants))
        cases = " ".join(
            f"WHEN {' OR '.join(member.where.format(row=row) for member in members)} THEN {variant}"
            for variant, members in variants.items()
        )
        return f"CASE {cases} END"

    def rows(self, listed: Listed, nodes: Nodes) -> str:
        """Return SQL of a list without pages."""
        page = listed.page(f"{listed.row}.*")
        each = self.object(listed.readable, listed.row, nodes)
        return f"(SELECT coalesce(json_agg({each}), '[]') FROM ({page}) AS {listed.row})"

    def _type(self, name: str) -> GraphQLObjectType:
        return cast("GraphQLObjectType", self._graph.type_map[name])

    def _entries(self, root: GraphQLObjectType, collected: Mapping[str, Nodes]) -> str:
        """Return `SELECT … AS name, …` of entry points."""
        entries = {camel(name): entry for name, entry in self._catalogue.entries.items()}
        fields: Fields = []
        for key, nodes in collected.items():
            name = nodes[0].name.value
            if len(key) > NAME_CHARACTERS_MAX:
                raise NotCompilable(key)
            if name == "__typename":
                fields.append((key, f"'{root.name}'::text"))
            elif name in entries:
                fields.append((key, self._entry(root.name, entries[name], nodes)))
            elif name == "landscape":
                fields.append((key, self._landscape(root.name, nodes)))
            elif name == "node":
                fields.append((key, self._node(root.name, nodes)))
            elif name == "nodes":
                fields.append((key, self._nodes(root.name, nodes)))
            else:
                raise NotCompilable(name)
        return selection(fields)

    def _entry(self, root: str, entry: Entry, nodes: Nodes) -> str:
        outside = self.writer.moment
        listed = self._lists.at_entry(entry, self.given(root, nodes[0]))
        if entry.way is Way.PAGES:
            sql = self._connections.page(listed, nodes)
        elif entry.way is Way.LIST:
            sql = self.rows(listed, nodes)
        else:
            sql = self._one(listed, nodes)
        self.writer.moment = outside
        return sql

    def _landscape(self, root: str, nodes: Nodes) -> str:
        """Compile the entry points within a moment and a scenario."""
        self.writer.demand(LANDSCAPE)
        given, outside = self.given(root, nodes[0]), self.writer.moment
        bind_moment(self.writer, given)
        inner = self._entries(self._type("Landscape"), self.selected("Landscape", nodes))
        self.writer.moment = outside
        return f"(SELECT row_to_json(o) FROM ({inner}) AS o)"

    def _node(self, root: str, nodes: Nodes) -> str:
        given = self.given(root, nodes[0]).get("id")
        kind, _ = read_global_id(given.value)
        place = self.writer.bind(given, key_of_id, "uuid")
        return self._by_id(kind, place, nodes)

    def _nodes(self, root: str, nodes: Nodes) -> str:
        given = self.given(root, nodes[0]).get("ids")
        if len(given.value) > PAGE_MAX:
            raise InvalidInput(f"`ids` has more than {PAGE_MAX} entries.")
        kinds = sorted({read_global_id(each)[0] for each in given.value})
        if not kinds:
            return "'[]'::json"
        named = self.writer.bind(given, kinds_of_ids, "text[]")
        keys = self.writer.bind(given, keys_of_ids, "uuid[]")
        at = self.writer.alias("u")
        cases = " ".join(
            f"WHEN '{kind}' THEN {self._by_id(kind, f'{at}.id', nodes)}" for kind in kinds
        )
        return (
            f"(SELECT json_agg(CASE {at}.kind {cases} END ORDER BY {at}.place)"
            f" FROM unnest({named}, {keys}) WITH ORDINALITY AS {at} (kind, id, place))"
        )

    def _by_id(self, kind: str, key: str, nodes: Nodes) -> str:
        readable = self._catalogue.by_id_kind.get(kind)
        if readable is None:
            raise InvalidInput("This global id is not one of ours.")
        self.writer.demand(next(iter(readable.all_fields.values())).policy)
        row = self.writer.alias("t")
        source = self.writer.source(readable, row)
        where = [f"{row}.{readable.key} = {key}", f"{readable.id_kind_sql(row)} = '{kind}'"]
        if readable.where:
            where.append(readable.where.format(row=row))
        each = self.object(readable, row, nodes)
        return f"(SELECT {each} FROM {source} WHERE {' AND '.join(where)})"

    def _fields(
        self, member: Readable, within: Readable, row: str, collected: Mapping[str, Nodes]
    ) -> Fields:
        """Return the SQL of the fields asked of one type."""
        names = member.shown_fields
        fields: Fields = []
        for key, nodes in collected.items():
            name = nodes[0].name.value
            if name == "__typename":
                fields.append((key, f"'{member.name}'::text"))
            elif name == "id":
                sql = global_id_sql(within.id_kind_sql(row), f"{row}.{member.key}")
                fields.append((key, sql))
            elif name not in names:
                raise NotCompilable(name)
            else:
                fields.append((key, self._field(member, names[name], row, nodes)))
        return fields

    def _field(self, member: Readable, field: Column | Join, row: str, nodes: Nodes) -> str:
        if isinstance(field, Column):
            value = self.writer.column(field, row)
            return enum_name_sql(field.kind, value) if isinstance(field.kind, type) else value
        listed = self._lists.at_join(field, row, self.given(member.name, nodes[0]))
        if not field.many:
            return self._one(listed, nodes)
        return self._connections.page(listed, nodes) if field.paged else self.rows(listed, nodes)

    def _one(self, listed: Listed, nodes: Nodes) -> str:
        """Return SQL of a single row, or null."""
        each = self.object(listed.readable, listed.row, nodes)
        return f"({listed.page(each)})"


def record(fields: Fields) -> str:
    """Return SQL of an object with these fields."""
    return f"(SELECT row_to_json(o) FROM ({selection(fields)}) AS o)"


def selection(fields: Fields) -> str:
    """Return SQL that selects fields under their names."""
    return "SELECT " + ", ".join(f'{sql} AS "{name}"' for name, sql in fields)


def key_of_id(text: str) -> Any:
    """Return the key in a global id."""
    return read_global_id(text)[1]


def kinds_of_ids(texts: Sequence[str]) -> list[str]:
    """Return the kinds in global ids."""
    return [read_global_id(text)[0] for text in texts]


def keys_of_ids(texts: Sequence[str]) -> list[Any]:
    """Return the keys in global ids."""
    return [read_global_id(text)[1] for text in texts]
