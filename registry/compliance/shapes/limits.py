"""Keywords about single values: bounds, lengths, patterns, formats, constants, unique items."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from registry.compliance.jsonpath.values import json_text, number_text
from registry.compliance.regexes import InvalidRegex, regex_of
from registry.compliance.shapes.formats import FORMATS
from registry.compliance.shapes.node import Check, Out, Seen
from registry.compliance.shapes.problem import At, InvalidSchema, Problem

if TYPE_CHECKING:
    from registry.compliance.shapes.compiler import Compiler


def _failing(keyword: str, fails: Callable[[Any], bool], message: str, where: str) -> Check:
    def check(value: Any, at: At, out: Out, _composite: bool, _seen: Seen) -> bool:
        if not fails(value):
            return True
        out.append(Problem(keyword, at, message, where))
        return False

    return check


def _bound(keyword: str, sign: str, fails: Callable[[Any, Any], bool]) -> Any:
    def make(_compiler: "Compiler", limit: Any, schema: dict[str, Any], where: str) -> Check | None:
        name, shown, test = keyword, sign, fails
        exclusive = schema.get("exclusive" + keyword[0].upper() + keyword[1:])
        if exclusive is True:  # draft 4 writes it as a flag beside the bound
            shown, test = sign[0], (lambda value, bound: fails(value, bound) or value == bound)
        if isinstance(limit, bool) or not isinstance(limit, int | float):
            return None
        words = f"must be {shown} {number_text(limit)}"
        return _failing(name, lambda value: test(value, limit), words, where)

    return make


maximum = _bound("maximum", "<=", lambda value, limit: value > limit)
minimum = _bound("minimum", ">=", lambda value, limit: value < limit)
exclusive_maximum = _bound("exclusiveMaximum", "<", lambda value, limit: value >= limit)
exclusive_minimum = _bound("exclusiveMinimum", ">", lambda value, limit: value <= limit)


def multiple_of(_compiler: "Compiler", step: Any, _schema: Any, where: str) -> Check:
    """Numbers must be a whole multiple."""

    def fails(value: Any) -> bool:
        quotient = value / step
        return bool(quotient != int(quotient)) if abs(quotient) < 1e300 else False

    return _failing("multipleOf", fails, f"must be multiple of {number_text(step)}", where)


def _count(keyword: str, words: str, measure: Callable[[Any], int], *, upper: bool) -> Any:
    def make(_compiler: "Compiler", limit: Any, _schema: Any, where: str) -> Check:
        message = f"must NOT have {'more' if upper else 'fewer'} than {number_text(limit)} {words}"
        if upper:
            return _failing(keyword, lambda value: measure(value) > limit, message, where)
        return _failing(keyword, lambda value: measure(value) < limit, message, where)

    return make


max_length = _count("maxLength", "characters", len, upper=True)
min_length = _count("minLength", "characters", len, upper=False)
max_items = _count("maxItems", "items", len, upper=True)
min_items = _count("minItems", "items", len, upper=False)
max_properties = _count("maxProperties", "properties", len, upper=True)
min_properties = _count("minProperties", "properties", len, upper=False)


def pattern(_compiler: "Compiler", source: Any, _schema: Any, where: str) -> Check:
    """Texts must match a regular expression."""
    try:
        regex = regex_of(str(source))
    except InvalidRegex as wrong:
        raise InvalidSchema(wrong.what) from wrong
    message = f'must match pattern "{source}"'
    return _failing("pattern", lambda value: not regex.test(value), message, where)


def format_(_compiler: "Compiler", name: Any, _schema: Any, where: str) -> Check | None:
    """Texts and numbers must have a known format; unknown formats mean nothing."""
    known = FORMATS.get(name) if isinstance(name, str) else None
    if known is None:
        return None
    kind, test = known
    message = f'must match format "{name}"'

    def fails(value: Any) -> bool:
        return isinstance(value, str) is (kind == "string") and not test(value)

    return _failing("format", fails, message, where)


def deep_equal(left: Any, right: Any) -> bool:
    """Say whether two JSON values are equal, true not being 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(deep_equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(deep_equal(left[k], right[k]) for k in left)
    return type(left) is not dict and type(left) is not list and bool(left == right)


def enum(_compiler: "Compiler", allowed: Any, _schema: Any, where: str) -> Check:
    """Values must be one of a list."""
    if not isinstance(allowed, list):
        raise InvalidSchema("enum must be an array")
    if not allowed:
        raise InvalidSchema("enum must have non-empty array")
    params = {"allowedValues": allowed}
    message = "must be equal to one of the allowed values"

    def check(value: Any, at: At, out: Out, _composite: bool, _seen: Seen) -> bool:
        if any(deep_equal(value, item) for item in allowed):
            return True
        out.append(Problem("enum", at, message, where, params))
        return False

    return check


def const(_compiler: "Compiler", constant: Any, _schema: Any, where: str) -> Check:
    """Values must equal a constant."""
    words = "must be equal to constant"
    return _failing("const", lambda value: not deep_equal(value, constant), words, where)


def unique_items(_compiler: "Compiler", wanted: Any, _schema: Any, where: str) -> Check | None:
    """Items of arrays must differ from each other."""
    if wanted is not True:
        return None

    def check(value: Any, at: At, out: Out, _composite: bool, _seen: Seen) -> bool:
        twins = _twins(value)
        if twins is None:
            return True
        low, high = twins
        words = f"must NOT have duplicate items (items ## {low} and {high} are identical)"
        out.append(Problem("uniqueItems", at, words, where))
        return False

    return check


def _twins(items: list[Any]) -> tuple[int, int] | None:
    """Return the last pair of equal items, as Ajv's loop from the end meets it."""
    if all(isinstance(item, str) for item in items) and len(set(items)) == len(items):
        return None
    texts = [json_text(item) if not isinstance(item, dict) else "{}" for item in items]
    if len(set(texts)) == len(texts):
        return None
    for high in range(len(items) - 1, 0, -1):
        for low in range(high - 1, -1, -1):
            if texts[high] == texts[low] and deep_equal(items[high], items[low]):
                return low, high
    return None
