"""The mapping language: what it means, and that no text and no record can break it."""

import contextlib
import string
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.sdk.expressions import (
    EXPRESSION_CHARACTERS_MAX,
    NESTING_MAX,
    STEPS_MAX,
    compile_expression,
)
from connectors.sdk.functions import FUNCTIONS
from schemas.errors import InvalidConnectorFile, RejectRecord

RECORD: dict[str, Any] = {
    "type": "ORG",
    "name": " Zoë ",
    "age": 41,
    "empty": "",
    "nothing": None,
    "address": {"postcode": "1234 AB", "lines": ["a", "b", "c"], "no": {"x y": 1}},
    "House number": "12a",
    "contacts": [{"type": "email", "value": "e@x.example"}, {"type": "phone", "value": "06 12"}],
    "born": "31-12-1990",
    "amount": "1.234,50",
    "true story": True,
    "$ref": 5,
}


def run(text: str, record: dict[str, Any] | None = None) -> Any:
    return compile_expression(text).evaluate(RECORD if record is None else record)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("type", "ORG"),
        ("address.postcode", "1234 AB"),
        ("address.lines[0]", "a"),
        ("address.lines[-1]", "c"),
        ("address.lines[9]", None),
        ("address.no['x y']", 1),
        ("['House number']", "12a"),
        ('["House number"]', "12a"),
        ("$ref", 5),
        ("missing", None),
        ("missing.deeper[3].still", None),
        ("nothing.deeper", None),
        ("'text'", "text"),
        ("12", 12),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
        ("type == 'ORG'", True),
        ("type != 'ORG'", False),
        ("age > 40 and age <= 41", True),
        ("not type == 'ORG'", False),
        ("not (type == 'PER') and true", True),
        ("not not type", True),
        ("false or age", True),
        ("missing > 3", False),
        ("missing ?? empty ?? type", "ORG"),
        ("missing ?? nothing", None),
        ("(missing ?? address).postcode", "1234 AB"),
        ("when(type == 'ORG', 'organisation', 'person')", "organisation"),
        ("when(age < 18, 'child', age < 67, 'adult', 'old')", "adult"),
        ("case(type, 'PER', 'person', 'ORG', 'organisation')", "organisation"),
        ("case(missing, 'PER', 'person')", None),
        ("case(type, 'X', 1, 'other')", "other"),
        ("lower(type)", "org"),
        ("upper(trim(name))", "ZOË"),
        ("lower(missing)", None),
        ("digits('06-12 34')", "061234"),
        ("concat(type, '-', age, missing)", "ORG-41"),
        ("join(' ', type, missing, empty, age)", "ORG 41"),
        ("join(' ', missing, empty)", None),
        ("split('a, b,c', ',', 1)", "b"),
        ("split('a', ',', 5)", None),
        ("split('a  b', '', 1)", "b"),
        ("replace(address.postcode, ' ', '')", "1234AB"),
        ("part(address.postcode, 0, 4)", "1234"),
        ("part('abc', 1)", "bc"),
        ("starts_with(type, 'OR')", True),
        ("ends_with(type, 'X')", False),
        ("contains(name, 'oë')", True),
        ("pick(contacts, 'type', 'phone').value", "06 12"),
        ("pick(contacts, 'type', 'fax').value", None),
        ("first(address.lines)", "a"),
        ("date(born, '%d-%m-%Y')", date(1990, 12, 31)),
        ("date('1990-12-31T00:00:00Z')", date(1990, 12, 31)),
        ("date('1990-12-31', '%d-%m-%Y')", date(1990, 12, 31)),
        ("date('31 Dec 1990', '%d %b %Y')", date(1990, 12, 31)),
        ("date(empty)", None),
        ("datetime('2026-03-01T12:00:00Z')", datetime.fromisoformat("2026-03-01T12:00:00Z")),
        ("number(amount, ',')", Decimal("1234.50")),
        ("number('1,234.5')", Decimal("1234.5")),
        ("number(age)", Decimal(41)),
        ("text(age)", "41"),
        ("or_null(date(name))", None),
        ("or_null(type)", "ORG"),
    ],
)
def test_an_expression_means_what_it_says(text: str, expected: Any) -> None:
    assert run(text) == expected


def test_a_moment_without_a_zone_is_taken_in_the_zone_that_is_named() -> None:
    winter = run("datetime('31-01-2026 12:00', '%d-%m-%Y %H:%M', 'Europe/Amsterdam')")
    summer = run("datetime('31-07-2026 12:00', '%d-%m-%Y %H:%M', 'Europe/Amsterdam')")

    assert winter.isoformat() == "2026-01-31T12:00:00+01:00"
    assert summer.isoformat() == "2026-07-31T12:00:00+02:00"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("date(name)", "name"),
        ("upper(date(born))", "born"),
        ("number(name)", "name"),
        ("type.deeper", "type.deeper"),
        ("address[0]", "address[0]"),
        ("address.lines.x", "address.lines.x"),
        ("age > type", "age"),
        ("case(type, 'A', 1)", "type"),
        ("text(address)", "address"),
        ("pick(type, 'a', 'b')", "type"),
        ("datetime(address.postcode)", "address.postcode"),
        ("part(type, 0.5)", "type"),
    ],
)
def test_what_cannot_be_used_is_rejected_with_its_path(text: str, path: str) -> None:
    compiled = compile_expression(text)
    with pytest.raises(RejectRecord) as caught:
        compiled.evaluate(RECORD)

    assert (caught.value.path or compiled.path) == path
    assert "ORG" not in caught.value.what
    assert "Zoë" not in caught.value.what


