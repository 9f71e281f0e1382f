"""The functions of rules, and where findings stand: behind references, in UTF-16, in order."""

from pathlib import Path
from typing import Any

import pytest

from registry.compliance import engine
from registry.compliance.functions import FUNCTIONS, Call
from registry.compliance.jsonpath.values import UNDEFINED
from registry.compliance.rulesets import load
from registry.compliance.run import Run
from registry.compliance.subject import Subject
from schemas.compliance import Finding, Position


def messages(function: str, value: Any, options: Any = None) -> list[str]:
    run = Run(Subject(b"a: 1\n", "x.yaml"), load("spectral:oas"))
    call = Call(run, 1)
    return [result.message for result in FUNCTIONS[function](value, options or {}, call) or ()]


@pytest.mark.parametrize(
    ("function", "value", "options", "expected"),
    [
        ("truthy", "", None, ['#{{print("property")}}must be truthy']),
        ("truthy", [], None, []),
        ("falsy", 0, None, []),
        ("defined", UNDEFINED, None, ['#{{print("property")}}must be defined']),
        ("undefined", None, None, ['#{{print("property")}}must be undefined']),
        ("enumeration", 2, {"values": [1, "2"]}, [
            '#{{print("value")}} must be equal to one of the allowed values: 1, "2"'
        ]),
        ("enumeration", {}, {"values": []}, []),
        ("length", "abc", {"min": 4}, ['#{{print("property")}}must be longer than 4']),
        ("length", {"a": 1, "b": 2}, {"max": 1}, ['#{{print("property")}}must be shorter than 1']),
        ("pattern", "abc", {"match": "/^B/i"}, [
            '#{{print("value")}} must match the pattern "/^B/i"'
        ]),
        ("pattern", 5, {"match": "x"}, []),
        ("casing", "notPascal", {"type": "pascal"}, ["must be pascal case"]),
        ("casing", "A_B", {"type": "flat", "separator": {"char": "_"}}, ["must be flat case"]),
        ("casing", "a.b", {"type": "flat", "separator": {"char": "."}}, []),
        ("casing", "v2", {"type": "flat", "disallowDigits": True}, ["must be flat case"]),
        ("alphabetical", ["a", "c", "b"], None, ['"c" must be placed after "b"']),
        ("alphabetical", [{"n": 2}, {"n": 1}], {"keyedBy": "n"}, [
            "properties must follow the alphabetical order"
        ]),
        ("or", {}, {"properties": ["a", "b"]}, ['At least one of "a" or "b" must be defined']),
        ("or", {}, {"properties": list("abcde")}, [
            'At least one of "a" or "b" or "c" or 2 other properties must be defined'
        ]),
        ("xor", {"a": 1, "b": 2}, {"properties": ["a", "b"]}, [
            'Just one of "a" and "b" must be defined'
        ]),
        ("schema", {"a": "x"}, {"schema": {"properties": {"a": {"type": "integer"}}}}, [
            '"a" property type must be integer'
        ]),
        ("schema", {}, {"schema": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}, [
            '"a" property must have required property "a"',
            '"a" property must have required property "b"',
            ('"a" property must match a schema in anyOf. None of the schemas matched,'
            " see the other errors reported for this value"),
        ]),
        ("schema", "aple", {"schema": {"enum": ["apple", "pear"]}}, [
            ('"a" property must be equal to one of the allowed values: "apple", "pear".'
            ' Did you mean "apple"?')
        ]),
        ("schema", "x", {"schema": {"pattern": "["}}, [
            "Invalid regular expression: /[/: Unterminated character class"
        ]),
        ("typedEnum", {"type": "integer", "enum": [1, "a", 1.5]}, None, [
            'Enum value "a" must be "integer".', 'Enum value 1.5 must be "integer".'
        ]),
    ],
)  # fmt: skip
def test_a_function_says_what_spectrals_says(
    function: str, value: Any, options: Any, expected: list[str]
) -> None:
    assert messages(function, value, options) == expected


def findings(folder: Path, rules: str, document: str, source: str = "d.yaml") -> list[Finding]:
    (folder / "rules.yaml").write_text(rules, "utf-8")
    return engine.check(document.encode(), load(folder / "rules.yaml"), source=source)


RULE = (
    "rules: {r: {given: '%s', message: '{{path}} {{property}}',"
    " then: {field: x, function: truthy}}}"
)


def test_a_finding_behind_a_reference_stands_where_the_text_is(tmp_path: Path) -> None:
    document = "paths: {/a: {get: {$ref: '#/shared/op'}}}\nshared: {op: {y: 1}}\n"
    found = findings(tmp_path, RULE % "$.paths[*].get", document)
    assert [(f.path, f.message) for f in found] == [(("shared", "op"), "#/shared/op op")]


def test_what_many_references_share_is_reported_once(tmp_path: Path) -> None:
    document = (
        "paths: {/a: {get: {$ref: '#/shared/op'}}, /b: {get: {$ref: '#/shared/op'}}}\n"
        "shared: {op: {y: 1}}\n"
    )
    assert len(findings(tmp_path, RULE % "$.paths[*].get", document)) == 1


def test_a_reference_into_its_own_parents_stays_a_reference(tmp_path: Path) -> None:
    document = "a: {b: {c: {$ref: '#/a'}}}\n"
    rules = "rules: {r: {given: '$..c', then: {field: $ref, function: falsy}}}"
    assert [f.path for f in findings(tmp_path, rules, document)] == [("a", "b", "c", "$ref")]


def test_ranges_count_utf_16_units(tmp_path: Path) -> None:
    rules = "rules: {r: {given: $.b, then: {function: falsy}}}"
    found = findings(tmp_path, rules, '{"a": "\U0001f600", "b": 1}', "d.json")
    assert found[0].range.start == Position(0, 17)


def test_yaml_ranges_begin_behind_the_key_and_end_with_the_last_value(tmp_path: Path) -> None:
    rules = "rules: {r: {given: '$[*]', then: {function: falsy}}}"
    found = findings(tmp_path, rules, "# c\na:\n  b: x # foo\n  c:\n    - z: 2\n\nt: |\n  foo\n\n")
    assert [(tuple(f.range.start), tuple(f.range.end)) for f in found] == [
        ((1, 2), (4, 10)),
        ((6, 3), (8, 0)),
    ]


def test_findings_come_by_place_then_code(tmp_path: Path) -> None:
    rules = (
        "rules: {r10: {given: '$[*]', then: {function: falsy}},"
        " r2: {given: '$[*]', then: {function: falsy}}}"
    )
    found = findings(tmp_path, rules, "b: 1\na: 2\n")
    assert [(f.code, f.path) for f in found] == [
        ("r2", ("b",)), ("r10", ("b",)), ("r2", ("a",)), ("r10", ("a",))
    ]  # fmt: skip


def test_the_same_input_gives_the_same_findings(tmp_path: Path) -> None:
    rules = "extends: [[spectral:oas, all]]"
    document = "openapi: 3.1.0\ninfo: {}\npaths: {/a: {get: {}}}\n"
    first = findings(tmp_path, rules, document)
    assert first == findings(tmp_path, rules, document)
    assert len(first) > 5
