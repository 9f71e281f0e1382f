"""Odd YAML and JSON: what it means and where it stands, as Spectral 6.16.3 has it.

The expected places were read off Spectral's own findings for the same texts.
"""

from typing import Any

import pytest

from registry.compliance.document import Document

Place = tuple[int, int, int, int]
NOWHERE = (0, 0, 0, 0)


def place_of(text: str | bytes, path: list[str], source: str = "x.yaml") -> Place:
    content = text.encode() if isinstance(text, str) else text
    document = Document(content, source)
    row, fitted = document.tree.closest(path)
    assert fitted == len(path), "the path must exist"
    found = document.range_of(row)
    return (found.start.line, found.start.character, found.end.line, found.end.character)


ANCHORS = "x-a: &a\n  k: 1\n  l: [1, 2]\nx-b: *a\nx-c:\n  <<: *a\n  k: 2\nx-f: &s text\n"


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        (ANCHORS, ["x-b"], (3, 4, 3, 7)),
        (ANCHORS, ["x-b", "k"], NOWHERE),  # Spectral does not look behind an alias
        (ANCHORS, ["x-c", "l", "0"], (2, 6, 2, 7)),  # but it does behind a merge key
        (ANCHORS, ["x-c", "k"], (6, 5, 6, 6)),
        (ANCHORS, ["x-f"], (7, 8, 7, 12)),
        ("0x1F: hex\n", ["31"], NOWHERE),
        ("x:\n-\n- 1\n", ["x", "0"], NOWHERE),
        (b"\xef\xbb\xbfa: 1\nb: 2\n", ["b"], (1, 2, 1, 3)),
        ("just text\n", [], (0, 0, 1, 0)),
    ],
)
def test_a_value_stands_where_spectral_finds_it(text: str, path: list[str], place: Place) -> None:
    assert place_of(text, path) == place


def test_a_mark_before_json_counts_as_a_character() -> None:
    assert place_of(b'\xef\xbb\xbf{"a": 1}', ["a"], "x.json") == (0, 7, 0, 8)


def test_of_two_equal_keys_in_json_the_first_place_and_the_last_value_count() -> None:
    text = '{"a": {"b": 1}, "a": {"b": 2}}'
    assert Document(text.encode(), "x.json").data == {"a": {"b": 2}}
    assert place_of(text, ["a", "b"], "x.json") == (0, 12, 0, 13)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 1\n<<: {a: 2, b: 3}\nb: 4\n", {"a": 2, "b": 4}),
        ("<<: {a: 1}\n<<: {b: 2}\n", {"a": 1, "b": 2}),
        ("<<: [{a: 1}, {a: 2, b: 2}]\n", {"a": 1, "b": 2}),
        ("<<: text\na: 1\n", {"a": 1}),
        ("? [a, b]\n: 1\n? {c: 1}\n: 2\nd: 3\n", {"d": 3}),
        ("017: a\n1e3: b\n~: c\nYes: d\nTrue: e\n",
         {"17": "a", "1000": "b", "null": "c", "Yes": "d", "true": "e"}),
        ("a: !!str 12\nb: 0o17\nc: 017\nd: 1_000\n", {"a": 12, "b": 15, "c": 17, "d": "1_000"}),
    ],
)  # fmt: skip
def test_yaml_means_what_spectral_takes_it_to_mean(text: str, value: Any) -> None:
    assert Document(text.encode(), "x.yaml").data == value


@pytest.mark.parametrize(
    ("text", "words", "count"),
    [
        ("a: 1\n---\nb: 2\n", "expected a single document in the stream, but found more", 1),
        ("a:\t1\nb: c\td\ne: [1,\t2]\nf: 1\t# c\n",
         "Using tabs can lead to unpredictable results", 2),
        ("? [a]\n: 1\n", "Mapping key must be a string scalar", 1),
    ],
)  # fmt: skip
def test_the_parser_remarks_on_oddities(text: str, words: str, count: int) -> None:
    found = Document(text.encode(), "x.yaml").diagnostics
    assert [remark.message for remark in found] == [words] * count
