"""Scenarios: plans laid over the base, read by `element_at(…, scenario)`, merged when they hold.

A scenario keeps for each object the sum of its change-sets. The base may move on meanwhile: what
the scenario does not touch moves with it, and what both touch is told when it is merged.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from registry.landscape.changes.decide import Decided, carry_out
from registry.landscape.changes.merge import UNDECIDED, Sides
from registry.landscape.changes.overlay import planned_in
from registry.landscape.changes.sets import ChangeSetDraft
from schemas.base import uuid7
from schemas.errors import Conflict, InvalidInput, UnknownName

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")  # people type it; a `~` marks those given up


class ScenarioRow(Struct, frozen=True):
    """One scenario and how much it plans."""

    id: UUID
    key: str
    name: str
    description: str
    created_by: str
    created_at: datetime
    merged_at: datetime | None
    discarded_at: datetime | None
    adds: int
    changes: int
    removes: int


_SCENARIO = """SELECT scenario.id, key, name, description, created_by, created_at, merged_at,
                      discarded_at,
                      count(*) FILTER (WHERE action = 'add') AS adds,
                      count(*) FILTER (WHERE action = 'change') AS changes,
                      count(*) FILTER (WHERE action = 'remove') AS removes
               FROM scenario LEFT JOIN scenario_change ON scenario_id = scenario.id"""


def open_scenario(
    db: psycopg.Connection, key: str, *, name: str, created_by: str, description: str = ""
) -> UUID:
    """Open a scenario.

    Raises:
        InvalidInput: The key cannot be one.
        Conflict: The key is taken.
    """
    if not KEY.fullmatch(key):
        raise InvalidInput(
            f"{key!r} cannot be a scenario's key.",
            remedy="Use up to 50 small letters, digits and hyphens.",
            path=["key"],
        )
    made = db.execute(
        """INSERT INTO scenario (id, key, name, description, created_by, created_at)
           VALUES (%s, %s, %s, %s, %s, now()) ON CONFLICT (key) DO NOTHING RETURNING id""",
        (uuid7(), key, name[:300], description, created_by[:120]),
    ).fetchone()
    if made is None:
        raise Conflict(
            f"There is a scenario {key!r} already.", remedy="Choose another key, or go on in that."
        )
    key_made: UUID = made[0]
    return key_made


def list_scenarios(db: psycopg.Connection) -> Sequence[ScenarioRow]:
    """Return all scenarios that nobody gave up, by key."""
    with db.cursor(row_factory=class_row(ScenarioRow)) as cursor:
        return cursor.execute(
            f"{_SCENARIO} WHERE discarded_at IS NULL GROUP BY scenario.id ORDER BY key"
        ).fetchall()


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
        Conflict: It was merged or given up.
    """
    row = find_scenario(db, key)
    if row.discarded_at is not None:
        raise Conflict(
            f"The scenario {key!r} was given up on {row.discarded_at:%Y-%m-%d}.",
            remedy="Open another one for further plans.",
        )
    if row.merged_at is not None:
        raise Conflict(
            f"The scenario {key!r} was merged on {row.merged_at:%Y-%m-%d}.",
            remedy="Open another one for further plans.",
        )
    return row.id


def discard_scenario(db: psycopg.Connection, key: str) -> ScenarioRow:
    """Give a scenario up: nobody sees it any more, and its key is free again.

    Its change-sets stay in the record, and what was proposed for it is rejected.

    Raises:
        UnknownName: There is none of that key.
        Conflict: It was merged.
    """
    row = find_scenario(db, key)
    open_for_plans(db, key)
    db.execute(
        """UPDATE scenario SET discarded_at = now(),
                  key = left(key, 51) || '~' || right(id::text, 8)
           WHERE id = %s""",
        (row.id,),
    )
    db.execute(
        """UPDATE change_set SET state = 'rejected', decided_at = now(),
                  decision = 'The scenario was given up.'
           WHERE scenario_id = %s AND state = 'proposed'""",
        (row.id,),
    )
    return row


def merge_scenario(
    db: psycopg.Connection,
    key: str,
    *,
    by: str,
    reason: str = "",
    sides: Sides = UNDECIDED,
    validate_only: bool = False,
) -> Decided:
    """Make a scenario the base: one change-set with all it plans.

    Its change-sets have been approved one by one, each by somebody else than who proposed it;
    merging is the moment at which they come true.

    Args:
        db: Connection in a transaction.
        key: The scenario's key.
        by: Who merges it.
        reason: Why.
        sides: Whose value stays where scenario and base changed one field; undecided ones refuse.
        validate_only: Tell what would come of it, and change nothing.

    Raises:
        UnknownName: There is none of that key.
        Conflict: It was merged already.
        ChangesCollide: The base changed the same; both values are told, nothing was changed.
    """
    scenario = open_for_plans(db, key)
    row = find_scenario(db, key)
    draft = ChangeSetDraft(
        purpose="scenario", reason=reason or f"Scenario {row.name} holds.", proposer=by
    )
    with db.transaction(force_rollback=validate_only):
        planned = planned_in(db, scenario)
        decided = carry_out(db, planned, draft, sides=sides, validate_only=validate_only)
        db.execute("UPDATE scenario SET merged_at = now() WHERE id = %s", (scenario,))
    return decided
