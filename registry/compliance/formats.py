"""Formats of documents: which OpenAPI (or JSON Schema) a document says it is."""

import re
from collections.abc import Callable
from typing import Any

from registry.compliance.jsonpath.values import text

_MAJOR = re.compile(r"\s*[-+]?(\d+)")


def _major(data: Any, name: str) -> int | None:
    if not isinstance(data, dict) or name not in data:
        return None
    match = _MAJOR.match(text(data[name]))
    return int(match[1]) if match else None


def _minor(number: int) -> Callable[[Any], bool]:
    version = re.compile(rf"3\.{number}(?:\.[0-9]*)?\Z")

    def is_it(data: Any) -> bool:
        return _major(data, "openapi") == 3 and bool(version.match(text(data["openapi"])))

    return is_it


def _schema(data: Any) -> str:
    found = data.get("$schema") if isinstance(data, dict) else None
    return found if isinstance(found, str) else ""


_DETECT: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "oas2": ("OpenAPI 2.0 (Swagger)", lambda data: _major(data, "swagger") == 2),
    "oas3": ("OpenAPI 3.x", lambda data: _major(data, "openapi") == 3),
    "oas3_0": ("OpenAPI 3.0.x", _minor(0)),
    "oas3_1": ("OpenAPI 3.1.x", _minor(1)),
    "oas3_2": ("OpenAPI 3.2.x", _minor(2)),
    "aas2": ("AsyncAPI 2.x", lambda data: _major(data, "asyncapi") == 2),
    "aas3": ("AsyncAPI 3.x", lambda data: _major(data, "asyncapi") == 3),
    "json-schema": ("JSON Schema", lambda data: "//json-schema.org/" in _schema(data)),
}
_OTHER_SPELLINGS = {"oas3.0": "oas3_0", "oas3.1": "oas3_1", "oas3.2": "oas3_2"}


def canonical(name: str) -> str:
    """Return the one spelling that we use for a format's name."""
    return _OTHER_SPELLINGS.get(name, name)


def title(name: str) -> str:
    """Return the name of a format as finding messages show it."""
    return _DETECT[name][0] if name in _DETECT else name


def formats_of(data: Any, candidates: list[str]) -> frozenset[str]:
    """Return which of the candidate formats the document's value has."""
    return frozenset(name for name in candidates if name in _DETECT and _DETECT[name][1](data))
