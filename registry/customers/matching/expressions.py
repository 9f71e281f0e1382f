"""The SQL of levels and blocking keys as Python functions, so that one definition serves both.

DuckDB reads the text for batches; for a single record the same text is parsed once and written out
as one Python expression with SQL's three truth values. Texts of our own only: whatever else they
hold is refused when the function is made, not when a customer waits.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, TypeAlias

import sqlglot
from rapidfuzz.distance import DamerauLevenshtein, Hamming, JaroWinkler, Levenshtein
from sqlglot import expressions as sql

from registry.customers.matching.levels import Comparison

Record: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Record, Record, Mapping[str, int]], Any]
Texts: TypeAlias = Callable[[Record], tuple[str | None, ...]]
Compare: TypeAlias = Callable[[Record, Record], tuple[int, ...]]


class UnknownExpression(ValueError):
    """A level or key uses SQL that has no Python twin; a fault of ours, found by tests."""


@lru_cache(maxsize=512)
def python_of(text: str) -> Evaluate:
    """Return a function of the left record, the right record and earlier levels.

    Args:
        text: SQL over `l.column`, `r.column`, bare columns (of the left record) and
            `<comparison>_level`.

    Raises:
        UnknownExpression: It holds SQL that we have not taught this module.
    """
    made: Evaluate = _made(f"lambda l, r, levels: {_Writer('levels[{!r}]').value(_parsed(text))}")
    return made


def texts_of(named: Sequence[tuple[str, str]]) -> Texts:
    """Return a function of a record that gives `name:text` for each text that it has.

    Args:
        named: Names, and SQL over bare columns that gives a text; where it is NULL or empty the
            function gives None.

    Raises:
        UnknownExpression: An expression holds SQL that we have not taught this module.
    """
    writer = _Writer("levels[{!r}]")
    parts = [
        f"({name + ':'!r} + t if (t := {writer.value(_parsed(text))}) else None),"
        for name, text in named
    ]
    made: Texts = _made(f"lambda l: ({' '.join(parts)})")
    return made


def levels_of(comparisons: Sequence[Comparison]) -> Compare:
    """Return a function of two records that gives the level number of each comparison.

    Raises:
        UnknownExpression: A level holds SQL that we have not taught this module.
    """
    writer = _Writer("{}")
    parts = []
    for item in comparisons:
        whole = f"0 if {writer.truth(_parsed(item.missing))} else "
        for number, level in zip(range(item.size - 1, 1, -1), item.levels, strict=True):
            whole += f"{number} if {writer.truth(_parsed(level.sql))} else "
        parts.append(f"({item.column} := ({whole}1)),")
    made: Compare = _made(f"lambda l, r: ({' '.join(parts)})")
    return made


def _parsed(text: str) -> sql.Expr:
    return sqlglot.parse_one(text, dialect="duckdb")


def _made(source: str) -> Any:
    """Make a function of source that `_Writer` wrote: our own texts, names it knows, literals."""
    return eval(source, dict(_NAMES))  # noqa: S307  # nothing a user typed comes here


class _Writer:
    """Writes SQL as Python; every value that is looked at twice gets a name of its own."""

    def __init__(self, level: str) -> None:
        """Begin.

        Args:
            level: How a level column is written, with the place of its name.
        """
        self._level = level
        self._count = count()

    def value(self, node: Any) -> str:
        """Write a value: None where SQL has NULL."""
        match node:
            case sql.Column():
                return self._column(node)
            case sql.Literal():
                return _literal(node)
            case sql.Paren():
                return self.value(node.this)
            case sql.And() | sql.Or():
                return self._logical(node, decisive=isinstance(node, sql.Or))
            case sql.Is() if isinstance(node.expression, sql.Null):
                return f"({self.value(node.this)} is None)"
            case sql.Coalesce():
                parts = [self._named(part) for part in (node.this, *node.expressions)]
                chosen = " else ".join(f"{name} if {test} is not None" for name, test in parts)
                return f"({chosen} else None)"
            case sql.Least() | sql.Greatest():
                values = ", ".join(self.value(part) for part in (node.this, *node.expressions))
                choose = "min" if isinstance(node, sql.Least) else "max"
                return f"{choose}((v for v in ({values}) if v is not None), default=None)"
            case sql.Bracket():
                return self._strict(_bracket(node), node.this)
            case sql.Anonymous() if node.name.lower() in _NAMED:
                return self._strict(f"{node.name.lower()}({{}}, {{}})", *node.expressions)
        form = _FORMS.get(type(node))
        if form is None:
            raise UnknownExpression(node.sql())
        if "{}" in form.replace("{}", "", 1):
            return self._strict(form, node.this, node.expression)
        return self._strict(form, node.this)

    def truth(self, node: Any) -> str:
        """Write a condition that Python takes for true where SQL says TRUE, and else for false."""
        match node:
            case sql.Paren():
                return self.truth(node.this)
            case sql.And():
                return f"({self.truth(node.left)} and {self.truth(node.right)})"
            case sql.Or():
                return f"({self.truth(node.left)} or {self.truth(node.right)})"
            case sql.EQ():
                # NULL equals nothing, and two that are equal are both not NULL or both are.
                name, test = self._named(node.left)
                return f"({test} is not None and {name} == {self.value(node.right)})"
        return self.value(node)

    def _column(self, node: Any) -> str:
        if node.table == "r":
            return f"r[{node.name!r}]"
        if node.name.endswith("_level"):
            return self._level.format(node.name)
        return f"l[{node.name!r}]"

    def _named(self, node: Any) -> tuple[str, str]:
        """Return a name, and source that gives the value and the name to it."""
        name = f"v{next(self._count)}"
        return name, f"({name} := {self.value(node)})"

    def _logical(self, node: Any, *, decisive: bool) -> str:
        """Write AND, which one FALSE decides, or OR, which one TRUE decides."""
        (one, first), (other, second) = self._named(node.left), self._named(node.right)
        return (
            f"({decisive} if {first} is {decisive} else {decisive} if {second} is {decisive}"
            f" else None if {one} is None or {other} is None else {not decisive})"
        )

    def _strict(self, form: str, *nodes: Any) -> str:
        """Write a function of operands that is NULL where any of them is."""
        names, tests = [], []
        for node in nodes:
            if isinstance(node, sql.Literal):
                names.append(_literal(node))
                continue
            name, test = self._named(node)
            names.append(name)
            tests.append(f"{test} is None")
        return f"(None if {' or '.join(tests) or False} else {form.format(*names)})"


def _literal(node: Any) -> str:
    if node.is_string:
        return repr(node.name)
    return repr(float(node.name) if "." in node.name else int(node.name))


def _bracket(node: Any) -> str:
    (index,) = node.expressions
    if isinstance(index, sql.Slice):
        start = int(index.this.name) - 1 if index.this else 0
        end = int(index.expression.name) if index.expression else None
        return f"{{}}[{start}:{end}]"
    # The parser has already counted from 0 what SQL counts from 1, also from behind.
    place = -int(index.this.name) + 1 if isinstance(index, sql.Neg) else int(index.name)
    return f"element({{}}, {place})"


def _element(value: str | list[str], place: int) -> str | None:
    """Return what SQL finds beyond the end: an empty text in a text, NULL in a list."""
    if -len(value) <= place < len(value):
        return value[place]
    return "" if isinstance(value, str) else None


def _text(value: str) -> str | bytes:
    """Return what DuckDB compares: bytes, which for ASCII are the characters."""
    return value if value.isascii() else value.encode()


def _jaro_winkler(one: str, other: str) -> float:
    return JaroWinkler.similarity(_text(one), _text(other))


def _levenshtein(one: str, other: str) -> int:
    return Levenshtein.distance(_text(one), _text(other))


def _damerau(one: str, other: str) -> int:
    return DamerauLevenshtein.distance(_text(one), _text(other))


def _hamming(one: str, other: str) -> int:
    return Hamming.distance(_text(one), _text(other))


def _has_any(one: list[str], other: list[str]) -> bool:
    return not set(one).isdisjoint(other)


_NAMED: Mapping[str, Callable[[Any, Any], Any]] = {
    "damerau_levenshtein": _damerau,
    "hamming": _hamming,
    "list_has_all": lambda one, other: set(other) <= set(one),
    "list_intersect": lambda one, other: list(set(one) & set(other)),
}
_NAMES: Mapping[str, Any] = {
    **_NAMED,
    "__builtins__": {"min": min, "max": max, "len": len, "int": int},
    "element": _element,
    "contains": lambda values, value: value in values,
    "has_any": _has_any,
    "jaro_winkler": _jaro_winkler,
    "levenshtein": _levenshtein,
}
_FORMS: Mapping[type[Any], str] = {
    sql.EQ: "{} == {}",
    sql.NEQ: "{} != {}",
    sql.GT: "{} > {}",
    sql.GTE: "{} >= {}",
    sql.LT: "{} < {}",
    sql.LTE: "{} <= {}",
    sql.Add: "{} + {}",
    sql.DPipe: "{} + {}",
    sql.Length: "len({})",
    sql.Cast: "int({})",
    sql.StartsWith: "{}.startswith({})",
    sql.ArrayOverlaps: "has_any({}, {})",
    sql.ArrayContains: "contains({}, {})",
    sql.JarowinklerSimilarity: "jaro_winkler({}, {})",
    sql.Levenshtein: "levenshtein({}, {})",
}
