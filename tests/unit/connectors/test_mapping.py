"""From raw record to canonical one: nothing is lost, and every refusal says rule, path and key."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sdk.json_pages import decode_records
from connectors.sdk.mapping import FIELD_CHARACTERS_MAX, KEY_CHARACTERS_MAX, compile_mapping
from connectors.sdk.spec import CANONICAL_FIELDS, StreamSpec
from schemas.records import (
    Cursor,
    CustomerKind,
    CustomerRecord,
    Gender,
    MappedPage,
    Page,
    RejectedRecord,
    SourceRecord,
)

HERE = Cursor(position="7")


def stream(**changes: Any) -> StreamSpec:
    options: dict[str, Any] = {
        "data_set": "urn:townclerk:data_set:crm",
        "key": "id",
        "map": {"kind": "'person'", "family_name": "name"},
    }
    return StreamSpec.model_validate({**options, **changes})


def mapped(spec: StreamSpec, *values: dict[str, Any]) -> MappedPage:
    records = [SourceRecord(str(number).encode(), value) for number, value in enumerate(values)]
    return compile_mapping(spec)(Page(records=records, cursor=HERE, last=True))


def test_a_record_becomes_canonical() -> None:
    spec = stream(
        changed="at",
        map={
            "kind": "case(type, 'P', 'person', 'O', 'organisation')",
            "family_name": "upper(name)",
            "birth_date": "date(born, '%d-%m-%Y')",
            "gender": "case(sex, 'V', 'female', 'M', 'male')",
            "house_number": "number",
        },
    )

    page = mapped(
        spec,
        {"id": 1, "type": "P", "name": "Vos", "born": "01-02-1990", "sex": "V",
         "number": 12.0, "at": "2026-03-01T12:00:00Z"},
    )  # fmt: skip

    [(source, record)] = page.customers
    assert source.raw == b"0"
    assert record == CustomerRecord(
        key="1",
        kind=CustomerKind.PERSON,
        family_name="VOS",
        birth_date=date(1990, 2, 1),
        gender=Gender.FEMALE,
        house_number="12",
        changed_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )
    assert (page.cursor, page.last, page.rejected) == (HERE, True, [])


def test_text_loses_nul_and_outer_blanks_and_blank_text_is_nothing() -> None:
    page = mapped(
        stream(),
        {"id": " 1\x00 ", "name": " \x00Zo\x00ë\t\n"},
        {"id": 2, "name": " \x00 "},
        {"id": 3},
    )

    assert [(record.key, record.family_name) for _, record in page.customers] == [
        ("1", "Zoë"),
        ("2", None),
        ("3", None),
    ]


@pytest.mark.parametrize(
    ("value", "rule", "path", "key"),
    [
        ({"name": "x"}, "key_missing", "id", None),
        ({"id": None}, "key_missing", "id", None),
        ({"id": "\x00 "}, "key_missing", "id", None),
        ({"id": "x" * (KEY_CHARACTERS_MAX + 1)}, "key_too_long", "id", None),
        ({"id": ["a"]}, "key_unreadable", "id", None),
        ({"id": float("nan")}, "key_unreadable", "id", None),
        ({"id": "\ud800"}, "key_unreadable", "id", None),
        ({"id": 1, "type": "dog"}, "kind_unknown", "type", "1"),
        ({"id": 1, "type": None}, "kind_unknown", "type", "1"),
        ({"id": 1, "name": "x" * (FIELD_CHARACTERS_MAX + 1)}, "value_too_long", "name", "1"),
        ({"id": 1, "name": "x" * 50_000_000}, "value_too_long", "name", "1"),
        ({"id": 1, "name": {"a": 1}}, "family_name_unreadable", "name", "1"),
        ({"id": 1, "name": "\udfff"}, "family_name_unreadable", "name", "1"),
        ({"id": 1, "born": "1990-02-30"}, "birth_date_unreadable", "born", "1"),
        ({"id": 1, "born": "0000-00-00"}, "birth_date_unreadable", "born", "1"),
        ({"id": 1, "born": 7}, "birth_date_unreadable", "born", "1"),
        ({"id": 1, "sex": "X"}, "gender_unknown", "sex", "1"),
        ({"id": 1, "at": "yesterday"}, "changed_at_unreadable", "at", "1"),
    ],
)
def test_what_cannot_be_used_is_rejected_with_rule_path_and_key(
    value: dict[str, Any], rule: str, path: str, key: str | None
) -> None:
    spec = stream(
        changed="at",
        map={
            "kind": "case(type, 'dog', 'dog', null, null, 'person')",
            "family_name": "name",
            "birth_date": "date(born)",
            "gender": "sex",
        },
    )
    value = {"type": "person", **value}

    page = mapped(spec, value, {"id": "good", "type": "person"})

    assert [record.key for _, record in page.customers] == ["good"]
    [bad] = page.rejected
    assert (bad.rule, bad.path, bad.key, bad.raw) == (rule, path, key, b"0")
    assert len(bad.reason) < 200


def test_a_refusal_never_quotes_the_value() -> None:
    page = mapped(
        stream(map={"kind": "'person'", "birth_date": "date(born)"}), {"id": 1, "born": "Jansen"}
    )

    assert "Jansen" not in page.rejected[0].reason


def test_what_the_connector_rejected_stays_rejected() -> None:
    bad = RejectedRecord(raw=b"x", rule="undecodable", path="a.csv:3", reason="…")

    page = compile_mapping(stream())(Page(records=[], rejected=[bad], cursor=HERE))

    assert page.rejected == [bad]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(["id", "type", "name", "born", "sex", "at"])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.dictionaries(names, plain, max_size=6), max_size=5))
def test_every_record_is_either_canonical_or_rejected(values: list[dict[str, Any]]) -> None:
    fields = dict.fromkeys(CANONICAL_FIELDS, "name")
    spec = stream(
        changed="at", map={**fields, "kind": "type", "birth_date": "born", "gender": "sex"}
    )
    records, rejected = decode_records(msgspec.json.encode(value) for value in values)

    page = compile_mapping(spec)(Page(records=records, rejected=rejected, cursor=HERE))

    assert len(page.customers) + len(page.rejected) == len(values)
