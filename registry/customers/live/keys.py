"""Blocking keys in PostgreSQL: which a page moves, written once all of them are known."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

import numpy as np
import psycopg
from numpy.typing import NDArray

from registry.storage.adapting import Bigints
from registry.storage.arrays import many_bigints
from registry.storage.copying import array_of

Integers: TypeAlias = NDArray[np.int64]
# Records of a page that is so small that what spares work with many costs more than it spares.
RECORDS_FEW = 4


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

    def keys(self) -> set[int]:
        """Return the keys that any record loses or gets."""
        return set(chain(*self.lost.values(), *self.got.values()))

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


def _rows(keys_of: Mapping[int, Collection[int]]) -> tuple[Bigints | str, Bigints | str]:
    """Return keys and records as two arrays, in the order of the index."""
    if len(keys_of) <= RECORDS_FEW:  # numpy would take longer
        rows = sorted((key, record) for record, keys in keys_of.items() for key in keys)
        return array_of(key for key, _ in rows), array_of(record for _, record in rows)
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


def keep_crowded(db: psycopg.Connection, grown: Collection[int], shrunk: Collection[int]) -> None:
    """Keep which blocks are too large to be joined; inside a pipeline this does not wait.

    Args:
        db: Connection in the page's transaction.
        grown: Keys whose blocks have become so.
        shrunk: Keys whose blocks no longer are.
    """
    if grown:
        db.execute("INSERT INTO crowded_key SELECT unnest(%s::bigint[])", (array_of(grown),))
    if shrunk:
        db.execute("DELETE FROM crowded_key WHERE key = ANY(%s::bigint[])", (array_of(shrunk),))
