"""Look into JSON Schemas of a document: references followed, combinations merged, all bounded."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

HOPS_MAX = 30
"""References that lead to references; a longer chain is a circle."""

DEPTH_MAX = 12
"""Combinations inside each other; real ones nest three deep."""

PARTS_MAX = 400
"""Of one schema with all its combinations; the largest real one has 40."""

PROPERTIES_MAX = 600
"""Of one record with all its variants; the widest real one has 250."""

VARIANTS_MAX = 60
"""Alternatives of one oneOf; the longest real list has 31."""

Schema = Mapping[str, Any]

_UNWRITABLE = re.compile(r"['\x00-\x1f\x7f]")
"""What no path of a connector file can hold, as it stands between quotes on one line."""


@dataclass
class Shapes:
    """Answers questions about the schemas of one document.

    Attributes:
        document: The whole document.
        foreign: References out of the document that were met; they are never followed.
    """

    document: Mapping[str, Any]
    foreign: set[str] = field(default_factory=set)
    _found: dict[str, Any] = field(default_factory=dict)
    _seen: dict[int, "_Facts"] = field(default_factory=dict)

    def follow(self, node: Any) -> Schema:
        """Return what a node means: itself, or what its reference leads to; else nothing."""
        for _ in range(HOPS_MAX):
            if not isinstance(node, Mapping):
                return {}
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            node = self._at(reference)
        return {}

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#"):
            self.foreign.add(reference[:200])
            return {}
        if reference not in self._found:
            node: Any = self.document
            for written in reference[1:].split("/")[1:]:
                step = unquote(written).replace("~1", "/").replace("~0", "~")
                node = node.get(step) if isinstance(node, Mapping) else None
            self._found[reference] = node
        return self._found[reference]

    def parts(self, schema: Any) -> Sequence[Schema]:
        """Return a schema and all it is combined of; alternatives count as if all held.

        A part that is met again is passed over: it can add nothing, and a document may repeat
        one so often in itself that nobody would live to see the end.
        """
        return self._facts(schema).parts

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the properties of an object with all its parts, in the document's order."""
        facts = self._facts(schema)
        if facts.properties is None:
            facts.properties = _properties(facts.parts)
        return facts.properties

    def types(self, schema: Any) -> frozenset[str]:
        """Return the JSON types a schema allows, as far as it says."""
        facts = self._facts(schema)
        if facts.types is None:
            facts.types = frozenset(_types(facts.parts))
        return facts.types

    def word(self, schema: Any, name: str) -> Any:
        """Return the first value that a schema or one of its parts has under a word."""
        return next((part[name] for part in self.parts(schema) if name in part), None)

    def _facts(self, schema: Any) -> "_Facts":
        """Return what was found out about a schema; each is asked about some fifty times."""
        facts = self._seen.get(id(schema))
        if facts is None:
            facts = self._seen[id(schema)] = _Facts(schema, self._parts(schema))
        return facts

    def _parts(self, schema: Any) -> tuple[Schema, ...]:
        seen: dict[int, Schema] = {}
        level = [schema]
        for _ in range(DEPTH_MAX):
            inner: list[Any] = []
            for node in level:
                found = self.follow(node)
                if not found or id(found) in seen or len(seen) >= PARTS_MAX:
                    continue
                seen[id(found)] = found
                for word in ("allOf", "oneOf", "anyOf"):
                    listed = found.get(word)
                    inner += listed[:VARIANTS_MAX] if isinstance(listed, list) else ()
            level = inner
        return tuple(seen.values())

    def items(self, schema: Any) -> Any:
        """Return the schema of an array's items."""
        return self.word(schema, "items") or {}

    def is_list_of_objects(self, schema: Any) -> bool:
        """Tell whether a schema is an array of records."""
        if "array" not in self.types(schema):
            return False
        items = self.items(schema)
        return bool(self.properties(items)) or "object" in self.types(items)

    def nullable(self, schema: Any) -> bool:
        """Tell whether null may stand there, in the words of any version."""
        return any(
            part.get("nullable") or part.get("x-nullable") for part in self.parts(schema)
        ) or "null" in self.types(schema)


@dataclass
class _Facts:
    """What was found out about one schema, which is held so that nothing else takes its place."""

    schema: Any
    parts: tuple[Schema, ...]
    properties: dict[str, Any] | None = None
    types: frozenset[str] | None = None


def _properties(parts: Iterable[Schema]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        own = part.get("properties")
        for name, inner in own.items() if isinstance(own, Mapping) else ():
            if len(found) >= PROPERTIES_MAX:
                return found
            if not _UNWRITABLE.search(str(name)):
                found.setdefault(str(name), inner)
    return found


def _types(parts: Iterable[Schema]) -> Iterator[str]:
    for part in parts:
        kind = part.get("type")
        if isinstance(kind, str):
            yield kind
        elif isinstance(kind, list):
            yield from (one for one in kind if isinstance(one, str))
        if isinstance(part.get("properties"), Mapping):
            yield "object"
        if "items" in part:
            yield "array"
