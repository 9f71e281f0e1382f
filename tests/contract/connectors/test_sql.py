"""PostgreSQL sources: pages by key, read-only, and no row lost to a key that is none."""

import threading
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from connectors.sdk.addresses import AddressRefused
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from schemas.errors import GiveUp, InvalidInput, RetryLater
from schemas.records import Cursor
from tests.contract.connectors.servers import keys, read_all, source_of

FILE = """
connector: taxes
kind: sql
interface: urn:townclerk:interface:taxes-database
timeout_seconds: {timeout}
auth: {auth}
streams:
  subjects:
    data_set: urn:townclerk:data_set:tax-subjects
    select: "{select}"
    size: {size}
    {more}
    key: number
    map: {{kind: "'person'", family_name: name}}
"""
COUNT = 20


def subjects(url: str, **changes: Any) -> Source:
    options = {
        "timeout": 20,
        "auth": "{type: none}",
        "select": "SELECT number, name, changed_at FROM subject",
        "size": 6,
        "more": "",
    }
    beside = {name: changes.pop(name) for name in ("loopback", "internal") if name in changes}
    return source_of(FILE.format(**{**options, **changes}), url, **beside)


@pytest.fixture
def town(postgres_url: str) -> str:
    """A tax office with twenty subjects."""
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute(
            """CREATE TABLE subject (number int PRIMARY KEY, name text,
               changed_at timestamptz NOT NULL, extra text)"""
        )
        db.execute(
            """INSERT INTO subject SELECT n, 'Name ' || n, timestamptz '2026-03-01 00:00Z'
               + make_interval(hours => n), CASE WHEN n > 15 THEN 'x' END
               FROM generate_series(1, %s) AS n""",
            [COUNT],
        )
    return postgres_url


@pytest.mark.parametrize("size", [1, 7, COUNT, 1000])
def test_every_page_size_gives_the_same_rows_in_the_order_of_their_keys(
    town: str, size: int
) -> None:
    pages = read_all(subjects(town, size=size), "subjects")

    assert keys(pages, "number") == list(range(1, COUNT + 1))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_read_from_any_pages_cursor_gives_exactly_the_rest(town: str) -> None:
    source = subjects(town)
    pages = read_all(source, "subjects")

    for number, page in enumerate(pages):
        rest = read_all(source, "subjects", page.cursor)
        assert keys(rest, "number") == keys(pages[number + 1 :], "number")
        assert rest[-1].last


@pytest.mark.parametrize(
    "kind",
    ["'k-' || n || ' é'", "n::numeric / 7", "n * 1000000000000", "md5(n::text)::uuid",
     "date '2020-01-01' + n", "timestamptz '2020-01-01' + n * interval '1.0001s'", "n::float8 / 3",
     "('{' || n || ',\"\"\"}')::text[]", "n::text::inet"],
)  # fmt: skip
def test_keys_of_every_type_page_without_loss(town: str, kind: str) -> None:
    inner = kind.replace("n::text::inet", "('10.0.0.' || n)::inet").replace('"', "'")
    if "text[]" in kind:
        inner = "ARRAY[n::text, 'x,y']"
    select = f"SELECT {inner} AS number, 'a' AS name FROM generate_series(1, 20) AS n"

    pages = read_all(subjects(town, select=select, size=3), "subjects")

    assert len(pages) == 7
    assert len({str(key) for key in keys(pages, "number")}) == COUNT


def test_rows_become_canonical_json_and_map_as_such(town: str) -> None:
    select = (
        "SELECT 1 AS number, 'Zoë' AS name, 12.50::numeric AS amount, 'NaN'::numeric AS nan,"
        " 'Infinity'::float8 AS endless, NULL AS nothing, true AS yes, date '1990-05-12' AS day,"
        " timestamptz '2026-01-01 12:00+01' AS at, '{1,2}'::int[] AS list,"
        " jsonb_build_object('a', 1) AS tree, '192.0.2.1'::inet AS address, 'ab'::bytea AS b,"
        " '4d8d1f2e-0000-4000-8000-000000000001'::uuid AS id, interval '1 day' AS long"
    )

    [page] = read_all(subjects(town, select=select), "subjects")

    value = page.records[0].value
    assert value["name"] == "Zoë"
    assert (value["amount"], value["nan"], value["endless"], value["nothing"]) == (
        12.5,
        None,
        None,
        None,
    )
    assert (value["yes"], value["day"], value["at"]) == (True, "1990-05-12", "2026-01-01T11:00:00Z")
    assert (value["list"], value["tree"], value["address"]) == ([1, 2], {"a": 1}, "192.0.2.1")
    assert UUID(value["id"]).version == 4


