"""Take refused records out of quarantine again: their bytes, and what may be done with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg.rows import class_row

BATCH_MAX = 1_000
"""Records per transaction, as many as a large page has."""

NEVER = ("duplicate_key",)
"""Rules whose records are not replayed: a later one of the same key has landed, and wins."""


@dataclass(frozen=True)
class RefusedRecord:
    """One refused record with its bytes."""

    id: UUID
    key: str | None
    raw: bytes


def refused_records(
    db: psycopg.Connection, source_id: UUID, stream: str, *, after: UUID | None
) -> list[RefusedRecord]:
    """Return the next batch of a stream's refused records, oldest first."""
    with db.cursor(row_factory=class_row(RefusedRecord)) as cursor:
        return cursor.execute(
            """SELECT id, key, raw FROM quarantined_record
               WHERE source_id = %s AND stream = %s AND rule <> ALL(%s)
                 AND (%s::uuid IS NULL OR id > %s)
               ORDER BY id LIMIT %s""",
            (source_id, stream, list(NEVER), after, after, BATCH_MAX),
        ).fetchall()


def keys_landed_since(
    db: psycopg.Connection, data_set_id: UUID, keys: Sequence[str], refused: Sequence[UUID]
) -> set[str]:
    """Return the keys that have landed after the oldest of some refused records came in.

    What landed later is what the source thinks now; an older record must not come over it.
    """
    rows = db.execute(
        """SELECT key FROM landed_record WHERE data_set_id = %s AND key = ANY(%s)
             AND changed_at > (SELECT min(quarantined_at) FROM quarantined_record
                               WHERE id = ANY(%s))""",
        (data_set_id, list(keys), list(refused)),
    ).fetchall()
    return {row[0] for row in rows}


def settle(db: psycopg.Connection, refused: Sequence[UUID]) -> int:
    """Take records out of quarantine: they have landed, been replaced, or are refused anew."""
    return db.execute(
        "DELETE FROM quarantined_record WHERE id = ANY(%s)", (list(refused),)
    ).rowcount
