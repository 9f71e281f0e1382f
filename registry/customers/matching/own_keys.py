"""How sources keep their own records: who stands twice in one source, and how often that happens.

A source gives each person one key, and errs in that the more, the less it is kept. Training
counts both, and freezes them with the model: two customers who both stand in a well-kept source
are hardly one customer, whatever a single pair of their records looks like. A source that has
all but nobody twice keeps people apart altogether: two of its records are never linked by the
model, only by one official number or by a steward.
"""

import math
from collections.abc import Mapping
from typing import Final

import duckdb
import psycopg

from registry.customers.matching.engine import run
from registry.customers.matching.model import Habit, KindModel

# Where no customer stands twice in a source, half of one is taken; nothing is certain from counts.
_NONE_SEEN = 0.5
# A source keeps people apart where at most one in so many of its records seems to have a like in
# it: so few are rather relatives taken for one another than people who stand there twice.
RECORDS_A_REPEAT_MIN: Final = 300
# And where at most one in so many has a like beyond doubt: nobody would forgive to miss those.
RECORDS_A_SURE_REPEAT_MIN: Final = 1_000
# In fewer records it may be chance that nobody stands there twice.
DISTINCT_RECORDS_MIN: Final = 1_000

# Whether sources keep people apart, as somebody said: by name, or one answer for all.
OwnKeys = Mapping[str, bool] | bool | None


def distinct_sources(found: Mapping[str, Habit], said: OwnKeys) -> frozenset[str]:
    """Return the sources whose own keys keep people apart.

    Args:
        found: Habits by source. A table of one source alone is linked to find who is in it twice,
            so there no rule speaks for it.
        said: What somebody said of sources; the rule decides where nobody did.
    """
    if isinstance(said, bool):
        return frozenset(found) if said else frozenset()
    by_rule = {
        source
        for source, habit in found.items()
        if len(found) > 1
        and habit.records >= DISTINCT_RECORDS_MIN
        and habit.repeats * RECORDS_A_REPEAT_MIN <= habit.records
        and habit.sure * RECORDS_A_SURE_REPEAT_MIN <= habit.records
    }
    named = said or {}
    return frozenset(source for source in found if named.get(source, source in by_rule))


def settled_own_keys(db: psycopg.Connection) -> dict[str, bool]:
    """Return what stewards settled, by URN of the data set."""
    return dict(
        db.execute(
            "SELECT urn, keeps_apart FROM own_key_rule JOIN element ON element.id = data_set_id"
        ).fetchall()
    )


def keep_apart(con: duckdb.DuckDBPyConnection, scored: str, records: str, part: KindModel) -> None:
    """Mark scored pairs of two records that one source keeps apart.

    Args:
        con: The session.
        scored: Table of scored pairs.
        records: Table of comparison columns.
        part: Frozen model of their kind.
    """
    if not part.distinct:
        return
    run(
        con,
        """
        UPDATE $scored SET apart = true FROM $records a, $records b
        WHERE a.rid = $scored.l AND b.rid = $scored.r AND a.source = b.source
            AND NOT by_identity AND list_contains(?, a.source)
        """,
        sorted(part.distinct),
        scored=scored,
        records=records,
    )


def are_kept_apart(part: KindModel, one: object, other: object) -> bool:
    """Tell whether two records of these sources are kept apart by their source's own keys."""
    return one is not None and one == other and one in part.distinct


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
