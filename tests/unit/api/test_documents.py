"""Documents are measured once each, fragments included, and cached by their text."""

import time

import pytest
from graphql import GraphQLError

from registry.api.documents import (
    ALIASES_MAX,
    DEPTH_MAX,
    DIRECTIVES_MAX,
    FIELDS_MAX,
    operations_in,
    read_document,
)
from registry.api.refusals import QuestionTooLarge


def nested(depth: int) -> str:
    return "{ a " * depth + "}" * depth


def fragments(depth: int) -> str:
    """One fragment per level, spread by the level above."""
    parts = [f"fragment F{n} on T {{ a {{ ...F{n + 1} }} }}" for n in range(depth - 1)]
    return "{ ...F0 }" + "".join(parts) + f" fragment F{depth - 1} on T {{ a }}"


def inline(depth: int) -> str:
    return "{ ... on T { a " * depth + "} }" * depth


@pytest.mark.parametrize("build", [nested, fragments, inline])
def test_depth_counts_fields_and_sees_through_fragments(build: object) -> None:
    assert callable(build)
    assert read_document(build(DEPTH_MAX))
    with pytest.raises(QuestionTooLarge, match=f"{DEPTH_MAX} levels"):
        read_document(build(DEPTH_MAX + 1))


def test_aliases_count_in_every_place_a_fragment_is_spread() -> None:
    def spread(times: int) -> str:
        return "{ " + "...F " * times + "} fragment F on T { a: b }"

    assert read_document(spread(ALIASES_MAX))
    with pytest.raises(QuestionTooLarge, match="aliases"):
        read_document(spread(ALIASES_MAX + 1))


def test_directives_count_wherever_they_stand() -> None:
    text = "query @d { a @d ...F @d ... @d { b @d } } fragment F on T @d { c @d }"
    extra = " ".join(["x @d"] * (DIRECTIVES_MAX - 7))
    assert read_document(f"{text} query B {{ {extra} }}")
    with pytest.raises(QuestionTooLarge, match="directives"):
        read_document(f"{text} query B {{ {extra} y @d }}")


def test_fields_are_counted_as_written() -> None:
    assert read_document("{" + "a " * FIELDS_MAX + "}")
    with pytest.raises(QuestionTooLarge, match="fields"):
        read_document("{" + "a " * (FIELDS_MAX + 1) + "}")


def test_fragments_that_double_at_each_level_are_walked_once_each() -> None:
    parts = [f"fragment F{n} on T {{ ...F{n + 1} ...F{n + 1} }}" for n in range(120)]
    begun = time.process_time()
    read_document("{ ...F0 }" + "".join(parts) + "fragment F120 on T { a }")
    assert time.process_time() - begun < 1


def test_a_fragment_that_spreads_itself_is_left_to_validation() -> None:
    assert read_document("{ ...F } fragment F on T { a { ...F } }")


def test_the_same_text_is_read_once() -> None:
    text = "{ onceOnly }"
    assert read_document(text) is read_document(text)


def test_operations_are_counted_and_rubbish_has_none() -> None:
    assert operations_in("query A { a } query B { b } fragment F on T { c }") == 2
    assert operations_in("{") == 0
    with pytest.raises(GraphQLError):
        read_document("{")
