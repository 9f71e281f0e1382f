"""Rows copied in bulk arrive exactly as they were, however awkward their values."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from registry.storage.arrays import many_bigints, many_texts
from registry.storage.bulk import set_aside
from registry.storage.connecting import connect
from registry.storage.copying import copy_into, copy_lines, write_lines
from schemas.base import utc_now, uuid7
from tests.factories import a_data_set, a_sync_run

COLUMNS = ["word", "bytes", "number", "amount", "day", "moment", "id", "attrs", "words"]
TABLE = """
    CREATE TEMPORARY TABLE awkward (
        place serial, word text, bytes bytea, number bigint, amount numeric, day date,
        moment timestamptz, id uuid, attrs jsonb, words text[]
    )
"""
WORDS = [
    "",
    "\\N",
    "\\.",
    "\\",
    "\t\n\r\v\f\b",
    "NULL",
    '"',
    "'; DROP TABLE element; --",
    "é ß ǆ Ω \u0000ff".replace("\u0000", ""),
    "\u202e right to left",
    "\ufeff byte order mark",
    "\U0001f3db\ufe0f",
    "e\u0301 combined",
    "x" * 100_000,
    "{a,b}",
    "%s %(x)s",
]


@pytest.fixture
def awkward(db: psycopg.Connection) -> psycopg.Connection:
    db.execute(TABLE)
    return db


def copied_and_read(db: psycopg.Connection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    assert copy_into(db, "awkward", COLUMNS, rows) == len(rows)
    return db.execute(f"SELECT {', '.join(COLUMNS)} FROM awkward ORDER BY place").fetchall()


def test_awkward_text_arrives_unchanged(awkward: psycopg.Connection) -> None:
    rows = [
        (word, word.encode(), 1, None, None, None, None, {word: word}, [word]) for word in WORDS
    ]
    assert copied_and_read(awkward, rows) == rows


def test_values_of_every_type_arrive_unchanged(awkward: psycopg.Connection) -> None:
    rows: list[tuple[Any, ...]] = [
        (None,) * len(COLUMNS),
        ("x", b"\x00\xff\\x", -(2**63), Decimal("-0.10"), date(1, 1, 1),
         datetime(1900, 2, 28, 23, 59, 59, 999999, tzinfo=UTC), UUID(int=0), {}, []),
        ("x", b"", 2**63 - 1, Decimal("1e50"), date(9999, 12, 31),
         datetime(2026, 3, 29, 1, 0, tzinfo=UTC), UUID(int=2**128 - 1), {"a": [1, {"b": None}]},
         ["", "NULL", "\\N", 'a"b', "a,b"]),
    ]  # fmt: skip
    assert copied_and_read(awkward, rows) == rows


@settings(
    max_examples=50,
    deadline=None,
    database=None,  # the checkout may be read-only
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    words=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=20
    ),
    raw=st.binary(max_size=200),
    number=st.integers(-(2**63), 2**63 - 1),
)
def test_any_text_and_bytes_arrive_unchanged(
    awkward: psycopg.Connection, words: list[str], raw: bytes, number: int
) -> None:
    awkward.execute("TRUNCATE awkward")
    rows = [(word, raw, number, None, None, None, None, {word: [word]}, words) for word in words]
    assert copied_and_read(awkward, rows) == rows


def test_a_bare_json_list_is_given_as_jsonb(awkward: psycopg.Connection) -> None:
    copy_into(awkward, "awkward", ["attrs"], [[Jsonb([1, "é"])]])
    assert awkward.execute("SELECT attrs FROM awkward").fetchone() == ([1, "é"],)


def test_no_rows_are_no_trouble(awkward: psycopg.Connection) -> None:
    assert copy_into(awkward, "awkward", ["word"], []) == 0


def test_text_with_a_zero_byte_is_refused_and_the_connection_stays_usable(
    awkward: psycopg.Connection,
) -> None:
    with pytest.raises(psycopg.DataError), awkward.transaction():
        copy_into(awkward, "awkward", ["word"], [["good"], ["b\0d"]])
    assert awkward.execute("SELECT count(*) FROM awkward").fetchone() == (0,)


def test_an_error_of_the_caller_in_the_middle_copies_nothing(awkward: psycopg.Connection) -> None:
    def rows() -> Iterator[list[str]]:
        yield ["first"]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), awkward.transaction():
        copy_into(awkward, "awkward", ["word"], rows())
    assert awkward.execute("SELECT count(*) FROM awkward").fetchone() == (0,)


@pytest.mark.parametrize("row", [["a"], ["a", "b", "c"]])
def test_a_row_of_the_wrong_length_is_refused(awkward: psycopg.Connection, row: list[str]) -> None:
    with pytest.raises(psycopg.DatabaseError), awkward.transaction():
        copy_into(awkward, "awkward", ["word", "number"], [row])


def test_names_of_tables_and_columns_are_quoted(db: psycopg.Connection) -> None:
    db.execute('CREATE TEMPORARY TABLE "select" ("order""; --" text)')
    assert copy_into(db, "pg_temp.select", ['order"; --'], [["x"]]) == 1


def test_twenty_thousand_records_land_in_one_copy(postgres_url: str) -> None:
    columns = ["data_set_id", "key", "raw", "raw_hash", "run_id", "landed_at", "changed_at"]
    with connect(postgres_url) as db:
        data_set, run, now = a_data_set(db).id, a_sync_run(db).id, utc_now()
        rows = (
            (data_set, str(number), b'{"name": "x"}', b"0" * 16, run, now, now)
            for number in range(20_000)
        )
        assert copy_into(db, "landed_record", columns, rows) == 20_000
        assert db.execute("SELECT count(*) FROM landed_record").fetchone() == (20_000,)


def test_ids_made_here_sort_by_time(db: psycopg.Connection) -> None:
    db.execute("CREATE TEMPORARY TABLE sorted (place int, id uuid)")
    copy_into(db, "sorted", ["place", "id"], [(place, uuid7()) for place in range(50)])
    row = db.execute(
        "SELECT count(*) FROM sorted a JOIN sorted b ON b.place = a.place + 1"
        " WHERE left(b.id::text, 13) < left(a.id::text, 13)"
    ).fetchone()
    assert row == (0,)


def test_indexes_and_keys_that_were_set_aside_are_back_as_they_were(
    db: psycopg.Connection,
) -> None:
    def rules() -> list[tuple[object, ...]]:
        return db.execute(
            """SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint
               WHERE conrelid = ANY('{element, relationship}'::regclass[])
               UNION SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
               WHERE indrelid = ANY('{element, relationship}'::regclass[]) ORDER BY 1"""
        ).fetchall()

    before = rules()
    with set_aside(db, ("element", "relationship")):
        assert len(rules()) < len(before)
    assert rules() == before


def test_what_breaks_a_key_that_was_set_aside_is_refused(db: psycopg.Connection) -> None:
    with (
        pytest.raises(psycopg.errors.ForeignKeyViolation),
        db.transaction(),
        set_aside(db, ("relationship",)),
    ):
        db.execute(
            "INSERT INTO relationship (id, kind, source_id, target_id, attrs, created_at)"
            " VALUES (gen_random_uuid(), 'flow', gen_random_uuid(), gen_random_uuid(), '{}', now())"
        )


PG_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
LINES = ["word", "bytes", "number", "day", "moment"]


def lines_and_read(db: psycopg.Connection, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    assert write_lines(db, "awkward", LINES, copy_lines(columns)) == len(rows)
    return db.execute(f"SELECT {', '.join(LINES)} FROM awkward ORDER BY place").fetchall()


@pytest.mark.parametrize("words", [WORDS, ["plain", "text"], [None, "a"], [None, "\\N", "a\tb"]])
def test_columns_written_as_lines_arrive_unchanged(
    awkward: psycopg.Connection, words: list[str | None]
) -> None:
    moment = datetime(1, 1, 1, 0, 0, 0, 1, UTC)
    rows = [
        (word, bytes([place]), place or None, date(9999, 12, 31) if place else None, moment)
        for place, word in enumerate(words)
    ]
    assert lines_and_read(awkward, rows) == rows


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.none() | PG_TEXT, st.binary(max_size=9), st.integers(0, 9)), min_size=1)
)
def test_any_text_written_as_lines_arrives_unchanged(
    awkward: psycopg.Connection, values: list[tuple[str | None, bytes, int]]
) -> None:
    awkward.execute("TRUNCATE awkward RESTART IDENTITY")
    rows = [(*row, date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)) for row in values]
    assert lines_and_read(awkward, rows) == rows


def test_a_value_that_lines_cannot_carry_is_no_text_by_chance() -> None:
    with pytest.raises(TypeError):
        copy_lines([[Decimal(1)]])


@pytest.mark.parametrize("numbers", [[], [0], [-(2**63), -1, 1, 2**63 - 1]])
def test_many_numbers_arrive_as_an_array(awkward: psycopg.Connection, numbers: list[int]) -> None:
    given = many_bigints(np.array(numbers, dtype=np.int64))
    assert awkward.execute("SELECT %s::bigint[]", (given,)).fetchone() == (numbers,)


@pytest.mark.parametrize("texts", [[], [""], WORDS])
def test_many_texts_arrive_as_an_array(awkward: psycopg.Connection, texts: list[str]) -> None:
    assert awkward.execute("SELECT %s::text[]", (many_texts(texts),)).fetchone() == (texts,)