@pytest.mark.parametrize(
    "text",
    ["", " ", "(", ")", "a b", "a.", ".a", "a..b", "a[", "a[]", "a[b]", "a[1.5]", "[1]", "['a'",
     "'open", "a ==", "== a", "a = b", "a ?? ", "a ? b", "upper(", "upper()x", "upper(a,)",
     "upper(,a)", "upper(a b)", "upper(a, b)", "case(a, b)", "when(a, b)", "when(a,b,c,d)",
     "nothing_such(a)", "a; b", "a\nb c", "__import__('os')", "a if b else c", "lambda: 1", "1a",
     "1.", "1..2", "--1", "a + b", "a * 2", "{a}", "a and", "not", "date(a, '%d-%m-%Y', 'x', 'y')",
     "datetime(a, '%H:%M', 'Europe/Nowhere')", "number(a, ';')", "99999999999999999999",
     "a[99999999999999999]", "date(a, '%Q')", "date(a, 'DD-MM')", "é'", "\x00", "𝟏"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_while_the_file_is_read(text: str) -> None:
    with pytest.raises(InvalidConnectorFile):
        compile_expression(text)


def test_the_fault_names_its_character_and_the_way_to_write_it() -> None:
    with pytest.raises(InvalidConnectorFile, match=r"character 11 \(!\)"):
        compile_expression("upper(name!)")
    with pytest.raises(InvalidConnectorFile, match=r"split\(text, ',', 0\)"):
        compile_expression("split(name)")


@pytest.mark.parametrize(
    "text",
    [
        "a" * (EXPRESSION_CHARACTERS_MAX + 1),
        "(" * (NESTING_MAX + 1) + "a" + ")" * (NESTING_MAX + 1),
        "upper(" * 300 + "a" + ")" * 300,
        "not " * 300 + "a",
        " or ".join("a" for _ in range(STEPS_MAX)),
        ".".join("a" for _ in range(STEPS_MAX)),
        "[" * 1000,
    ],
)
def test_an_expression_has_limits(text: str) -> None:
    with pytest.raises(InvalidConnectorFile):
        compile_expression(text)


def test_a_plain_column_is_known_as_such() -> None:
    assert compile_expression("name").plain == "name"
    assert compile_expression("['House number']").plain == "House number"
    assert compile_expression("(name)").plain == "name"
    assert compile_expression("name ?? x").plain is None
    assert compile_expression("name.x").plain is None
    assert compile_expression("upper(name) ?? address.x").roots == {"name", "address"}


def test_a_decimal_comma_can_be_the_files_habit() -> None:
    assert compile_expression("number(amount)", decimal=",").evaluate(RECORD) == Decimal("1234.50")


words = st.sampled_from(
    [*FUNCTIONS, "a", "b", "['c d']", "null", "true", "'x'", '"%d-%m-%Y"', "1", "-2.5", "(", ")",
     "[", "]", "[0]", ".", ",", "==", "!=", "<", ">=", "??", "and", "or", "not", "'", " "]
)  # fmt: skip
texts = st.one_of(
    st.lists(words, max_size=40).map(" ".join),
    st.lists(words, max_size=40).map("".join),
    st.text(alphabet=string.printable, max_size=60),
    st.text(max_size=60),
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**300, max_value=2**20_000)
    | st.floats()
    | st.text()
    | st.dates()
    | st.datetimes()
    | st.decimals()
    | st.sampled_from(
        [
            "1e9",
            "31-12-1990",
            "2026-01-01",
            "\ud800",
            "0" * 12_000,
            "-",
            "9999-12-31T23:59:59+23:59",
        ]
    )
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
records = st.fixed_dictionaries({}, optional={"a": values, "b": values, "c d": values})


@settings(max_examples=500, deadline=None)
@given(text=texts, record=records)
@example(text="a == b", record={"a": float("nan"), "b": 2**20_000})
def test_no_text_and_no_record_raises_anything_unforeseen(
    text: str, record: dict[str, Any]
) -> None:
    with contextlib.suppress(InvalidConnectorFile, RejectRecord):
        compile_expression(text).evaluate(record)


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Calls with the right number of arguments, so that they run."""
    names = st.sampled_from(sorted(FUNCTIONS))
    arguments = st.lists(inner, min_size=5, max_size=5)

    def call(name: str, given: list[str]) -> str:
        count = 4 if name == "case" else FUNCTIONS[name].least
        return f"{name}({', '.join(given[:count])})"

    pairs = st.tuples(inner, st.sampled_from(["==", "<", ">=", "and", "??"]), inner)
    return st.builds(call, names, arguments) | pairs.map(" ".join) | inner.map("({})".format)


runnable = st.recursive(
    st.sampled_from(["a", "b", "['c d']", "a.b", "a[0]", "'x'", "null", "1", "'%d-%m-%Y'", "','"]),
    calls,
    max_leaves=6,
)


@settings(max_examples=500, deadline=None)
@given(text=runnable, record=records)
def test_every_function_takes_any_value(text: str, record: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidConnectorFile, RejectRecord):
        compile_expression(text).evaluate(record)
