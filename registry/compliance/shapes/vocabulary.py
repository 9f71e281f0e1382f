"""Which keywords a JSON Schema dialect has, by the type they apply to, in Ajv's order."""

from registry.compliance.shapes import combined, limits, members
from registry.compliance.shapes.node import Keyword

Groups = list[tuple[str | None, dict[str, Keyword]]]

_TEXTS: dict[str, Keyword] = {
    "maxLength": limits.max_length,
    "minLength": limits.min_length,
    "pattern": limits.pattern,
    "format": limits.format_,
}
_ANYTHING: dict[str, Keyword] = {
    "$dynamicRef": combined.reference,
    "$ref": combined.reference,
    "const": limits.const,
    "enum": limits.enum,
    "not": combined.not_,
    "anyOf": combined.any_of,
    "oneOf": combined.one_of,
    "allOf": combined.all_of,
    "if": combined.if_,
}
_OBJECTS: dict[str, Keyword] = {
    "maxProperties": limits.max_properties,
    "minProperties": limits.min_properties,
    "required": members.required,
    "propertyNames": members.property_names,
    "additionalProperties": members.additional_properties,
    "dependencies": members.dependencies,
    "properties": members.properties,
    "patternProperties": members.pattern_properties,
}
_SINCE_2019: dict[str, Keyword] = {
    "dependentRequired": members.dependencies,
    "dependentSchemas": members.dependencies,
    "unevaluatedProperties": members.unevaluated_properties,
}


def groups_of(dialect: str) -> Groups:
    """Return the keywords of a dialect, group by group."""
    since_2019 = dialect in ("draft2019-09", "draft2020-12")
    anything = dict(_ANYTHING)
    if dialect != "draft2020-12":
        del anything["$dynamicRef"]
    objects = _OBJECTS | _SINCE_2019 if since_2019 else _OBJECTS
    return [
        ("number", _numbers(dialect)),
        ("string", _TEXTS),
        (None, anything),
        ("array", _arrays(dialect, since_2019=since_2019)),
        ("object", objects),
    ]


def _numbers(dialect: str) -> dict[str, Keyword]:
    numbers: dict[str, Keyword] = {"maximum": limits.maximum, "minimum": limits.minimum}
    if dialect != "draft4":  # draft 4 writes exclusive bounds as flags
        numbers["exclusiveMaximum"] = limits.exclusive_maximum
        numbers["exclusiveMinimum"] = limits.exclusive_minimum
    return numbers | {"multipleOf": limits.multiple_of, "format": limits.format_}


def _arrays(dialect: str, *, since_2019: bool) -> dict[str, Keyword]:
    arrays: dict[str, Keyword] = {
        "maxItems": limits.max_items,
        "minItems": limits.min_items,
        "uniqueItems": limits.unique_items,
    }
    if dialect == "draft2020-12":
        arrays["prefixItems"] = members.prefix_items
    else:
        arrays["additionalItems"] = members.additional_items
    arrays |= {"items": members.items, "contains": members.contains}
    if since_2019:
        arrays["unevaluatedItems"] = members.unevaluated_items
    return arrays
