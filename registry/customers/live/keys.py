"""Blocking keys in PostgreSQL: who holds them, and which pairs of records meet by them.

The answer to "who holds these keys" is millions of numbers for a large page, so it crosses the
wire as one string of bytes and stays in numpy.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import psycopg
from numpy.typing import NDArray

from registry.customers.matching.blocking import BLOCK_RECORDS_MAX
from registry.storage.bigints import many_bigints

Integers: TypeAlias = NDArray[np.int64]
KeysOf: TypeAlias = Mapping[int, Collection[int]]  # by record

# Keys asked for at a time: of the largest blocks that are 170 MB, and of usual ones 2 MB.
KEYS_AT_ONCE = 5_000
# Of a few records' keys the holders are nearly all looked at, so they come along at once.
KEYS_FEW = 100
_HOLDER = np.dtype([("key", ">i8"), ("record", ">i8")])
_NO_PAIRS: Integers = np.empty((0, 2), dtype=np.int64)


def move_keys(
    db: psycopg.Connection,
    *,
    old: Mapping[int, Collection[int]],
    new: Mapping[int, Collection[int]],
) -> None:
    """Delete and add rows of match_key."""
    for statement, keys_of in ((_DELETE, old), (_INSERT, new)):
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


class Holders:
    """Who holds some keys; asked when it is made, read when it is needed.

    Blocks that are larger than any that is joined are known up to that size and what the page
    moved, which is enough to tell that they are.
    """

    def __init__(self, db: psycopg.Connection, keys: Mapping[int, int]) -> None:
        """Ask; inside a pipeline this does not wait.

        Args:
            db: Connection in the page's transaction.
            keys: How many records more hold each key since the page began; may be 0 or negative.
        """
        self._is_near = len(keys) <= KEYS_FEW
        self._answers: list[psycopg.Cursor] = []
        self._rows: tuple[NDArray[Any], list[tuple[Any, ...]]] | None = None
        every = np.fromiter(keys, np.int64, len(keys))
        order = np.argsort(every)
        self._keys = every[order]
        self._moves = np.fromiter(keys.values(), np.int64, len(keys))[order]
        for start in range(0, len(keys), KEYS_AT_ONCE):
            part = slice(start, start + KEYS_AT_ONCE)
            asked, moved = many_bigints(self._keys[part]), many_bigints(abs(self._moves[part]))
            values = (asked, moved, BLOCK_RECORDS_MAX + 1)
            question = _SEEN_HOLDERS if self._is_near else _HOLDERS
            self._answers.append(db.execute(question, values, binary=not self._is_near))

    @property
    def seen(self) -> Sequence[tuple[Any, ...]]:
        """Records that hold them: id, kind, place, component and features; of few keys only.

        Of records that are not written yet all but the id is None.
        """
        return self._read()[1]

    @property
    def rows(self) -> NDArray[Any]:
        """Key and record of each holding, ordered by key."""
        return self._read()[0]

    def _read(self) -> tuple[NDArray[Any], list[tuple[Any, ...]]]:
        if self._rows is None:
            seen: list[tuple[Any, ...]] = []
            if self._is_near:
                found = [row for answer in self._answers for row in answer.fetchall()]
                seen = [row[:-1] for row in found]
                rows = np.array([(key, row[0]) for row in found for key in row[-1]], _HOLDER)
            else:
                parts = [answer.fetchone() for answer in self._answers]
                rows = np.frombuffer(b"".join(row[0] for row in parts if row and row[0]), _HOLDER)
            self._rows = rows[np.argsort(rows["key"], kind="stable")], seen
        return self._rows

    def crossed(self) -> set[int]:
        """Return holders of blocks that have grown too large to join, or small enough again."""
        keys, starts, sizes = self._blocks()
        moves = self._moves[np.searchsorted(self._keys, keys)]
        turned = (sizes > BLOCK_RECORDS_MAX) != (sizes - moves > BLOCK_RECORDS_MAX)
        found: set[int] = set()
        for start, size in zip(starts[turned].tolist(), sizes[turned].tolist(), strict=True):
            found.update(self.rows["record"][start : start + size].tolist())
        return found

    def pairs(self, touched: Iterable[int]) -> Integers:
        """Return every pair of a touched record and another that share a key which is joined.

        Returns:
            One row of two record ids per pair, the smaller first, each pair once.
        """
        _, starts, sizes = self._blocks()
        if not len(starts):
            return _NO_PAIRS
        records = self.rows["record"].astype(np.int64)
        joined = np.repeat((sizes > 1) & (sizes <= BLOCK_RECORDS_MAX), sizes)
        mine = np.flatnonzero(joined & np.isin(records, np.fromiter(touched, np.int64)))
        block = np.repeat(np.arange(len(starts)), sizes)[mine]
        # Each of mine meets its whole block: as many rows as the block has, counted from its start.
        meets = sizes[block]
        ends = np.cumsum(meets)
        offset = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - meets, meets)
        one = np.repeat(records[mine], meets)
        other = records[np.repeat(starts[block], meets) + offset]
        return distinct_pairs(one, other)

    def _blocks(self) -> tuple[Integers, Integers, Integers]:
        """Return the keys that anybody holds, where each begins, and how many hold it."""
        keys = self.rows["key"].astype(np.int64)
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else keys
        return keys[starts], starts, np.diff(np.r_[starts, len(keys)])


# A bound a key: what moved says how far beyond the limit a block may have to be counted.
_HELD = """
FROM unnest(%s::bigint[], %s::bigint[]) AS g(key, moved)
CROSS JOIN LATERAL (SELECT record_id FROM match_key WHERE match_key.key = g.key
                    LIMIT %s + g.moved) AS k
"""
_HOLDERS = f"""
SELECT string_agg(int8send(g.key) || int8send(k.record_id), ''::bytea) {_HELD}
"""
_SEEN_HOLDERS = f"""
WITH held AS MATERIALIZED (
    SELECT k.record_id, array_agg(g.key) AS keys {_HELD} GROUP BY k.record_id
)
SELECT record_id, kind, place, component, features, held.keys
FROM held LEFT JOIN match_record USING (record_id)
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


def distinct_pairs(one: Integers, other: Integers) -> Integers:
    """Return pairs of two different records, the smaller first, each once and in order."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    apart = low != high
    low, high = low[apart], high[apart]
    if not len(low):
        return _NO_PAIRS
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]
    return np.column_stack((low[first], high[first]))
