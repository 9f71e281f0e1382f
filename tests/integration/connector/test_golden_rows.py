"""The rows that hostile records become, byte for byte: whatever is made faster, these stay."""

import hashlib
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from connectors.sdk.json_pages import Envelope, decode_records
from connectors.sdk.load import load_connector_file
from schemas.records import Cursor, Page
from townclerk.connector.running import StreamReport
from townclerk.connector.tables import TableTarget

STREAM = load_connector_file(
    """
connector: odd
kind: rest
address: http://127.0.0.1:1
streams:
  people:
    get: /people
    records: items
    paging: {type: link, next: next}
    key: id
    changed: at
    vanished: keep
    map:
      kind: "case(type, 'P', 'person', 'O', 'organisation', 1, 'person')"
      gender: "case(sex, 'V', 'female', 'M', 'male', null)"
      given_name: inner.name
      family_name: name
      initials: trim(name)
      name_prefix: alias ?? name
      email: lower(inner.mail)
      house_number: number
      postal_code: upper(inner.code)
      birth_date: "date(born)"
""",
    name="odd.yaml",
).streams["people"]

PLAIN = [
    f"""{{"id": {n}, "type": "P", "sex": "V", "name": "Naam {n}", "alias": null, "number": "{n}",
    "inner": {{"name": "Voornaam", "mail": "P{n}@Example.org", "code": "1234 ab"}},
    "born": "19{n}-02-28", "at": "2026-05-31T12:00:{n}+02:00", "rest": [1, {{"a": 2.5e3}}]}}"""
    for n in range(20, 40)
]
ODD = [
    r'{"id": "nul", "type": "P", "name": "a\u0000b\u0000", "at": "0001-01-01T00:00:00Z"}',
    '{"id": "bidi", "type": "P", "name": "\u202eabc\u202c\u200b", "inner": null}',
    '{"id": "blank", "type": "P", "name": "\u00a0\u2003x\u00a0", "alias": "\u0085", "number": ""}',
    r'{"id": "tabs", "type": "P", "name": "a\tb\nc\rd\\N\\.", "inner": {"name": "\\N"}}',
    r'{"id": "end", "type": "P", "name": "\\.", "inner": {"name": "\t", "mail": "\\"}}',
    '{"id": "emoji\U0001f600", "type": 1, "name": "\U0001f600e\u0301\ufeff", "number": 12}',
    r'{"id": "\u0069d", "\u0074ype": "O", "name": "escaped names"}',
    '{"id": "twice", "id": "twice again", "type": "P", "inner": {"name": "a"}, "inner": {}}',
    '{"id": 123456789012345678901234567890, "type": "P", "name": "big", "number": 1e3}',
    '{"id": 18446744073709551616, "type": "P", "name": 18446744073709551617}',
    '{"id": 1.5, "type": "P", "number": -0.0}',
    '{"id": true, "type": "P"}',
    '{"id": null, "type": "P"}',
    '{"id": " ", "type": "P"}',
    '{"type": "P", "name": "without a key"}',
    '{"id": "far", "type": "P", "rest": 1e999}',
    '{"id": "long", "type": "P", "rest": ' + "9" * 5_000 + "}",
    '{"id": "deep", "type": "P", "rest": ' + "[" * 65 + "]" * 65 + "}",
    '{"id": "flat", "type": "P", "rest": [' + "[]," * 80 + "0]}",
    '{"id": "inner text", "type": "P", "inner": "x"}',
    '{"id": "inner list", "type": "P", "inner": [1]}',
    '{"id": "no such day", "type": "P", "born": "2026-02-30"}',
    '{"id": "short day", "type": "P", "born": "20260228", "at": "2026-05-31"}',
    '{"id": "late", "type": "P", "born": "9999-12-31", "at": "9999-12-31T23:59:59.999999Z"}',
    '{"id": "offset", "type": "P", "at": "2026-05-31T12:00:00.123456-11:30"}',
    '{"id": "local", "type": "P", "at": "2026-05-31T12:00:00"}',
    '{"id": "unknown", "type": "X"}',
    '{"id": "objects", "type": {}, "name": {"a": 1}}',
    '{"id": "wide", "type": "P", "name": "' + "\u00e9" * 500 + '"}',
    '{"id": "wider", "type": "P", "name": "' + "x" * 501 + '"}',
    '{"id": "same", "type": "P", "name": "first"}',
    '{"id": "same", "type": "P", "name": "last"}',
    "[]",
    "null",
    '"text"',
]
DAMAGED = b'{"id": "damaged", "type": "P", "rest": "\xff\xfe"}'
LATER = ['{"id": "nul", "type": "P", "name": "later"}', PLAIN[0], '{"id": "\u00fc", "type": "P"}']

ROWS = "f680dba9"
REFUSED = "46ca59f0"


def pages(*, undecoded: bool) -> Iterator[Page]:
    """Cut the answers as they would come, plain and hostile ones, one key on two of them."""
    odd = [text.encode() for text in ODD]
    for records in ([p.encode() for p in PLAIN], [*odd, DAMAGED], [t.encode() for t in LATER]):
        body = b'{"items": [' + b",\n".join(records) + b"]}"
        pieces = Envelope("items", {}).open(body).records
        if undecoded:
            yield Page(records=[], undecoded=pieces, sound=True, cursor=Cursor())
        else:
            found, rejected = decode_records(pieces, sound=True)
            yield Page(records=found, rejected=rejected, cursor=Cursor())


def land(url: str, *, undecoded: bool) -> StreamReport:
    report = StreamReport("people", "odd")
    with closing(TableTarget(url, "odd", STREAM)) as target:
        target.begin()
        for page in pages(undecoded=undecoded):
            target.prepare(page)(report)
        target.end(report)
    return report


def digest(url: str, table: str, columns: str) -> str:
    """Hash all rows as PostgreSQL writes them, in an order that no collation changes."""
    question = sql.SQL("SELECT row_to_json(one)::text FROM (SELECT {} FROM {}) AS one").format(
        sql.SQL(columns),  # type: ignore[arg-type]  # a constant below
        sql.Identifier(table),
    )
    with psycopg.connect(url) as db:
        db.execute("SET TimeZone = 'UTC'")
        rows = sorted(row for (row,) in db.execute(question))
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:8]


COLUMNS = """key, raw_hash, kind, gender, given_name, family_name, initials, name_prefix, email,
    house_number, postal_code, birth_date, changed_at, street"""


@pytest.mark.parametrize("undecoded", [True, False])
def test_hostile_records_become_the_same_rows_as_ever(
    postgres_url: str, *, undecoded: bool
) -> None:
    first = land(postgres_url, undecoded=undecoded)

    assert digest(postgres_url, "odd", COLUMNS) == ROWS
    assert digest(postgres_url, "odd_rejected", "key, rule, path, reason, raw") == REFUSED
    assert (first.written, first.unchanged, first.rejected) == (41, 1, 17)

    again = land(postgres_url, undecoded=undecoded)

    assert digest(postgres_url, "odd", COLUMNS) == ROWS
    assert digest(postgres_url, "odd_rejected", "key, rule, path, reason, raw") == REFUSED
    assert (again.written, again.unchanged, again.rejected) == (2, 40, 17)
