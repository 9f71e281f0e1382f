"""The small, safe language of mappings: paths, literals, comparisons, `??` and functions.

    when(type == 'ORG', 'organisation', 'person')
    address.postcode ?? ['Post code']

Text is parsed once into closures; Python never evaluates it. Compiling raises nothing but
InvalidConnectorFile, running nothing but RejectRecord. A path that is not there is null.
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from connectors.sdk.columns import Whole, call_whole, field_at, literal
from connectors.sdk.functions import FUNCTIONS, Evaluate
from connectors.sdk.values import is_blank
from schemas.errors import InvalidConnectorFile, RejectRecord

EXPRESSION_CHARACTERS_MAX = 2_000
"""Enough for a case() over a whole code list; more belongs into the source."""

NESTING_MAX = 40
"""Brackets and calls inside each other; keeps parser and closures far from the stack's end."""

STEPS_MAX = 400
"""Names, literals, operators and calls in one expression; bounds the cost per record."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?[0-9]{1,15}(?:\.[0-9]{1,15})?)(?![\w.])|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<name>[^\W\d]\w*|[$@][\w$@]*)|(?P<mark>\?\?|==|!=|<=|>=|[<>()\[\],.])|(?P<end>$))"
)
_OF_OTHERS = {
    "+": "texts are put together by concat(a, ' ', b) or join(' ', a, b)",
    "&": "both are said by `and`; texts are put together by concat(a, ' ', b)",
    "|": "the first that is filled is `a ?? b`; either is said by `or`",
    "?": "a choice is written when(test, this, that)",
    "=": "the same is written ==",
    "!": "the contrary is written `not a`, or a != b",
    "{": "an expression has no {{ }} around it",
    "'": "a quote is opened and not closed",
    '"': "a quote is opened and not closed",
}
"""What people know from other languages, by its first sign."""

_LITERALS = {"true": True, "false": False, "null": None}
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_LEVELS = (("??",), ("or",), ("and",), ("==", "!=", *_ORDER))
_COMPARISON = len(_LEVELS) - 1


class Compiled(NamedTuple):
    """A parsed expression.

    Attributes:
        evaluate: Runs it on one decoded record.
        path: First path in it, for messages.
        roots: The record's own fields it reads.
        steps: The names to follow, where the expression is a path of nothing but names.
        constant: Its value, where it is a literal; otherwise an ellipsis.
        whole: Runs it on all records of a page at once, where there is a way.
    """

    evaluate: Evaluate
    path: str = ""
    roots: frozenset[str] = frozenset()
    steps: tuple[str, ...] = ()
    constant: Any = ...
    whole: Whole | None = None

    @property
    def plain(self) -> str | None:
        """The column's name, where the expression is nothing but that."""
        return self.steps[0] if len(self.steps) == 1 else None


def compile_expression(text: str, *, decimal: str = ".") -> Compiled:
    """Parse an expression.

    Args:
        text: The expression.
        decimal: Decimal mark that number() takes where the call names none.

    Returns:
        The closure and what is known of it. A refusal without a path is about its own path.

    Raises:
        InvalidConnectorFile: With the character where it stops to make sense.
    """
    if len(text) > EXPRESSION_CHARACTERS_MAX:
        raise InvalidConnectorFile(
            f"an expression may have {EXPRESSION_CHARACTERS_MAX} characters at most"
        )
    parser = _Parser(text, decimal)
    found = parser.binary(0)
    if parser.kind != "end":
        raise parser.fault("an operator or the end was expected")
    return found._replace(roots=frozenset(parser.roots))


