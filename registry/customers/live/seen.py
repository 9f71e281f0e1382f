"""Records of a page as the model sees them, written once, when their component is known."""

from collections.abc import Collection
from typing import NamedTuple

import psycopg

from registry.storage.arrays import many_texts
from registry.storage.copying import array_of


class Seen(NamedTuple):
    """A row of match_record that is still to be written, none of it set aside.

    Attributes:
        record_id: The record.
        kind: Kind of customer.
        place: Data set and key.
        content: Digest that records of equal content share.
        features: What is kept of its comparison columns.
        keys: Blocking keys as PostgreSQL writes an array.
        component: Smallest record it is linked with; None until that is known.
    """

    record_id: int
    kind: str
    place: str
    content: int
    features: str
    keys: str
    component: int | None = None


def write_seen(db: psycopg.Connection, rows: Collection[Seen]) -> None:
    """Write records; inside a pipeline this does not wait."""
    if not rows:
        return
    records, kinds, places, contents, features, keys, components = zip(*rows, strict=True)
    texts = map(many_texts, (kinds, places, features, keys))
    numbers = map(array_of, (records, contents, ("NULL" if c is None else c for c in components)))
    db.execute(_INSERT, (*texts, *numbers))


_INSERT = """
INSERT INTO match_record (kind, place, features, keys, record_id, content, component, aside)
SELECT kind, place, features, keys::bigint[], record_id, content, component, false
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[],
    %s::bigint[], %s::bigint[], %s::bigint[])
    AS seen(kind, place, features, keys, record_id, content, component)
"""
