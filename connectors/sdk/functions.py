"""The functions of the mapping language; docs/reference/connector-file.md shows each at work.

Null goes in, null comes out, unless the usage says otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from connectors.sdk.values import (
    TEXT_CHARACTERS_MAX,
    as_date,
    as_datetime,
    as_number,
    as_text,
    is_blank,
    refuse,
    time_zone,
)
from schemas.errors import RejectRecord

Evaluate = Callable[[Mapping[str, Any]], Any]
Bind = Callable[[Sequence[Evaluate], Sequence[Any]], Evaluate]
"""Takes the arguments' closures and, where an argument is a literal, its value; else ellipsis."""

ARGUMENTS_MAX = 200
"""A case() over a whole code list has about a hundred pairs."""


class Function(NamedTuple):
    """One function.

    Attributes:
        usage: How it is written, for messages.
        bind: Turns the arguments into the closure of the call.
        least: Fewest arguments.
        most: Most arguments.
        check: Says what is wrong with literal arguments; an ellipsis stands for the others.
    """

    usage: str
    bind: Bind
    least: int
    most: int
    check: Callable[[Sequence[Any]], str] = lambda _: ""


def _eager(function: Callable[..., Any]) -> Bind:
    """Let a plain function take its arguments' values; null as the first makes null."""

    def bind(runs: Sequence[Evaluate], constants: Sequence[Any]) -> Evaluate:
        head, rest, fixed = runs[0], tuple(runs[1:]), tuple(constants[1:])
        if ... not in fixed:
            return lambda record: (
                None if (value := head(record)) is None else function(value, *fixed)
            )

        def evaluate(record: Mapping[str, Any]) -> Any:
            value = head(record)
            return None if value is None else function(value, *[run(record) for run in rest])

        return evaluate

    return bind


def _when(runs: Sequence[Evaluate], _: Sequence[Any]) -> Evaluate:
    pairs, otherwise = list(zip(runs[:-1:2], runs[1::2], strict=True)), runs[-1]

    def evaluate(record: Mapping[str, Any]) -> Any:
        for test, value in pairs:
            if test(record):
                return value(record)
        return otherwise(record)

    return evaluate


def _case(runs: Sequence[Evaluate], constants: Sequence[Any]) -> Evaluate:
    subject = runs[0]
    pairs = list(zip(_known(constants), runs[2::2], strict=False))
    table = dict(reversed(pairs))  # the first of two equal codes counts
    fixed = {code: run({}) for code, run in pairs[::-1]} if ... not in constants[2::2] else {}
    otherwise = runs[-1] if len(runs) % 2 == 0 else _unanswered

    def evaluate(record: Mapping[str, Any]) -> Any:
        wanted = subject(record)
        if wanted.__class__ is str and wanted in fixed:
            return fixed[wanted]
        if isinstance(wanted, list | dict):
            raise refuse("case() needs a code, not a list or an object", "shape_unexpected")
        if wanted in table:
            return table[wanted](record)
        return None if wanted is None and otherwise is _unanswered else otherwise(record)

    return evaluate


def _known(constants: Sequence[Any]) -> Sequence[Any]:
    """Return the codes that a case() knows."""
    return constants[1 : len(constants) - 1 : 2]


def _unanswered(_: Mapping[str, Any]) -> Any:
    raise refuse("case() has no answer for this code", "code_unknown")


def _or_null(runs: Sequence[Evaluate], _: Sequence[Any]) -> Evaluate:
    run = runs[0]

    def evaluate(record: Mapping[str, Any]) -> Any:
        try:
            return run(record)
        except RejectRecord:
            return None

    return evaluate


def _concat(runs: Sequence[Evaluate], _: Sequence[Any]) -> Evaluate:
    return lambda record: as_text("".join([as_text(run(record)) or "" for run in runs]))


def _join(runs: Sequence[Evaluate], _: Sequence[Any]) -> Evaluate:
    between, parts = runs[0], runs[1:]

    def evaluate(record: Mapping[str, Any]) -> str | None:
        texts: list[str] = []
        for part in parts:
            value = part(record)
            if value is not None and (text := _text(value).strip()):
                texts.append(text)
        if len(texts) < 2:
            return texts[0] if texts else None
        return as_text(_text(between(record)).join(texts))

    return evaluate


def _whole(value: Any) -> int:
    number = as_number(value)
    if number is None or number != number.to_integral_value() or abs(number) > TEXT_CHARACTERS_MAX:
        raise refuse("a whole number is needed here", "number_unreadable")
    return int(number)


def _text(value: Any) -> str:
    return value if value.__class__ is str else as_text(value) or ""


