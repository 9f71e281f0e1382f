"""Is a schema itself a schema? A quick look first; exact words only when something is off."""

from functools import cache
from typing import Any

from registry.compliance.shapes.compiler import DYNAMIC_META, Compiler, problems
from registry.compliance.shapes.kinds import TYPES
from registry.compliance.shapes.node import Check
from registry.compliance.shapes.problem import InvalidSchema
from registry.compliance.shapes.shipped import json_schemas

_META = {
    "draft4": "http://json-schema.org/draft-04/schema",
    "draft7": "http://json-schema.org/draft-07/schema",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
NO_SCHEMA = "schema is invalid"
_COUNTS = frozenset(
    {"maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"}
)
_TEXTS = frozenset({"title", "description", "pattern", "format", "$schema", "$comment"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf"})
_MAPS = frozenset({"properties", "patternProperties", "definitions", "$defs"})
_ONES = frozenset({"not", "if", "then", "else", "contains", "propertyNames"})


def assert_schema(schema: Any, dialect: str, looked_at: dict[int, bool]) -> None:
    """Complain as Ajv does about a schema that is none.

    Args:
        schema: The schema.
        dialect: Its dialect.
        looked_at: Verdicts so far, by identity; share it among calls on one document.

    Raises:
        InvalidSchema: With Ajv's message.
    """
    if _sane(schema, dialect == "draft4", looked_at):
        return
    found = problems(meta_check(dialect), schema)
    if found:
        words = ", ".join(
            "data" + "".join(f"/{name}" for name in problem.names) + f" {problem.message}"
            for problem in found
        )
        raise InvalidSchema(f"{NO_SCHEMA}: {words}")


@cache
def meta_check(dialect: str) -> Check:
    """Return the compiled meta-schema of a dialect."""
    address = _META.get(dialect, _META["draft7"])
    documents = json_schemas()
    root: Any = documents[address]
    if dialect == "draft2020-12":
        documents[DYNAMIC_META] = root
    known = dialect if dialect in _META else "draft7"
    return Compiler(known, documents=documents, base=address, root=root).check(root)


def _sane(schema: Any, is_4: bool, looked_at: dict[int, bool]) -> bool:
    if isinstance(schema, bool):
        return not is_4
    if not isinstance(schema, dict):
        return False
    known = looked_at.get(id(schema))
    if known is not None:
        return known
    looked_at[id(schema)] = True
    verdict = all(_sane_keyword(key, schema[key], is_4, looked_at) for key in schema)
    looked_at[id(schema)] = verdict
    return verdict


def _sane_keyword(key: str, value: Any, is_4: bool, looked_at: dict[int, bool]) -> bool:
    if key in _MAPS:
        return isinstance(value, dict) and all(
            _sane(item, is_4, looked_at) for item in value.values()
        )
    if key in _LISTS:
        return (
            isinstance(value, list)
            and bool(value)
            and all(_sane(item, is_4, looked_at) for item in value)
        )
    if key in _ONES:
        return (is_4 and key != "not") or _sane(value, is_4, looked_at)
    if key == "items":
        if is_4 and isinstance(value, list):
            return bool(value) and all(_sane(item, is_4, looked_at) for item in value)
        return _sane(value, is_4, looked_at)
    if key in ("additionalProperties", "additionalItems"):
        return isinstance(value, bool) or _sane(value, is_4, looked_at)
    return _sane_value(key, value, is_4)


def _sane_value(key: str, value: Any, is_4: bool) -> bool:
    if key == "type":
        names = value if isinstance(value, list) else [value]
        known = all(isinstance(name, str) and name in TYPES for name in names)
        return known and bool(names) and len(set(names)) == len(names)
    if key == "required":
        texts = isinstance(value, list) and all(isinstance(name, str) for name in value)
        return texts and (bool(value) or not is_4) and len(set(value)) == len(value)
    if key == "enum":
        return isinstance(value, list) and (not is_4 or (bool(value) and _distinct(value)))
    if key in _COUNTS:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if key in ("maximum", "minimum", "multipleOf"):
        return TYPES["number"](value) and (key != "multipleOf" or value > 0)
    if key in ("exclusiveMaximum", "exclusiveMinimum"):
        return isinstance(value, bool) if is_4 else TYPES["number"](value)
    if key == "uniqueItems":
        return isinstance(value, bool)
    if key == "$ref":
        return isinstance(value, str)
    return key not in _TEXTS or isinstance(value, str)


def _distinct(values: list[Any]) -> bool:
    texts = {repr(value) for value in values}
    return len(texts) == len(values)
