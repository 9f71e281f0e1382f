"""The SQL of levels and blocking keys as Python functions, so that one definition serves both.

DuckDB reads the text for batches; for a single record the same text is parsed once and becomes a
Python function with SQL's three truth values. Texts of our own only: whatever else they hold is
refused when the function is made, not when a customer waits.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import sqlglot
from rapidfuzz.distance import DamerauLevenshtein, Hamming, JaroWinkler, Levenshtein
from sqlglot import expressions as sql

Record: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Record, Record, Mapping[str, int]], Any]


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
    return _evaluate(sqlglot.parse_one(text, dialect="duckdb"))


def _evaluate(node: sql.Expr) -> Evaluate:
    make = _MAKERS.get(type(node))
    if make is None:
        raise UnknownExpression(type(node).__name__)
    return make(node)


def _column(node: Any) -> Evaluate:
    name = node.name
    if node.table == "r":
        return lambda _left, right, _levels: right[name]
    if name.endswith("_level"):
        return lambda _left, _right, levels: levels[name]
    return lambda left, _right, _levels: left[name]


def _literal(node: Any) -> Evaluate:
    value = (
        node.name if node.is_string else float(node.name) if "." in node.name else int(node.name)
    )
    return lambda _left, _right, _levels: value


def _and(node: Any) -> Evaluate:
    one, other = _evaluate(node.left), _evaluate(node.right)

    def both(left: Record, right: Record, levels: Mapping[str, int]) -> bool | None:
        first = one(left, right, levels)
        if first is False:
            return False
        second = other(left, right, levels)
        if second is False:
            return False
        return None if first is None or second is None else True

    return both


def _or(node: Any) -> Evaluate:
    one, other = _evaluate(node.left), _evaluate(node.right)

    def either(left: Record, right: Record, levels: Mapping[str, int]) -> bool | None:
        first = one(left, right, levels)
        if first is True:
            return True
        second = other(left, right, levels)
        if second is True:
            return True
        return None if first is None or second is None else False

    return either


def _is_null(node: Any) -> Evaluate:
    if not isinstance(node.expression, sql.Null):
        raise UnknownExpression(node.sql())
    inner = _evaluate(node.this)
    return lambda left, right, levels: inner(left, right, levels) is None


def _strict(function: Callable[..., Any], *nodes: Any) -> Evaluate:
    """Return a function of operands that is NULL where any of them is."""
    if len(nodes) == 1:
        inner = _evaluate(nodes[0])

        def of_one(left: Record, right: Record, levels: Mapping[str, int]) -> Any:
            value = inner(left, right, levels)
            return None if value is None else function(value)

        return of_one
    first, second = (_evaluate(node) for node in nodes)

    def of_two(left: Record, right: Record, levels: Mapping[str, int]) -> Any:
        one = first(left, right, levels)
        if one is None:
            return None
        other = second(left, right, levels)
        return None if other is None else function(one, other)

    return of_two


def _binary(function: Callable[[Any, Any], Any]) -> Callable[[Any], Evaluate]:
    return lambda node: _strict(function, node.left, node.right)


def _filled(choose: Callable[[list[Any]], Any]) -> Callable[[Any], Evaluate]:
    """Return a maker for functions that pass over NULL: coalesce, least, greatest."""

    def make(node: Any) -> Evaluate:
        parts = [_evaluate(part) for part in (node.this, *node.expressions)]

        def chosen(left: Record, right: Record, levels: Mapping[str, int]) -> Any:
            values = [value for part in parts if (value := part(left, right, levels)) is not None]
            return choose(values) if values else None

        return chosen

    return make


def _bracket(node: Any) -> Evaluate:
    (index,) = node.expressions
    if isinstance(index, sql.Slice):
        start = int(index.this.name) - 1 if index.this else 0
        end = int(index.expression.name) if index.expression else None
        return _strict(lambda value: value[start:end], node.this)
    # The parser has already counted from 0 what SQL counts from 1, also from behind.
    place = -int(index.this.name) + 1 if isinstance(index, sql.Neg) else int(index.name)

    def element(value: Any) -> Any:
        if isinstance(value, str):
            return value[place] if -len(value) <= place < len(value) else ""
        return value[place] if -len(value) <= place < len(value) else None

    return _strict(element, node.this)


def _anonymous(node: Any) -> Evaluate:
    function = _NAMED.get(node.name.lower())
    if function is None:
        raise UnknownExpression(node.name)
    return _strict(function, *node.expressions)


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

_MAKERS: Mapping[type[Any], Callable[[Any], Evaluate]] = {
    sql.Column: _column,
    sql.Literal: _literal,
    sql.Paren: lambda node: _evaluate(node.this),
    sql.And: _and,
    sql.Or: _or,
    sql.Is: _is_null,
    sql.EQ: _binary(lambda one, other: one == other),
    sql.NEQ: _binary(lambda one, other: one != other),
    sql.GT: _binary(lambda one, other: one > other),
    sql.GTE: _binary(lambda one, other: one >= other),
    sql.LT: _binary(lambda one, other: one < other),
    sql.LTE: _binary(lambda one, other: one <= other),
    sql.Add: _binary(lambda one, other: one + other),
    sql.DPipe: _binary(lambda one, other: one + other),
    sql.Coalesce: _filled(lambda values: values[0]),
    sql.Least: _filled(min),
    sql.Greatest: _filled(max),
    sql.Bracket: _bracket,
    sql.Length: lambda node: _strict(len, node.this),
    sql.Cast: lambda node: _strict(int, node.this),
    sql.StartsWith: lambda node: _strict(
        lambda text, start: text.startswith(start), node.this, node.expression
    ),
    sql.ArrayOverlaps: lambda node: _strict(_has_any, node.this, node.expression),
    sql.ArrayContains: lambda node: _strict(
        lambda values, value: value in values, node.this, node.expression
    ),
    sql.JarowinklerSimilarity: lambda node: _strict(_jaro_winkler, node.this, node.expression),
    sql.Levenshtein: lambda node: _strict(_levenshtein, node.this, node.expression),
    sql.Anonymous: _anonymous,
}
