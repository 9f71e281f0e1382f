"""Propose changes, approve them, or turn them down: every change of the landscape goes this way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct, structs
from psycopg.types.json import Jsonb

from registry.landscape.changes.merge import Action, Collision, Planned, Side, merge
from registry.landscape.changes.overlay import plan_in
from registry.landscape.changes.plan import ChangeDraft, plan
from registry.landscape.changes.sets import (
    ChangeSetDraft,
    find_change_set,
    open_change_set,
    scoped_writing,
)
from registry.landscape.changes.world import as_json, from_json, load_world, write
from registry.landscape.metamodel import Strictness
from registry.storage.copying import copy_into
from schemas.base import utc_now
from schemas.changes import ChangeState
from schemas.errors import Conflict, InvalidInput

COLLISIONS_TOLD_MAX = 100  # in an error; all of them have the same cure


class ChangesCollide(Conflict):
    """Somebody else changed the same fields; both values are told, and nothing was changed."""

    code = "changes_collide"
    remedy = (
        "See both values with --validate-only, then decide with --prefer plan or --prefer base, or "
        "propose anew."
    )


class Decided(Struct, frozen=True, kw_only=True):
    """What became of a change-set."""

    change_set_id: UUID
    scenario_id: UUID | None = None
    state: ChangeState
    counts: dict[str, int]
    conflicts: list[Collision] = []


def propose(
    db: psycopg.Connection,
    drafts: Sequence[ChangeDraft],
    *,
    proposer: str,
    reason: str,
    purpose: str = "edit",
    scenario: UUID | None = None,
    valid_from: datetime | None = None,
    strictness: Strictness = Strictness.STRICT,
) -> UUID:
    """Write down what somebody wants to change; nothing changes yet. Return the change-set.

    Raises:
        ChangesRefused: Some changes cannot be made at all; all faults are told.
        InvalidInput: It is to hold from a day that has not come.
    """
    if valid_from and valid_from > utc_now():
        raise InvalidInput(
            f"{valid_from:%Y-%m-%d} has not come yet.", remedy="Plan it in a scenario instead."
        )
    planned = plan(db, drafts, scenario=scenario, strictness=strictness)
    return keep(
        db,
        planned,
        ChangeSetDraft(
            purpose=purpose,
            reason=reason,
            proposer=proposer,
            scenario_id=scenario,
            valid_from=valid_from,
        ),
    )


def make(
    db: psycopg.Connection,
    drafts: Sequence[ChangeDraft],
    *,
    proposer: str,
    reason: str,
    purpose: str = "edit",
    scenario: UUID | None = None,
    strictness: Strictness = Strictness.STRICT,
    prefer: Side | None = None,
    validate_only: bool = False,
) -> Decided:
    """Propose and approve in one step, where who proposes may also decide.

    Raises:
        ChangesRefused: As for propose.
        ChangesCollide: As for approve.
    """
    with db.transaction(force_rollback=validate_only):
        key = propose(
            db,
            drafts,
            proposer=proposer,
            reason=reason,
            purpose=purpose,
            scenario=scenario,
            strictness=strictness,
        )
        return approve(db, key, reviewer=proposer, prefer=prefer, validate_only=validate_only)


def keep(db: psycopg.Connection, planned: Sequence[Planned], draft: ChangeSetDraft) -> UUID:
    """Write planned changes down under a change-set; return its id."""
    key = open_change_set(db, structs.replace(draft, counts=counts_of(planned)), applied=False)
    columns = ("change_set_id", "position", "table_name", "object_id", "action", "fields")
    copy_into(
        db,
        "change",
        columns,
        (
            (key, number, one.table, one.id, one.action, as_json(one.fields))
            for number, one in enumerate(planned)
        ),
    )
    return key


def counts_of(planned: Sequence[Planned]) -> dict[str, int]:
    """Return how many objects are added, changed and removed."""
    words = {Action.ADD: "added", Action.CHANGE: "changed", Action.REMOVE: "removed"}
    counts = dict.fromkeys(words.values(), 0)
    for one in planned:
        counts[words[one.action]] += 1
    return counts


def changes_of(db: psycopg.Connection, key: UUID) -> list[Planned]:
    """Return what a change-set plans, in its order."""
    rows = db.execute(
        """SELECT table_name, object_id, action, fields FROM change
           WHERE change_set_id = %s ORDER BY position""",
        (key,),
    ).fetchall()
    return [
        Planned(table, object_id, Action(action), from_json(fields))
        for table, object_id, action, fields in rows
    ]


def approve(
    db: psycopg.Connection,
    key: UUID,
    *,
    reviewer: str,
    prefer: Side | None = None,
    validate_only: bool = False,
) -> Decided:
    """Make what a change-set plans, on top of whatever others did since.

    Args:
        db: Connection in a transaction.
        key: The change-set.
        reviewer: Who approves it.
        prefer: Whose value stays where two changed one field; none refuses.
        validate_only: Tell what would come of it, collisions included, and change nothing.

    Raises:
        UnknownName: There is no such change-set.
        Conflict: It has been decided about already.
        ChangesCollide: Others changed the same; nothing was changed.
    """
    with db.transaction(force_rollback=validate_only):
        decided = _approved(db, key, reviewer, prefer)
        if decided.conflicts and prefer is None and not validate_only:
            raise ChangesCollide(
                f"{len(decided.conflicts)} changes collide with what others did since: "
                f"{_told(decided.conflicts[0])}.",
                conflicts=[_as_dict(one) for one in decided.conflicts[:COLLISIONS_TOLD_MAX]],
            )
    return decided


def _approved(db: psycopg.Connection, key: UUID, reviewer: str, prefer: Side | None) -> Decided:
    row = find_change_set(db, key, lock=True)
    if row.state != ChangeState.PROPOSED:
        raise Conflict(
            f"This change-set is {row.state} already.",
            remedy="`townclerk landscape changes list` shows what is still proposed.",
        )
    planned = changes_of(db, key)
    world = load_world(db, planned, scenario=row.scenario_id)
    merged = merge(world, planned, prefer=prefer)
    if row.scenario_id is None:
        with scoped_writing(db, key, row.valid_from):
            counts = write(db, merged.writes)
    else:
        counts = plan_in(db, row.scenario_id, planned, merged.writes)
    db.execute(
        """UPDATE change_set SET state = %s, reviewer = %s, decided_at = now(), counts = %s
           WHERE id = %s""",
        (ChangeState.APPLIED, reviewer[:120], Jsonb(counts), key),
    )
    return Decided(
        change_set_id=key,
        scenario_id=row.scenario_id,
        state=ChangeState.APPLIED,
        counts=counts,
        conflicts=merged.collisions,
    )


def _told(one: Collision) -> str:
    field = f" ({one.field})" if one.field else ""
    return f"{one.name or one.id}{field}, {one.why}"


def _as_dict(one: Collision) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in structs.asdict(one).items()
    }


def reject(db: psycopg.Connection, key: UUID, *, reviewer: str) -> None:
    """Turn a proposed change-set down.

    Raises:
        UnknownName: There is no such change-set.
        Conflict: It has been decided about already.
    """
    row = find_change_set(db, key, lock=True)
    if row.state != ChangeState.PROPOSED:
        raise Conflict(f"This change-set is {row.state} already.")
    db.execute(
        "UPDATE change_set SET state = %s, reviewer = %s, decided_at = now() WHERE id = %s",
        (ChangeState.REJECTED, reviewer[:120], key),
    )