def test_rows_without_a_key_are_rejected_not_skipped(town: str) -> None:
    source = subjects(town, select="SELECT NULLIF(number, 7) AS number, name FROM subject")

    pages = read_all(source, "subjects")

    assert len(keys(pages, "number")) == COUNT - 1
    assert [(bad.rule, bad.path) for page in pages for bad in page.rejected] == [
        ("key_missing", "number")
    ]


def test_a_column_of_nulls_is_no_key(town: str) -> None:
    source = subjects(town, select="SELECT NULL::int AS number, name FROM subject")

    with pytest.raises(GiveUp, match="have nothing in `number`"):
        read_all(source, "subjects")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 19, 20])
def test_a_key_that_stands_twice_is_noticed_at_every_page_size(town: str, size: int) -> None:
    select = "SELECT CASE number WHEN 4 THEN 3 ELSE number END AS number, name FROM subject"

    with pytest.raises(GiveUp, match="same value twice"):
        read_all(subjects(town, select=select, size=size), "subjects")


def test_an_incremental_scan_reads_what_changed_since_and_what_has_no_mark(town: str) -> None:
    more = "changed: changed_at\n    incremental: {column: changed_at, lookback_seconds: 7200}"
    select = (
        "SELECT number, name, NULLIF(changed_at, '2026-03-01 02:00Z') AS changed_at FROM subject"
    )
    source = subjects(town, more=more, select=select)

    first = read_all(source, "subjects")
    again = read_all(source, "subjects", Cursor(since=first[-1].cursor.high))

    assert len(keys(first, "number")) == COUNT
    assert first[-1].cursor.high == "2026-03-01T20:00:00Z"
    assert keys(again, "number") == [2, 18, 19, 20]


def test_nothing_can_be_written(town: str) -> None:
    with psycopg.connect(town, autocommit=True) as db:
        db.execute(
            """CREATE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS
               $$ BEGIN DELETE FROM subject; RETURN 1; END $$"""
        )

    with pytest.raises(GiveUp, match="25006"):
        read_all(subjects(town, select="SELECT number, name, sneak() FROM subject"), "subjects")
    with pytest.raises(GiveUp, match="42601"):
        read_all(
            subjects(
                town, select="SELECT number, name FROM subject) AS x; DELETE FROM subject; --"
            ),
            "subjects",
        )

    assert len(keys(read_all(subjects(town), "subjects"), "number")) == COUNT


def test_a_statement_may_end_in_a_comment_and_hold_percent_signs(town: str) -> None:
    select = "SELECT number, name FROM subject WHERE name LIKE '%%1%' ; -- 100% sure".replace(
        "%%", "%"
    )

    assert keys(read_all(subjects(town, select=select.replace(";", "")), "subjects"), "number")


@pytest.mark.parametrize(
    "select",
    ["SELECT number, nam FROM subject", "SELECT number FROM nowhere", "SELECT name FROM subject"],
)
def test_a_faulty_statement_is_named(town: str, select: str) -> None:
    with pytest.raises(GiveUp, match="does not exist"):
        read_all(subjects(town, select=select), "subjects")


def test_columns_of_the_same_name_are_refused(town: str) -> None:
    with pytest.raises(GiveUp, match="same name"):
        read_all(
            subjects(town, select="SELECT number, name, extra AS name FROM subject"), "subjects"
        )


def test_an_error_in_the_data_quotes_no_row(town: str) -> None:
    select = "SELECT number, name, name::int AS n FROM subject"

    with pytest.raises(GiveUp, match="22P02") as caught:
        read_all(subjects(town, select=select), "subjects")

    assert "Name 1" not in str(caught.value.as_dict())


