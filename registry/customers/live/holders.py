"""Who holds blocking keys in PostgreSQL, and which pairs of records meet by them.

The answer is millions of numbers for a large page, so it crosses the wire as one string of bytes
and stays in numpy. For the few keys of one record, numpy would cost more than the work.
"""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, Protocol

import numpy as np
import psycopg
from numpy.typing import NDArray

from registry.customers.live.keys import Integers, KeyMoves, laid_flat
from registry.customers.matching.blocking import BLOCK_RECORDS_MAX
from registry.storage.arrays import many_bigints
from registry.storage.copying import array_of

# Keys asked for at a time: of the largest blocks that is 160 MB, and of usual ones 2 MB.
KEYS_AT_ONCE = 5_000
# Of a few records' keys the holders are nearly all looked at, so they come along at once.
KEYS_FEW = 100
_HOLDER = np.dtype([("key", ">i8"), ("record", ">i8")])
_NO_PAIRS: Integers = np.empty((0, 2), dtype=np.int64)


class Crossed(NamedTuple):
    """Blocks that crossed the limit up to which they are joined.

    Attributes:
        records: Their holders.
        grown: Keys of those that became too large.
        shrunk: Keys of those that no longer are.
    """

    records: set[int]
    grown: AbstractSet[int]
    shrunk: AbstractSet[int]


class Holders(Protocol):
    """Who holds some keys; asked when it is made, read when it is needed.

    What the page moves counts as moved, although it is not written yet. Blocks that are larger than
    any that is joined are known up to that size and what the page moves, which is enough to tell
    that they are.
    """

    @property
    def seen(self) -> Iterable[tuple[Any, ...]]:
        """Records that hold them: id, kind, place, component and features; of few keys only.

        Of records of the page all but the id is None.
        """

    def crossed(self) -> Crossed:
        """Return which blocks have grown too large to join, or small enough again."""

    def pairs(self, touched: Collection[int]) -> Integers:
        """Return every pair of a touched record and another that share a key which is joined.

        Returns:
            One row of two record ids per pair, the smaller first, each pair once and in order.
        """


class AskedKeys:
    """Keys whose holders in the table were asked for already, while other records are looked at.

    Attributes:
        crowded: Keys that more records hold in the table than are joined.
    """

    def __init__(self, crowded: Iterable[int] = ()) -> None:
        """Begin with none asked for."""
        self.crowded = frozenset(crowded)
        self._keys: set[int] = set()
        self._answers: list[psycopg.Cursor] = []

    def ask(self, db: psycopg.Connection, keys: Iterable[int], *, most_moved: int) -> None:
        """Ask for those not asked for; inside a pipeline this does not wait.

        Args:
            db: Connection in the page's transaction.
            keys: Some keys.
            most_moved: Records that may join or leave a block on this page.
        """
        new = set(keys).difference(self._keys)
        self._keys |= new
        crowded = new & self.crowded
        new -= crowded
        every = np.sort(np.fromiter(new, np.int64, len(new)))
        for start in range(0, len(every), KEYS_AT_ONCE):
            values = many_bigints(every[start : start + KEYS_AT_ONCE])
            self._answers.append(db.execute(_HOLDERS, (values,), binary=True))
        if crowded:
            values = many_bigints(np.fromiter(crowded, np.int64, len(crowded)))
            self._answers.append(
                db.execute(_CROWDED_HOLDERS, (values, _most(most_moved)), binary=True)
            )

    def rows(self) -> NDArray[Any]:
        """Return key and record of each holding, in any order; waits for all answers."""
        found = [row[0] or b"" for answer in self._answers for row in answer]
        return np.frombuffer(b"".join(found), _HOLDER)


def ask_holders(
    db: psycopg.Connection,
    keys: AbstractSet[int],
    moves: KeyMoves,
    asked: AskedKeys,
    few: "FewAsked | None" = None,
) -> Holders:
    """Ask who holds some keys; inside a pipeline this does not wait.

    Args:
        db: Connection in the page's transaction.
        keys: The keys.
        moves: What the page moves, none of it written.
        asked: Keys among them that were asked for already, and which of them are crowded.
        few: The answer, where it was asked for on a guess; of use if the keys are the same.
    """
    if len(keys) <= KEYS_FEW:
        if few is None or few.keys != keys:
            few = FewAsked(db, keys, most_moved=moves.records)
        return _FewHolders(few, asked.crowded & keys, moves)
    return _ManyHolders(db, keys, moves, asked)


class FewAsked:
    """The question who holds a few keys, on its way."""

    def __init__(self, db: psycopg.Connection, keys: Collection[int], *, most_moved: int) -> None:
        """Ask; inside a pipeline this does not wait.

        Args:
            db: Connection in the page's transaction.
            keys: The keys.
            most_moved: Records that may join or leave a block on this page.
        """
        self.keys = set(keys)
        self.answer = db.execute(_SEEN_HOLDERS, (array_of(keys), _most(most_moved)))