class _Parser:
    """Recursive descent; `??` binds weakest, then or, and, not, comparison, path or call."""

    def __init__(self, text: str, decimal: str) -> None:
        self.text, self.decimal = text, decimal
        self.roots: set[str] = set()
        self.at = self.start = self.depth = self.steps = 0
        self.kind = self.token = ""
        self.advance()

    def fault(self, why: str) -> InvalidConnectorFile:
        shown = self.token[:30] if self.kind != "end" else "the end"
        return InvalidConnectorFile(
            f"the expression stops making sense at character {self.start + 1} ({shown}): {why}"
        )

    def advance(self) -> str:
        """Step to the next token and return the one left behind."""
        left = self.token
        match = _TOKEN.match(self.text, self.at)
        if match is None or match.lastgroup is None:
            self.start, self.kind = self.at, "unknown"
            self.token = self.text[self.at :].strip()[:1]
            raise self.fault(_OF_OTHERS.get(self.token, "this has no meaning here"))
        self.kind, self.token = match.lastgroup, match[match.lastgroup]
        self.start, self.at = match.start(self.kind), match.end()
        self.steps += 1
        if self.steps > STEPS_MAX:
            raise self.fault(f"an expression may have {STEPS_MAX} parts at most")
        return left

    def taken(self, *tokens: str) -> str:
        """Step over one of these, if it stands here."""
        return self.advance() if self.token in tokens and self.kind in ("mark", "name") else ""

    def expect(self, token: str) -> None:
        if not self.taken(token):
            raise self.fault(f"`{token}` was expected")

    def binary(self, level: int) -> Compiled:
        if level > _COMPARISON:
            return self.path_or_call()
        if level == _COMPARISON and self.taken("not"):
            return _negated(self.deeper(level))
        left = self.binary(level + 1)
        while sign := self.taken(*_LEVELS[level]):
            left = _joined(sign, left, self.binary(level + 1))
        return left

    def deeper(self, level: int) -> Compiled:
        self.depth += 1
        if self.depth > NESTING_MAX:
            raise self.fault(f"nested deeper than {NESTING_MAX}")
        found = self.binary(level)
        self.depth -= 1
        return found

    def path_or_call(self) -> Compiled:
        found = self.primary()
        while sign := self.taken(".", "["):
            kinds, wanted = (
                (("name",), "a name") if sign == "." else (("text", "number"), "a place")
            )
            if self.kind not in kinds or (self.kind == "number" and "." in self.token):
                raise self.fault(f"{wanted} was expected, as in a.b, a[0] or a['b c']")
            step: str | int = int(self.token) if self.kind == "number" else self.token.strip("'\"")
            self.advance()
            if sign == "[":
                self.expect("]")
            found = _step(found, step)
        return found

    def primary(self) -> Compiled:
        if self.taken("("):
            found = self.deeper(0)
            self.expect(")")
            return found
        if self.kind == "number":
            number = self.advance()
            return _constant(float(number) if "." in number else int(number))
        if self.kind == "text":
            return _constant(self.advance()[1:-1])
        if self.kind == "name":
            name = self.advance()
            if self.kind == "mark" and self.token == "(":  # noqa: S105  # a bracket, no password
                return self.call(name)
            return _constant(_LITERALS[name]) if name in _LITERALS else self.root(name)
        self.expect("[")
        if self.kind != "text":
            raise self.fault("a column in brackets stands in quotes: ['House number']")
        column = self.root(self.advance()[1:-1])
        self.expect("]")
        return column

    def root(self, name: str) -> Compiled:
        self.roots.add(name)
        run = operator.methodcaller("get", name)
        return Compiled(run, name, steps=(name,), whole=field_at((name,)))

    def call(self, name: str) -> Compiled:
        if name not in FUNCTIONS:
            raise self.fault(f"there is no function {name[:30]}(); known: {', '.join(FUNCTIONS)}")
        function, arguments = FUNCTIONS[name], list[Compiled]()
        self.expect("(")
        while not self.taken(")"):
            if arguments:
                self.expect(",")
            arguments.append(self.deeper(0))
        if not function.least <= len(arguments) <= function.most:
            raise self.fault(f"{name}() is written {function.usage}")
        if name == "number" and len(arguments) == 1:
            arguments.append(_constant(self.decimal))
        constants = [argument.constant for argument in arguments]
        if why := function.check(constants):
            raise self.fault(f"{why}; {name}() is written {function.usage}")
        path = _path(*arguments)
        run = function.bind([_named(one, path) for one in arguments], constants)
        whole = call_whole(name, [argument.whole for argument in arguments], constants)
        return Compiled(run, path, whole=whole)


def _path(*parts: Compiled) -> str:
    return next((part.path for part in parts if part.path), "")


def _constant(value: Any) -> Compiled:
    return Compiled(lambda _: value, constant=value, whole=literal(value))


def _negated(part: Compiled) -> Compiled:
    run = part.evaluate
    return Compiled(lambda record: not run(record), part.path)


def _named(part: Compiled, around: str) -> Evaluate:
    """Let a part's refusal name its own path, where the path of what is around it is another."""
    run, path = part.evaluate, part.path
    if part.steps or path in ("", around):
        return run

    def evaluate(record: Mapping[str, Any]) -> Any:
        try:
            return run(record)
        except RejectRecord as error:
            error.path = error.path or path
            raise

    return evaluate


def _joined(sign: str, left: Compiled, right: Compiled) -> Compiled:
    path = _path(left, right)
    a, b = _named(left, path), _named(right, path)

    def coalesced(record: Mapping[str, Any]) -> Any:
        value = a(record)
        return b(record) if is_blank(value) else value

    def ordered(record: Mapping[str, Any]) -> bool:
        first, second = a(record), b(record)
        try:
            return first is not None and second is not None and bool(_ORDER[sign](first, second))
        except TypeError:
            raise RejectRecord(
                f"the two sides of {sign} cannot be compared", rule="not_comparable", path=path
            ) from None

    joined: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "??": coalesced,
        "or": lambda record: bool(a(record)) or bool(b(record)),
        "and": lambda record: bool(a(record)) and bool(b(record)),
        "==": lambda record: bool(a(record) == b(record)),
        "!=": lambda record: bool(a(record) != b(record)),
    }
    return Compiled(joined.get(sign, ordered), path)


def _step(part: Compiled, step: str | int) -> Compiled:
    """Go one step into an object by name, or into a list by place."""
    if isinstance(step, int):
        return _item(part, step)
    run, path = part.evaluate, f"{part.path}.{step}"

    def evaluate(record: Mapping[str, Any]) -> Any:
        value = run(record)
        if value.__class__ is dict or isinstance(value, Mapping):  # the first test is far faster
            return value.get(step)
        if value is None:
            return None
        raise RejectRecord("what holds it is not an object", rule="shape_unexpected", path=path)

    steps = (*part.steps, step) if part.steps else ()
    return Compiled(evaluate, path, steps=steps, whole=field_at(steps) if steps else None)


def _item(part: Compiled, place: int) -> Compiled:
    run, path = part.evaluate, f"{part.path}[{place}]"

    def evaluate(record: Mapping[str, Any]) -> Any:
        value = run(record)
        if value is None:
            return None
        if isinstance(value, list):
            return value[place] if -len(value) <= place < len(value) else None
        raise RejectRecord("what holds it is not a list", rule="shape_unexpected", path=path)

    return Compiled(evaluate, path)
