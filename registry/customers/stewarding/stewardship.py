"""What stewards decide: links and unlinks that stay.

A decision stands above every model and number, is kept with reason and actor, is never deleted,
and takes effect in the same transaction, in full runs as in pages.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from registry.customers.live.delta import match_records
from registry.customers.live.index import LANDING
from registry.customers.live.left_keys import forget_marks
from registry.customers.live.news import note_matched
from registry.customers.values.reasons import stated
from schemas.base import uuid7
from schemas.customers import Verdict
from schemas.errors import Conflict, InvalidInput, UnknownName
from schemas.records import CustomerKind

# Decisions shown at a time.
DECISIONS_MAX = 200


@dataclass(frozen=True)
class Decision:
    """One decision, standing or undone.

    Attributes:
        id: Its id, by which it can be undone.
        left_id: Number of a record, as long as it is there.
        right_id: Number of the other.
        verdict: One of link, unlink or postpone.
        reason: Why, in the steward's words.
        actor: Who decided.
        decided_at: When it was decided.
        undone_at: When it was undone.
        undone_by: Who undid it.
    """

    id: UUID
    left_id: int | None
    right_id: int | None
    verdict: str
    reason: str
    actor: str
    decided_at: datetime
    undone_at: datetime | None
    undone_by: str | None


def decide(
    db: psycopg.Connection, one: int, other: int, verdict: Verdict, *, reason: str, actor: str
) -> UUID:
    """Keep what a steward decided about two records, and let it take effect.

    Args:
        db: Connection in the caller's transaction.
        one: A landed record.
        other: Another one.
        verdict: Link, unlink, or postpone.
        reason: Why; never empty, because a later reader will ask.
        actor: Who decides.

    Returns:
        The decision's id, by which it can be undone.

    Raises:
        UnknownName: One of them is no record.
        InvalidInput: They are one record, or a person and an organisation that are to be linked, or
            reason or actor is empty or too long.
    """
    if one == other:
        raise InvalidInput("A decision is about two records; these are one.")
    reason, actor = stated(reason, actor, what="A decision")
    # An erasure that is under way ends first: what it took cannot be decided about.
    db.execute(LANDING)
    rows = {
        record: (data_set, key, kind)
        for record, data_set, key, kind in db.execute(
            """SELECT id, landed_record.data_set_id, key, kind FROM landed_record
               LEFT JOIN clean_record ON record_id = id WHERE id = ANY(%s)""",
            ([one, other],),
        )
    }
    for record in (one, other):
        if record not in rows:
            raise UnknownName(
                f"There is no record {record}.",
                remedy="`townclerk customers review` and `townclerk customers show` have numbers.",
            )
    kinds = {rows[record][2] for record in (one, other)}
    if verdict is Verdict.LINK and kinds == set(CustomerKind):
        raise InvalidInput(
            "A person and an organisation are never one customer.",
            remedy="A source that takes one for the other is put right there, or in its mapping.",
        )
    decision = uuid7()
    db.execute(
        """INSERT INTO match_decision (id, data_set_l, key_l, data_set_r, key_r, verdict, reason,
               actor, decided_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())""",
        (decision, *rows[one][:2], *rows[other][:2], verdict.value, reason, actor),
    )
    if verdict is Verdict.POSTPONE:
        note_matched(db, [one, other])
    else:
        match_records(db, changed=[one, other])
    return decision


def undo(db: psycopg.Connection, decision: UUID, *, actor: str) -> tuple[int | None, int | None]:
    """Take a decision back; it stays on record as undone.

    Args:
        db: Connection in the caller's transaction.
        decision: Its id.
        actor: Who takes it back.

    Returns:
        The two records it was about, as far as they are still there.

    Raises:
        UnknownName: There is no such decision.
        Conflict: It was undone before.
    """
    db.execute(LANDING)
    row = db.execute(
        """SELECT undone_at, l.id, r.id FROM match_decision d
           LEFT JOIN landed_record l ON l.data_set_id = d.data_set_l AND l.key = d.key_l
           LEFT JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
           WHERE d.id = %s FOR UPDATE OF d""",
        (decision,),
    ).fetchone()
    if row is None:
        raise UnknownName(
            f"There is no decision {decision}.", remedy="See `townclerk customers decisions`."
        )
    if row[0] is not None:
        raise Conflict("This decision was undone before.", remedy="Nothing is left to do.")
    db.execute(
        "UPDATE match_decision SET undone_at = clock_timestamp(), undone_by = %s WHERE id = %s",
        (actor, decision),
    )
    forget_marks(db)
    match_records(db, changed=[record for record in row[1:] if record is not None])
    return row[1], row[2]


def standing_decision(db: psycopg.Connection, one: int, other: int) -> Decision | None:
    """Return what a steward decided about two records last and nobody has undone."""
    with db.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            """SELECT d.id, l.id AS left_id, r.id AS right_id, verdict, reason, actor, decided_at,
                   undone_at, undone_by
               FROM match_decision d
               JOIN landed_record l ON l.data_set_id = d.data_set_l AND l.key = d.key_l
               JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
               WHERE undone_at IS NULL AND ((l.id, r.id) = (%(one)s, %(other)s)
                   OR (l.id, r.id) = (%(other)s, %(one)s))
               ORDER BY decided_at DESC, d.id DESC LIMIT 1""",
            {"one": one, "other": other},
        ).fetchone()


def are_linked(db: psycopg.Connection, one: int, other: int) -> bool:
    """Tell whether two records are one customer now."""
    row = db.execute(
        """SELECT count(*) = 2 AND count(DISTINCT customer_id) = 1 FROM customer_link
           WHERE record_id IN (%s, %s)""",
        (one, other),
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    return bool(row[0])


def decisions(db: psycopg.Connection, *, limit: int = DECISIONS_MAX) -> list[Decision]:
    """Return decisions, the newest first, undone ones too."""
    with db.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            """SELECT d.id, l.id AS left_id, r.id AS right_id, verdict, reason, actor, decided_at,
                   undone_at, undone_by
               FROM match_decision d
               LEFT JOIN landed_record l ON l.data_set_id = d.data_set_l AND l.key = d.key_l
               LEFT JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
               ORDER BY decided_at DESC, d.id DESC LIMIT %s""",
            (min(limit, DECISIONS_MAX),),
        ).fetchall()
