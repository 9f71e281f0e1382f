"""Tells kinds of interface documents apart and asks the right judge whether one is valid.

OpenAPI 2.0 to 3.2 by openapi-spec-validator, GraphQL by graphql-core, WSDL by lxml and our own
look at its names, AsyncAPI by a rule set of ours.
"""

import re
from typing import Any

from registry.compliance.document import Document
from registry.compliance.engine import check_subject
from registry.compliance.rulesets import load
from registry.compliance.structure.offline import hidden
from registry.compliance.subject import Subject
from schemas.compliance import Finding, Severity

KIND_UNKNOWN = "unknown"
VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_SDL = re.compile(
    r"""\s*(?:(?:\#[^\n]*|\"\"\".*?\"\"\"|"[^"\n]*")\s*)*
        (?:extend\s+)?(?:schema|type|interface|union|enum|input|scalar|directive)\b""",
    re.DOTALL | re.VERBOSE,
)
_SDL_LOOK_CHARACTERS = 20_000  # a licence and a description may stand before the first type


def kind_of_text(content: bytes, source: str) -> str:
    """Return `graphql`, `wsdl` or `data` (JSON or YAML) from a name and the first characters."""
    name = source.lower()
    if name.endswith((".graphql", ".graphqls", ".gql")):
        return "graphql"
    if name.endswith((".wsdl", ".xml")):
        return "wsdl"
    start = content[:_SDL_LOOK_CHARACTERS].decode("utf-8-sig", errors="replace")
    if start.lstrip().startswith(("<?xml", "<wsdl:", "<definitions", "<!DOCTYPE")):
        return "wsdl"
    if not name.endswith((".json", ".yaml", ".yml")) and _SDL.match(start):
        return "graphql"
    return "data"


def describe(data: Any) -> str:
    """Return what a document says it is, for instance `OpenAPI 3.0.3`."""
    if not isinstance(data, dict):
        return KIND_UNKNOWN
    for key, title in (("openapi", "OpenAPI"), ("swagger", "OpenAPI"), ("asyncapi", "AsyncAPI")):
        if key in data:
            return f"{title} {str(data[key])[:20]}"
    return "GraphQL" if _is_introspection(data) else KIND_UNKNOWN


def _is_introspection(data: dict[str, Any]) -> bool:
    inner = data.get("data", data)
    return isinstance(inner, dict) and isinstance(inner.get("__schema"), dict)


def operations_of(data: Any) -> int:
    """Return how many operations an OpenAPI document offers."""
    paths = data.get("paths") if isinstance(data, dict) else None
    items = paths.values() if isinstance(paths, dict) else ()
    return sum(1 for item in items if isinstance(item, dict) for verb in VERBS if verb in item)


def version_of(data: Any) -> str:
    """Return the version that a document declares for its interface; empty without one."""
    info = data.get("info") if isinstance(data, dict) else None
    return str(info.get("version", "")) if isinstance(info, dict) else ""


def structure_of(subject: Subject) -> list[Finding]:
    """Return what makes a JSON or YAML document invalid, whatever kind of interface it describes.

    Args:
        subject: The document, parsed; nothing else is read and nothing is fetched.

    Returns:
        Findings `structure` and `outside-reference`; none when the document is valid.
    """
    document: Document = subject.document
    data = document.data
    kind = describe(data)
    # Judges are imported when they are needed: each costs a start of half a second.
    if kind.startswith("OpenAPI"):
        with hidden("requests"):
            from registry.compliance.structure.openapi import openapi_problems

        return openapi_problems(subject)
    if kind.startswith("AsyncAPI"):
        return check_subject(subject, load("townclerk:asyncapi"))
    if kind == "GraphQL":
        from registry.compliance.structure.sdl import sdl_problems

        return sdl_problems(document.text, document.source, data=data)
    return _unknown(document)


def _unknown(document: Document) -> list[Finding]:
    """Say that a document is no interface; where its syntax is broken, that is said already."""
    if document.data is None:
        words = "the document is empty"
    elif any(remark.kind == "syntax" for remark in document.diagnostics):
        return []
    else:
        words = 'the document does not say what it is: no "openapi", "swagger" or "asyncapi"'
    place = document.range_of(0)
    return [Finding("structure", Severity.ERROR, (), words, place, document.source)]
