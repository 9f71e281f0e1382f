"""How sources keep their own records: who stands twice in one source, and how often that happens.

A source gives each person one key, and errs in that the more, the less it is kept. Training
counts both, and freezes them with the model: two customers who both stand in a well-kept source
are hardly one customer, whatever a single pair of their records looks like.
"""

import math

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.cluster import connected
from registry.customers.engine import columns, run
from registry.customers.model import Habit, KindModel

# Where no customer stands twice in a source, half of one is taken; nothing is certain from counts.
_NONE_SEEN = 0.5


def habits(
    con: duckdb.DuckDBPyConnection, records: str, scored: str, *, count: int, cut_bits: float
) -> tuple[dict[str, Habit], int]:
    """Count, for each source, its records and the links between two of them.

    Args:
        con: The session.
        records: Table of comparison columns.
        scored: Table of scored pairs.
        count: Records in the table.
        cut_bits: Pairs at or above it are linked.

    Returns:
        Habits by source, and how many groups the links make; nothing where records name no source.
    """
    rows = run(
        con,
        """
        WITH repeated AS (
            SELECT a.source AS source, count(*) AS repeats FROM $scored
            JOIN $records a ON a.rid = l JOIN $records b ON b.rid = r
            WHERE a.source = b.source AND (weight_bits >= $cut OR by_identity) AND NOT apart
            GROUP BY 1
        )
        SELECT source, count(*), coalesce(any_value(repeats), 0)
        FROM $records LEFT JOIN repeated USING (source)
        WHERE source IS NOT NULL GROUP BY source ORDER BY source
        """,
        scored=scored,
        records=records,
        cut=repr(cut_bits),
    )
    if not rows:
        return {}, 0
    links = columns(
        con,
        "SELECT l, r FROM $scored WHERE (weight_bits >= $cut OR by_identity) AND NOT apart",
        scored=scored,
        cut=repr(cut_bits),
    )
    groups = np.unique(connected(count, _whole(links["l"]), _whole(links["r"])))
    return {source: Habit(size, repeats) for source, size, repeats in rows}, len(groups)


def repeat_bits(part: KindModel, source: str) -> float:
    """Say what it tells about two customers that both stand in one source.

    Of two that are one person, as many share the source as stand in it twice; of two others, as
    many as stand in it at all.

    Args:
        part: Frozen model of their kind.
        source: The source.

    Returns:
        Log2 odds of one customer, 0 or less; 0 where the model knows nothing of the source.
    """
    habit = part.sources.get(source)
    if habit is None or not part.customers:
        return 0.0
    twice = max(habit.repeats, _NONE_SEEN) / habit.records
    at_all = min(1.0, habit.records / part.customers)
    return min(0.0, math.log2(twice / at_all))


def _whole(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)
