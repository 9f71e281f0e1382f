"""Questions to the master view: customers by name or id, their records, who belongs to whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from schemas.errors import UnknownName

PAGE_MAX = 200  # rows per page: what a person or a client can use at once
STREAM_ROWS = 10_000  # rows per round trip of a stream
NUMBER_DIGITS_MAX = 18  # of a record: more than any database gives out


@dataclass(frozen=True)
class CustomerRow:
    """One customer as the municipality knows it."""

    id: UUID
    kind: str
    display_name: str
    attrs: dict[str, Any]
    provenance: dict[str, Any]
    record_count: int
    revision: int
    changed_at: datetime


def list_customers(
    db: psycopg.Connection,
    *,
    after: tuple[str, UUID] | None = None,
    limit: int = PAGE_MAX,
    search: str | None = None,
) -> list[CustomerRow]:
    """Return customers by name, one keyset page.

    Args:
        db: Connection in a transaction.
        after: Name and id of the last customer of the page before.
        limit: Rows to return, at most `PAGE_MAX` + 1, so that callers can ask for one more.
        search: Part of the name, any case.
    """
    with db.cursor(row_factory=class_row(CustomerRow)) as cursor:
        return cursor.execute(
            """SELECT id, kind, display_name, attrs, provenance, record_count, revision, changed_at
                FROM customer
                WHERE (%(search)s::text IS NULL
                       OR strpos(lower(display_name), lower(%(search)s)) > 0)
                  AND (%(name)s::text IS NULL
                       OR (display_name, id) > (%(name)s, %(id)s::uuid))
                ORDER BY display_name, id LIMIT %(limit)s""",
            {
                "search": search,
                "name": after[0] if after else None,
                "id": after[1] if after else None,
                "limit": min(limit, PAGE_MAX + 1),
            },
        ).fetchall()


def count_customers(db: psycopg.Connection, *, search: str | None = None) -> int:
    """Return how many customers there are, or how many a search by name would list."""
    row = db.execute(
        """SELECT count(*) FROM customer
           WHERE %(search)s::text IS NULL
              OR strpos(lower(display_name), lower(%(search)s)) > 0""",
        {"search": search},
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    return int(row[0])


@contextmanager
def memberships(db: psycopg.Connection) -> Iterator[Iterator[tuple[str, str, UUID]]]:
    """Stream data set URN, key and customer of every linked record, in bounded memory."""
    with db.cursor(name="memberships") as cursor:
        cursor.itersize = STREAM_ROWS
        cursor.execute(
            """SELECT element.urn, landed_record.key, customer_id
               FROM customer_link JOIN landed_record ON landed_record.id = record_id
               JOIN element ON element.id = landed_record.data_set_id"""
        )
        yield iter(cursor)


def record_number(db: psycopg.Connection, name: str) -> int:
    """Return the number of a record that is given by number, or as DATA_SET/KEY.

    Args:
        db: Connection in a transaction.
        name: Digits; or the data set's URN or the last part of it, a slash, and the source's key.

    Raises:
        UnknownName: There is no such record.
    """
    if name.isascii() and name.isdigit() and len(name) <= NUMBER_DIGITS_MAX:
        return int(name)
    data_set, _, key = name.partition("/")
    rows = db.execute(
        """SELECT landed_record.id FROM landed_record JOIN element ON element.id = data_set_id
           WHERE landed_record.key = %s AND (urn = %s OR split_part(urn, ':', 4) = %s) LIMIT 2""",
        (key, data_set, data_set),
    ).fetchall()
    if len(rows) != 1:
        raise UnknownName(
            "No record has this name." if not rows else "Two data sets have this name.",
            remedy="Give the number of a record, or DATA_SET/KEY as in crm-customers/K-0001.",
        )
    return int(rows[0][0])
