"""A source gives a key that it has used before to somebody else: old decisions hold no longer.

What stewards decide is kept by the sources' own keys, so that it outlives every run and every new
delivery. A source that uses its keys again would carry a decision over to a stranger, and two
people who have nothing in common would be one customer by a steward's word. So where a page turns
a record into somebody else, what was decided about it is taken back in the same transaction, on
record like every decision that was undone.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.expressions import Compare, levels_of
from registry.customers.matching.features import features_of
from registry.customers.values.clean import CLEAN_COLUMNS
from registry.storage.copying import array_of
from schemas.records import CustomerKind

# Who took a decision back, where nobody did.
THE_SOURCE: Final = "the source, which gave the key to somebody else"
# Of given name, family name and birth date so many must differ wholly: one that does is a wedding,
# a correction or a slip.
DIFFERING_MIN: Final = 2
_DIFFERS: Final = 1
# Births that share a year alone are no likelier one person's than others.
_BIRTH_AGREES: Final = 3
_COMPARED: Final[Mapping[CustomerKind, tuple[str, ...]]] = {
    CustomerKind.PERSON: ("given", "initials", "family", "birth", "national_id"),
    CustomerKind.ORGANISATION: ("name", "chamber_number"),
}

Clean = Mapping[str, Any]


def ask_decided(db: psycopg.Connection, records: Iterable[int]) -> psycopg.Cursor[dict[str, Any]]:
    """Ask what is kept of those records that somebody decided about; a pipeline does not wait."""
    return db.cursor(row_factory=dict_row).execute(_DECIDED, (array_of(records),))


def let_go(db: psycopg.Connection, before: Iterable[Clean], now: Mapping[int, Clean]) -> set[int]:
    """Take back what was decided about records that name somebody else now.

    Args:
        db: Connection in the page's transaction.
        before: The answer to `ask_decided`, asked before the page was kept.
        now: Clean records of the page that differ from what was kept.

    Returns:
        Records outside the page that those decisions were about; they are to be matched again.
    """
    reused = [
        row["record_id"]
        for row in before
        if row["record_id"] in now and is_somebody_else(row, now[row["record_id"]])
    ]
    if not reused:
        return set()
    partners = db.execute(_LET_GO, {"records": array_of(reused), "actor": THE_SOURCE}).fetchall()
    return {partner for (partner,) in partners} - now.keys()


def last_fallen(db: psycopg.Connection, one: int, other: int) -> str | None:
    """Return the last verdict on two records' keys that fell because one names somebody else."""
    row = db.execute(
        """SELECT verdict FROM match_decision d
           JOIN landed_record l ON l.data_set_id = d.data_set_l AND l.key = d.key_l
           JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
           WHERE undone_by = %(actor)s AND l.id IN (%(one)s, %(other)s)
               AND r.id IN (%(one)s, %(other)s)
           ORDER BY decided_at DESC LIMIT 1""",
        {"actor": THE_SOURCE, "one": one, "other": other},
    ).fetchone()
    return row[0] if row else None


def is_somebody_else(before: Clean, now: Clean) -> bool:
    """Tell whether a record describes somebody else than it did.

    A person is somebody else where two of given name, family name and birth date differ wholly, as
    the levels of matching have it, and neither the birth date nor the official number agrees; an
    organisation where both name and number differ.
    """
    if before["kind"] != now["kind"]:
        return True
    kind = CustomerKind(now["kind"])
    compare = _comparison(kind)
    levels = compare(*(features_of({**row, "source": ""}, kind) for row in (before, now)))
    if kind is CustomerKind.ORGANISATION:
        return levels == (_DIFFERS, _DIFFERS)
    given, initials, family, birth, number = levels
    if number > _DIFFERS or birth >= _BIRTH_AGREES:
        return False
    differing = (_DIFFERS in (given, initials)) + (family == _DIFFERS) + (birth > 0)
    return differing >= DIFFERING_MIN


@lru_cache(maxsize=len(CustomerKind))
def _comparison(kind: CustomerKind) -> Compare:
    return levels_of([item for item in COMPARISONS[kind] if item.name in _COMPARED[kind]])


# The first condition spares a town in which nobody decided anything the rest.
_DECIDED = f"""
SELECT {", ".join(f"c.{name}" for name in CLEAN_COLUMNS)}
FROM clean_record c JOIN landed_record r ON r.id = c.record_id
WHERE EXISTS (SELECT FROM match_decision) AND c.record_id = ANY(%s::bigint[]) AND (
    EXISTS (SELECT FROM match_decision d
        WHERE d.data_set_l = r.data_set_id AND d.key_l = r.key AND d.undone_at IS NULL)
    OR EXISTS (SELECT FROM match_decision d
        WHERE d.data_set_r = r.data_set_id AND d.key_r = r.key AND d.undone_at IS NULL))
"""
_LET_GO = """
WITH reused AS (
    SELECT data_set_id, key FROM landed_record WHERE id = ANY(%(records)s::bigint[])
), meant AS (
    SELECT d.id FROM match_decision d JOIN reused ON (d.data_set_l, d.key_l) = (data_set_id, key)
    UNION
    SELECT d.id FROM match_decision d JOIN reused ON (d.data_set_r, d.key_r) = (data_set_id, key)
), undone AS (
    UPDATE match_decision d SET undone_at = clock_timestamp(), undone_by = %(actor)s
    FROM meant WHERE d.id = meant.id AND d.undone_at IS NULL RETURNING d.*
)
SELECT r.id FROM landed_record r JOIN undone ON (data_set_l, key_l) = (r.data_set_id, r.key)
UNION
SELECT r.id FROM landed_record r JOIN undone ON (data_set_r, key_r) = (r.data_set_id, r.key)
"""
