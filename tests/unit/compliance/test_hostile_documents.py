"""Hostile documents are refused or reported quickly; nothing is read and nothing is sent."""

import socket
import time
from pathlib import Path

import pytest

from registry.compliance import engine
from registry.compliance.checking import check_document
from registry.compliance.document import YAML_BYTES_MAX, NotText
from registry.compliance.parsing.tree import DocumentTooLarge
from registry.compliance.rulesets import RuleSet, load
from schemas.compliance import Finding

HEAD = 'openapi: 3.0.0\ninfo: {title: t, version: "1"}\npaths: {}\n'
SECONDS_MAX = 1.0


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    loaded = load("spectral:oas")
    engine.check(HEAD.encode(), loaded, source="warm.yaml")
    return loaded


def check(text: str | bytes, rule_set: RuleSet, *, source: str = "x.yaml") -> list[Finding]:
    content = text.encode() if isinstance(text, str) else text
    began = time.process_time()
    try:
        return engine.check(content, rule_set, source=source)
    finally:
        assert time.process_time() - began < SECONDS_MAX


def alias_bomb() -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(lines)


def alias_tower() -> str:
    lines = ["a0: &a0 " + "[" * 200 + "]" * 200]
    lines += [f"a{i}: &a{i} " + "[" * 200 + f"*a{i - 1}" + "]" * 200 for i in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(alias_bomb(), id="alias bomb"),
        pytest.param(alias_tower(), id="alias tower"),
        pytest.param("[" * 20_000, id="open brackets"),
        pytest.param("[" * 20_000 + "]" * 20_000, id="brackets"),
        pytest.param("{a: " * 20_000, id="braces"),
        pytest.param("a: b\n" * (YAML_BYTES_MAX // 5 + 1), id="too many bytes"),
    ],
)
def test_a_document_beyond_the_limits_is_refused(text: str, rule_set: RuleSet) -> None:
    with pytest.raises(DocumentTooLarge):
        check(text, rule_set)


def test_deep_json_is_refused(rule_set: RuleSet) -> None:
    with pytest.raises(DocumentTooLarge):
        check('{"a":' * 20_000 + "1" + "}" * 20_000, rule_set, source="x.json")


def test_bytes_that_are_not_text_are_refused(rule_set: RuleSet) -> None:
    with pytest.raises(NotText):
        check(bytes(range(256)), rule_set)


@pytest.mark.parametrize(
    "text",
    [
        "components: {schemas: {A: {$ref: '#/components/schemas/A'}}}\n",
        "components: {schemas: {A: {$ref: '#'}}}\n",
        (
            "components: {schemas: {B: {$ref: '#/components/schemas/C'},"
            " C: {$ref: '#/components/schemas/B'}}}\n"
        ),
    ],
)
def test_a_reference_to_itself_ends(text: str, rule_set: RuleSet) -> None:
    assert isinstance(check(HEAD + text, rule_set), list)


def test_a_web_of_cycles_ends(rule_set: RuleSet) -> None:
    schemas = "".join(
        f"    S{i}:\n      properties:\n"
        + "".join(
            f'        p{j}: {{$ref: "#/components/schemas/S{(i * 7 + j) % 100}"}}\n'
            for j in range(10)
        )
        for i in range(100)
    )
    assert isinstance(check(HEAD + "components:\n  schemas:\n" + schemas, rule_set), list)


def test_a_long_chain_of_references_ends(rule_set: RuleSet) -> None:
    chain = "".join(f'    S{i}: {{$ref: "#/components/schemas/S{i + 1}"}}\n' for i in range(3000))
    text = HEAD + "components:\n  schemas:\n" + chain + "    S3000: {type: string}\n"
    assert isinstance(check(text, rule_set), list)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a:\n\tb: 1\n", "Found character that cannot start any token"),
        ("info: {a: 1}\ninfo: {b: 2}\n", "Duplicate key: info"),
        ("1: a\n", "Mapping key must be a string scalar rather than number"),
        ("true: a\n", "Mapping key must be a string scalar rather than boolean"),
        ("[1, 2]: a\n", "Mapping key must be a string scalar"),
        ("a: *nowhere\n", 'Unidentified alias "nowhere"'),
        ("a: &a [*a]\n", 'Unidentified alias "a"'),
        ("a: \x00b\n", "Unacceptable character #x0000: control characters are not allowed"),
    ],
)
def test_the_parser_says_what_is_wrong(text: str, words: str, rule_set: RuleSet) -> None:
    found = [f.message for f in check(text, rule_set) if f.code == "parser"]
    assert words in found


def test_null_nodes_do_not_end_the_run(rule_set: RuleSet) -> None:
    text = (
        "openapi: 3.0.0\npaths:\n  /a:\n  /b: null\n  /c: {get: , post: null}\n"
        "components: {schemas: null, responses: {a: null}}\ntags: [null]\nservers: [null]\n"
    )
    codes = {finding.code for finding in check(text, rule_set)}
    assert "oas3-schema" in codes
    assert "engine-error" not in codes


@pytest.mark.parametrize("source", ["x.yaml", "x.json"])
def test_numbers_beyond_64_bits_are_numbers(source: str, rule_set: RuleSet) -> None:
    text = '{"openapi": "3.0.0", "x": 123456789012345678901234567890, "y": ' + "9" * 50_000 + "}"
    found = check(text, rule_set, source=source)
    assert not [finding for finding in found if finding.code == "parser"]


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data",
        "ftp://example.org/x",
        "data:application/json,{}",
        "other.yaml#/a",
    ],
)
def test_references_to_outside_are_reported_and_not_followed(
    target: str, rule_set: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a check must not touch disk or network")

    text = HEAD + f'components: {{schemas: {{A: {{$ref: "{target}"}}}}}}\n'
    engine.check(text.encode(), rule_set, source="x.yaml")
    check_document(text.encode(), "x.yaml")  # what is loaded once is loaded now
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)

    found = [f for f in check(text, rule_set) if f.code == "invalid-ref"]
    judged = [each.finding for each in check_document(text.encode(), "x.yaml").judged]

    assert [f.code for f in judged] == ["outside-reference"]
    assert [f.path for f in found] == [("components", "schemas", "A", "$ref")]
    assert "lies outside this document and is not followed" in found[0].message


def test_a_catastrophic_pattern_in_a_document_is_stopped(rule_set: RuleSet) -> None:
    text = HEAD + (
        'components: {schemas: {A: {type: string, pattern: "^(a+)+$", example: "'
        + "a" * 5_000
        + '!"}}}\n'
    )
    found = check(text, rule_set)
    assert any(finding.code == "oas3-valid-schema-example" for finding in found)


def test_nesting_up_to_the_limit_is_reported_and_not_a_crash(rule_set: RuleSet) -> None:
    deep = "[" * 290 + "]" * 290
    text = HEAD + f"x-deep: {deep}\ncomponents: {{schemas: {{A: {{example: {deep}}}}}}}\n"
    assert check(text, rule_set)


@pytest.mark.parametrize("text", ["", "hello", "- 1\n- 2", "\ufeffopenapi: 3.0.0\n", "null"])
def test_odd_documents_are_reported(text: str, rule_set: RuleSet) -> None:
    assert check(text, rule_set)
