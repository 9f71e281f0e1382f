"""ECMAScript's values, texts and regular expressions, as rule sets and messages rely on them."""

import math
from typing import Any

import pytest

from registry.compliance.jsonpath.values import (
    UNDEFINED,
    equal,
    json_text,
    keys,
    number,
    number_text,
    same,
    text,
    truthy,
)
from registry.compliance.messages import dotted, filled
from registry.compliance.pointers import decoded, names_of, printed
from registry.compliance.regexes import InvalidRegex, Regex, RegexTooSlow


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1.0, "1"), (1e21, "1e+21"), (1e-7, "1e-7"), (0.000001, "0.000001"), (1.5, "1.5"),
        (math.nan, "NaN"), (-math.inf, "-Infinity"), (1.2345e-5, "0.000012345"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_ecmascript_does(value: float, written: str) -> None:
    assert number_text(value) == written


def test_values_become_text_as_ecmascript_does() -> None:
    assert text([1, None, [2, "x"]]) == "1,,2,x"
    assert text({"a": 1}) == "[object Object]"
    assert text(UNDEFINED) == "undefined"
    assert json_text({"b": [1.0, None], "2": "é"}) == '{"2":"é","b":[1,null]}'


@pytest.mark.parametrize("value", [[], {}, "0", -1, "false", math.inf])
def test_what_counts_as_true(value: Any) -> None:
    assert truthy(value)


@pytest.mark.parametrize("value", [0, "", None, UNDEFINED, math.nan, False])
def test_what_counts_as_false(value: Any) -> None:
    assert not truthy(value)


def test_loose_and_strict_equality_differ() -> None:
    assert equal(None, UNDEFINED)
    assert not same(None, UNDEFINED)
    assert equal("1", 1)
    assert not same("1", 1)
    assert not equal(None, 0)
    assert equal(True, 1)
    assert math.isnan(number("x"))


def test_whole_number_keys_come_first() -> None:
    assert keys({"default": 1, "404": 2, "200": 3}) == ["200", "404", "default"]


@pytest.mark.parametrize(
    ("pattern", "flags", "value", "fits"),
    [
        (r"^\d+$", "", "12\n", False),
        (r"^\w+$", "", "é", False),
        ("^a$", "m", "b\na", True),
        ("A", "i", "a", True),
        (r"[\w-./:]+", "", "-", True),
        ("^{[^}]+}$", "", "{id}", True),
        ("a{,2}", "", "a{,2}", True),
        ("[^]", "", "\n", True),
        ("[]", "", "a", False),
        (r"(?<year>\d{4})-\k<year>", "", "2026-2026", True),
        (r"^[[a]+$", "", "[a", True),
        (r"\/v[\d+]", "", "/v1", True),
        (r"(?<!a)b", "", "ab", False),
        (r"^\u0041\x42$", "", "AB", True),
        ("a.c", "", "a\u2028c", False),
        (r"^\s$", "", "\u00a0", True),
    ],
)
def test_patterns_mean_what_they_mean_in_ecmascript(
    pattern: str, flags: str, value: str, fits: bool
) -> None:
    assert Regex(pattern, flags).test(value) is fits


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("^(?:([a-z]+-)*([a-z]+)?$", "Unterminated group"),
        ("a)", "Unmatched ')'"),
        ("*a", "Nothing to repeat"),
        ("[a", "Unterminated character class"),
        ("[z-a]", "Range out of order in character class"),
    ],
)
def test_broken_patterns_are_named_as_v8_names_them(pattern: str, words: str) -> None:
    with pytest.raises(InvalidRegex) as refused:
        Regex(pattern)
    assert refused.value.what == f"Invalid regular expression: /{pattern}/: {words}"


def test_a_pattern_that_runs_away_is_stopped_and_stays_stopped() -> None:
    regex = Regex("^(([a-z])+.)+[A-Z]([a-z])+$")
    for _ in range(20):
        with pytest.raises(RegexTooSlow):
            regex.test("a" * 5_000 + "!")


def test_templates_are_filled() -> None:
    facts = {"property": "name", "error": "is wrong", "value": [1, 2], "path": "#/a"}
    assert filled("{{property}} {{error}} at {{path}}: {{value}} {{nothing}}", facts) == (
        "name is wrong at #/a: 1,2 "
    )
    assert filled('#{{print("property")}}must be', facts) == '"name" property must be'
    assert filled('#{{print("property")}}must be', {"property": ""}) == "The document must be"
    assert filled('#{{print("value")}}', facts) == "Array[]"
    assert filled('#{{property.toUpperCase() + "!"}}', facts) == "NAME!"


def test_paths_are_printed() -> None:
    assert printed(("paths", "/a/{id}", "get")) == "#/paths/~1a~1%7Bid%7D/get"
    assert printed(()) == "#"
    assert dotted(("responses", "401", "content")) == "responses[401].content"
    assert dotted(("a b", "", "c")) == "['a b'][''].c"
    assert names_of("#/a~1b/c%20d/%zz") == ("a/b", "c d", "%zz")
    assert decoded("%7Ea~1") == "~a/"