class _FewHolders:
    """Who holds a few keys, with what is known of them; for so few numpy would cost more."""

    def __init__(self, asked: FewAsked, crowded: AbstractSet[int], moves: KeyMoves) -> None:
        """Keep what was asked."""
        self._crowded, self._moves, self._asked = crowded, moves, asked.answer
        self._blocks: dict[int, set[int]] = {}
        self._seen: list[tuple[Any, ...]] | None = None

    @property
    def seen(self) -> Iterable[tuple[Any, ...]]:
        """Records that hold them."""
        if self._seen is None:
            self._seen = []
            for *known, keys in self._asked:
                self._seen.append(tuple(known))
                for key in keys:
                    self._blocks.setdefault(key, set()).add(known[0])
            for record, keys in self._moves.lost.items():
                for key in self._blocks.keys() & set(keys):
                    self._blocks[key].discard(record)
            for record, keys in self._moves.got.items():
                for key in keys:
                    self._blocks.setdefault(key, set()).add(record)
        return self._seen

    def crossed(self) -> Crossed:
        """Return which blocks crossed the limit."""
        blocks = self._read()
        large = {key for key, block in blocks.items() if len(block) > BLOCK_RECORDS_MAX}
        found = Crossed(set(), large - self._crowded, self._crowded - large)
        found.records.update(*(blocks.get(key, ()) for key in found.grown | found.shrunk))
        return found

    def pairs(self, touched: Collection[int]) -> Integers:
        """Return pairs with touched records."""
        found: set[tuple[int, int]] = set()
        for block in self._read().values():
            if len(block) <= BLOCK_RECORDS_MAX:
                for one in block:
                    if one in touched:
                        found.update((min(one, other), max(one, other)) for other in block)
        pairs = sorted(pair for pair in found if pair[0] != pair[1])
        return np.array(pairs, np.int64) if pairs else _NO_PAIRS

    def _read(self) -> dict[int, set[int]]:
        """Return the holders of each key."""
        return self._blocks if self.seen is not None else {}


class _ManyHolders:
    """Who holds many keys."""

    def __init__(
        self,
        db: psycopg.Connection,
        keys: AbstractSet[int],
        moves: KeyMoves,
        asked: AskedKeys,
    ) -> None:
        """Ask."""
        self._moves, self._asked, self._crowded = moves, asked, asked.crowded & keys
        self._rows: NDArray[Any] | None = None
        asked.ask(db, keys, most_moved=moves.records)

    @property
    def seen(self) -> Iterable[tuple[Any, ...]]:
        """Return nothing: of many, most that hold a key are not looked at."""
        return ()

    @property
    def rows(self) -> NDArray[Any]:
        """Key and record of each holding, ordered by key."""
        if self._rows is None:
            rows = self._asked.rows()
            rows = np.concatenate((rows[self._stays(rows)], _rows_of(self._moves.got)))
            self._rows = rows[np.argsort(rows["key"], kind="stable")]
        return self._rows

    def _stays(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """Say which rows the page leaves as they are."""
        lost = {record: keys for record, keys in self._moves.lost.items() if keys}
        stays = np.ones(len(rows), dtype=np.bool_)
        theirs = np.flatnonzero(np.isin(rows["record"], np.fromiter(lost, np.int64, len(lost))))
        for place, (key, record) in zip(theirs.tolist(), rows[theirs].tolist(), strict=True):
            stays[place] = key not in lost[record]
        return stays

    def crossed(self) -> Crossed:
        """Return which blocks crossed the limit."""
        keys, starts, sizes = self._blocks()
        large = set(keys[sizes > BLOCK_RECORDS_MAX].tolist())
        found = Crossed(set(), large - self._crowded, self._crowded - large)
        turned = np.isin(keys, np.array([*found.grown, *found.shrunk], dtype=np.int64))
        for start, size in zip(starts[turned].tolist(), sizes[turned].tolist(), strict=True):
            found.records.update(self.rows["record"][start : start + size].tolist())
        return found

    def pairs(self, touched: Collection[int]) -> Integers:
        """Return pairs with touched records."""
        _, starts, sizes = self._blocks()
        if not len(starts):
            return _NO_PAIRS
        records = self.rows["record"].astype(np.int64)
        joined = np.repeat((sizes > 1) & (sizes <= BLOCK_RECORDS_MAX), sizes)
        mine = np.flatnonzero(
            joined & np.isin(records, np.fromiter(touched, np.int64, len(touched)))
        )
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


def _rows_of(keys_of: Mapping[int, Collection[int]]) -> NDArray[Any]:
    """Return keys of records as rows of key and record."""
    keys, records = laid_flat(keys_of)
    rows = np.empty(len(keys), dtype=_HOLDER)
    rows["key"], rows["record"] = keys, records
    return rows


def _most(moved: int) -> int:
    """Return how far a block must be counted, so that it is too large whatever moves."""
    return BLOCK_RECORDS_MAX + 1 + moved


# The index gives the holders of many keys in one walk, which a LIMIT for each would forbid.
_HOLDERS = """
SELECT string_agg(int8send(key) || int8send(record_id), ''::bytea) FROM match_key
WHERE key = ANY(%s::bigint[])
"""
_HELD = """
FROM unnest(%s::bigint[]) AS g(key)
CROSS JOIN LATERAL (SELECT record_id FROM match_key WHERE match_key.key = g.key LIMIT %s) AS k
"""
_CROWDED_HOLDERS = f"""
SELECT string_agg(int8send(g.key) || int8send(k.record_id), ''::bytea) {_HELD}
"""
_SEEN_HOLDERS = f"""
WITH held AS MATERIALIZED (
    SELECT k.record_id, array_agg(g.key) AS keys {_HELD} GROUP BY k.record_id
)
SELECT record_id, kind, place, component, features, held.keys
FROM held LEFT JOIN match_record USING (record_id)
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
