"""Filter expressions as plain yes or no, with short cuts for the comparisons rule sets repeat.

Everything here gives the same answer as running the expression and asking whether the result
counts as true; it only gives it sooner.
"""

from collections.abc import Callable
from typing import Any

from registry.compliance.jsonpath.expression import Binary, Context, Literal, Member, Node, Unary
from registry.compliance.jsonpath.run import Scope, Work, compiled, member
from registry.compliance.jsonpath.values import UNDEFINED, equal, same, truthy

Verdict = Callable[[Scope], bool]


def verdict_of(node: Node) -> Verdict:
    """Turn an expression tree into a test of a scope."""
    if isinstance(node, Binary) and node.operator in ("&&", "||"):
        left, right = verdict_of(node.left), verdict_of(node.right)
        if node.operator == "&&":
            return lambda scope: left(scope) and right(scope)
        return lambda scope: left(scope) or right(scope)
    if isinstance(node, Unary) and node.operator == "!":
        inner = verdict_of(node.of)
        return lambda scope: not inner(scope)
    if isinstance(node, Binary) and node.operator in ("==", "===", "!=", "!=="):
        return _comparison(node)
    if node == Context("@"):
        return lambda scope: truthy(scope.value)
    work = _quick(node)
    return lambda scope: truthy(work(scope))


def _quick(node: Node) -> Work:
    """Return the work of a node; a member of the value itself is looked up directly."""
    if (
        isinstance(node, Member)
        and node.of == Context("@")
        and isinstance(node.name, Literal)
        and isinstance(node.name.value, str)
        and node.name.value != "constructor"
    ):
        return _own_member(node.name.value)
    return compiled(node)


def _own_member(name: str) -> Work:
    def work(scope: Scope) -> Any:
        value = scope.value
        return value.get(name, UNDEFINED) if type(value) is dict else member(value, name)

    return work


def _comparison(node: Binary) -> Verdict:
    left, right = _quick(node.left), node.right
    wanted = not node.operator.startswith("!")
    if isinstance(right, Unary) and right.operator == "void" and len(node.operator) == 3:
        return lambda scope: (left(scope) is UNDEFINED) is wanted
    test = same if len(node.operator) == 3 else equal
    if isinstance(right, Literal) and isinstance(right.value, str):
        constant = right.value

        def with_text(scope: Scope) -> bool:
            value = left(scope)
            if type(value) is str:
                return (value == constant) is wanted
            return test(value, constant) is wanted

        return with_text
    other = _quick(right)
    return lambda scope: test(left(scope), other(scope)) is wanted
