"""JSON Lines, XML and Parquet: whole, damaged, half-written and hostile."""

import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas.errors import GiveUp, RetryLater, SourceTrouble
from tests.contract.connectors.servers import keys, read_all, source_of

FILE = """
connector: waste
kind: files
interface: urn:t:interface:waste
streams:
  customers:
    data_set: urn:t:data_set:waste
    files: "w*"
    format: {format}
    size: 2
    {more}
    key: id
    map: {{kind: "'person'"}}
"""
LONG_AGO = 1_000_000_000


def read(place: Path, form: str, more: str = "") -> list[Any]:
    return read_all(source_of(FILE.format(format=form, more=more), f"file://{place}"))


def put(place: Path, name: str, content: bytes, *, old: bool = True) -> None:
    (place / name).write_bytes(content)
    if old:
        os.utime(place / name, (LONG_AGO, LONG_AGO))


XML = "element: person"


def test_json_lines_keep_their_bytes_and_one_bad_line_costs_one_line(tmp_path: Path) -> None:
    put(tmp_path, "w1", b'{"id": 1,  "n": "Zo\xc3\xab"}\n\n{"id": 2\n[3]\n{"id": 4}\r\n')

    pages = read(tmp_path, "jsonl")

    assert keys(pages) == [1, 4]
    assert pages[0].records[0].raw == b'{"id": 1,  "n": "Zo\xc3\xab"}'
    assert [(bad.rule, bad.path) for page in pages for bad in page.rejected] == [
        ("json_unreadable", "w1:3"),
        ("record_not_object", "w1:4"),
    ]
    assert pages[-1].last


def test_a_last_line_that_is_being_written_is_waited_for_and_quarantined_later(
    tmp_path: Path,
) -> None:
    put(tmp_path, "w1", b'{"id": 1}\n{"id": 2, "na', old=False)
    with pytest.raises(RetryLater):
        read(tmp_path, "jsonl")

    put(tmp_path, "w1", b'{"id": 1}\n{"id": 2, "na')
    pages = read(tmp_path, "jsonl")

    assert [bad.rule for page in pages for bad in page.rejected] == ["half_written"]


def test_a_line_without_end_costs_one_record_and_no_memory(tmp_path: Path) -> None:
    put(tmp_path, "w1", b'{"id": "' + b"x" * 20_000_000 + b'"}\n{"id": 2}\n')

    pages = read(tmp_path, "jsonl")

    assert keys(pages) == [2]
    assert [bad.rule for page in pages for bad in page.rejected] == ["row_too_long"]
    assert max(len(bad.raw) for page in pages for bad in page.rejected) <= 1_048_576


def test_xml_becomes_plain_values_by_local_names(tmp_path: Path) -> None:
    put(
        tmp_path,
        "w1",
        b'<?xml version="1.0"?><d xmlns="urn:d" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        b'<person nr="7"><id>1</id><phone>a</phone><phone>b</phone><mail>m</mail>'
        b'<gone i:nil="true"/><name kind="own">Zo\xc3\xab</name><empty/></person>'
        b"<other/><person><id>2</id></person><person><id>3</id></person></d>",
    )

    pages = read(tmp_path, "xml", XML + "\n    lists: [mail]")

    assert keys(pages) == ["1", "2", "3"]
    assert pages[0].records[0].value == {
        "nr": "7",
        "id": "1",
        "phone": ["a", "b"],
        "mail": ["m"],
        "gone": None,
        "name": {"kind": "own", "text": "Zoë"},
        "empty": None,
    }


BILLION_LAUGHS = (
    b'<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><d><person><id>&c;</id></person></d>'
)
PASSWORD = (
    b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><d><person><id>&x;</id></person></d>'
)


@pytest.mark.parametrize(
    "body",
    [
        BILLION_LAUGHS,
        PASSWORD,
        b"<d><person><id>1</id></person><person><id>2",
        b"<d><person><id>1</id></d>",
        b"{}",
        b"",
        b"<d>" + b"<a>" * 5000,
        b"<d><persn><id>1</id></persn></d>",
    ],
)
def test_hostile_damaged_or_half_xml_is_refused(tmp_path: Path, body: bytes) -> None:
    put(tmp_path, "w1", body)

    with pytest.raises(GiveUp):
        read(tmp_path, "xml", XML)


def test_xml_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    put(tmp_path, "w1", b"<d><person><id>1</id></person>", old=False)

    with pytest.raises(RetryLater):
        read(tmp_path, "xml", XML)


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    with duckdb.connect() as database:
        database.sql(
            "SELECT i AS id, DATE '2026-05-31' AS born, i / 10.0 AS x, [i, i] AS list"
            " FROM range(5) t(i)"
        ).write_parquet(str(tmp_path / "w1"))

    pages = read(tmp_path, "parquet")

    assert keys(pages) == [0, 1, 2, 3, 4]
    assert pages[1].records[1].value["born"] == "2026-05-31"
    assert pages[1].records[1].value["list"] == [3, 3]


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" + b"\0" * 100, b"<html>"])
def test_a_half_written_parquet_file_is_refused(tmp_path: Path, body: bytes) -> None:
    put(tmp_path, "w1", body)
    with pytest.raises(GiveUp):
        read(tmp_path, "parquet")

    put(tmp_path, "w1", body, old=False)
    with pytest.raises(RetryLater):
        read(tmp_path, "parquet")


def test_a_missing_column_of_parquet_is_named(tmp_path: Path) -> None:
    with duckdb.connect() as database:
        database.sql("SELECT 1 AS nr").write_parquet(str(tmp_path / "w1"))

    with pytest.raises(SourceTrouble, match="no column `id`"):
        read(tmp_path, "parquet")
