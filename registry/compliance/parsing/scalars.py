"""What a plain YAML scalar means: the JSON-like core of YAML 1.2, so that 18:00 stays a text.

Source: YAML 1.2.2, section 10.3.2 (core schema); numbers become what ECMAScript can hold.
"""

import re

from registry.compliance.jsonpath.values import number_text

SAFE_INTEGER_MAX = 2**53 - 1  # beyond it ECMAScript rounds, and so must messages and lengths
NUMBER_CHARACTERS_MAX = 400  # no double needs more; longer digit strings only cost time

_NULLS = frozenset({"null", "Null", "NULL", "~", ""})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_DECIMAL = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INFINITY = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z")
_NAN = frozenset({".nan", ".NaN", ".NAN"})
_NUMBER_START = frozenset("-+.0123456789")

Scalar = str | int | float | bool | None


def plain_scalar(text: str) -> Scalar:
    """Return the value of an unquoted YAML scalar."""
    if text in _NULLS:
        return None
    if text[0] not in _NUMBER_START:
        if text in _TRUE:
            return True
        return False if text in _FALSE else text
    return _number(text)


def _number(text: str) -> Scalar:
    if _DECIMAL.match(text):
        return whole_number(text, 10)
    if _OCTAL.match(text):
        return whole_number(text[2:], 8)
    if _HEXADECIMAL.match(text):
        return whole_number(text[2:], 16)
    if _FLOAT.match(text):
        return float(text) if len(text) <= NUMBER_CHARACTERS_MAX else text
    if _INFINITY.match(text):
        return float("-inf") if text[0] == "-" else float("inf")
    return float("nan") if text in _NAN else text


def key_text(text: str, value: float | bool | None) -> str:
    """Return the name that an unquoted key which is no text gets, as ECMAScript writes it.

    Args:
        text: The key as it is written.
        value: What it means.
    """
    if _DECIMAL.match(text) and len(text) <= NUMBER_CHARACTERS_MAX:
        return str(int(text))
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else number_text(value)


def whole_number(digits: str, base: int) -> int | float:
    """Return the integer, rounded to a double where ECMAScript would round it."""
    if len(digits) > NUMBER_CHARACTERS_MAX:
        return float("inf")
    number = int(digits, base)
    if -SAFE_INTEGER_MAX <= number <= SAFE_INTEGER_MAX:
        return number
    try:
        return float(number)
    except OverflowError:
        return float("inf")
