"""Scenarios: plans laid over the base, read by `element_at(…, scenario)`, merged when they hold.

A scenario keeps for each object the sum of its change-sets. The base may move on meanwhile: what
the scenario does not touch moves with it, and what both touch is told when it is merged.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from registry.landscape.changes.decide import Decided, approve, keep
from registry.landscape.changes.merge import Side
from registry.landscape.changes.overlay import planned_in
from registry.landscape.changes.sets import ChangeSetDraft
from schemas.base import uuid7
from schemas.errors import Conflict, UnknownName


class ScenarioRow(Struct, frozen=True):
    """One scenario and how much it plans."""

    id: UUID
    key: str
    name: str
    description: str
    created_by: str
    created_at: datetime
    merged_at: datetime | None
    adds: int
    changes: int
    removes: int


_SCENARIO = """SELECT scenario.id, key, name, description, created_by, created_at, merged_at,
                      count(*) FILTER (WHERE action = 'add') AS adds,
                      count(*) FILTER (WHERE action = 'change') AS changes,
                      count(*) FILTER (WHERE action = 'remove') AS removes
               FROM scenario LEFT JOIN scenario_change ON scenario_id = scenario.id"""


def open_scenario(
    db: psycopg.Connection, key: str, *, name: str, created_by: str, description: str = ""
) -> UUID:
    """Open a scenario.

    Raises:
        Conflict: The key is taken.
    """
    made = db.execute(
        """INSERT INTO scenario (id, key, name, description, created_by, created_at)
           VALUES (%s, %s, %s, %s, %s, now()) ON CONFLICT (key) DO NOTHING RETURNING id""",
        (uuid7(), key[:60], name[:300], description, created_by[:120]),
    ).fetchone()
    if made is None:
        raise Conflict(
            f"There is a scenario {key!r} already.", remedy="Choose another key, or go on in that."
        )
    key_made: UUID = made[0]
    return key_made


def list_scenarios(db: psycopg.Connection) -> Sequence[ScenarioRow]:
    """Return all scenarios by key."""
    with db.cursor(row_factory=class_row(ScenarioRow)) as cursor:
        return cursor.execute(f"{_SCENARIO} GROUP BY scenario.id ORDER BY key").fetchall()


def find_scenario(db: psycopg.Connection, key: str) -> ScenarioRow:
    """Return one scenario.

    Raises:
        UnknownName: There is none of that key.
    """
    with db.cursor(row_factory=class_row(ScenarioRow)) as cursor:
        found = cursor.execute(
            f"{_SCENARIO} WHERE key = %s GROUP BY scenario.id", (key,)
        ).fetchone()
    if found is None:
        raise UnknownName(
            f"There is no scenario {key!r}.",
            remedy="`townclerk landscape scenario list` shows those there are.",
        )
    return found


def open_for_plans(db: psycopg.Connection, key: str) -> UUID:
    """Return the id of a scenario that still takes changes.

    Raises:
        UnknownName: There is none of that key.
        Conflict: It was merged.
    """
    row = find_scenario(db, key)
    if row.merged_at is not None:
        raise Conflict(
            f"The scenario {key!r} was merged on {row.merged_at:%Y-%m-%d}.",
            remedy="Open another one for further plans.",
        )
    return row.id


def merge_scenario(
    db: psycopg.Connection,
    key: str,
    *,
    reviewer: str,
    reason: str = "",
    prefer: Side | None = None,
    validate_only: bool = False,
) -> Decided:
    """Make a scenario the base: one change-set with all it plans.

    Args:
        db: Connection in a transaction.
        key: The scenario's key.
        reviewer: Who decides it.
        reason: Why.
        prefer: Whose value stays where scenario and base changed one field; none refuses.
        validate_only: Tell what would come of it, and change nothing.

    Raises:
        UnknownName: There is none of that key.
        Conflict: It was merged already.
        ChangesCollide: The base changed the same; both values are told, nothing was changed.
    """
    scenario = open_for_plans(db, key)
    row = find_scenario(db, key)
    with db.transaction(force_rollback=validate_only):
        change_set = keep(
            db,
            planned_in(db, scenario),
            ChangeSetDraft(
                purpose="scenario",
                reason=reason or f"Scenario {row.name} holds.",
                proposer=row.created_by,
            ),
        )
        decided = approve(
            db, change_set, reviewer=reviewer, prefer=prefer, validate_only=validate_only
        )
        db.execute("UPDATE scenario SET merged_at = now() WHERE id = %s", (scenario,))
    return decided
