"""Cursors, global ids and text arguments: what is ours is read back, all else is refused."""

import base64
import json
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.api.reading.lists import search_text
from registry.api.reading.places import (
    CURSOR_CHARACTERS_MAX,
    global_id,
    key_reader,
    plain_text,
    read_cursor,
    read_global_id,
)
from schemas.base import uuid7
from schemas.errors import InvalidInput


def cursor(*keys: object, order: str = "list") -> str:
    """Make a cursor as the database does; tests/integration/api compares the two."""
    payload = json.dumps([order, *keys], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(sha256(payload).digest()[:6] + payload).decode().rstrip("=")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_a_cursor_brings_back_the_place_it_was_made_from(name: str) -> None:
    key = str(uuid7())
    made = cursor(name, key)
    assert len(made) <= CURSOR_CHARACTERS_MAX
    assert read_cursor(made, "list", 2) == [name, key]


@given(st.binary(max_size=60), st.integers(0, 200))
def test_no_change_to_a_cursor_goes_unnoticed(noise: bytes, at: int) -> None:
    made = cursor("Jansen", str(uuid7()))
    changed = made[: at % len(made)] + noise.hex() + made[at % len(made) + 1 :]
    if changed != made:
        with pytest.raises(InvalidInput):
            read_cursor(changed, "list", 2)


def test_a_cursor_of_another_list_or_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="another list"):
        read_cursor(cursor("a", order="other"), "list", 1)
    with pytest.raises(InvalidInput, match="damaged"):
        read_cursor(cursor("a", "b"), "list", 1)


@pytest.mark.parametrize(
    ("cast", "value"),
    [
        ("uuid", "no id"),
        ("int8", "ten"),
        ("int8", str(2**70)),
        ("float8", "nan"),
        ("timestamptz", "yesterday"),
        ("bool", "perhaps"),
        ("text", "nul \0 byte"),
    ],
)
def test_a_place_that_is_no_value_of_its_column_is_refused(cast: str, value: str) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        key_reader("list", 1, 0, cast)(cursor(value))


@given(st.sampled_from(["system", "customer"]), st.uuids())
def test_a_global_id_brings_back_kind_and_key(kind: str, key: UUID) -> None:
    assert read_global_id(global_id(kind, key)) == (kind, key)


@given(st.text(max_size=100))
def test_any_other_text_is_no_global_id(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_global_id(text)


def test_text_arguments_are_short_and_plain() -> None:
    assert plain_text("Jansen", "name") == "Jansen"
    assert search_text(" a ") == "a"
    for text in ("x" * 500, "a\0b", "half \ud800"):
        with pytest.raises(InvalidInput):
            plain_text(text, "name")
