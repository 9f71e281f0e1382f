"""Cursors, global ids and text arguments: what is ours is read back, all else is refused."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.access.tokens import Actor
from registry.api.context import Context
from registry.api.pages import (
    CURSOR_CHARACTERS_MAX,
    PAGE_DEFAULT,
    PAGE_MAX,
    connection,
    global_id,
    id_place,
    name_place,
    page_size,
    plain_text,
    read_global_id,
    search_text,
)
from schemas.base import uuid7
from schemas.errors import InvalidInput

NOBODY = Actor("nobody", frozenset())


async def nothing() -> int:
    return 0


def end_of(*keys: object, order: str = "list") -> str:
    page = connection(
        Context(NOBODY),
        [keys],
        first=1,
        after=None,
        order=order,
        key=lambda row: row,
        node=lambda row: row,
        total=nothing,
    )
    assert page.page_info.end_cursor
    return page.page_info.end_cursor


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_a_cursor_brings_back_the_place_it_was_made_from(name: str) -> None:
    key = uuid7()
    cursor = end_of(name, key)
    assert len(cursor) <= CURSOR_CHARACTERS_MAX
    assert name_place(cursor, "list") == (name, key)


def test_a_cursor_by_id_brings_back_the_id() -> None:
    key = uuid7()
    assert id_place(end_of(key), "list") == key
    assert id_place(None, "list") is None
    assert name_place(None, "list") is None


@given(st.binary(max_size=60), st.integers(0, 200))
def test_no_change_to_a_cursor_goes_unnoticed(noise: bytes, at: int) -> None:
    cursor = end_of("Jansen", uuid7())
    changed = cursor[: at % len(cursor)] + noise.hex() + cursor[at % len(cursor) + 1 :]
    if changed != cursor:
        with pytest.raises(InvalidInput):
            name_place(changed, "list")


def test_a_cursor_of_the_wrong_shape_is_refused() -> None:
    for cursor in (end_of("a"), end_of("a", "b", "c"), end_of("a", "not an id")):
        with pytest.raises(InvalidInput):
            name_place(cursor, "list")
    with pytest.raises(InvalidInput):
        id_place(end_of("a", uuid7()), "list")
    with pytest.raises(InvalidInput, match="another list"):
        name_place(end_of("a", uuid7()), "other")


@given(st.sampled_from(["system", "customer"]), st.uuids())
def test_a_global_id_brings_back_kind_and_key(kind: str, key: UUID) -> None:
    assert read_global_id(global_id(kind, key)) == (kind, key)


@given(st.text(max_size=100))
def test_any_other_text_is_no_global_id(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_global_id(text)


def test_page_sizes_are_bounded() -> None:
    assert [page_size(first) for first in (None, 1, PAGE_MAX)] == [PAGE_DEFAULT, 1, PAGE_MAX]
    for first in (0, -1, PAGE_MAX + 1):
        with pytest.raises(InvalidInput):
            page_size(first)


def test_text_arguments_are_short_and_plain() -> None:
    assert plain_text("Jansen", "name") == "Jansen"
    assert search_text("  ") is None
    assert search_text(" a ") == "a"
    for text in ("x" * 500, "a\0b"):
        with pytest.raises(InvalidInput):
            plain_text(text, "name")
