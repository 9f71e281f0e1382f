"""Blocking keys in PostgreSQL: moved as records come, change and leave."""

from collections.abc import Collection, Mapping
from itertools import chain

import numpy as np
import psycopg

from registry.customers.matching.blocking import BLOCK_RECORDS_MAX
from registry.storage.bigints import many_bigints
from registry.storage.copying import array_of


def move_keys(
    db: psycopg.Connection,
    *,
    old: Mapping[int, Collection[int]],
    new: Mapping[int, Collection[int]],
) -> None:
    """Delete and add rows of match_key.

    Args:
        db: Connection in the page's transaction; inside a pipeline this does not wait.
        old: Keys that records lose, by record.
        new: Keys that they get.
    """
    for statement, keys_of in ((_DELETE, old), (_INSERT, new)):
        if len(keys_of) == 1:
            ((record, few),) = keys_of.items()
            if few:
                db.execute(statement, (array_of(few), array_of([record] * len(few))))
            continue
        keys = np.fromiter(chain.from_iterable(keys_of.values()), np.int64)
        if len(keys):
            counts = np.fromiter(map(len, keys_of.values()), np.int64, len(keys_of))
            records = np.repeat(np.fromiter(keys_of, np.int64, len(keys_of)), counts)
            # In the order of the index: neighbours are on one page of it.
            order = np.lexsort((records, keys))
            db.execute(statement, (many_bigints(keys[order]), many_bigints(records[order])))


_DELETE = """
DELETE FROM match_key k USING unnest(%s::bigint[], %s::bigint[]) AS old(key, record_id)
WHERE k.key = old.key AND k.record_id = old.record_id
"""
_INSERT = """
INSERT INTO match_key (key, record_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
"""


def ask_shrunk(db: psycopg.Connection, left: Mapping[int, int]) -> psycopg.Cursor:
    """Ask which blocks may have been too large to be joined before records left them.

    Hardly any was, so this spares asking who holds keys that only lost holders.

    Args:
        db: Connection in the page's transaction; inside a pipeline this does not wait.
        left: How many records left each block.
    """
    keys = np.fromiter(left, np.int64, len(left))
    order = np.argsort(keys)
    counts = np.fromiter(left.values(), np.int64, len(left))
    values = (many_bigints(keys[order]), many_bigints(counts[order]), BLOCK_RECORDS_MAX)
    return db.execute(_SHRUNK, values)


_SHRUNK = """
SELECT g.key FROM unnest(%s::bigint[], %s::bigint[]) AS g(key, gone)
WHERE EXISTS (SELECT FROM match_key k WHERE k.key = g.key OFFSET greatest(%s - g.gone, 0) LIMIT 1)
"""
