"""Change-sets: who changed what, why, since when; and the one way to write under one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from msgspec import Struct, field, structs
from psycopg.rows import class_row

from schemas.base import uuid7
from schemas.changes import ChangeState
from schemas.errors import UnknownName


class ChangeSetDraft(Struct, frozen=True, kw_only=True):
    """A change-set as somebody opens it.

    Args:
        purpose: edit, table, release, scenario or undo.
        reason: Why, in the proposer's words.
        proposer: Who.
        valid_from: Since when it holds in the world; none means since it is applied.
        scenario_id: Seen only in it, if any.
        undoes_id: What it takes back, if anything.
        counts: How many objects it adds, changes and removes.
    """

    purpose: str
    reason: str
    proposer: str
    id: UUID = field(default_factory=uuid7)
    valid_from: datetime | None = None
    scenario_id: UUID | None = None
    undoes_id: UUID | None = None
    counts: dict[str, Any] = {}


class ChangeSetRow(Struct, frozen=True):
    """A change-set as it stands."""

    id: UUID
    purpose: str
    reason: str
    proposer: str
    reviewer: str | None
    state: str
    scenario_id: UUID | None
    undoes_id: UUID | None
    counts: dict[str, Any]
    created_at: datetime
    decided_at: datetime | None
    valid_from: datetime | None
    decision: str


_CHANGE_SET = """SELECT id, purpose, reason, proposer, reviewer, state, scenario_id, undoes_id,
                        counts, created_at, decided_at, valid_from, decision
                 FROM change_set"""


def open_change_set(db: psycopg.Connection, draft: ChangeSetDraft, *, applied: bool) -> UUID:
    """Write a change-set down; return its id."""
    state = ChangeState.APPLIED if applied else ChangeState.PROPOSED
    db.execute(
        """INSERT INTO change_set
               (id, purpose, reason, proposer, state, scenario_id, undoes_id, counts, created_at,
                decided_at, valid_from)
           VALUES (%(id)s, %(purpose)s, %(reason)s, %(proposer)s, %(state)s, %(scenario)s,
                   %(undoes)s, %(counts)s, now(), CASE WHEN %(applied)s THEN now() END,
                   %(valid_from)s)""",
        {
            "id": draft.id,
            "purpose": draft.purpose,
            "reason": draft.reason,
            "proposer": draft.proposer[:120],
            "state": state,
            "scenario": draft.scenario_id,
            "undoes": draft.undoes_id,
            "counts": draft.counts,
            "applied": applied,
            "valid_from": draft.valid_from,
        },
    )
    return draft.id


def find_change_set(db: psycopg.Connection, key: UUID, *, lock: bool = False) -> ChangeSetRow:
    """Return one change-set; with `lock`, nobody else may decide about it until we are done.

    Raises:
        UnknownName: There is none.
    """
    held = " FOR UPDATE" if lock else ""
    with db.cursor(row_factory=class_row(ChangeSetRow)) as cursor:
        found = cursor.execute(f"{_CHANGE_SET} WHERE id = %s{held}", (key,)).fetchone()
    if found is None:
        raise UnknownName(
            f"There is no change-set {key}.",
            remedy="`townclerk landscape changes list` shows those there are.",
        )
    return found


def list_change_sets(
    db: psycopg.Connection, *, state: ChangeState | None = None, limit: int = 100
) -> Sequence[ChangeSetRow]:
    """Return change-sets, newest first."""
    with db.cursor(row_factory=class_row(ChangeSetRow)) as cursor:
        return cursor.execute(
            f"""{_CHANGE_SET} WHERE %(state)s::text IS NULL OR state = %(state)s
                ORDER BY created_at DESC, id DESC LIMIT %(limit)s""",
            {"state": state, "limit": limit},
        ).fetchall()


@contextmanager
def recorded(db: psycopg.Connection, draft: ChangeSetDraft) -> Iterator[dict[str, int]]:
    """Let the writes within be one change-set, applied at once and kept compactly.

    What each row was before stands in the past, so that nothing is written twice; a change-set of
    which nothing came is not kept.

    Args:
        db: Connection in a transaction.
        draft: Who, why, since when.

    Yields:
        Counts to fill in: how many objects were added, changed, removed.
    """
    counts: dict[str, int] = {}
    with scoped_writing(db, draft.id, draft.valid_from):
        yield counts
    if any(counts.values()):
        open_change_set(db, structs.replace(draft, counts=counts), applied=True)


@contextmanager
def scoped_writing(
    db: psycopg.Connection, change_set_id: UUID, since: datetime | None
) -> Iterator[None]:
    """Let the writes within belong to a change-set and hold since its day.

    Args:
        db: Connection in a transaction.
        change_set_id: The change-set.
        since: The day; none means the moment of each write.
    """
    _say(db, str(change_set_id), since.isoformat() if since else "")
    yield
    _say(db, "", "")


def _say(db: psycopg.Connection, change_set: str, since: str) -> None:
    db.execute(
        """SELECT set_config('townclerk.change_set', %s, true),
                  set_config('townclerk.valid_from', %s, true)""",
        (change_set, since),
    )
