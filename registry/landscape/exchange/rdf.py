"""Writes statements about resources as Turtle and as JSON-LD; just what catalogues need."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, field

from schemas.errors import InvalidInput

_FORBIDDEN_IN_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`]')
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SPECIAL = re.compile('[\\\\"\n\r\t\x00-\x1f]')


class Iri(Struct, frozen=True):
    """An address that names a resource."""

    value: str

    def __post_init__(self) -> None:
        """Refuse what no reader would accept as an address."""
        if _FORBIDDEN_IN_IRI.search(self.value) or not _SCHEME.match(self.value):
            raise InvalidInput(
                f"{self.value[:100]!r} is no absolute address (IRI).",
                remedy="Write it with its scheme and without blanks, e.g. https://city.example/data/1.",
            )


class Literal(Struct, frozen=True):
    """A value: words with a language, or a value of a datatype such as xsd:date."""

    value: str
    language: str | None = None
    datatype: str | None = None


class Resource(Struct):
    """One resource with its types and statements; without an address it is known only here."""

    types: tuple[str, ...]
    iri: Iri | None = None
    statements: list[tuple[str, "Iri | Literal | Resource"]] = field(default_factory=list)

    def say(self, predicate: str, *values: "Iri | Literal | Resource | None") -> None:
        """Add one statement per value; None says nothing."""
        self.statements += [(predicate, value) for value in values if value is not None]


def turtle(resources: Iterable[Resource], prefixes: dict[str, str]) -> str:
    """Return resources as Turtle."""
    head = [f"@prefix {prefix}: <{namespace}> ." for prefix, namespace in prefixes.items()]
    bodies = [f"{_subject(r)}{_body(r, '  ')} ." for r in resources]
    return "\n".join([*head, "", "\n\n".join(bodies), ""])


def _subject(resource: Resource) -> str:
    return f"<{resource.iri.value}>" if resource.iri else "[]"


def _body(resource: Resource, indent: str) -> str:
    lines = [f" a {', '.join(resource.types)}"]
    for predicate, values in _grouped(resource):
        told = ", ".join(_turtle_value(value, indent) for value in values)
        lines.append(f"\n{indent}{predicate} {told}")
    return " ;".join(lines)


def _turtle_value(value: Iri | Literal | Resource, indent: str) -> str:
    if isinstance(value, Iri):
        return f"<{value.value}>"
    if isinstance(value, Resource):
        return f"[{_body(value, indent + '  ')} ]"
    text = f'"{_SPECIAL.sub(_escape, value.value)}"'
    if value.language:
        return f"{text}@{value.language}"
    return f"{text}^^{value.datatype}" if value.datatype else text


def _escape(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04X}"


def _grouped(resource: Resource) -> Iterator[tuple[str, list[Iri | Literal | Resource]]]:
    groups: dict[str, list[Iri | Literal | Resource]] = {}
    for predicate, value in resource.statements:
        groups.setdefault(predicate, []).append(value)
    yield from groups.items()


def json_ld(resources: Iterable[Resource], prefixes: dict[str, str]) -> str:
    """Return resources as JSON-LD."""
    document = {"@context": prefixes, "@graph": [_node(resource) for resource in resources]}
    return json.dumps(document, ensure_ascii=False, indent=2)


def _node(resource: Resource) -> dict[str, Any]:
    node: dict[str, Any] = {"@id": resource.iri.value} if resource.iri else {}
    node["@type"] = list(resource.types)
    for predicate, values in _grouped(resource):
        node[predicate] = [_json_value(value) for value in values]
    return node


def _json_value(value: Iri | Literal | Resource) -> dict[str, Any]:
    if isinstance(value, Iri):
        return {"@id": value.value}
    if isinstance(value, Resource):
        return _node(value)
    told = {"@value": value.value}
    if value.language:
        told["@language"] = value.language
    if value.datatype:
        told["@type"] = value.datatype
    return told
