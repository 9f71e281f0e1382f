"""A source gives a key that it has used before to somebody else: old decisions hold no longer.

What stewards decide is kept by the sources' own keys, so that it outlives every run and every new
delivery. A source that uses its keys again would carry a decision over to a stranger, and two
people who have nothing in common would be one customer by a steward's word. So where a page turns
a record into somebody else, what was decided about it is taken back in the same transaction, on
record like every decision that was undone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from registry.customers.live.left_keys import (
    Agreement,
    Left,
    LeftRow,
    drop_marks,
    keep_marks,
    left_for_somebody_else,
    marks_of,
    somebody_else,
)
from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.expressions import Compare, levels_of
from registry.customers.matching.features import features_of
from registry.customers.values.clean import CLEAN_COLUMNS
from registry.storage.copying import array_of
from schemas.records import CustomerKind

# Who took a decision back, where nobody did.
THE_SOURCE: Final = "the source, which gave the key to somebody else"
_DIFFERS: Final = 1
# Births that share a year alone are no likelier one person's than others.
_BIRTH_AGREES: Final = 3
_COMPARED: Final[Mapping[CustomerKind, tuple[str, ...]]] = {
    CustomerKind.PERSON: ("given", "initials", "family", "birth", "national_id"),
    CustomerKind.ORGANISATION: ("name", "chamber_number"),
}

Clean = Mapping[str, Any]


def ask_decided(db: psycopg.Connection, records: Iterable[int]) -> psycopg.Cursor[dict[str, Any]]:
    """Ask what is kept of those records that somebody decided about; a pipeline does not wait.

    Of a record whose key its source had deleted, that is what tells who bore it (`left_keys`).
    """
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
    reused, back, emptied = [], [], []
    for row in before:
        if row["record_id"] not in now:
            continue
        record, known = now[row["record_id"]], Known.of(row)
        if known.left is not None:
            back.append(row["record_id"])
        if known.is_another(record):
            reused.append(row["record_id"])
        elif known.says_more_than(record):
            emptied.append(known)
    if back:
        drop_marks(db, back)
    keep_marks(db, (known.as_row() for known in emptied))
    if not reused:
        return set()
    partners = db.execute(_LET_GO, {"records": array_of(reused), "actor": THE_SOURCE}).fetchall()
    return {partner for (partner,) in partners} - now.keys()


@dataclass(frozen=True)
class Known:
    """What is known of a record that somebody decided about, before a page says something else.

    Attributes:
        clean: What was kept of it; None where its source had deleted it.
        left: What it said before it left, or before it fell silent; None where it did neither.
        row: Its data set and key.
    """

    clean: Clean | None
    left: Left | None
    row: Clean

    @classmethod
    def of(cls, row: Clean) -> "Known":
        """Read one row of the answer to `ask_decided`."""
        clean = row if row["kind"] is not None else None
        left = Left(row["left_kind"], row["left_marks"]) if row["left_kind"] is not None else None
        return cls(clean, left, row)

    @property
    def marks(self) -> dict[str, Sequence[str]]:
        """What it says, and what it said of that about which it is silent now."""
        said = dict(self.left.marks) if self.left else {}
        return said | marks_of(self.clean) if self.clean else said

    def is_another(self, now: Clean) -> bool:
        """Tell whether a record describes somebody else than is known of it."""
        if self.clean is not None and is_somebody_else(self.clean, now):
            return True
        return self.left is not None and left_for_somebody_else(
            Left(self.left.kind, self.marks), now
        )

    def says_more_than(self, now: Clean) -> bool:
        """Tell whether a record is silent about what is known of it; it may say another next."""
        return bool(self.marks.keys() - marks_of(now).keys())

    def as_row(self) -> LeftRow:
        """Return what is kept of it while it is silent."""
        kind = self.clean["kind"] if self.clean else self.left.kind if self.left else ""
        return LeftRow(self.row["data_set_id"], self.row["source_key"], kind, self.marks)


def keep_leaving(db: psycopg.Connection, records: Iterable[int]) -> None:
    """Keep who bore the keys of records that leave, of those that somebody decided about.

    Args:
        db: Connection in the transaction in which they leave.
        records: Landed records; their clean form is still there.
    """
    known = (Known.of(row) for row in ask_decided(db, records).fetchall())
    keep_marks(db, (each.as_row() for each in known if each.clean is not None))


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
    """Tell whether a record describes somebody else than it did, by the levels of matching."""
    if before["kind"] != now["kind"]:
        return True
    kind = CustomerKind(now["kind"])
    compare = _comparison(kind)
    levels = compare(*(features_of({**row, "source": ""}, kind) for row in (before, now)))
    if kind is CustomerKind.ORGANISATION:
        by_name, by_number = levels
        return somebody_else(kind, Agreement(name=_agree(by_name), number=_agree(by_number)))
    given, initials, family, birth, number = levels
    return somebody_else(
        kind,
        Agreement(
            given=_agree(given or initials),
            family=_agree(family),
            birth=birth >= _BIRTH_AGREES if birth else None,
            number=_agree(number),
        ),
    )


def _agree(level: int) -> bool | None:
    return level > _DIFFERS if level else None


@lru_cache(maxsize=len(CustomerKind))
def _comparison(kind: CustomerKind) -> Compare:
    return levels_of([item for item in COMPARISONS[kind] if item.name in _COMPARED[kind]])


# The first condition spares a town in which nobody decided anything the rest.
_DECIDED = f"""
SELECT r.id AS record_id, r.key AS source_key, l.kind AS left_kind, l.marks AS left_marks,
    coalesce(c.data_set_id, r.data_set_id) AS data_set_id,
    {", ".join(f"c.{name}" for name in CLEAN_COLUMNS[2:])}
FROM landed_record r LEFT JOIN clean_record c ON c.record_id = r.id
LEFT JOIN left_key l ON l.data_set_id = r.data_set_id AND l.key = r.key
WHERE EXISTS (SELECT FROM match_decision) AND r.id = ANY(%s::bigint[]) AND (
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