def _split(value: Any, separator: Any, place: Any) -> str | None:
    parts, at = _text(value).split(_text(separator) or None), _whole(place)
    return parts[at].strip() if -len(parts) <= at < len(parts) else None


def _replace(value: Any, old: Any, new: Any) -> str:
    text, was, now = _text(value), _text(old), _text(new)
    if not was:
        return text
    if len(text) + text.count(was) * len(now) > 2 * TEXT_CHARACTERS_MAX:
        raise refuse(f"it grows beyond {TEXT_CHARACTERS_MAX} characters", "value_too_long")
    return text.replace(was, now)


def _part(value: Any, start: Any, length: Any = TEXT_CHARACTERS_MAX) -> str:
    first = max(_whole(start), 0)
    return _text(value)[first : first + max(_whole(length), 0)]


def _pick(value: Any, field: Any, wanted: Any) -> Any:
    if not isinstance(value, list):
        raise refuse("pick() needs a list of objects", "shape_unexpected")
    name = _text(field)
    for item in value:
        if isinstance(item, Mapping) and item.get(name) == wanted:
            return item
    return None


def _first(value: Any) -> Any:
    if not isinstance(value, list):
        raise refuse("first() needs a list", "shape_unexpected")
    return next((item for item in value if not is_blank(item)), None)


def _literal(constants: Sequence[Any]) -> str:
    return "each code is a literal" if ... in _known(constants) else ""


def _odd(constants: Sequence[Any]) -> str:
    return "" if len(constants) % 2 else "each test needs a value, and one value stands at the end"


def _form(constants: Sequence[Any]) -> str:
    """Try a literal format and a literal zone while the file is read, not at the first record."""
    try:
        if len(constants) > 2 and constants[2] is not ...:
            time_zone(_text(constants[2]))
        form = constants[1] if len(constants) > 1 else ...
        if form is not ... and form is not None:
            if "%" not in _text(form):
                return "a format says %d for the day, %m for the month, %Y for the year"
            datetime.strptime(datetime(2000, 1, 1, tzinfo=UTC).strftime(_text(form)), _text(form))  # noqa: DTZ007  # a trial
    except (ValueError, RejectRecord) as error:
        return str(error)
    return ""


def _mark(constants: Sequence[Any]) -> str:
    return "" if constants[1] in (".", ",", ...) else "the decimal mark is '.' or ','"


FUNCTIONS = {
    "when": Function("when(test, then, …, otherwise)", _when, 3, ARGUMENTS_MAX, _odd),
    "case": Function("case(value, 'A', 'x', …[, otherwise])", _case, 3, ARGUMENTS_MAX, _literal),
    "or_null": Function("or_null(expression)", _or_null, 1, 1),
    "text": Function("text(value)", _eager(as_text), 1, 1),
    "lower": Function("lower(text)", _eager(lambda value: _text(value).lower()), 1, 1),
    "upper": Function("upper(text)", _eager(lambda value: _text(value).upper()), 1, 1),
    "trim": Function("trim(text)", _eager(lambda value: _text(value).strip()), 1, 1),
    "digits": Function(
        "digits(text)",
        _eager(lambda value: "".join([one for one in _text(value) if "0" <= one <= "9"])),
        1,
        1,
    ),
    "concat": Function("concat(a, b, …)", _concat, 1, ARGUMENTS_MAX),
    "join": Function("join(' ', a, b, …)", _join, 2, ARGUMENTS_MAX),
    "split": Function("split(text, ',', 0)", _eager(_split), 3, 3),
    "replace": Function("replace(text, 'old', 'new')", _eager(_replace), 3, 3),
    "part": Function("part(text, start[, length])", _eager(_part), 2, 3),
    "starts_with": Function(
        "starts_with(text, 'x')", _eager(lambda value, x: _text(value).startswith(_text(x))), 2, 2
    ),
    "ends_with": Function(
        "ends_with(text, 'x')", _eager(lambda value, x: _text(value).endswith(_text(x))), 2, 2
    ),
    "contains": Function(
        "contains(text, 'x')", _eager(lambda value, x: _text(x) in _text(value)), 2, 2
    ),
    "pick": Function("pick(list, 'field', 'wanted')", _eager(_pick), 3, 3),
    "first": Function("first(list)", _eager(_first), 1, 1),
    "date": Function("date(value[, '%d-%m-%Y'])", _eager(as_date), 1, 2, _form),
    "datetime": Function(
        "datetime(value[, '%d-%m-%Y %H:%M'[, 'Europe/Amsterdam']])",
        _eager(as_datetime),
        1,
        3,
        _form,
    ),
    "number": Function("number(value[, ','])", _eager(as_number), 1, 2, _mark),
}
