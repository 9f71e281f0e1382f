"""Settle which data sets keep people apart by their own keys, and match by it."""

from dataclasses import dataclass, replace
from uuid import UUID

import psycopg

from registry.customers.live.commands import MatchReport, rematch
from registry.customers.live.data_sets import data_set_named
from registry.customers.live.index import LOCK, live_model
from registry.customers.live.progress import Tell, to_nobody
from registry.customers.live.versions import keep_model
from registry.customers.matching.model import MatchModel
from registry.customers.matching.own_keys import distinct_sources, settled_own_keys
from registry.customers.values.reasons import stated
from schemas.base import uuid7
from schemas.errors import Conflict, UnknownName


@dataclass(frozen=True)
class OwnKeysOf:
    """How one data set keeps its own records.

    Attributes:
        data_set: Its URN.
        name: What it is called.
        records: Records it had when the live model was trained.
        repeats: Links between two of them then: customers whom it seems to have twice.
        sure: Those of them that are beyond doubt.
        keeps_apart: Whether the live model never links two of its records.
        settled: Whether a steward settled it; else the rule did.
        reason: Why, where a steward settled it.
        actor: Who settled it.
        change: The last time somebody settled it, by which it can be undone; null if nobody has.
    """

    data_set: str
    name: str
    records: int
    repeats: int
    sure: int
    keeps_apart: bool
    settled: bool
    reason: str | None
    actor: str | None
    change: UUID | None


def list_own_keys(db: psycopg.Connection) -> list[OwnKeysOf]:
    """Return how every data set that the live model knows, or a steward settled, keeps records."""
    live = live_model(db)
    parts = list(live.model.kinds.values()) if live else []
    said = {
        urn: (keeps_apart, reason, actor)
        for urn, keeps_apart, reason, actor in db.execute(
            """SELECT urn, keeps_apart, reason, actor FROM own_key_rule
               JOIN element ON element.id = data_set_id"""
        )
    }
    changes: dict[str, UUID] = dict(db.execute(_LAST_CHANGES).fetchall())
    known = sorted({source for part in parts for source in part.sources} | changes.keys())
    names: dict[str, str] = dict(
        db.execute("SELECT urn, name FROM element WHERE urn = ANY(%s)", (known,)).fetchall()
    )
    found = []
    for urn in known:
        habits = [part.sources[urn] for part in parts if urn in part.sources]
        settled = said.get(urn)
        found.append(
            OwnKeysOf(
                data_set=urn,
                name=names.get(urn, urn),
                records=sum(habit.records for habit in habits),
                repeats=sum(habit.repeats for habit in habits),
                sure=sum(habit.sure for habit in habits),
                keeps_apart=any(urn in part.distinct for part in parts),
                settled=settled is not None,
                reason=settled[1] if settled else None,
                actor=settled[2] if settled else None,
                change=changes.get(urn),
            )
        )
    return found


_LAST_CHANGES = """
SELECT DISTINCT ON (data_set_id) urn, own_key_change.id FROM own_key_change
JOIN element ON element.id = data_set_id
WHERE undone_at IS NULL
ORDER BY data_set_id, own_key_change.changed_at DESC, own_key_change.id DESC
"""


def settle_own_keys(
    db: psycopg.Connection,
    data_set: str,
    *,
    keeps_apart: bool | None,
    reason: str,
    actor: str,
    tell: Tell = to_nobody,
) -> MatchReport | None:
    """Settle whether a data set's own keys keep people apart, and match all records by it.

    Args:
        db: Connection in the caller's transaction.
        data_set: URN of the data set.
        keeps_apart: Whether two of its records are never linked; None goes back to the rule.
        reason: Why, for those who ask later.
        actor: Who settles it.
        tell: Is told how far the matching is.

    Returns:
        What a full run found, in which customers keep their ids; None where nothing changes by it
        or no model is live.

    Raises:
        InvalidInput: A reason or an actor is missing, or too long.
        UnknownName: There is no such data set.
    """
    reason, actor = stated(reason, actor, what="A settlement")
    data_set_id = data_set_named(db, data_set, path="dataSet")
    db.execute(LOCK)
    db.execute(
        """INSERT INTO own_key_change (id, data_set_id, keeps_apart, reason, actor, changed_at)
           VALUES (%s, %s, %s, %s, %s, clock_timestamp())""",
        (uuid7(), data_set_id, keeps_apart, reason, actor),
    )
    return _match_by_rules(db, data_set_id, tell)