def test_a_statement_that_takes_too_long_is_left_for_later(town: str) -> None:
    select = "SELECT number, name, pg_sleep(60) FROM subject"
    started = time.monotonic()

    with pytest.raises(RetryLater):
        read_all(subjects(town, select=select, timeout=0.3), "subjects")

    assert time.monotonic() - started < 10


def test_a_connection_that_is_cut_between_pages_is_made_again(town: str) -> None:
    source = subjects(town, select="SELECT number, name, pg_sleep(0.05) FROM subject", size=4)
    done = threading.Event()

    def cut() -> None:
        with psycopg.connect(town, autocommit=True) as db:
            for _ in range(3):
                db.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE application_name = 'townclerk' AND pid <> pg_backend_pid()
                       AND datname = current_database()"""
                )
                if done.wait(0.3):
                    return

    thread = threading.Thread(target=cut)
    thread.start()
    pages = read_all(source, "subjects")
    done.set()
    thread.join()

    assert keys(pages, "number") == list(range(1, COUNT + 1))


def test_a_wrong_password_is_given_up_and_not_shown(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAX_SECRET", "s3cr3t")
    auth = "{type: basic, username: nobody_here, secret: 'env:TAX_SECRET'}"

    with pytest.raises((GiveUp, RetryLater)) as caught:
        read_all(subjects(postgres_url, auth=auth), "subjects")

    assert "s3cr3t" not in str(caught.value.as_dict())


def test_a_socket_is_this_machine_and_refused_unless_the_sandbox_allows_it(
    postgres_url: str,
) -> None:
    with pytest.raises(AddressRefused, match="this machine itself"):
        read_all(subjects(postgres_url, loopback=False, internal=True), "subjects")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://u:word@db.example/x", "may not hold: password"),
        ("postgresql://u@db.example/x?hostaddr=127.0.0.1", "hostaddr"),
        ("postgresql://u@db.example/x?passfile=/etc/passwd", "passfile"),
        ("postgresql://u@db.example/x?options=-c%20role%3Dx", "options"),
        ("service=ours", "service"),
        ("postgresql://u@a.example,b.example/x", "one host"),
        ("postgresql:///x?user=u", "one host"),
        ("postgresql://u@db.example", "one database"),
        ("postgresql://u@db.example/x?sslmode=prefer", "unencrypted"),
        ("postgresql://db.example/x", "user"),
        ("postgresql://u@db.example:99999/x", "port"),
        ("host=db.example dbname=x user=u port=abc", "port"),
        ("http://db.example/x", "of no database we read"),
        ("\x00", "registered address"),
    ],
)
def test_an_address_with_more_or_less_than_it_needs_is_refused(address: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read_all(subjects(address, loopback=False), "subjects")


@pytest.mark.parametrize(
    ("host", "internal"), [("127.0.0.1", True), ("10.0.0.9", False), ("169.254.169.254", True)]
)
def test_an_address_that_must_not_be_reached_is_refused(host: str, internal: bool) -> None:
    source = subjects(f"postgresql://u@{host}/x", loopback=False, internal=internal)

    with pytest.raises(AddressRefused):
        read_all(source, "subjects")


def test_our_own_databases_password_is_never_sent(
    town: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "ours")
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=1")

    assert keys(read_all(subjects(town), "subjects"), "number")


def test_a_row_maps_the_same_now_and_from_its_kept_bytes(town: str) -> None:
    source = subjects(town, more="changed: changed_at")
    page = read_all(source, "subjects")[0]

    _, record = compile_mapping(source.spec.streams["subjects"])(page).customers[0]

    assert (record.key, record.family_name) == ("1", "Name 1")
    assert record.changed_at == datetime(2026, 3, 1, 1, tzinfo=UTC)


def test_a_second_reader_does_not_wait_for_the_first(town: str) -> None:
    with psycopg.connect(town) as db:
        db.execute(sql.SQL("SELECT count(*) FROM subject"))

        assert len(keys(read_all(subjects(town), "subjects"), "number")) == COUNT
