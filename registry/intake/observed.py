"""What was really seen to flow, of all runs together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class ObservedFlow:
    """Records that went from one element to another, and when last."""

    from_id: UUID
    to_id: UUID
    records: int
    last: datetime


def observed_flows(db: psycopg.Connection) -> Sequence[ObservedFlow]:
    """Return what flowed between which elements, each pair once."""
    with db.cursor(row_factory=class_row(ObservedFlow)) as cursor:
        return cursor.execute(
            """SELECT from_id, to_id, sum(records)::bigint AS records, max(observed_at) AS last
               FROM lineage_edge GROUP BY from_id, to_id ORDER BY from_id, to_id"""
        ).fetchall()
