"""Blocking keys in PostgreSQL: which a page moves, written once all of them are known."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

import numpy as np
import psycopg
from numpy.typing import NDArray

from registry.customers.matching.blocking import BLOCK_RECORDS_MAX
from registry.storage.adapting import Bigints
from registry.storage.arrays import many_bigints

Integers: TypeAlias = NDArray[np.int64]


@dataclass
class KeyMoves:
    """Rows of match_key that a page deletes and adds.

    Attributes:
        lost: Keys that records hold in the table and no longer are to, by record.
        got: Keys that they are to hold and do not in the table.
    """

    lost: dict[int, Collection[int]] = field(default_factory=dict)
    got: dict[int, Collection[int]] = field(default_factory=dict)

    def move(self, record: int, before: Collection[int], after: Collection[int]) -> None:
        """Note what a record holds in the table and what it is to hold, in place of earlier notes.

        Args:
            record: The record.
            before: Its keys in the table.
            after: Its keys from now on.
        """
        self.lost[record] = set(before).difference(after) if before else ()
        self.got[record] = set(after).difference(before) if before else after

    @property
    def records(self) -> int:
        """Records that may join or leave a block."""
        return len(self.got)

    def by_key(self) -> dict[int, int]:
        """Return how many records more hold each key than in the table; may be 0 or negative."""
        found = Counter(chain.from_iterable(self.got.values()))
        for key in chain.from_iterable(self.lost.values()):
            found[key] -= 1
        return found

    def write(self, db: psycopg.Connection) -> None:
        """Delete and add them; inside a pipeline this does not wait."""
        lost, got = (keys_of if any(keys_of.values()) else {} for keys_of in (self.lost, self.got))
        if lost and got:
            # Of two statements, the second large one would have to wait for the first.
            db.execute(f"WITH gone AS ({_DELETE}) {_INSERT}", (*_rows(lost), *_rows(got)))
        elif lost:
            db.execute(_DELETE, _rows(lost))
        elif got:
            db.execute(_INSERT, _rows(got))


def _rows(keys_of: Mapping[int, Collection[int]]) -> tuple[Bigints, Bigints]:
    """Return keys and records as two arrays, in the order of the index."""
    keys, records = laid_flat(keys_of)
    order = np.lexsort((records, keys))
    return many_bigints(keys[order]), many_bigints(records[order])


def laid_flat(keys_of: Mapping[int, Collection[int]]) -> tuple[Integers, Integers]:
    """Return keys by record as two arrays of one length: keys, and whose each is."""
    counts = np.fromiter(map(len, keys_of.values()), np.int64, len(keys_of))
    keys = np.fromiter(chain.from_iterable(keys_of.values()), np.int64, int(counts.sum()))
    return keys, np.repeat(np.fromiter(keys_of, np.int64, len(keys_of)), counts)


_DELETE = """
DELETE FROM match_key k USING unnest(%s::bigint[], %s::bigint[]) AS lost(key, record_id)
WHERE k.key = lost.key AND k.record_id = lost.record_id
"""
_INSERT = """
INSERT INTO match_key (key, record_id) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
"""


def ask_too_large(db: psycopg.Connection, keys: Collection[int]) -> psycopg.Cursor:
    """Ask which blocks in the table are too large to be joined.

    Hardly any is, so for keys that only lose holders this spares asking who they are.

    Args:
        db: Connection in the page's transaction; inside a pipeline this does not wait.
        keys: Their keys.
    """
    every = np.sort(np.fromiter(keys, np.int64, len(keys)))
    return db.execute(_TOO_LARGE, (many_bigints(every), BLOCK_RECORDS_MAX))


_TOO_LARGE = """
SELECT key FROM unnest(%s::bigint[]) AS given(key)
WHERE EXISTS (SELECT FROM match_key k WHERE k.key = given.key OFFSET %s LIMIT 1)
"""
