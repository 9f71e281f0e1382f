"""What a release leaves to the architect: ours that hang on elements the release took away.

Such an element is retired: it leaves its model and stays, so that no relationship of ours ends in
nothing, until somebody decides where each of them shall lead.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from registry.landscape.changes.sets import ChangeSetDraft, recorded
from schemas.base import utc_now
from schemas.errors import Conflict, InvalidInput, UnknownName

# Ours are the relationships that belong to another model or to none.
_HANGING = """
    SELECT DISTINCT gone.id FROM unnest(%(gone)s::uuid[]) AS gone (id)
    JOIN relationship ON {ends}
    WHERE relationship.model_id IS DISTINCT FROM %(model)s::uuid"""


class Outcome(StrEnum):
    """What the architect decided."""

    MAPPED = "mapped"  # ours leads to another element now
    KEPT = "kept"  # ours still leads to the retired element
    DROPPED = "dropped"  # our relationship is gone


def retire(
    db: psycopg.Connection, model_id: UUID, elements: set[UUID], relationships: set[UUID]
) -> set[UUID]:
    """Take out of the model what the release removes and ours hang on; return their ids."""
    held: set[UUID] = set()
    for table, gone, ends in (
        (
            "relationship",
            relationships,
            "gone.id IN (source_relationship_id, target_relationship_id)",
        ),
        ("element", elements, "gone.id IN (source_id, target_id)"),
    ):
        if not gone:
            continue
        found = db.execute(
            _HANGING.format(ends=ends), {"gone": list(gone), "model": model_id}
        ).fetchall()
        keys = [row[0] for row in found]
        db.execute(f"UPDATE {table} SET model_id = NULL WHERE id = ANY(%s)", (keys,))
        held.update(keys)
    return held


def write_down(db: psycopg.Connection, release_id: UUID, change_set_id: UUID) -> int:
    """Note every relationship of ours to an element a change-set retired; return how many.

    Args:
        db: Connection in a transaction.
        release_id: The release that was taken in or back.
        change_set_id: The change-set that did it.
    """
    return db.execute(
        """INSERT INTO work_item
               (id, release_id, gone_id, gone_name, relationship_id, own_id, suggested_id,
                created_at)
           SELECT gen_random_uuid(), %(release)s, gone.id, gone.name, relationship.id,
                  CASE WHEN source_id = gone.id THEN target_id ELSE source_id END,
                  (SELECT id FROM element AS new
                   WHERE new.model_id = model_release.model_id
                     AND lower(new.name) = lower(gone.name)
                   ORDER BY id LIMIT 1),
                  now()
           FROM model_release
           JOIN element_history ON ended_by = %(change_set)s
                AND element_history.model_id = model_release.model_id
           JOIN element AS gone ON gone.id = element_history.id AND gone.model_id IS NULL
           JOIN relationship ON gone.id IN (source_id, target_id)
           WHERE model_release.id = %(release)s AND num_nonnulls(source_id, target_id) = 2""",
        {"release": release_id, "change_set": change_set_id},
    ).rowcount


def reopen(db: psycopg.Connection, change_set_id: UUID) -> None:
    """Leave open again what a change-set settled, because that was undone."""
    db.execute(
        """UPDATE work_item SET done_at = NULL, outcome = NULL, change_set_id = NULL
           WHERE change_set_id = %s""",
        (change_set_id,),
    )


def withdraw(db: psycopg.Connection, release_id: UUID) -> None:
    """Close what a release left, because the release was taken back."""
    db.execute(
        """UPDATE work_item SET done_at = now(), outcome = 'kept'
           WHERE release_id = %s AND done_at IS NULL""",
        (release_id,),
    )


class WorkRow(Struct, frozen=True):
    """One thing to decide."""

    id: UUID
    release: str
    gone_id: UUID
    gone_name: str
    relationship_id: UUID
    relationship_kind: str | None
    own_id: UUID
    own_name: str | None
    suggested_id: UUID | None
    suggested_name: str | None
    created_at: datetime
    done_at: datetime | None
    outcome: str | None
    postponed_until: datetime | None
    note: str
    settled_by: str | None


_WORK = """SELECT work_item.id, model_release.name AS release, gone_id, gone_name, relationship_id,
                  relationship.kind AS relationship_kind, own_id, own.name AS own_name,
                  suggested_id, suggested.name AS suggested_name, work_item.created_at, done_at,
                  outcome, postponed_until, note, settled_by
           FROM work_item JOIN model_release ON model_release.id = release_id
           LEFT JOIN relationship ON relationship.id = relationship_id
           LEFT JOIN element AS own ON own.id = own_id
           LEFT JOIN element AS suggested ON suggested.id = suggested_id"""


def worklist(db: psycopg.Connection, *, done: bool = False) -> Sequence[WorkRow]:
    """Return what is to decide now, or with `done` everything, oldest first."""
    with db.cursor(row_factory=class_row(WorkRow)) as cursor:
        return cursor.execute(
            f"{_WORK} WHERE %s OR done_at IS NULL AND coalesce(postponed_until < now(), true)"
            " ORDER BY work_item.created_at, work_item.id",
            (done,),
        ).fetchall()


class Decision(Struct, frozen=True, kw_only=True):
    """What somebody decides about an item.

    Args:
        outcome: What to do.
        to: With MAPPED, the element to lead to; none takes the suggestion.
        by: Who decides.
        note: Why.
    """

    outcome: Outcome
    to: UUID | None = None
    by: str = "unknown"
    note: str = ""


def settle(db: psycopg.Connection, item: UUID, decision: Decision) -> WorkRow:
    """Decide one item: lead our relationship elsewhere, keep it as it is, or drop it.

    What changes is a change-set; undoing it leaves the item open again.

    Raises:
        UnknownName: There is no such item or element.
        Conflict: The item is settled already.
        InvalidInput: MAPPED without an element and without a suggestion.
    """
    row = _open_item(db, item)
    draft = ChangeSetDraft(
        purpose="settle",
        reason=decision.note or f"{row.gone_name} is gone: {decision.outcome}.",
        proposer=decision.by,
    )
    with recorded(db, draft) as counts:
        if decision.outcome is Outcome.MAPPED:
            counts.update(_lead_elsewhere(db, row, decision.to or row.suggested_id))
        elif decision.outcome is Outcome.DROPPED:
            counts["removed"] = db.execute(
                "DELETE FROM relationship WHERE id = %s", (row.relationship_id,)
            ).rowcount
        db.execute(
            """UPDATE work_item SET done_at = now(), outcome = %s, settled_by = %s, note = %s
               WHERE id = %s""",
            (decision.outcome, decision.by[:120], decision.note, item),
        )
        gone = _delete_if_nothing_hangs(db, row.gone_id)
        counts["removed"] = counts.get("removed", 0) + gone
    if any(counts.values()):
        db.execute("UPDATE work_item SET change_set_id = %s WHERE id = %s", (draft.id, item))
    return row


def postpone(db: psycopg.Connection, item: UUID, until: datetime, *, by: str, note: str) -> WorkRow:
    """Put an item off until a day; until then the work list leaves it out.

    Raises:
        UnknownName: There is no such item.
        Conflict: The item is settled already.
        InvalidInput: The day has been.
    """
    if until <= utc_now():
        raise InvalidInput(f"{until:%Y-%m-%d} has been.", path=["until"])
    row = _open_item(db, item)
    db.execute(
        "UPDATE work_item SET postponed_until = %s, settled_by = %s, note = %s WHERE id = %s",
        (until, by[:120], note, item),
    )
    return row


def _open_item(db: psycopg.Connection, item: UUID) -> WorkRow:
    """Return an item that is still to decide, held until we are done."""
    with db.cursor(row_factory=class_row(WorkRow)) as cursor:
        row = cursor.execute(
            f"{_WORK} WHERE work_item.id = %s FOR UPDATE OF work_item", (item,)
        ).fetchone()
    if row is None:
        raise UnknownName(
            f"There is no work item {item}.", remedy="`townclerk landscape worklist` lists them."
        )
    if row.done_at is not None:
        raise Conflict(f"This work item was settled on {row.done_at:%Y-%m-%d}.")
    return row


def _lead_elsewhere(db: psycopg.Connection, row: WorkRow, to: UUID | None) -> dict[str, int]:
    """Return how many relationships were changed and removed."""
    if to is None:
        raise InvalidInput("This item has no suggestion.", remedy="Name the element with --to URN.")
    if not db.execute("SELECT 1 FROM element WHERE id = %s", (to,)).fetchone():
        raise UnknownName(f"There is no element {to}.")
    # Where ours leads there already, one of the two is enough.
    doubles = db.execute(
        """DELETE FROM relationship AS double USING relationship AS one
           WHERE double.id = %(id)s AND one.id <> double.id AND one.kind = double.kind
             AND one.model_id IS NULL AND double.model_id IS NULL
             AND one.source_id = CASE WHEN double.source_id = %(gone)s THEN %(to)s
                                      ELSE double.source_id END
             AND one.target_id = CASE WHEN double.target_id = %(gone)s THEN %(to)s
                                      ELSE double.target_id END""",
        {"id": row.relationship_id, "gone": row.gone_id, "to": to},
    ).rowcount
    led = db.execute(
        """UPDATE relationship
           SET source_id = CASE WHEN source_id = %(gone)s THEN %(to)s ELSE source_id END,
               target_id = CASE WHEN target_id = %(gone)s THEN %(to)s ELSE target_id END
           WHERE id = %(id)s""",
        {"id": row.relationship_id, "gone": row.gone_id, "to": to},
    ).rowcount
    return {"changed": led, "removed": doubles}


def _delete_if_nothing_hangs(db: psycopg.Connection, gone: UUID) -> int:
    """Let a retired element go once nothing leads to it and nobody chose to keep it."""
    return db.execute(
        """DELETE FROM element WHERE id = %(gone)s AND model_id IS NULL
             AND NOT EXISTS (SELECT FROM relationship WHERE %(gone)s IN (source_id, target_id))
             AND NOT EXISTS (SELECT FROM work_item WHERE gone_id = %(gone)s
                             AND (done_at IS NULL OR outcome = 'kept'))""",
        {"gone": gone},
    ).rowcount
