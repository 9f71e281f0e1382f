"""The words of a filter expression: ECMAScript's tokens and the @ names of JSONPath-plus."""

import json
import re
from typing import NamedTuple

from schemas.errors import InvalidInput

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_NAME = re.compile(r"@{0,2}[A-Za-z_$][\w$]*|@")
_STRING = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_REGEX = re.compile(r"/((?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)/([a-z]*)")
_SIGNS = re.compile(r"===|!==|==|!=|<=|>=|&&|\|\||~=|\?\.|[-+*%<>!()\[\],.?:]")
_VALUE_ENDS = frozenset({"name", "number", "string", "regex"})


class InvalidExpression(InvalidInput):
    """A JSONPath expression or its filter cannot be read."""

    code = "invalid_jsonpath"
    remedy = "Correct the `given` or `field` of the rule named in the message."


class Token(NamedTuple):
    """One word of an expression."""

    kind: str
    text: str
    flags: str = ""


def tokens(expression: str) -> list[Token]:
    """Cut a filter expression into words.

    Raises:
        InvalidExpression: A character belongs to no word.
    """
    found: list[Token] = []
    at = 0
    while at < len(expression):
        if space := _SPACE.match(expression, at):
            at = space.end()
            continue
        token, at = _next(expression, at, found)
        found.append(token)
    return found


def _next(expression: str, at: int, before: list[Token]) -> tuple[Token, int]:
    if match := _NAME.match(expression, at):
        return Token("name", match[0]), match.end()
    if match := _STRING.match(expression, at):
        return Token("string", _unquoted(match)), match.end()
    if match := _NUMBER.match(expression, at):
        return Token("number", match[0]), match.end()
    after_value = bool(before) and (before[-1].kind in _VALUE_ENDS or before[-1].text in {")", "]"})
    if not after_value and (match := _REGEX.match(expression, at)):
        return Token("regex", match[1], match[2]), match.end()
    if match := _SIGNS.match(expression, at):
        return Token("sign", match[0]), match.end()
    raise InvalidExpression(f"Cannot read {expression!r} from character {at + 1} on.")


def _unquoted(match: re.Match[str]) -> str:
    inner = match[1] if match[1] is not None else match[2]
    if "\\" not in inner:
        return inner
    if match[1] is not None:
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    try:
        return str(json.loads(f'"{inner}"', strict=False))
    except json.JSONDecodeError:
        return re.sub(r"\\(.)", r"\1", inner)
