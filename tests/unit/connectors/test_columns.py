"""A page mapped column by column is the page mapped value by value."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sdk.json_pages import decode_records
from connectors.sdk.mapping import Mapper, compile_mapping
from connectors.sdk.spec import StreamSpec
from schemas.records import Cursor, MappedPage, Page

MAP = {
    "kind": "case(type, 'P', 'person', 'O', 'organisation', 1, 'person')",
    "gender": "case(sex, 'V', 'female', 'M', 'male', null)",
    "given_name": "inner.name",
    "family_name": "name",
    "organisation_name": "upper(name)",
    "initials": "trim(name)",
    "house_number": "number",
    "postal_code": "lower(inner.code)",
    "birth_date": "date(born)",
    "city": "'Havenstad'",
}
MAPPER = compile_mapping(
    StreamSpec.model_validate({"data_set": "urn:x:y", "key": "id", "changed": "at", "map": MAP})
)

odd = st.sampled_from(
    [
        None,
        "",
        " ",
        True,
        0,
        -1,
        12,
        10**16,
        1.5,
        [],
        ["a"],
        {},
        {"a": 1},
        "\x00",
        " é\t",
        "x" * 600,
    ]
)
days = st.sampled_from(["2026-05-31", "20260531", "2026-W01-1", "2026-05-31T10:00", "31-05-2026"])
moments = st.sampled_from(["2026-05-31T12:00:00Z", "2026-05-31T12:00:00", "2026-05-31", 1700000000])
# Half of all pages hold only what is usual, so that both ways are walked.
usual = {
    "id": st.integers(0, 99) | st.text("ab1 ", min_size=1),
    "type": st.sampled_from(["P", "O"]),
    "sex": st.sampled_from(["V", "M", None]),
    "name": st.text("ab é", max_size=5),
    "number": st.integers(0, 99) | st.none(),
    "inner": st.fixed_dictionaries({"name": st.text("xyz"), "code": st.text("AB 12")}),
    "born": days,
    "at": moments,
}
plain_records = st.lists(st.fixed_dictionaries(usual), max_size=6)
odd_records = st.lists(
    st.fixed_dictionaries({}, optional={name: kind | odd for name, kind in usual.items()}),
    max_size=6,
)


def both_ways(values: list[dict[str, Any]]) -> tuple[MappedPage, MappedPage]:
    pieces = [msgspec.json.encode(value) for value in values]
    page = Page(records=[], undecoded=pieces, sound=True, cursor=Cursor())
    by_value = Mapper([field._replace(whole=None) for field in MAPPER.fields])
    return MAPPER(page), by_value(page)


@settings(max_examples=150, deadline=None)
@given(plain_records | odd_records)
def test_columns_and_values_say_the_same(values: list[dict[str, Any]]) -> None:
    by_column, by_value = both_ways(values)

    assert by_column == by_value
    assert len(by_column.customers) + len(by_column.rejected) == len(values)


@settings(max_examples=50, deadline=None)
@given(st.lists(plain_records | odd_records, min_size=2, max_size=4))
def test_a_learned_shape_says_what_plain_objects_say(pages: list[list[dict[str, Any]]]) -> None:
    learner = Mapper(MAPPER.fields)
    for values in pages:
        pieces = [msgspec.json.encode(value) for value in values]
        page = Page(records=[], undecoded=pieces, sound=True, cursor=Cursor())

        assert repr(learner.columns(page)) == repr(Mapper(MAPPER.fields).columns(page))


@pytest.mark.parametrize(
    "odd",
    [
        b'{"id":1,"type":"P","rest":1e999}',
        b'{"id":1,"type":"P","rest":"\xff"}',
        b'{"id":1,"type":"P","rest":' + b"[" * 65 + b"]" * 65 + b"}",
        b'{"id":1,"type":"P","rest":' + b"9" * 5_000 + b"}",
        b'{"id":1,"type":"P","new":' + b"[" * 65 + b"]" * 65 + b"}",
        b'{"id":1.0,"type":"P","name":18446744073709551617}',
        b'{"id":1,"id":2,"type":"P","inner":{"name":"a"},"inner":{"code":"b"}}',
        b'{"id":1,"type":{"P":1},"name":["a"],"inner":[1]}',
        b'{"\\u0069d":1,"type":"P","in\\"ner":{},"":1}',
        b"[]",
    ],
)
@pytest.mark.parametrize("taught", [b'"text"', b"[[]]", b'{"a":1}'])
def test_an_odd_record_is_no_less_odd_for_a_learned_shape(odd: bytes, taught: bytes) -> None:
    usual = b'{"id":7,"type":"P","name":"n","inner":{"name":"x","code":"y"},"rest":%b}' % taught
    learner = Mapper(MAPPER.fields)
    for pieces in ([usual] * 3, [usual, odd, usual], [odd], [usual]):
        page = Page(records=[], undecoded=pieces, sound=True, cursor=Cursor())

        assert repr(learner.columns(page)) == repr(Mapper(MAPPER.fields).columns(page))


def test_a_source_whose_fields_are_named_by_their_content_is_read_plainly() -> None:
    learner = Mapper(MAPPER.fields)
    for number in range(40):
        values = [{"id": 1, "type": "P", f"field {number}-{n}": n} for n in range(10)]
        pieces = [msgspec.json.encode(value) for value in values]
        page = Page(records=[], undecoded=pieces, sound=True, cursor=Cursor())

        assert learner.columns(page).columns["key"] == ["1"] * 10


def test_one_bad_value_takes_only_its_own_record() -> None:
    good = {"id": 1, "type": "P", "born": "1990-01-31"}
    values = [{**good, "id": number} for number in range(50)]
    values[7]["born"] = "someday"

    by_column, by_value = both_ways(values)

    assert by_column == by_value
    assert [(bad.key, bad.rule) for bad in by_column.rejected] == [("7", "birth_date_unreadable")]


@pytest.mark.parametrize(
    "pieces",
    [
        [b'{"a":"\xff"}', b'{"a":1}'],
        [b"1", b'{"a":1}'],
        [b"[" * 100 + b"]" * 100, b'{"a":' + b"[" * 70 + b"]" * 70 + b"}"],
    ],
)
def test_decoding_at_once_is_decoding_one_by_one(pieces: list[bytes]) -> None:
    assert decode_records(pieces, sound=True) == decode_records(pieces)
