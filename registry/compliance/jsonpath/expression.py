"""Filter expressions: from words to a tree, with what the planner wants to know about it.

The grammar is the part of ECMAScript that public rule sets use (no functions, no assignment).
"""

from dataclasses import dataclass
from typing import Any

from registry.compliance.jsonpath.tokens import InvalidExpression, Token, tokens
from registry.compliance.jsonpath.values import UNDEFINED
from registry.compliance.regexes import Regex

EXPRESSION_DEPTH_MAX = 60  # parentheses and operators; the deepest public filter needs 9

_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "===", "!==", "~="}),
    frozenset({"<", ">", "<=", ">=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "%"}),
)
_WORDS = {"true": True, "false": False, "null": None, "undefined": UNDEFINED}
_CONTEXT = frozenset({"@", "@property", "@parent", "@parentProperty", "@root", "@path"})
_SHORTHANDS = frozenset(
    {"@string", "@number", "@boolean", "@scalar", "@array", "@null", "@object", "@integer"}
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Context:
    """One of the @ names."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """`object.name` or `object[expression]`."""

    of: "Node"
    name: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A method of a value, or a shorthand such as @string()."""

    of: "Node"
    method: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """`!x`, `-x`, `+x`, `void x`, `typeof x`."""

    operator: str
    of: "Node"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and an operator."""

    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Several:
    """An array literal."""

    items: tuple["Node", ...]


Node = Literal | Context | Member | Call | Unary | Binary | Several


def parse(expression: str) -> Node:
    """Read a filter expression.

    Raises:
        InvalidExpression: It is not in the grammar.
    """
    return _Parser(expression).whole()


class _Parser:
    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.words = tokens(expression)
        self.at = 0
        self.depth = 0

    def whole(self) -> Node:
        node = self._level(0)
        if self.at < len(self.words):
            raise self._stuck()
        return node

    def _stuck(self) -> InvalidExpression:
        word = self.words[self.at].text if self.at < len(self.words) else "the end"
        return InvalidExpression(f"Did not expect {word!r} in {self.expression!r}.")

    def _peek(self) -> Token:
        return self.words[self.at] if self.at < len(self.words) else Token("end", "")

    def _take(self, text: str) -> bool:
        word = self._peek()
        if word.text == text and word.kind in ("sign", "name"):
            self.at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._stuck()

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        self.depth += 1
        if self.depth > EXPRESSION_DEPTH_MAX * len(_LEVELS):
            raise InvalidExpression(f"{self.expression[:80]!r} is nested too deeply.")
        node = self._level(level + 1)
        while self._peek().kind in ("sign", "name") and self._peek().text in _LEVELS[level]:
            operator = self._peek().text
            self.at += 1
            node = Binary(operator, node, self._level(level + 1))
        self.depth -= 1
        return node

    def _unary(self) -> Node:
        word = self._peek()
        if word.text in ("!", "-", "+") and word.kind == "sign":
            self.at += 1
            return Unary(word.text, self._unary())
        if word.text in ("void", "typeof") and word.kind == "name":
            self.at += 1
            return Unary(word.text, self._unary())
        return self._postfix(self._primary())

    def _primary(self) -> Node:
        word = self._peek()
        self.at += 1
        if word.kind == "string":
            return Literal(word.text)
        if word.kind == "number":
            value = int(word.text, 0) if word.text[:2] in ("0x", "0X") else float(word.text)
            return Literal(int(value) if value == int(value) else value)
        if word.kind == "regex":
            return Literal(Regex(word.text, word.flags))
        if word.text == "(":
            node = self._level(0)
            self._need(")")
            return node
        if word.text == "[":
            return Several(self._arguments("]"))
        if word.kind == "name":
            return self._name(word.text)
        self.at -= 1
        raise self._stuck()

    def _name(self, name: str) -> Node:
        if name in _WORDS:
            return Literal(_WORDS[name])
        if name in _SHORTHANDS:
            if self._take("("):
                self._need(")")
            return Call(Context("@"), name, ())
        if name in _CONTEXT:
            return Context(name)
        self.at -= 1
        raise self._stuck()

    def _arguments(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self._take(end):
            items.append(self._level(0))
            if not self._take(","):
                self._need(end)
                break
        return tuple(items)

    def _postfix(self, node: Node) -> Node:
        while True:
            if self._take(".") or self._take("?."):
                name = self._peek()
                if name.kind != "name":
                    raise self._stuck()
                self.at += 1
                if self._take("("):
                    node = Call(node, name.text, self._arguments(")"))
                else:
                    node = Member(node, Literal(name.text))
            elif self._take("["):
                inner = self._level(0)
                self._need("]")
                node = Member(node, inner)
            else:
                return node
