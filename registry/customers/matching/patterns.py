"""From candidate pairs to agreement patterns: one integer that holds all level numbers."""

import re
from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching.engine import columns, run
from registry.customers.matching.levels import Comparison

# Random pairs by which strangers are measured; 200,000 see one-in-a-thousand levels 200 times
# (rarer agreement is counted, not sampled), and small tables have fewer pairs worth drawing.
RANDOM_PAIRS_MAX = 200_000
RANDOM_PAIRS_PER_RECORD = 200
# Fixed, because training twice on the same records must give the same model.
RANDOM_SEED = 20_160_425
_COMPARED = "l INTEGER, r INTEGER, pattern BIGINT, stranger_bits FLOAT, household_bits FLOAT"
# A column of either record, as levels name it.
_READ = re.compile(r"\b[lr]\.(\w+)")


def compare(
    con: duckdb.DuckDBPyConnection,
    records: str,
    pairs: str,
    comparisons: Sequence[Comparison],
    *,
    into: str,
) -> None:
    """Make `into(l, r, pattern, stranger_bits, household_bits)` for every pair.

    `pattern` is the level numbers in mixed radix. The two bit columns say how much more likely
    than average a stranger, or a household member, agrees on just these values.
    """
    if not run(con, "SELECT EXISTS (FROM $pairs)", pairs=pairs)[0][0]:
        # Of small towns most questions have no pairs, and planning them takes longer than asking.
        run(con, f"CREATE OR REPLACE TABLE $into ({_COMPARED})", into=into)
        return
    run(
        con,
        "CREATE OR REPLACE TABLE $into AS $question",
        into=into,
        question=comparison_sql(
            comparisons,
            f"{pairs} p JOIN {records} l ON l.rid = p.l JOIN {records} r ON r.rid = p.r",
        ),
    )


def comparison_sql(comparisons: Sequence[Comparison], paired: str) -> str:
    """Return the query that compares pairs, wherever it runs.

    Args:
        comparisons: What to compare.
        paired: What to select from: rows in which `l` and `r` are the two records.
    """
    bits = [
        f"l.{item.frequency}_bits AS {item.name}_bits" for item in comparisons if item.frequency
    ]
    levels = [f"{item.case()} AS {item.column}" for item in comparisons]
    return f"""
        SELECT left_rid AS l, right_rid AS r, ({_packed(comparisons)})::BIGINT AS pattern,
            ({_rarity(comparisons)})::FLOAT AS stranger_bits,
            ({_rarity(item for item in comparisons if item.personal)})::FLOAT AS household_bits
        FROM (
            SELECT l.rid AS left_rid, r.rid AS right_rid, {", ".join((*bits, *levels))}
            FROM {paired}
        )
        """


def compared_columns(comparisons: Sequence[Comparison]) -> list[str]:
    """Return the columns of a record that `comparison_sql` reads."""
    return sorted(set(_READ.findall(comparison_sql(comparisons, "pair"))))


def _packed(comparisons: Sequence[Comparison]) -> str:
    expression = "0::BIGINT"
    for item in comparisons:
        expression = f"({expression}) * {item.size} + {item.column}"
    return expression


def _rarity(comparisons: Iterable[Comparison]) -> str:
    terms = [
        f"CASE WHEN {item.column} = {item.size - 1} THEN {item.name}_bits ELSE 0 END"
        for item in comparisons
        if item.frequency
    ]
    return " + ".join(terms) or "0"


def unpack(packed: NDArray[np.int64], comparisons: Sequence[Comparison]) -> NDArray[np.int64]:
    """Return level numbers, one row per pattern, one column per comparison."""
    rest = packed.copy()
    levels = np.empty((len(packed), len(comparisons)), dtype=np.int64)
    for index in range(len(comparisons) - 1, -1, -1):
        rest, levels[:, index] = np.divmod(rest, comparisons[index].size)
    return levels


def count_patterns(
    con: duckdb.DuckDBPyConnection, compared: str, comparisons: Sequence[Comparison]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the distinct patterns, unpacked, and how many pairs show each."""
    found = columns(
        con,
        """SELECT pattern, count(*)::DOUBLE AS pairs FROM $compared
           GROUP BY pattern ORDER BY pattern""",
        compared=compared,
    )
    return unpack(found["pattern"].astype(np.int64), comparisons), found["pairs"]


def random_pairs(con: duckdb.DuckDBPyConnection, records: int, *, into: str) -> None:
    """Make `into(l, r)`: random pairs of different records, the same ones every time."""
    chance = np.random.default_rng(RANDOM_SEED)
    drawn = min(RANDOM_PAIRS_MAX, RANDOM_PAIRS_PER_RECORD * records) if records > 1 else 0
    left = chance.integers(0, max(records, 1), drawn, dtype=np.int32)
    step = chance.integers(1, max(records, 2), drawn, dtype=np.int32)
    right = ((left.astype(np.int64) + step) % max(records, 1)).astype(np.int32)
    con.register("drawn_pairs", {"l": left, "r": right})
    run(con, "CREATE OR REPLACE TABLE $into AS SELECT l, r FROM drawn_pairs", into=into)
    con.unregister("drawn_pairs")
