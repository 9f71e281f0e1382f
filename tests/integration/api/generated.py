"""Read operations made from the schema itself: what people could ask, and what nobody would."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from strawberry.utils.str_converters import to_camel_case

from registry.api.reading.catalogue import CATALOGUE

TEXTS = ("zaken", "%", "_", "O'Neill", "100%", "", "'; --", "é", "\\\\", "team a", "active")
MOMENTS = ("2026-01-05T00:00:00Z", "2026-01-09T12:00:00.120+01:00", "2026-02-01T00:00:00")

# What is made of rows is what two executors could answer differently; of the rest there is one.
OF_ROWS = {to_camel_case(name) for name in CATALOGUE.entries} | {"node", "nodes", "landscape"}
ROWS_SHARE = 0.85


@dataclass
class Known:
    """What earlier answers gave: ids and cursors to ask with."""

    ids: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)


@dataclass
class Question:
    """One operation with its variables."""

    text: str
    variables: dict[str, Any]


class Generator:
    """Makes questions, the same for the same seed.

    Args:
        graph: The schema.
        seed: Of the dice.
        known: Ids and cursors of the town.
        depth: Levels of fields, at most.
    """

    def __init__(self, graph: GraphQLSchema, seed: int, known: Known, depth: int = 7) -> None:
        self._graph = graph
        self._dice = random.Random(seed)
        self._known = known
        self._depth = depth
        self._variables: dict[str, tuple[str, Any]] = {}
        self._fragments: list[str] = []
        self._aliases = 0

    def question(self) -> Question:
        """Return one question."""
        self._variables, self._fragments, self._aliases = {}, [], 0
        root = self._graph.query_type
        assert root is not None
        body = self._selection(root, self._dice.choice([3, 5, self._depth]), most=2)
        whole = " ".join([body, *self._fragments])
        used = {n: v for n, v in self._variables.items() if re.search(rf"\${n}\b", whole)}
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in used.items())
        head = f"query Q({declared}) " if declared else "query Q "
        return Question(head + whole, {name: value for name, (_, value) in used.items()})

    def _selection(self, kind: Any, depth: int, most: int = 3) -> str:
        """Return a selection set of an object or interface."""
        parts = []
        names = [name for name in kind.fields if depth > 1 or self._is_leaf(kind.fields[name])]
        if kind is self._graph.query_type and self._dice.random() < ROWS_SHARE:
            names = [name for name in names if name in OF_ROWS]
        chosen = self._dice.sample(names, min(len(names), self._dice.randint(1, most)))
        parts += [self._field(name, kind.fields[name], depth) for name in chosen]
        if isinstance(kind, GraphQLInterfaceType) and self._dice.random() < 0.6:
            member = self._dice.choice(self._graph.get_possible_types(kind))
            parts.append(f"... on {member.name} {self._selection(member, depth)}")
        elif self._dice.random() < 0.1 and isinstance(kind, GraphQLObjectType):
            name = f"F{len(self._fragments)}"
            self._fragments.append("")
            at = len(self._fragments) - 1
            inner = self._selection(kind, min(depth, 2))
            self._fragments[at] = f"fragment {name} on {kind.name} {inner}"
            parts.append(f"...{name}")
        if not parts or self._dice.random() < 0.15:
            parts.append("__typename")
        return "{ " + " ".join(parts) + " }"

    def _field(self, name: str, declared: GraphQLField, depth: int) -> str:
        self._aliases += 1
        alias = f"a{self._aliases}: " if declared.args or self._dice.random() < 0.1 else ""
        arguments = [
            f"{each}: {self._argument(each, given.type)}"
            for each, given in declared.args.items()
            if isinstance(given.type, GraphQLNonNull) or self._wants(each)
        ]
        if sum(text.startswith(("first:", "last:")) for text in arguments) == 2:
            arguments = [text for text in arguments if not text.startswith("last:")]
        given = f"({', '.join(arguments)})" if arguments else ""
        directive = self._directive()
        kind = get_named_type(declared.type)
        inner = "" if is_leaf_type(kind) else " " + self._selection(kind, depth - 1)
        return f"{alias}{name}{given}{directive}{inner}"

    def _wants(self, name: str) -> bool:
        odds = {"first": 0.8, "last": 0.25, "filter": 0.35, "orderBy": 0.35, "asOf": 0.5}
        return self._dice.random() < odds.get(name, 0.03)

    def _directive(self) -> str:
        if self._dice.random() > 0.05:
            return ""
        way = self._dice.choice(["skip", "include"])
        return f" @{way}(if: {self._variable('Boolean!', self._dice.random() < 0.5)})"

    def _variable(self, kind: str, value: Any) -> str:
        name = f"v{len(self._variables)}"
        self._variables[name] = (kind, value)
        return f"${name}"

    def _argument(self, name: str, kind: Any) -> str:
        bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if name in {"first", "last"}:
            size = self._dice.choice([1, 2, 3, 3])
            return self._variable("Int", size) if self._dice.random() < 0.3 else str(size)
        if name in {"after", "before"} and self._known.cursors:
            return f'"{self._dice.choice(self._known.cursors)}"'
        if name == "scenario":
            return "null"
        if isinstance(get_named_type(kind), GraphQLInputObjectType) and self._dice.random() < 0.4:
            return self._variable(str(bare), self._value(bare, 2))
        return literal(self._value(bare, 2))

    def _value(self, kind: Any, depth: int) -> Any:
        """Return a value of an input type as JSON, with enums marked."""
        if isinstance(kind, GraphQLNonNull):
            return self._value(kind.of_type, depth)
        if isinstance(kind, GraphQLList):
            return [self._value(kind.of_type, depth - 1) for _ in range(self._dice.randint(1, 2))]
        if isinstance(kind, GraphQLEnumType):
            return Enum(self._dice.choice(list(kind.values)))
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, depth)
        leaves: dict[str, Any] = {
            "String": TEXTS,
            "ID": self._known.ids or ("x",),
            "DateTime": MOMENTS,
            "Int": (0, 1, 2, 5),
            "Float": (0.5, 12.5),
            "Boolean": (True, False),
        }
        return self._dice.choice(leaves[kind.name])

    def _object(self, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
        names = [
            name
            for name, each in kind.fields.items()
            if depth > 0 or kind.name.endswith(("Comparison", "Order")) or is_comparison(each.type)
        ]
        count = 1 if kind.name.endswith("Order") else self._dice.choice([1, 1, 2])
        chosen = self._dice.sample(names, min(len(names), count))
        return {name: self._value(kind.fields[name].type, depth - 1) for name in chosen}

    def _is_leaf(self, declared: GraphQLField) -> bool:
        return is_leaf_type(get_named_type(declared.type))


class Enum(str):
    """The name of an enum's value: a word in a document, a text in JSON."""


def is_comparison(kind: Any) -> bool:
    return str(get_named_type(kind)).endswith("Comparison")


def literal(value: Any) -> str:
    """Return a value as GraphQL writes it."""
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)
