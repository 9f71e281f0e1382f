"""Look into JSON Schemas of a document: references followed, combinations merged, all bounded."""

from collections.abc import Iterator, Mapping
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

    def parts(self, schema: Any) -> Iterator[Schema]:
        """Yield a schema and all it is combined of; alternatives count as if all held.

        A part that is met again is passed over: it can add nothing, and a document may repeat
        one so often in itself that nobody would live to see the end.
        """
        seen: set[int] = set()
        level = [schema]
        for _ in range(DEPTH_MAX):
            inner: list[Any] = []
            for node in level:
                found = self.follow(node)
                if not found or id(found) in seen or len(seen) >= PARTS_MAX:
                    continue
                seen.add(id(found))
                yield found
                for word in ("allOf", "oneOf", "anyOf"):
                    listed = found.get(word)
                    inner += listed[:VARIANTS_MAX] if isinstance(listed, list) else ()
            level = inner

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the properties of an object with all its parts, in the document's order."""
        found: dict[str, Any] = {}
        for part in self.parts(schema):
            own = part.get("properties")
            for name, inner in own.items() if isinstance(own, Mapping) else ():
                if len(found) >= PROPERTIES_MAX:
                    return found
                found.setdefault(str(name), inner)
        return found

    def types(self, schema: Any) -> set[str]:
        """Return the JSON types a schema allows, as far as it says."""
        found: set[str] = set()
        for part in self.parts(schema):
            kind = part.get("type")
            found |= {kind} if isinstance(kind, str) else set(kind or ()) if _texts(kind) else set()
            if isinstance(part.get("properties"), Mapping):
                found.add("object")
            if "items" in part:
                found.add("array")
        return found

    def word(self, schema: Any, name: str) -> Any:
        """Return the first value that a schema or one of its parts has under a word."""
        return next((part[name] for part in self.parts(schema) if name in part), None)

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


def _texts(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(item, str) for item in found)
