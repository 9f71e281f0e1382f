"""Filter expressions at work: each tree becomes one Python function, once per rule set."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from registry.compliance.jsonpath.expression import (
    Binary,
    Call,
    Context,
    Literal,
    Member,
    Node,
    Several,
    Unary,
)
from registry.compliance.jsonpath.tokens import InvalidExpression
from registry.compliance.jsonpath.values import (
    UNDEFINED,
    ScriptError,
    equal,
    is_number,
    is_object,
    number,
    number_text,
    same,
    text,
    truthy,
    type_name,
)
from registry.compliance.regexes import Regex
from schemas.errors import InvalidInput

# What a rule's own expressions and options may do wrong; our own mistakes are not among them.
SCRIPT_ERRORS = (
    ScriptError, InvalidInput, RecursionError, TypeError, ValueError, KeyError, AttributeError,
    IndexError, ArithmeticError,
)  # fmt: skip


@dataclass(slots=True)
class Scope:
    """What the @ names stand for at one place.

    `property` is text for names; arrays give their index as a number, as JSONPath-plus does,
    unless the rule's engine turns it into text (`names_are_text`).
    """

    value: Any = UNDEFINED
    property: Any = None
    parent: Any = UNDEFINED
    parent_property: Any = UNDEFINED
    root: Any = UNDEFINED
    path: str = "$"
    names_are_text: bool = True


Work = Callable[[Scope], Any]


def member(value: Any, name: Any) -> Any:
    """Return what `value[name]` gives.

    Raises:
        ScriptError: The value is null or undefined.
    """
    if isinstance(value, dict):
        name = name if isinstance(name, str) else text(name)
        if name in value:
            return value[name]
        return _Constructor("Object") if name == "constructor" else UNDEFINED
    if value is None or value is UNDEFINED:
        kind = text(value)
        raise ScriptError(f"Cannot read properties of {kind} (reading '{text(name)}')")
    if name == "constructor":
        return _Constructor(_constructor(value))
    if isinstance(value, _Constructor):
        return value.name if name == "name" else UNDEFINED
    if isinstance(value, list | str):
        if name == "length":
            return len(value)
        index = text(name)
        return value[int(index)] if index.isdigit() and int(index) < len(value) else UNDEFINED
    return UNDEFINED


@dataclass(frozen=True, slots=True)
class _Constructor:
    name: str


def _constructor(value: Any) -> str:
    if isinstance(value, list):
        return "Array"
    return type_name(value).capitalize()


def compiled(node: Node) -> Work:
    """Turn an expression tree into a function of a scope."""
    if isinstance(node, Literal):
        constant = node.value
        return lambda _scope: constant
    if isinstance(node, Context):
        return _context(node.name)
    if isinstance(node, Several):
        items = [compiled(item) for item in node.items]
        return lambda scope: [item(scope) for item in items]
    if isinstance(node, Member):
        return _member(node)
    if isinstance(node, Unary):
        return _unary(node)
    return _binary(node) if isinstance(node, Binary) else _call(node)


def _context(name: str) -> Work:
    if name == "@":
        return lambda scope: scope.value
    if name == "@property":
        return lambda scope: scope.property
    if name == "@parent":
        return lambda scope: scope.parent
    if name == "@root":
        return lambda scope: scope.root
    if name == "@path":
        return lambda scope: scope.path
    return lambda scope: scope.parent_property


def _member(node: Member) -> Work:
    of = compiled(node.of)
    if isinstance(node.name, Literal):
        name = node.name.value
        return lambda scope: member(of(scope), name)
    inner = compiled(node.name)
    return lambda scope: member(of(scope), inner(scope))


def _unary(node: Unary) -> Work:
    of = compiled(node.of)
    if node.operator == "!":
        return lambda scope: not truthy(of(scope))
    if node.operator == "void":
        return lambda _scope: UNDEFINED
    if node.operator == "typeof":
        return lambda scope: type_name(of(scope))
    sign = -1 if node.operator == "-" else 1
    return lambda scope: sign * number(of(scope))


def _binary(node: Binary) -> Work:
    left, right, operator = compiled(node.left), compiled(node.right), node.operator
    if operator == "&&":
        return lambda scope: right(scope) if truthy(value := left(scope)) else value
    if operator == "||":
        return lambda scope: value if truthy(value := left(scope)) else right(scope)
    if operator == "~=":
        pattern = node.right.value if isinstance(node.right, Literal) else None
        if not isinstance(pattern, str):
            raise InvalidExpression("The right side of ~= must be a text.")
        regex = Regex(pattern, "")
        return lambda scope: regex.test(text(left(scope)))
    work = _OPERATORS.get(operator)
    if work is None:
        raise InvalidExpression(f"The operator {operator} is not supported.")
    return lambda scope: work(left(scope), right(scope))


def _less(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    return number(left) < number(right)


def _at_most(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left <= right
    return number(left) <= number(right)


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, list):
        return any(same(left, item) for item in right)
    if isinstance(right, str):
        return text(left) in right
    return isinstance(right, dict) and text(left) in right


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str) or is_object(left) or is_object(right):
        return text(left) + text(right)
    return number(left) + number(right)


def _remainder(left: Any, right: Any) -> float:
    divisor = number(right)
    return math.fmod(number(left), divisor) if divisor else math.nan


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "===": same,
    "!==": lambda left, right: not same(left, right),
    "<": _less,
    ">": lambda left, right: _less(right, left),
    "<=": _at_most,
    ">=": lambda left, right: _at_most(right, left),
    "in": _within,
    "+": _sum,
    "-": lambda left, right: number(left) - number(right),
    "*": lambda left, right: number(left) * number(right),
    "%": _remainder,
}


def _call(node: Call) -> Work:
    if node.method.startswith("@"):
        test = _SHORTHANDS[node.method]
        return lambda scope: test(scope.value)
    of = compiled(node.of)
    arguments = [compiled(argument) for argument in node.arguments]
    method = node.method
    on_name = node.of == Context("@property")

    def call(scope: Scope) -> Any:
        value = of(scope)
        if on_name and scope.names_are_text:
            value = text(value)
        return _method(value, method, [argument(scope) for argument in arguments])

    return call


def _method(value: Any, name: str, arguments: list[Any]) -> Any:
    first = arguments[0] if arguments else UNDEFINED
    if isinstance(value, Regex) and name == "test":
        return value.test(text(first))
    if isinstance(value, str) and name in _TEXT_METHODS:
        return _TEXT_METHODS[name](value, first)
    if isinstance(value, list) and name in _LIST_METHODS:
        return _LIST_METHODS[name](value, first)
    if name == "toString" and value is not None and value is not UNDEFINED:
        return text(value)
    if name == "toFixed" and is_number(value):
        return number_text(round(value))
    member(value, name)
    raise ScriptError(f"{name} is not a function")


def _match(value: str, pattern: Any) -> Any:
    regex = pattern if isinstance(pattern, Regex) else Regex(text(pattern), "")
    return [value] if regex.test(value) else None


_TEXT_METHODS: dict[str, Callable[[str, Any], Any]] = {
    "match": _match,
    "includes": lambda value, part: text(part) in value,
    "indexOf": lambda value, part: value.find(text(part)),
    "startsWith": lambda value, part: value.startswith(text(part)),
    "endsWith": lambda value, part: value.endswith(text(part)),
    "toLowerCase": lambda value, _none: value.lower(),
    "toUpperCase": lambda value, _none: value.upper(),
    "trim": lambda value, _none: value.strip(),
    "split": lambda value, part: value.split(text(part)) if text(part) else list(value),
    "charAt": lambda value, at: value[int(number(at) or 0) :][:1],
    "toString": lambda value, _none: value,
}


def _index_of(items: list[Any], wanted: Any) -> int:
    return next((at for at, item in enumerate(items) if same(item, wanted)), -1)


_LIST_METHODS: dict[str, Callable[[list[Any], Any], Any]] = {
    "includes": lambda items, wanted: _index_of(items, wanted) >= 0,
    "indexOf": _index_of,
    "join": lambda items, sign: ("," if sign is UNDEFINED else text(sign)).join(map(text, items)),
}

_SHORTHANDS: dict[str, Callable[[Any], bool]] = {
    "@string": lambda value: isinstance(value, str),
    "@number": is_number,
    "@boolean": lambda value: isinstance(value, bool),
    "@scalar": lambda value: not is_object(value),
    "@array": lambda value: isinstance(value, list),
    "@null": lambda value: value is None,
    "@object": is_object,
    "@integer": lambda value: is_number(value) and float(value).is_integer(),
}
