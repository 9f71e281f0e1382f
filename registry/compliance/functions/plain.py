"""Functions about a value being there: truthy, falsy, defined, undefined, enumeration, length."""

from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import (
    UNDEFINED,
    is_number,
    is_object,
    printed,
    same,
    truthy,
)


def is_truthy(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain unless the value counts as true."""
    return None if truthy(value) else [Result('#{{print("property")}}must be truthy')]


def is_falsy(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain when the value counts as true."""
    return [Result('#{{print("property")}}must be falsy')] if truthy(value) else None


def is_defined(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain when there is no value."""
    return [Result('#{{print("property")}}must be defined')] if value is UNDEFINED else None


def is_undefined(value: Any, _options: Any, _call: Call) -> list[Result] | None:
    """Complain when there is a value."""
    return None if value is UNDEFINED else [Result('#{{print("property")}}must be undefined')]


def enumeration(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain unless the value is one of those listed; objects and arrays are not looked at."""
    allowed = options["values"]
    if value is UNDEFINED or is_object(value) or any(same(value, item) for item in allowed):
        return None
    words = ", ".join(printed(item) for item in allowed)
    return [Result('#{{print("value")}} must be equal to one of the allowed values: ' + words)]


def length(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain unless the number, or the count of members or characters, is within bounds."""
    if is_number(value):
        size: float = value
    elif isinstance(value, str):
        size = len(value.encode("utf-16-le")) // 2
    elif is_object(value):
        size = len(value)
    else:
        return None
    results: list[Result] = []
    if "min" in options and size < options["min"]:
        words = f"must be longer than {printed(options['min'])}"
        results.append(Result('#{{print("property")}}' + words))
    if "max" in options and size > options["max"]:
        words = f"must be shorter than {printed(options['max'])}"
        results.append(Result('#{{print("property")}}' + words))
    return results


def _missing(properties: list[str]) -> Result:
    shown = properties
    more = ""
    if len(properties) > 4:
        shown = properties[:3]
        more = f" or {len(properties) - 3} other properties must be defined"
        return Result('At least one of "' + '" or "'.join(shown) + '"' + more)
    return Result('At least one of "' + '" or "'.join(shown) + '" must be defined')


def one_or_more(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain when an object has none of the listed members."""
    properties = options["properties"]
    if not isinstance(value, dict) or len(properties) < 2:
        return None
    return None if any(name in value for name in properties) else [_missing(properties)]


def exactly_one(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain unless an object has exactly one of the listed members."""
    properties = options["properties"]
    if not isinstance(value, dict) or len(properties) < 2:
        return None
    there = [name for name in value if name in properties]
    if not there:
        return [_missing(properties)]
    if len(there) > 1:
        return [Result('Just one of "' + '" and "'.join(there) + '" must be defined')]
    return None
