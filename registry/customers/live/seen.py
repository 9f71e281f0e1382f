"""Records of a page as the model sees them, written once, when their component is known."""

from collections.abc import Iterable
from typing import NamedTuple

import psycopg

from registry.storage.copying import copy_lines, write_lines


class Seen(NamedTuple):
    """A row of match_record that is still to be written.

    Attributes:
        record_id: The record.
        kind: Kind of customer.
        place: Data set and key.
        content: Digest that records of equal content share.
        features: Comparison columns as JSON.
        keys: Blocking keys as PostgreSQL writes an array.
        component: Smallest record it is linked with; None until that is known.
        aside: Whether it is one copy too many; that is found once it is written.
    """

    record_id: int
    kind: str
    place: str
    content: int
    features: str
    keys: str
    component: int | None = None
    aside: str = "f"


def write_seen(db: psycopg.Connection, rows: Iterable[Seen]) -> None:
    """Write a few records, one by one; inside a pipeline this does not wait."""
    for row in rows:
        db.execute(_INSERT, row)


_INSERT = f"""
INSERT INTO match_record ({", ".join(Seen._fields)})
VALUES (%s, %s, %s, %s, %s, %s::bigint[], %s, %s)
"""


def copy_seen(db: psycopg.Connection, rows: Iterable[Seen]) -> None:
    """Write many records at once, outside a pipeline."""
    write_lines(db, "match_record", Seen._fields, copy_lines(list(zip(*rows, strict=True))))
