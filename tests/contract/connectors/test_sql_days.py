"""PostgreSQL knows days that Python does not; one of them costs at most its own row."""

from datetime import date

import psycopg
import pytest
from psycopg import sql

from connectors.sdk.databases import broken
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from schemas.errors import GiveUp
from schemas.records import MappedPage
from tests.contract.connectors.servers import read_all, source_of

FILE = """
connector: taxes
kind: sql
interface: urn:townclerk:interface:taxes-database
streams:
  subjects:
    data_set: urn:townclerk:data_set:tax-subjects
    select: "SELECT number, {columns} FROM generate_series(1, 20) AS number"
    size: 6
    {more}
    key: number
    map: {{kind: "'person'", {mapped}}}
"""


def subjects(url: str, columns: str, *, mapped: str = "city: '1'", more: str = "") -> Source:
    return source_of(FILE.format(columns=columns, mapped=mapped, more=more), url)


def mapped_pages(source: Source) -> list[MappedPage]:
    map_page = compile_mapping(source.spec.streams["subjects"])
    return [map_page(page) for page in read_all(source, "subjects")]


@pytest.mark.parametrize(
    "value",
    ["date 'infinity'", "date '-infinity'", "date '0044-03-15 BC'", "date '12026-01-01'",
     "timestamp 'infinity'", "timestamp '0044-03-15 12:00 BC'", "timestamptz '-infinity'",
     "timestamptz '12026-01-01 00:00Z'"],
)  # fmt: skip
def test_a_day_beyond_the_calendar_costs_its_row_only_where_it_is_needed(
    postgres_url: str, value: str
) -> None:
    kind = value.split(" ", maxsplit=1)[0]
    columns = (
        f"CASE number WHEN 7 THEN {value} ELSE {kind} '1990-05-12' END AS day,"
        f" '{{infinity,1990-05-12}}'::{kind}[] AS days"
    )
    unneeded = mapped_pages(subjects(postgres_url, columns))
    needed = mapped_pages(subjects(postgres_url, columns, mapped="birth_date: day"))

    assert [len(page.customers) for page in unneeded] == [6, 6, 6, 2]
    assert [(bad.rule, bad.key, bad.path) for page in needed for bad in page.rejected] == [
        ("birth_date_unreadable", "7", "day")
    ]
    good = [record.birth_date for page in needed for _, record in page.customers]
    assert good == [date(1990, 5, 12)] * 19


def test_a_change_mark_beyond_the_calendar_moves_no_high_mark(postgres_url: str) -> None:
    columns = (
        "CASE number WHEN 3 THEN 'infinity'"
        " ELSE timestamptz '2026-03-01Z' + make_interval(hours => number) END AS changed_at"
    )
    more = "changed: changed_at\n    incremental: {column: changed_at}"

    pages = mapped_pages(subjects(postgres_url, columns, more=more))

    assert pages[-1].cursor.high == "2026-03-01T20:00:00Z"
    assert [(bad.rule, bad.key) for page in pages for bad in page.rejected] == [
        ("changed_at_unreadable", "3")
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [("time '24:00'", "24:00:00"), ("interval '999999999 days 1 year'", "1 year 999999999 days")],
)
def test_a_time_that_python_cannot_hold_stays_text(
    postgres_url: str, value: str, text: str
) -> None:
    pages = read_all(subjects(postgres_url, f"{value} AS at"), "subjects")

    assert pages[0].records[0].value["at"] == text


@pytest.mark.parametrize("style", ["German", "SQL, DMY", "Postgres, MDY"])
def test_days_read_the_same_whatever_style_the_database_writes(
    postgres_url: str, style: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as db:
        name = sql.Identifier(str(db.info.dbname))
        db.execute(sql.SQL("ALTER DATABASE {} SET DateStyle = {}").format(name, style))
        db.execute(sql.SQL("ALTER DATABASE {} SET IntervalStyle = 'iso_8601'").format(name))
    columns = (
        "date '1990-05-12' AS day, timestamptz '2026-01-01 12:00+01' AS at,"
        " interval '1 day' AS long"
    )

    pages = read_all(subjects(postgres_url, columns), "subjects")

    value = pages[0].records[0].value
    assert (value["day"], value["at"], value["long"]) == (
        "1990-05-12",
        "2026-01-01T11:00:00Z",
        "P1D",
    )


def test_a_value_that_cannot_be_read_at_all_is_given_up_in_its_own_words() -> None:
    fault = broken(psycopg.DataError("cannot read 'Jansen'"), "taxes")

    assert isinstance(fault, GiveUp)
    assert "cannot be read" in fault.what
    assert "Jansen" not in str(fault.as_dict())