def undo_own_keys(
    db: psycopg.Connection, change: UUID, *, actor: str, tell: Tell = to_nobody
) -> MatchReport | None:
    """Take a settlement back: what stood before it holds again, and all records are matched by it.

    Args:
        db: Connection in the caller's transaction.
        change: Its id, as `list_own_keys` tells it.
        actor: Who takes it back.
        tell: Is told how far the matching is.

    Returns:
        As `settle_own_keys`.

    Raises:
        UnknownName: There is no such settlement.
        Conflict: It was undone before, or a later one stands.
    """
    db.execute(LOCK)
    data_set_id, _ = undoable_change(db, change)
    db.execute(
        "UPDATE own_key_change SET undone_at = clock_timestamp(), undone_by = %s WHERE id = %s",
        (actor, change),
    )
    return _match_by_rules(db, data_set_id, tell)


def undoable_change(db: psycopg.Connection, change: UUID) -> tuple[UUID, str]:
    """Return id and URN of the data set of a settlement that can be taken back.

    Raises:
        UnknownName: There is no such settlement.
        Conflict: It was undone before, or a later one stands.
    """
    row = db.execute(
        """SELECT data_set_id, urn, undone_at IS NOT NULL, EXISTS (
               SELECT FROM own_key_change later
               WHERE later.data_set_id = own_key_change.data_set_id AND undone_at IS NULL
                   AND (later.changed_at, later.id)
                       > (own_key_change.changed_at, own_key_change.id))
           FROM own_key_change JOIN element ON element.id = data_set_id
           WHERE own_key_change.id = %s""",
        (change,),
    ).fetchone()
    if row is None:
        raise UnknownName(
            f"Nobody settled own keys under {change}.", remedy="See `townclerk customers own-keys`."
        )
    data_set_id, urn, is_undone, is_older = row
    if is_undone:
        raise Conflict("This settlement was undone before.", remedy="Nothing is left to do.")
    if is_older:
        raise Conflict(
            "Somebody settled these keys again later.", remedy="Undo the later settlement first."
        )
    return data_set_id, urn


def _match_by_rules(db: psycopg.Connection, data_set: UUID, tell: Tell) -> MatchReport | None:
    """Let the last settlement that stands be the rule of its data set, and match by all rules."""
    db.execute("DELETE FROM own_key_rule WHERE data_set_id = %s", (data_set,))
    db.execute(
        """INSERT INTO own_key_rule (data_set_id, keeps_apart, reason, actor, changed_at, revision)
           SELECT data_set_id, keeps_apart, reason, actor, changed_at, changes FROM (
               SELECT *, count(*) OVER () AS changes FROM own_key_change
               WHERE data_set_id = %s AND undone_at IS NULL
               ORDER BY changed_at DESC, id DESC LIMIT 1) AS last
           WHERE keeps_apart IS NOT NULL""",
        (data_set,),
    )
    live = live_model(db)
    if live is None:
        return None
    model = _with_rules(live.model, db)
    if model.content_hash == live.model.content_hash:
        return None
    keep_model(db, model, model.records)
    return rematch(db, version=model.content_hash, tell=tell)


def _with_rules(model: MatchModel, db: psycopg.Connection) -> MatchModel:
    """Return a model that weighs as before and knows what stewards settled."""
    said = settled_own_keys(db)
    kinds = {
        kind: replace(part, distinct=distinct_sources(part.sources, said))
        for kind, part in model.kinds.items()
    }
    return replace(model, kinds=kinds)
