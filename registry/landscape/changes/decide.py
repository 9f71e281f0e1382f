"""Propose changes, approve them, or turn them down: every change of the landscape goes this way."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct, structs
from psycopg.types.json import Jsonb

from registry.landscape.changes.merge import UNDECIDED, Action, Collision, Planned, Sides, merge
from registry.landscape.changes.overlay import hold, plan_in
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
from schemas.errors import AccessDenied, Conflict, InvalidInput

PERSON_MAX = 120  # as change_set.reviewer
COLLISIONS_TOLD_MAX = 100  # in an error; all of them have the same cure


class ChangesCollide(Conflict):
    """Somebody else changed the same fields; both values are told, and nothing was changed."""

    code = "changes_collide"
    remedy = (
        "See both values with --validate-only, then decide with --prefer or --choose, or propose "
        "anew."
    )


class OwnProposal(AccessDenied):
    """Whoever proposed a change may not approve it too; four eyes see more than two."""

    code = "own_proposal"
    remedy = (
        "Let somebody else approve it, or, where one person keeps the register alone, set "
        "TOWNCLERK_SELF_APPROVAL=true."
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
    sides: Sides = UNDECIDED,
    validate_only: bool = False,
) -> Decided:
    """Change the landscape at once: a change-set like any other, which nobody reviewed.

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
        return _carried_out(db, key, Verdict(), sides, validate_only=validate_only)


def carry_out(
    db: psycopg.Connection,
    planned: Sequence[Planned],
    draft: ChangeSetDraft,
    *,
    sides: Sides = UNDECIDED,
    validate_only: bool = False,
) -> Decided:
    """Make planned changes at once, as a change-set that nobody reviewed.

    Raises:
        ChangesCollide: As for approve.
    """
    with db.transaction(force_rollback=validate_only):
        key = keep(db, planned, draft)
        return _carried_out(db, key, Verdict(), sides, validate_only=validate_only)


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


class Verdict(Struct, frozen=True, kw_only=True):
    """Who decides about a proposal, and why.

    Args:
        reviewer: Who; None for what counts at once, without a review.
        decision: Why, in the reviewer's words.
        own_too: Whether proposers may decide about their own proposals.
    """

    reviewer: str | None = None
    decision: str = ""
    own_too: bool = False


def approve(
    db: psycopg.Connection,
    key: UUID,
    verdict: Verdict,
    *,
    sides: Sides = UNDECIDED,
    validate_only: bool = False,
) -> Decided:
    """Make what a change-set plans, on top of whatever others did since.

    Args:
        db: Connection in a transaction.
        key: The change-set.
        verdict: Who approves it, and why.
        sides: Whose value stays where two changed one field; undecided ones refuse.
        validate_only: Tell what would come of it, collisions included, and change nothing.

    Raises:
        UnknownName: There is no such change-set.
        OwnProposal: Who approves it proposed it.
        Conflict: It has been decided about already.
        ChangesCollide: Others changed the same; nothing was changed.
    """
    with db.transaction(force_rollback=validate_only):
        row = find_change_set(db, key, lock=True)
        if not validate_only and verdict.reviewer == row.proposer and not verdict.own_too:
            raise OwnProposal("You proposed this change-set yourself.")
        return _carried_out(db, key, verdict, sides, validate_only=validate_only)


def _carried_out(
    db: psycopg.Connection, key: UUID, verdict: Verdict, sides: Sides, *, validate_only: bool
) -> Decided:
    decided = _approved(db, key, verdict, sides)
    left = [one for one in decided.conflicts if sides.of(one.id, one.field) is None]
    if left and not validate_only:
        raise ChangesCollide(
            f"{len(left)} changes collide with what others did since: {_told(left[0])}.",
            conflicts=[_as_dict(one) for one in left[:COLLISIONS_TOLD_MAX]],
        )
    return decided


def _approved(db: psycopg.Connection, key: UUID, verdict: Verdict, sides: Sides) -> Decided:
    row = find_change_set(db, key, lock=True)
    if row.state != ChangeState.PROPOSED:
        raise Conflict(
            f"This change-set is {row.state} already.",
            remedy="`townclerk landscape changes list` shows what is still proposed.",
        )
    if row.scenario_id is not None:
        hold(db, row.scenario_id)
    planned = changes_of(db, key)
    world = load_world(db, planned, scenario=row.scenario_id)
    merged = merge(world, planned, sides)
    if row.scenario_id is None:
        with scoped_writing(db, key, row.valid_from):
            counts = write(db, merged.writes)
    else:
        counts = plan_in(db, row.scenario_id, planned, merged.writes)
    _decide(db, key, ChangeState.APPLIED, verdict, counts)
    return Decided(
        change_set_id=key,
        scenario_id=row.scenario_id,
        state=ChangeState.APPLIED,
        counts=counts,
        conflicts=merged.collisions,
    )


def _decide(
    db: psycopg.Connection,
    key: UUID,
    state: ChangeState,
    verdict: Verdict,
    counts: dict[str, int],
) -> None:
    reviewer = verdict.reviewer[:PERSON_MAX] if verdict.reviewer else None
    db.execute(
        """UPDATE change_set SET state = %s, reviewer = %s, decision = %s, decided_at = now(),
                  counts = %s
           WHERE id = %s""",
        (state, reviewer, verdict.decision, Jsonb(counts), key),
    )


def _told(one: Collision) -> str:
    field = f" ({one.field})" if one.field else ""
    return f"{one.name or one.id}{field}, {one.why}"


def _as_dict(one: Collision) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in structs.asdict(one).items()
    }


def reject(db: psycopg.Connection, key: UUID, verdict: Verdict) -> None:
    """Turn a proposed change-set down; proposers may take their own back so.

    Raises:
        UnknownName: There is no such change-set.
        Conflict: It has been decided about already.
    """
    row = find_change_set(db, key, lock=True)
    if row.state != ChangeState.PROPOSED:
        raise Conflict(f"This change-set is {row.state} already.")
    _decide(db, key, ChangeState.REJECTED, verdict, row.counts)
