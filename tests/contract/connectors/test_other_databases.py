"""Databases other than PostgreSQL: SQLite, and how the others are asked."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.dialects import mssql, mysql, oracle

from connectors.sdk.cursors import next_scan
from connectors.sdk.databases import PageQuery
from connectors.sdk.other_databases import page_statement, read_key, write_key
from schemas.errors import GiveUp, InvalidInput, RetryLater, TownclerkError
from tests.contract.connectors.servers import keys, read_all, source_of

FILE = """
connector: old
kind: sql
interface: urn:t:interface:old
auth: {{type: basic, username: reader, secret: "env:OLD"}}
streams:
  customers:
    data_set: urn:t:data_set:old
    select: {select}
    size: 2
    key: id
    {more}
    map: {{kind: "'person'", family_name: name}}
"""
SELECT = "SELECT id, name, at FROM person WHERE name <> ':x' -- all;"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that an old application left behind."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute('CREATE TABLE person (id, name, at, "Odd Name")')
        database.executemany(
            "INSERT INTO person VALUES (?, ?, ?, 1)",
            [(n, f"N{n}", f"2026-01-0{n}T00:00:00") for n in (1, 2, 3, 4, 5)],
        )
    return path


def read(path: Any, select: str = SELECT, more: str = "", **options: Any) -> list[Any]:
    text = FILE.format(select=repr(select), more=more)
    return read_all(source_of(text, f"sqlite:///{path}"), **options)


def test_an_sqlite_file_is_read_in_pages(old: Path) -> None:
    pages = read(old)

    assert keys(pages) == [1, 2, 3, 4, 5]
    assert [len(page.records) for page in pages] == [2, 2, 1]
    assert keys(read(old, cursor=pages[0].cursor)) == [3, 4, 5]


def test_only_what_changed_is_read_again(old: Path) -> None:
    more = "changed: at\n    incremental: {column: at, lookback_seconds: 86400}"

    first = read(old, more=more)

    assert keys(read(old, more=more, cursor=next_scan(first[-1].cursor))) == [4, 5]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id, name, at FROM nobody",
        "SELECT 1 AS id) page; DROP TABLE person; --",
        "WITH x AS (SELECT 1) DELETE FROM person RETURNING id",
        "SELECT load_extension('x') AS id",
    ],
)
def test_a_statement_that_is_wrong_or_writes_is_refused(old: Path, statement: str) -> None:
    with pytest.raises(GiveUp):
        read(old, statement)
    assert keys(read(old)) == [1, 2, 3, 4, 5]


def test_rows_without_a_key_and_keys_that_repeat_are_noticed(old: Path) -> None:
    with closing(sqlite3.connect(old)) as database, database:
        database.execute("INSERT INTO person VALUES (NULL, 'nobody', NULL, 1)")
    pages = read(old)
    assert [bad.rule for page in pages for bad in page.rejected] == ["key_missing"]

    with closing(sqlite3.connect(old)) as database, database:
        database.execute("INSERT INTO person VALUES (5, 'again', NULL, 1)")
    with pytest.raises(GiveUp, match="twice"):
        read(old)


def test_a_locked_file_is_left_for_later(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.sdk.retries import hurry

    token = hurry.set(0.001)
    with closing(sqlite3.connect(old, isolation_level=None)) as writer:
        writer.execute("PRAGMA locking_mode = EXCLUSIVE")
        writer.execute("BEGIN EXCLUSIVE")
        text = FILE.format(select=repr(SELECT), more="").replace(
            "streams:", "timeout_seconds: 1\nstreams:"
        )
        with pytest.raises(RetryLater):
            read_all(source_of(text, f"sqlite:///{old}"))
    hurry.reset(token)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///nowhere.db",
        "sqlite:////etc/passwd",
        "sqlite:////srv/none.db",
        "sqlite:////srv/x.db?mode=rwc",
        "sqlite://",
        "mysql+mysqldb://127.0.0.1/x",
        "mysql://u:w0rd@127.0.0.1/x",
        "mysql://127.0.0.1/x?local_infile=1",
        "mysql:///x",
        "duckdb:///x",
        "mssql://169.254.169.254/x",
        "nonsense://",
    ],
)
def test_an_address_that_is_unusable_or_dangerous_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLD", "w0rd")
    with pytest.raises(TownclerkError) as caught:
        read_all(source_of(FILE.format(select=repr(SELECT), more=""), address))
    assert "w0rd" not in str(caught.value)


def test_a_database_outside_our_walls_is_not_read() -> None:
    with pytest.raises(InvalidInput, match="inside our own walls"):
        read_all(
            source_of(FILE.format(select=repr(SELECT), more=""), "mysql://h/x", loopback=False)
        )


@pytest.mark.parametrize(
    ("dialect", "limit", "quote"),
    [
        (mysql.dialect(), "LIMIT", "`Odd Name`"),
        (mssql.dialect(), "TOP", "[Odd Name]"),
        (oracle.dialect(), "FETCH FIRST", '"Odd Name"'),
    ],
    ids=["mysql", "mssql", "oracle"],
)
def test_each_database_is_asked_in_its_own_words(dialect: Any, limit: str, quote: str) -> None:
    query = PageQuery("SELECT * FROM p WHERE t = ':00';", "Odd Name", 3, "at", "2026-01-01", "i5")

    compiled = str(page_statement(query, dialect).compile(dialect=dialect))

    assert limit in compiled
    assert f"ORDER BY page.{quote}" in compiled
    assert "t = ':00'\n)" in compiled


@pytest.mark.parametrize("key", [0, -5, 10**30, "", "x y", "Zoë", 1.5, b"\x00\xff"])
def test_a_key_comes_back_as_what_it_was(key: Any) -> None:
    assert read_key(write_key(key)) == key


def test_a_key_of_a_strange_type_is_refused() -> None:
    with pytest.raises(GiveUp):
        write_key(["a"])
