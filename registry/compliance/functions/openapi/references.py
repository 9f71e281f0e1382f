"""OpenAPI functions about what stands beside what: $ref siblings, discriminators, enum types."""

from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import is_number, keys, printed, text, type_name


def reference_siblings(_value: Any, _options: Any, call: Call) -> list[Result] | None:
    """Complain about members beside a $ref; the call stands at the $ref itself."""
    tree = call.run.tree
    parent = tree.parents[call.place]
    value = tree.values[parent] if parent >= 0 else None
    if not isinstance(value, dict) or len(value) == 1:
        return None
    at = tree.path(parent)
    words = "$ref must not be placed next to any other properties"
    return [Result(words, absolute=(*at, name)) for name in keys(value) if name != "$ref"]


def discriminator(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain about discriminators that are not a required property of their schema."""
    if not isinstance(value, dict) or not isinstance(value.get("discriminator"), str):
        return None
    name = value["discriminator"]
    results: list[Result] = []
    members = value.get("properties")
    if not isinstance(members, dict) or name not in members:
        words = "The discriminator property must be defined in this schema."
        results.append(Result(words, ("properties",)))
    required = value.get("required")
    if not isinstance(required, list) or name not in required:
        words = "The discriminator property must be in the required property list."
        results.append(Result(words, ("required",)))
    return results


def typed_enum(value: Any, _options: Any, call: Call) -> list[Result] | None:
    """Complain about enumerated values that are not of the type beside them."""
    if not isinstance(value, dict) or not isinstance(value.get("enum"), list):
        return None
    kind = value.get("type")
    if not isinstance(kind, str) and not (
        isinstance(kind, list) and all(isinstance(item, str) for item in kind)
    ):
        return None
    formats = call.run.formats
    if (value.get("nullable") is True and "oas3_0" in formats) or (
        value.get("x-nullable") is True and "oas2" in formats
    ):
        kind = [*kind, "null"] if isinstance(kind, list) else [kind, "null"]
    kinds = kind if isinstance(kind, list) else [kind]
    words = f'must be "{text(kind)}".'
    return [
        Result(f"Enum value {printed(item)} {words}", ("enum", str(index)))
        for index, item in enumerate(value["enum"])
        if _kind(item, "integer" in kinds) not in kinds
    ]


def _kind(value: Any, with_integers: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "array"
    if is_number(value):
        return "integer" if with_integers and float(value).is_integer() else "number"
    return type_name(value)
