"""ECMAScript's idea of values, as far as rule sets rely on it: truth, equality, text, members.

Source: ECMA-262, sections 7.1 (type conversion) and 7.2 (testing and comparison).
"""

import json
import math
import re
from typing import Any, Final


class Undefined:
    """The value of what is not there; JSON's null is Python's None."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"

    def __bool__(self) -> bool:
        return False


UNDEFINED: Final = Undefined()
_EXPONENT_FROM = 21  # digits from which ECMAScript writes a number with an exponent


class ScriptError(Exception):
    """What ECMAScript would throw; it becomes an engine-error finding, not a crash."""


def is_number(value: Any) -> bool:
    """Say whether ECMAScript calls it a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_object(value: Any) -> bool:
    """Say whether ECMAScript calls it an object that is not null."""
    return isinstance(value, dict | list)


def truthy(value: Any) -> bool:
    """Say whether the value counts as true: empty objects and arrays do."""
    if isinstance(value, dict | list):
        return True
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def type_name(value: Any) -> str:
    """Return what `typeof` gives."""
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "number" if is_number(value) else "object"


def number_text(number: float) -> str:
    """Return a number as ECMAScript writes it."""
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == int(number) and abs(number) < 10**_EXPONENT_FROM:
        return str(int(number))
    text = repr(number)
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return text
    power = int(exponent)
    if -7 < power < 0:
        return f"{number:.{len(mantissa.replace('.', '').lstrip('-')) - 1 - power}f}"
    return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"


def text(value: Any) -> str:
    """Return what `String(value)` gives."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return number_text(value)
    if isinstance(value, list):
        return ",".join("" if item is None or item is UNDEFINED else text(item) for item in value)
    return "[object Object]"


def json_text(value: Any) -> str:
    """Return what `JSON.stringify(value)` gives."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(k)}:{json_text(value[k])}" for k in keys(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(json_text(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return "null"
    return text(value)


def printed(value: Any) -> str:
    """Return the value as finding messages show it."""
    if isinstance(value, list):
        return "Array[]"
    if isinstance(value, dict):
        return "Object{}"
    return json_text(value)


def keys(value: dict[str, Any]) -> list[str]:
    """Return an object's keys in ECMAScript's order: whole numbers first, then as written."""
    if not any(key[:1].isdigit() for key in value):
        return list(value)
    whole = sorted((key for key in value if _is_index(key)), key=int)
    return whole + [key for key in value if not _is_index(key)] if whole else list(value)


def _is_index(key: str) -> bool:
    digits = key.isascii() and key.isdigit() and len(key) <= 10
    return digits and (key == "0" or key[0] != "0") and int(key) < 2**32 - 1


_NUMBER = re.compile(r"[-+]?(?:Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\Z")
_BASED = re.compile(r"0[xX][0-9a-fA-F]+\Z|0[oO][0-7]+\Z|0[bB][01]+\Z")


def number(value: Any) -> float:
    """Return what `Number(value)` gives."""
    if isinstance(value, bool):
        return float(value)
    if is_number(value):
        return float(value)
    if value is None:
        return 0.0
    if isinstance(value, list):
        return number(text(value))
    if not isinstance(value, str):
        return math.nan
    digits = value.strip()
    if not digits:
        return 0.0
    if _BASED.match(digits):
        return float(int(digits, 0))
    if not _NUMBER.match(digits):
        return math.nan
    return float(digits.replace("Infinity", "inf"))


def same(left: Any, right: Any) -> bool:
    """Return what `left === right` gives."""
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return left is right
    return (
        type_name(left) == type_name(right)
        and bool(left == right)
        and ((left is None) == (right is None))
    )


def equal(left: Any, right: Any) -> bool:
    """Return what `left == right` gives."""
    if left is None or left is UNDEFINED or right is None or right is UNDEFINED:
        return (left is None or left is UNDEFINED) and (right is None or right is UNDEFINED)
    if type_name(left) == type_name(right):
        return same(left, right)
    if is_object(left):
        return equal(text(left), right)
    if is_object(right):
        return equal(left, text(right))
    return number(left) == number(right)
