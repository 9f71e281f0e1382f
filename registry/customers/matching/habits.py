"""Count how the sources of a table keep their own records, for the model to freeze."""

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching.cluster import connected
from registry.customers.matching.engine import columns, run
from registry.customers.matching.model import Habit

# At 10 bits 999 of 1,000 links are right.
SURE_BITS = 10.0


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
            SELECT a.source AS source, count(*) AS repeats,
                count(*) FILTER (weight_bits >= $sure OR by_identity) AS sure FROM $scored
            JOIN $records a ON a.rid = l JOIN $records b ON b.rid = r
            WHERE a.source = b.source AND (weight_bits >= $cut OR by_identity) AND NOT apart
            GROUP BY 1
        )
        SELECT source, count(*), coalesce(any_value(repeats), 0),
            coalesce(any_value(sure), 0)
        FROM $records LEFT JOIN repeated USING (source)
        WHERE source IS NOT NULL GROUP BY source ORDER BY source
        """,
        scored=scored,
        records=records,
        cut=repr(cut_bits),
        sure=repr(SURE_BITS),
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
    return {source: Habit(*counts) for source, *counts in rows}, len(groups)


def _whole(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(values, dtype=np.int64)
