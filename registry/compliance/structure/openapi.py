"""OpenAPI 2.0 to 3.2: all that openapi-spec-validator finds wrong, and no way out of the document.

The judge stays openapi-spec-validator. We hand it the document in parts (one path, one schema at
a time), so that one part it cannot read does not hide the others; we let jsonschema-rs pass what
is right and ask the judge's own slower validator only about what is wrong; and we replace
references that lead outside or nowhere, which it would fetch or stop at, by findings.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import jsonschema_rs
from jsonschema.exceptions import ValidationError
from jsonschema_path import SchemaPath
from openapi_spec_validator import (
    OpenAPIV2SpecValidator,
    OpenAPIV30SpecValidator,
    OpenAPIV31SpecValidator,
    OpenAPIV32SpecValidator,
)
from openapi_spec_validator.validation.registries import KeywordValidatorRegistry

from registry.compliance.document import Document
from registry.compliance.shapes.shipped import shipped
from registry.compliance.structure.mended import Mended, without_bad_references
from registry.compliance.structure.patterns import with_a_clock
from registry.compliance.structure.quick import QuickSchemaValidator
from registry.compliance.subject import Subject
from schemas.compliance import Finding, Severity

PROBLEMS_MAX = 5_000  # a document with more is broken as a whole; the first ones say so
MESSAGE_CHARACTERS_MAX = 240  # the judge quotes whole values in front of what it says of them
MESSAGE_HEAD = 80
RULE = "structure"
OUTSIDE = "outside-reference"
_VALIDATORS = {
    "2.0": OpenAPIV2SpecValidator,
    "3.0": OpenAPIV30SpecValidator,
    "3.1": OpenAPIV31SpecValidator,
    "3.2": OpenAPIV32SpecValidator,
}
# What the judge lets escape when a part is not shaped as it expects.
_STUMBLES = (
    AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
    ArithmeticError,
)  # fmt: skip

Problem = tuple[str, tuple[str, ...], str]


def _deny(address: str) -> Any:
    raise LookupError(f"{address[:200]!r} lies outside this document and is not followed")


# Every scheme that a resolver might know, and the entry it uses for all others.
_DENIED = dict.fromkeys(("http", "https", "file", "ftp", "data", "", "<all_urls>"), _deny)


def openapi_problems(subject: Subject) -> list[Finding]:
    """Return everything that makes an OpenAPI document invalid.

    Args:
        subject: The document, parsed.

    Returns:
        Findings `structure` and `outside-reference`, in document order of their paths.
    """
    document = subject.document
    data = document.data
    version = str(data.get("swagger", data.get("openapi", "")))[:3]
    if version not in _VALIDATORS:
        words = f"version {version!r} of OpenAPI does not exist, or nobody can judge it yet"
        return [_finding(document, (RULE, (), words))]
    problems = [*_outside(subject), *_against_schema(version, data)]
    problems += _parts(version, without_bad_references(subject))
    unique = list(dict.fromkeys(problems))[:PROBLEMS_MAX]
    return [_finding(document, problem) for problem in unique]


def _finding(document: Document, problem: Problem) -> Finding:
    rule, path, words = problem
    row, _ = document.tree.closest(path)
    place = document.range_of(row)
    return Finding(rule, Severity.ERROR, path, words, place, document.source)


def _outside(subject: Subject) -> Iterator[Problem]:
    tree = subject.tree
    for site in sorted(subject.references.outside):
        reference = str(tree.values[site]["$ref"])[:200]
        words = f"{reference!r} lies outside this document and is not followed"
        yield OUTSIDE, (*tree.path(site), "$ref"), words
    for site in sorted(subject.references.dangling):
        reference = str(tree.values[site]["$ref"])[:200]
        yield RULE, (*tree.path(site), "$ref"), f"{reference!r} does not exist in this document"


@lru_cache(maxsize=4)
def _schema_of(version: str) -> Any:
    # The judge reads the same file with a YAML parser and builds a second validator beside it.
    return jsonschema_rs.validator_for(shipped(f"v{version}"))


def _against_schema(version: str, data: Any) -> Iterator[Problem]:
    """Compare the whole with the official schema; the judge's own first step."""
    for count, error in enumerate(_schema_of(version).iter_errors(data)):
        if count == PROBLEMS_MAX:
            return
        path = tuple(str(step) for step in error.instance_path)
        yield RULE, path, _shortened(error.message)


def _parts(version: str, mended: Mended) -> Iterator[Problem]:
    """Let the judge look at paths and schemas one by one, so that none hides another."""
    data = mended.data
    root = SchemaPath.from_dict(data, handlers=_DENIED)
    registry: Any = KeywordValidatorRegistry(_VALIDATORS[version].keyword_validators)
    registry["default"] = with_a_clock(registry["default"])
    registry["schema"] = QuickSchemaValidator(registry, data, registry["schema"])
    if isinstance(data.get("tags"), list):
        yield from _tried(("tags",), partial(registry["tags"], root / "tags"))
    paths = data.get("paths")
    for url, item in (root / "paths").items() if isinstance(paths, dict) else ():
        part = _tried(("paths", str(url)), partial(registry["path"], str(url), item))
        yield from (
            problem for problem in part
            if url not in mended.unsure or not problem[2].startswith("Path parameter ")
        )  # fmt: skip
    components = data.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    for name, schema in (
        (root / "components" / "schemas").items() if isinstance(schemas, dict) else ()
    ):
        if isinstance(schemas, dict) and _needs_no_look(schemas[name], schemas):
            continue  # what it refers to is looked at where it stands
        place = ("components", "schemas", str(name))
        yield from _tried(place, partial(registry["schema"], schema))


def _needs_no_look(schema: Any, schemas: dict[str, Any]) -> bool:
    """Say whether a schema says nothing, or only refers to another one beside it."""
    if schema == {}:
        return True
    reference = schema.get("$ref") if isinstance(schema, dict) and len(schema) == 1 else None
    head, _, name = str(reference).rpartition("/")
    other = schemas.get(name)
    return head == "#/components/schemas" and other is not None and other is not schema


def _tried(
    path: tuple[str, ...], ask: Callable[[], Iterable[ValidationError]]
) -> Iterator[Problem]:
    try:
        for error in ask():
            yield RULE, path, _shortened(str(error.message))
    except _STUMBLES as stumble:
        # The part is not shaped as the judge expects; the schema usually said so already.
        words = f"openapi-spec-validator cannot read this part ({type(stumble).__name__})"
        yield RULE, path, words


def _shortened(words: str) -> str:
    if len(words) <= MESSAGE_CHARACTERS_MAX:
        return words
    return f"{words[:MESSAGE_HEAD]} … {words[MESSAGE_HEAD - MESSAGE_CHARACTERS_MAX :]}"
