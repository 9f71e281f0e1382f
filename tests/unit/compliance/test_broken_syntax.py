"""Broken YAML and JSON: every fault with its place, and the rest is read all the same."""

import pytest

from registry.compliance.checking import check_document
from registry.compliance.document import Document
from registry.compliance.parsing.recovery import FAULTS_MAX
from registry.compliance.rulesets import load

BROKEN = """openapi: 3.0.3
info:
  title: Broken
paths:
  /a:
    get:
\t  tabbed: yes
      responses: {'200': {description: ok}
  /b:
    get:
      summary: "unclosed
      responses:
        '200': {description: ok}
  /c
    get: {}
  /d: {summary: kept}
tags: [
"""


def faults(text: str, name: str = "a.yaml") -> list[tuple[int, str]]:
    document = Document(text.encode(), name)
    return [
        (document.lines.range(one.start, one.stop).start.line + 1, one.message)
        for one in document.diagnostics
        if one.kind == "syntax"
    ]


def test_all_faults_are_told_where_they_begin_and_what_is_sound_is_read() -> None:
    assert [line for line, _ in faults(BROKEN)] == [7, 8, 11, 14, 18]
    assert "while parsing a flow mapping" in faults(BROKEN)[1][1]

    data = Document(BROKEN.encode(), "a.yaml").data

    assert data["paths"]["/b"]["get"] == {"responses": {"200": {"description": "ok"}}}
    assert data["paths"]["/d"] == {"summary": "kept"}
    assert "tags" not in data


def test_places_of_what_stands_behind_a_fault_are_those_of_the_text() -> None:
    whole = BROKEN.replace("\t  tabbed: yes", "      tabbed: yes")
    found = {
        one.finding.message: one.finding.range.start.line
        for text in (BROKEN, whole)
        for one in check_document(text.encode(), "a.yaml", [load("spectral:oas")]).judged
        if one.finding.path[:2] == ("paths", "/b")
    }
    assert set(found.values()) <= {8, 9}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('a: "open', [1]),
        ("a: {b: 1", [1]),
        ("a: b: c\nd: e: f\ng: 1", [1, 2]),
        ("- a\nb: c", [2]),
        ("a: *nowhere\nb: [1", [2]),
        ("[" * 100, [1]),
        ("%YAML 9.9\n---\na: [", [1, 3]),
        ("a: 1\n\x01b: 2\nc: [", [2]),
        ("a: 1\n\tb: 2\n\tc: 3\n", [2, 3]),
    ],
)
def test_each_fault_is_told_once_and_reading_ends(text: str, lines: list[int]) -> None:
    assert [line for line, words in faults(text) if "alias" not in words] == lines


def test_a_text_that_is_nothing_but_faults_is_not_read_for_ever() -> None:
    assert len(faults("a: b: c\n" * 10_000)) == FAULTS_MAX
    assert len(faults('x: "\n' * 100_000)) <= FAULTS_MAX


def test_a_comma_too_many_does_not_hide_what_json_says() -> None:
    text = '{"openapi": "3.0.3", "paths": {"/a": {},},}'
    assert len(faults(text, "a.json")) == 1
    assert Document(text.encode(), "a.json").data["paths"] == {"/a": {}}
    assert Document(b'{"a": ', "a.json").data is None


@pytest.mark.parametrize("content", [b"", b"\n# nothing\n", b"hello", b"[1, 2]", b"{}"])
def test_what_is_no_interface_is_an_error(content: bytes) -> None:
    (one,) = check_document(content, "a.yaml").judged
    assert (one.finding.code, one.finding.severity.word) == ("structure", "error")
