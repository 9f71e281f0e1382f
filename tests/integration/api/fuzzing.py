"""Makes operations that nobody would write: valid ones, broken ones, and hostile values in both.

Everything follows from the schema and a seed, so that what fails can be asked again.
"""

import random
from collections.abc import Iterator
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
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)

DEPTH_MAX = 6
FIELDS_MAX = 5
HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 201, 2**31, -(2**63), 10**400, 1e308, 0.1, "", " ", "a", "\0", "\x7f",
    "'; DROP TABLE element; --", "%", "_\\", "\\u0000", "\u202e", "\ud83d\ude00", "x" * 3000, [],
    [[]], [None], {}, {"a": {"b": [1, "\0"]}}, {"__proto__": 1}, "W10", "WyJzeXN0ZW0iLCJ4Il0",
    "2999-01-01", "2026-02-30T25:61:00Z", "0000-00-00", "urn:x:" + "y" * 200, "NaN", "-0",
)  # fmt: skip
SCRAPS = ("{", "}", "(", ")", "...", "$", "@", '"', '"""', ":", "!", "\\u0000", "#", "\ufeff", "é",
          "fragment", "on", "mutation", "__schema", "null", "9" * 400, "@skip(if: $x)")  # fmt: skip


class Fuzzer:
    """Makes operations.

    Args:
        graph: What can be asked.
        seed: Another seed makes other operations.
        known: Values that are worth asking for, e.g. URNs and ids that exist.
    """

    def __init__(self, graph: GraphQLSchema, seed: int, known: tuple[str, ...] = ()) -> None:
        self._graph = graph
        self._random = random.Random(seed)
        self._known = known

    def operations(self, count: int) -> Iterator[dict[str, Any]]:
        """Yield bodies of requests."""
        for _ in range(count):
            body = self._operation()
            if self._random.random() < 0.25:
                body["query"] = self._broken(body["query"])
            yield body

    def _operation(self) -> dict[str, Any]:
        roots = [("query", self._graph.query_type)] * 8
        roots += [("mutation", self._graph.mutation_type)] * 2
        roots += [("subscription", self._graph.subscription_type)]
        word, root = self._random.choice(roots)
        assert root
        variables: dict[str, tuple[str, Any]] = {}
        selection = self._selection(root, self._random.randint(2, DEPTH_MAX), variables)
        declared = ", ".join(f"${name}: {kind}" for name, (kind, _) in variables.items())
        return {
            "query": f"{word} Q{f'({declared})' if declared else ''} {selection}",
            "variables": {name: value for name, (_, value) in variables.items()},
        }

    def _selection(self, kind: Any, depth: int, variables: dict[str, Any]) -> str:
        if isinstance(kind, GraphQLUnionType):
            chosen = self._random.choice(kind.types)
            return (
                f"{{ __typename ... on {chosen.name} {self._selection(chosen, depth, variables)} }}"
            )
        names = self._random.sample(
            list(kind.fields), min(len(kind.fields), self._random.randint(1, FIELDS_MAX))
        )
        parts = [part for name in names if (part := self._field(kind, name, depth, variables))]
        if isinstance(kind, GraphQLInterfaceType) and self._random.random() < 0.3:
            some = self._random.choice(self._graph.get_possible_types(kind))
            if depth > 1:
                inner = self._selection(some, depth - 1, variables)
                parts.append(f"... on {some.name} {inner}")
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def _field(self, kind: Any, name: str, depth: int, variables: dict[str, Any]) -> str:
        field: GraphQLField = kind.fields[name]
        inner = get_named_type(field.type)
        if not is_leaf_type(inner) and depth <= 1:
            return ""
        given = [
            f"{argument}: {self._value(spec.type, variables)}"
            for argument, spec in field.args.items()
            if isinstance(spec.type, GraphQLNonNull) or self._random.random() < 0.25
        ]
        text = name + (f"({', '.join(given)})" if given else "")
        if self._random.random() < 0.1:
            text = f"a{self._random.randrange(99)}: {text}"
        if self._random.random() < 0.05:
            text += self._random.choice((" @skip(if: false)", " @include(if: true)"))
        if is_leaf_type(inner):
            return text
        return f"{text} {self._selection(inner, depth - 1, variables)}"

    def _value(self, kind: Any, variables: dict[str, Any]) -> str:
        if self._random.random() < 0.5:
            name = f"v{len(variables)}"
            value = self._plain(kind) if self._random.random() < 0.6 else self._hostile()
            variables[name] = (str(kind), value)
            return f"${name}"
        return written(self._plain(kind), get_nullable_type(kind))

    def _plain(self, kind: Any, depth: int = 3) -> Any:
        """Return a value that fits its type, more or less."""
        kind = get_nullable_type(kind)
        if isinstance(kind, GraphQLList):
            return [self._plain(kind.of_type, depth) for _ in range(self._random.randint(0, 3))]
        if isinstance(kind, GraphQLEnumType):
            return self._random.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            names = list(kind.fields)
            chosen = self._random.sample(names, min(len(names), self._random.randint(0, 2)))
            return {n: self._plain(kind.fields[n].type, depth - 1) for n in chosen} if depth else {}
        match kind.name:
            case "Int":
                return self._random.choice((1, 2, 3, 50, 200, 0, -1))
            case "Float":
                return self._random.choice((0.5, 1, -2.25))
            case "Boolean":
                return self._random.random() < 0.5
            case "DateTime":
                return self._random.choice(("2026-01-01T00:00:00Z", "2020-02-29T12:00:00+01:00"))
        if self._known and self._random.random() < 0.5:
            return self._random.choice(self._known)
        return self._random.choice(("crm", "a", "urn:test:x", "", "é"))

    def _hostile(self) -> Any:
        return self._random.choice(HOSTILE)

    def _broken(self, text: str) -> str:
        """Return a text with one wound."""
        at = self._random.randrange(len(text) + 1)
        match self._random.randrange(4):
            case 0:
                return text[:at]
            case 1:
                return text[:at] + self._random.choice(SCRAPS) + text[at:]
            case 2:
                return text[:at] + text[at + self._random.randint(1, 9) :]
        other = self._random.randrange(len(text) + 1)
        return text[:at] + text[other:] + text[:at]


def written(value: Any, kind: Any) -> str:
    """Write a value as GraphQL does."""
    if isinstance(kind, GraphQLEnumType):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        inner = get_nullable_type(kind.of_type)
        return "[" + ", ".join(written(each, inner) for each in value) + "]"
    if isinstance(value, dict):
        fields = kind.fields if isinstance(kind, GraphQLInputObjectType | GraphQLObjectType) else {}
        parts = (f"{n}: {written(v, get_nullable_type(fields[n].type))}" for n, v in value.items())
        return "{ " + ", ".join(parts) + " }"
    return "null" if value is None else str(value)
