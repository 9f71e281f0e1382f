"""Matching that stewards ask a worker for, because in a large town it outlasts a request.

What is asked for is part of the asker's transaction; `carrying_out` is the worker's side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from registry.customers.live.data_sets import data_set_named
from registry.customers.live.keeping import undoable_change
from registry.customers.live.progress import Step
from registry.customers.live.versions import find_model
from registry.customers.values.reasons import ACTOR_CHARACTERS_MAX, stated
from schemas.base import uuid7
from schemas.errors import Conflict
from schemas.intake import RequestState
from schemas.stewarding import MatchWork

WAITING_MAX: Final = 20
"""Requests that may wait; each is about the whole town, so more come of a loop."""

SHOWN_MAX: Final = 50


class MatchingBusy(Conflict):
    """So much matching is asked for that nobody reads what comes of it."""

    code = "matching_busy"
    remedy = "Start a worker with `townclerk worker`; it does what waits, one after the other."


@dataclass(frozen=True)
class MatchAsked:
    """Matching that somebody asked a worker for.

    Attributes:
        id: Its id.
        work: What is to be done: train, compare, approve, settle_keys or undo_keys.
        version: Hash of the model it is about, where it is about one.
        data_set: URN of the data set it is about, where it is about one.
        state: Where it stands: asked, running, done or failed.
        asked_by: Who asked.
        asked_at: When they asked.
        taken_at: When a worker took it.
        finished_at: When it was done.
        tries: Workers that took it; more than one where one was stopped or died.
        records_read: Records that were read so far.
        keys_made: Keys by which pairs are searched.
        pairs_scored: Pairs that were compared and weighed.
        pairs_linked: Pairs that are taken for one customer.
        customers_merged: Customers whose values were chosen.
        customers_written: Customers that were written; nobody sees them before all is done.
        merges: Customers of before that were, or would be, joined with others.
        splits: Customers of before that were, or would be, parted.
        unchanged: Customers of before that keep exactly their records.
        error_code: Why it failed, as a code; see docs/reference/errors.md.
        error: Why it failed, in words.
        remedy: What to do about it.
    """

    id: UUID
    work: str
    version: str | None
    data_set: str | None
    state: str
    asked_by: str
    asked_at: datetime
    taken_at: datetime | None
    finished_at: datetime | None
    tries: int
    records_read: int | None
    keys_made: int | None
    pairs_scored: int | None
    pairs_linked: int | None
    customers_merged: int | None
    customers_written: int | None
    merges: int | None
    splits: int | None
    unchanged: int | None
    error_code: str | None
    error: str | None
    remedy: str | None

    @property
    def is_under_way(self) -> bool:
        """Tell whether something is still to come of it."""
        return self.state in {RequestState.ASKED, RequestState.RUNNING}

    @property
    def progress(self) -> list[tuple[str, int]]:
        """What was counted so far, in the order in which it was."""
        counts = ((step.words, getattr(self, step.value)) for step in Step)
        return [(words, count) for words, count in counts if count is not None]


def ask_training(db: psycopg.Connection, *, by: str) -> UUID:
    """Ask for a new model beside the live one, and what it would change."""
    return ask(db, MatchWork.TRAIN, {}, by=by)


def ask_comparison(db: psycopg.Connection, version: str, *, by: str) -> UUID:
    """Ask what a kept model would change.

    Raises:
        UnknownName: No usable model has this version.
    """
    given = {"version": find_model(db, version).content_hash}
    return ask(db, MatchWork.COMPARE, given, by=by)


def ask_approval(db: psycopg.Connection, version: str, *, by: str) -> UUID:
    """Ask for a kept model to be put in force.

    Raises:
        UnknownName: No usable model has this version.
    """
    given = {"version": find_model(db, version).content_hash}
    return ask(db, MatchWork.APPROVE, given, by=by)


def ask_own_keys(
    db: psycopg.Connection, data_set: str, *, keeps_apart: bool | None, reason: str, by: str
) -> UUID:
    """Ask for a settlement of what a data set's own keys tell; see `keeping.settle_own_keys`.

    Raises:
        InvalidInput: The reason is missing or too long.
        UnknownName: There is no such data set.
    """
    data_set_named(db, data_set, path="dataSet")
    reason, by = stated(reason, by, what="A settlement")
    given = {"data_set": data_set, "keeps_apart": keeps_apart, "reason": reason}
    return ask(db, MatchWork.SETTLE_KEYS, given, by=by)


def ask_undo_of_keys(db: psycopg.Connection, change: UUID, *, by: str) -> UUID:
    """Ask for a settlement to be taken back; see `keeping.undo_own_keys`.

    Raises:
        UnknownName: There is no such settlement.
        Conflict: It was undone before, or a later one stands.
    """
    given = {"data_set": undoable_change(db, change)[1], "change": str(change)}
    return ask(db, MatchWork.UNDO_KEYS, given, by=by)


def ask(db: psycopg.Connection, work: MatchWork, given: Mapping[str, Any], *, by: str) -> UUID:
    """Ask the next free worker for matching; the same thing that waits or runs is not doubled.

    Args:
        db: Connection in the asker's transaction.
        work: What.
        given: Of what.
        by: Who asks.

    Raises:
        MatchingBusy: Too much waits.
    """
    # Two who press the same button at once ask once.
    db.execute("SELECT pg_advisory_xact_lock(hashtext('customers.match_request.ask'))")
    rows = db.execute(
        """SELECT id, work = %s AND given = %s, state FROM match_request
           WHERE state IN (%s, %s) ORDER BY id""",
        (work, Jsonb(dict(given)), RequestState.ASKED, RequestState.RUNNING),
    ).fetchall()
    for found, is_same, _ in rows:
        if is_same:
            return UUID(str(found))
    if len(rows) >= WAITING_MAX:
        raise MatchingBusy(f"{len(rows)} requests for matching wait already.")
    made = uuid7()
    db.execute(
        """INSERT INTO match_request (id, work, given, state, asked_by, asked_at, tries)
           VALUES (%s, %s, %s, %s, %s, clock_timestamp(), 0)""",
        (made, work, Jsonb(dict(given)), RequestState.ASKED, by[:ACTOR_CHARACTERS_MAX]),
    )
    return made


def newest(db: psycopg.Connection, *, limit: int = SHOWN_MAX) -> list[MatchAsked]:
    """Return what was asked for, the newest first."""
    with db.cursor(row_factory=class_row(MatchAsked)) as cursor:
        return cursor.execute(f"{_SHOWN} ORDER BY id DESC LIMIT %s", (limit,)).fetchall()


def last_comparisons(db: psycopg.Connection) -> dict[str, MatchAsked]:
    """Return, by version of a model, what it would change as it was last found."""
    with db.cursor(row_factory=class_row(MatchAsked)) as cursor:
        rows = cursor.execute(
            f"""SELECT * FROM ({_SHOWN} WHERE state = 'done' AND work IN ('train', 'compare')
                ORDER BY id DESC LIMIT {SHOWN_MAX}) AS newest ORDER BY id"""
        ).fetchall()
    return {row.version: row for row in rows if row.version}


_COUNTS = ", ".join(f"(progress ->> '{step.value}')::bigint AS {step.value}" for step in Step)
_SHOWN = f"""
SELECT id, work, coalesce(answer ->> 'version', given ->> 'version') AS version,
    given ->> 'data_set' AS data_set, state, asked_by, asked_at, taken_at, finished_at, tries,
    {_COUNTS}, (answer ->> 'merges')::bigint AS merges, (answer ->> 'splits')::bigint AS splits,
    (answer ->> 'unchanged')::bigint AS unchanged, error ->> 'code' AS error_code,
    error ->> 'what' AS error, error ->> 'remedy' AS remedy
FROM match_request
"""
