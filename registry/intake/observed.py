"""What was really seen to flow, of all runs together, and which interfaces anybody reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from schemas.intake import RunState

FAILED = (RunState.FAILED, RunState.CRASHED)


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


def connected_interfaces(db: psycopg.Connection) -> dict[UUID, str]:
    """Return the interfaces that sources read, with what is wrong with their newest run.

    Returns:
        By interface, `the last run of … failed`; empty where nothing is wrong or nothing ran.
    """
    rows = db.execute(
        """SELECT source.interface_id, source.key, newest.state
           FROM source LEFT JOIN LATERAL (
               SELECT state FROM sync_run WHERE source_id = source.id
               ORDER BY started_at DESC LIMIT 1) AS newest ON true
           ORDER BY source.key"""
    ).fetchall()
    return {
        interface: f"the last run of {key} failed" if state in FAILED else ""
        for interface, key, state in rows
    }
