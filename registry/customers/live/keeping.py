"""Settle which data sets keep people apart by their own keys, and match by it."""

from dataclasses import dataclass, replace

import psycopg

from registry.customers.live.commands import MatchReport, rematch
from registry.customers.live.index import LOCK, live_model
from registry.customers.live.versions import keep_model
from registry.customers.matching.model import MatchModel
from registry.customers.matching.own_keys import distinct_sources, settled_own_keys
from schemas.errors import InvalidInput, UnknownName


@dataclass(frozen=True)
class OwnKeysOf:
    """How one data set keeps its own records.

    Attributes:
        data_set: Its URN.
        records: Records it had when the live model was trained.
        repeats: Links between two of them then: customers whom it seems to have twice.
        sure: Those of them that are beyond doubt.
        keeps_apart: Whether the live model never links two of its records.
        settled: Whether a steward settled it; else the rule did.
        reason: Why, where a steward settled it.
        actor: Who settled it.
    """

    data_set: str
    records: int
    repeats: int
    sure: int
    keeps_apart: bool
    settled: bool
    reason: str | None
    actor: str | None


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
    found = []
    for urn in sorted({source for part in parts for source in part.sources} | said.keys()):
        habits = [part.sources[urn] for part in parts if urn in part.sources]
        settled = said.get(urn)
        found.append(
            OwnKeysOf(
                data_set=urn,
                records=sum(habit.records for habit in habits),
                repeats=sum(habit.repeats for habit in habits),
                sure=sum(habit.sure for habit in habits),
                keeps_apart=any(urn in part.distinct for part in parts),
                settled=settled is not None,
                reason=settled[1] if settled else None,
                actor=settled[2] if settled else None,
            )
        )
    return found


def settle_own_keys(
    db: psycopg.Connection, data_set: str, *, keeps_apart: bool | None, reason: str, actor: str
) -> MatchReport | None:
    """Settle whether a data set's own keys keep people apart, and match all records by it.

    Args:
        db: Connection in the caller's transaction.
        data_set: URN of the data set.
        keeps_apart: Whether two of its records are never linked; None goes back to the rule.
        reason: Why, for those who ask later.
        actor: Who settles it.

    Returns:
        What a full run found, in which customers keep their ids; None where nothing changes by it
        or no model is live.

    Raises:
        InvalidInput: A reason or an actor is missing.
        UnknownName: There is no such data set.
    """
    if not reason.strip() or not actor.strip():
        raise InvalidInput("This needs a reason and the name of who settles it.")
    row = db.execute(
        "SELECT id FROM element WHERE urn = %s AND kind = 'data_set'", (data_set,)
    ).fetchone()
    if row is None:
        raise UnknownName(
            f"There is no data set {data_set[:200]!r}.",
            remedy="`townclerk customers own-keys` lists those that are known.",
            path=["dataSet"],
        )
    db.execute(LOCK)
    if keeps_apart is None:
        db.execute("DELETE FROM own_key_rule WHERE data_set_id = %s", row)
    else:
        db.execute(
            """INSERT INTO own_key_rule
                   (data_set_id, keeps_apart, reason, actor, changed_at, revision)
               VALUES (%s, %s, %s, %s, now(), 1)
               ON CONFLICT (data_set_id) DO UPDATE SET keeps_apart = excluded.keeps_apart,
                   reason = excluded.reason, actor = excluded.actor, changed_at = now(),
                   revision = own_key_rule.revision + 1""",
            (row[0], keeps_apart, reason.strip(), actor.strip()),
        )
    live = live_model(db)
    if live is None:
        return None
    model = _with_rules(live.model, db)
    if model.content_hash == live.model.content_hash:
        return None
    keep_model(db, model, model.records)
    return rematch(db, version=model.content_hash)


def _with_rules(model: MatchModel, db: psycopg.Connection) -> MatchModel:
    """Return a model that weighs as before and knows what stewards settled."""
    said = settled_own_keys(db)
    kinds = {
        kind: replace(part, distinct=distinct_sources(part.sources, said))
        for kind, part in model.kinds.items()
    }
    return replace(model, kinds=kinds)
