"""JSONPath-plus expressions as rule sets write them, read into steps.

Two engines stand behind Spectral: nimma, and JSONPath-plus for what nimma does not take. They
differ in small things (see docs/reference/spectral-differences.md), so a path knows whose it is.
"""

import re
from dataclasses import dataclass, replace

from registry.compliance.jsonpath.expression import Node, parse
from registry.compliance.jsonpath.tokens import InvalidExpression

STEPS_MAX = 100  # the longest public expression has 14

_BARE = re.compile(r"[^.\[\]~^()*'\"]+")
_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d*))?\Z")
_FROM_END = re.compile(r"\(\s*@\.length\s*-\s*(\d+)\s*\)\Z")
_TYPE = re.compile(r"@[a-z]+\(\)")  # of the value just selected, as in `*@number()`
_QUOTED = re.compile(r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*(,|\Z)""")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path.

    Attributes:
        kind: name, any, filter, slice, down (a `..` at the end: the place itself and all objects
            and arrays below), parent (`^`) or key (`~`).
        deep: Whether it looks at every level below.
        names: The names of a name step.
        test: The expression of a filter step.
        cut: Begin, end and stride of a slice.
    """

    kind: str
    deep: bool = False
    names: tuple[str, ...] = ()
    test: Node | None = None
    cut: tuple[int | None, int | None, int | None] = (None, None, None)


@dataclass(frozen=True, slots=True)
class Path:
    """A read expression: its steps, and whether JSONPath-plus itself would run it."""

    text: str
    steps: tuple[Step, ...]
    plus: bool


def read_path(text: str) -> Path:
    """Read a JSONPath-plus expression.

    Raises:
        InvalidExpression: It is not in the language.
    """
    steps = _Reader(text).steps()
    return Path(text, tuple(steps), _needs_plus(text, steps))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.at = 0

    def steps(self) -> list[Step]:
        if not self.text.startswith("$"):
            raise InvalidExpression(f"A path must begin with $, not {self.text[:80]!r}.")
        self.at = 1
        found: list[Step] = []
        while self.at < len(self.text):
            kind = _TYPE.match(self.text, self.at) if found and found[-1].kind == "any" else None
            if kind is not None:
                self.at = kind.end()
                if found[-1].deep:
                    found.pop()
                    found.append(Step("filter", deep=True, test=parse(kind[0])))
                else:
                    found.append(Step("filter", test=parse(kind[0])))
                continue
            step = self._step()
            if step is not None:
                found.append(step)
            if len(found) > STEPS_MAX:
                raise InvalidExpression(f"A path may have {STEPS_MAX} steps at most.")
        return found

    def _step(self) -> Step | None:
        text = self.text
        sign = text[self.at]
        if sign in "~^":
            self.at += 1
            return Step("key" if sign == "~" else "parent")
        dots = 0
        while text[self.at : self.at + 1] == ".":
            dots += 1
            self.at += 1
        if self.at >= len(text):
            return Step("down", deep=True) if dots > 1 else None
        sign = text[self.at]
        if sign in "~^":
            return None
        # JSONPath-plus and nimma both read `.[x]` as `..[x]`, and rule sets rely on it.
        if sign == "[":
            return replace(self._bracket(), deep=dots > 0)
        if sign == "*":
            self.at += 1
            return Step("any", deep=dots > 1)
        match = _BARE.match(text, self.at)
        if match is None or (dots == 0):
            raise InvalidExpression(f"Cannot read {text!r} from character {self.at + 1} on.")
        self.at = match.end()
        if match[0].startswith("@") and text[self.at : self.at + 2] == "()":
            self.at += 2
            return Step("filter", deep=dots > 1, test=parse(match[0] + "()"))
        return Step("name", deep=dots > 1, names=(match[0],))

    def _bracket(self) -> Step:
        end = self._closing()
        inner = self.text[self.at + 1 : end].strip()
        self.at = end + 1
        if inner == "*":
            return Step("any")
        if inner.startswith("?"):
            return Step("filter", test=parse(inner[1:]))
        if match := _FROM_END.match(inner):
            return Step("slice", cut=(-int(match[1]), None, None))  # nimma's reading
        if match := _SLICE.match(inner):
            numbers = [int(part) if part else None for part in match.groups()]
            return Step("slice", cut=(numbers[0], numbers[1], numbers[2]))
        return Step("name", names=tuple(self._names(inner)))

    def _closing(self) -> int:
        """Return where the bracket that begins here ends, minding quotes, regexes and nesting."""
        depth = 0
        at = self.at
        quote = ""
        while at < len(self.text):
            sign = self.text[at]
            if sign == "\\":
                at += 2
                continue
            if quote:
                quote = "" if sign == quote else quote
            elif sign in "'\"":
                quote = sign
            elif sign == "/" and self.text[at - 1] in "(,=&|! ":
                close = self._regex_end(at)
                at = max(at, close)
            elif sign in "[(":
                depth += 1
            elif sign in "])":
                depth -= 1
                if depth == 0:
                    return at
            at += 1
        raise InvalidExpression(f"A bracket is not closed in {self.text!r}.")

    def _regex_end(self, at: int) -> int:
        in_class = False
        for end in range(at + 1, len(self.text)):
            sign = self.text[end]
            if self.text[end - 1] == "\\" and self.text[end - 2] != "\\":
                continue
            if sign == "[":
                in_class = True
            elif sign == "]":
                in_class = False
            elif sign == "/" and not in_class:
                return end
        return at

    def _names(self, inner: str) -> list[str]:
        if inner[:1] not in ("'", '"'):
            return [name.strip() for name in inner.split(",")]
        names: list[str] = []
        at = 0
        while at < len(inner):
            match = _QUOTED.match(inner, at)
            if match is None:
                raise InvalidExpression(f"Cannot read the names {inner!r}.")
            name = match[1] if match[1] is not None else match[2]
            names.append(re.sub(r"\\(.)", r"\1", name))
            at = match.end()
        return names


def _needs_plus(text: str, steps: list[Step]) -> bool:
    """Say whether nimma hands the expression on: unreadable to it, or judged unsafe by it."""
    if any(step.kind == "filter" for step in steps) and "\\" in text:
        return True
    while steps and steps[-1].kind in ("key", "parent"):
        steps = steps[:-1]
    if any(step.kind in ("key", "parent") for step in steps):
        return True
    return _unsafe(steps)


def _unsafe(steps: list[Step]) -> bool:
    at = next((at for at, step in enumerate(steps) if step.deep), len(steps))
    if at == len(steps):
        return False
    if len(steps[at].names) != 1:
        return any(step.deep for step in steps[at + 1 :])
    flat = False
    deep = 1
    for step in steps[at + 1 : -1]:
        single = len(step.names) == 1 or step.kind == "any"
        if not step.deep:
            flat = flat or single
        elif single:
            deep += 1
            if flat:
                return True
        else:
            return True
    last = steps[-1]
    if at == len(steps) - 1:
        return False
    if last.deep:
        return flat or last.kind == "any"
    return deep > 1
