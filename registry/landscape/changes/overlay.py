"""What a scenario keeps: for each object it touches, the sum of all its changes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from registry.landscape.changes.merge import Action, Flat, Planned
from registry.landscape.changes.plan import compose
from registry.landscape.changes.world import as_json, attrs_in, columns_in, from_json, new_row
from schemas.errors import Conflict


def hold(db: psycopg.Connection, scenario: UUID) -> None:
    """Let nobody else change a scenario until we are done.

    Raises:
        Conflict: It takes no changes any more.
    """
    row = db.execute(
        """SELECT key, merged_at IS NOT NULL OR discarded_at IS NOT NULL FROM scenario
           WHERE id = %s FOR UPDATE""",
        (scenario,),
    ).fetchone()
    if row is None or row[1]:
        raise Conflict(
            "The scenario was merged or given up; it takes no changes any more.",
            remedy="Propose them for another scenario, or for the base.",
        )


def planned_in(db: psycopg.Connection, scenario: UUID) -> list[Planned]:
    """Return what a scenario makes of each object it touches."""
    rows = db.execute(
        """SELECT table_name, object_id, action, fields FROM scenario_change
           WHERE scenario_id = %s ORDER BY object_id""",
        (scenario,),
    ).fetchall()
    return [
        Planned(table, key, Action(action), from_json(fields))
        for table, key, action, fields in rows
    ]


def plan_in(
    db: psycopg.Connection,
    scenario: UUID,
    planned: Sequence[Planned],
    writes: Mapping[tuple[str, UUID], Flat | None],
) -> dict[str, int]:
    """Lay changes into a scenario; return how many objects are added, changed, removed.

    Args:
        db: Connection in a transaction.
        scenario: The scenario.
        planned: Changes against the landscape as the scenario had it.
        writes: What the merge made of them; what it left out is left out here.
    """
    known = {one.id: one for one in planned_in(db, scenario)}
    counts = {"added": 0, "changed": 0, "removed": 0}
    words = {Action.ADD: "added", Action.CHANGE: "changed", Action.REMOVE: "removed"}
    for one in planned:
        if (one.table, one.id) not in writes:
            continue
        counts[words[one.action]] += 1
        sum_ = compose(known[one.id], one) if one.id in known else one
        db.execute(
            "DELETE FROM scenario_change WHERE scenario_id = %s AND object_id = %s",
            (scenario, one.id),
        )
        if sum_ is not None and (sum_.fields or sum_.action is not Action.CHANGE):
            _keep_change(db, scenario, sum_)
    return counts


def _keep_change(db: psycopg.Connection, scenario: UUID, change: Planned) -> None:
    wanted = change.after()
    attrs = {name: value for name, value in attrs_in(wanted).items() if value is not None}
    unset = [name for name, value in attrs_in(wanted).items() if value is None]
    patch: dict[str, Any] = {}
    if change.action is Action.ADD:
        patch = new_row(change.id, wanted)
    elif change.action is Action.CHANGE:
        patch = {
            name: "" if value is None else str(value) for name, value in columns_in(wanted).items()
        }
    db.execute(
        """INSERT INTO scenario_change
               (scenario_id, object_id, table_name, action, patch, attrs, unset, fields)
           VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
        (
            *(scenario, change.id, change.table, change.action, Jsonb(patch), Jsonb(attrs)),
            *(unset, Jsonb(as_json(change.fields))),
        ),
    )
