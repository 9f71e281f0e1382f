"""Kinds of JSON values, and which kind each JSON Schema keyword must have."""

import math
from collections.abc import Callable
from typing import Any

from registry.compliance.jsonpath.values import json_text
from registry.compliance.shapes.problem import InvalidSchema


def _finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not isinstance(value, float) or math.isfinite(value)


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _finite,
    "integer": lambda value: _finite(value) and (isinstance(value, int) or value.is_integer()),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

_SCHEMA = ("object", "boolean")
_WANTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("maximum", "minimum", "multipleOf"), ("number",)),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems"), ("number",)),
    **dict.fromkeys(("maxProperties", "minProperties"), ("number",)),
    **dict.fromkeys(("$ref", "pattern", "format"), ("string",)),
    **dict.fromkeys(("required", "enum", "anyOf", "oneOf", "allOf", "prefixItems"), ("array",)),
    **dict.fromkeys(("uniqueItems", "nullable"), ("boolean",)),
    **dict.fromkeys(("properties", "patternProperties", "dependencies"), ("object",)),
    **dict.fromkeys(("not", "if", "contains", "propertyNames"), _SCHEMA),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties"), ("boolean", "object")),
}
_CHECKED = frozenset(_WANTED) | {"exclusiveMaximum", "exclusiveMinimum", "items"}


def assert_kinds(schema: dict[str, Any], dialect: str) -> None:
    """Complain as Ajv does about the first keyword whose value is of a wrong kind.

    Raises:
        InvalidSchema: With Ajv's message.
    """
    for keyword, value in schema.items():
        if keyword not in _CHECKED:
            continue
        wanted = _WANTED.get(keyword)
        if keyword in ("exclusiveMaximum", "exclusiveMinimum"):
            wanted = ("boolean",) if dialect == "draft4" else ("number",)
        elif keyword == "items":
            wanted = _SCHEMA if dialect == "draft2020-12" else ("object", "array", "boolean")
        if wanted is not None and not any(TYPES[kind](value) for kind in wanted):
            raise InvalidSchema(f"{keyword} value must be {json_text(list(wanted))}")
