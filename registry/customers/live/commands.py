"""Changes of the master view: take in cleaned records, and match all of them anew."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import duckdb
import psycopg

from registry.customers.live.delta import match_records, take_in
from registry.customers.live.index import (
    GROWTH_BEFORE_TRAINING,
    LANDING,
    LOCK,
    live_model,
)
from registry.customers.live.indexing import write_index
from registry.customers.live.link import Linked, link_table
from registry.customers.live.loading import load
from registry.customers.live.master import (
    choose_values,
    clear,
    gather_members,
    name_customers,
    write_customers,
)
from registry.customers.live.progress import Step, Tell, ToldPairing, to_nobody
from registry.customers.live.reused_keys import keep_leaving
from registry.customers.live.survivorship import survivorship
from registry.customers.live.versions import (
    find_model,
    keep_model,
    learned_too_soon,
    make_live,
    unread_sources,
)
from registry.customers.live.words import unlearn_words, words_of_records
from registry.customers.matching.engine import MEMORY_LIMIT_MB, interrupt, open_engine, run, sweep
from registry.customers.matching.model import MatchModel, from_parameters
from registry.customers.matching.own_keys import settled_own_keys
from registry.customers.matching.pairing import InDuckDB, Pairing
from schemas.errors import InvalidInput
from schemas.records import CustomerKind, CustomerRecord


@dataclass(frozen=True)
class MatchReport:
    """What one matching run found; counts only.

    Attributes:
        records: Records that were compared.
        pairs: Pairs of records that were scored.
        links: Pairs that were taken for one customer.
        customers: Customers there are now.
        model: Hash of the frozen model that decided.
        seconds: Wall time per step.
        change: What became of the customers there were; None where no version was asked for.
    """

    records: int
    pairs: int
    links: int
    customers: int
    model: str
    seconds: dict[str, float] = field(default_factory=dict)
    change: "ModelChange | None" = None


@dataclass(frozen=True)
class ModelChange:
    """What a model makes of the customers of today; counts only.

    Attributes:
        merges: Customers of today that are joined with others.
        splits: Customers of today that are parted.
        unchanged: Customers of today that keep exactly their records.
    """

    merges: int
    splits: int
    unchanged: int


def absorb(db: psycopg.Connection, landed: Sequence[tuple[int, UUID, CustomerRecord]]) -> int:
    """Clean landed records, keep them beside their raw form, and match them.

    Where no complete model is live they are only cleaned; the next `rematch` matches them.

    Args:
        db: Connection in the page's transaction.
        landed: Record id, data set and canonical record of each new or changed record.

    Returns:
        How many were new or differ from what was kept.
    """
    if not landed:
        return 0
    # A source may send a key twice on one page; the last one is what it thinks now.
    last = {one[0]: one for one in landed}
    return take_in(db, [last[record_id] for record_id in sorted(last)])


def withdraw(db: psycopg.Connection, records: Sequence[int], *, settled_later: bool = False) -> int:
    """Let records count no longer: their source has deleted them, or they must be erased.

    Args:
        db: Connection in the caller's transaction.
        records: Landed records; what is no customer's record is passed over.
        settled_later: Whether `settle` follows, so that without a model nothing is matched yet.
            A transaction that has called `absorb` must say so.

    Returns:
        How many counted until now.
    """
    known = db.execute(
        """SELECT EXISTS (SELECT FROM clean_record WHERE record_id = ANY(%(records)s))
               OR EXISTS (SELECT FROM customer_link WHERE record_id = ANY(%(records)s))""",
        {"records": list(records)},
    ).fetchone()
    if not known or not known[0]:
        return 0
    # Rows before the matching lock, as pages have it: the other way round two would wait for ever.
    # No more of them than pages lock, either: a full run, which has that lock, refers to all rows.
    db.execute(LANDING)
    db.execute(
        "SELECT FROM landed_record WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        (list(records),),
    )
    if not settled_later:
        # At once, not after the lock that pages without a model share: of two that share it, each
        # would wait for the other.
        db.execute(LOCK)
    keep_leaving(db, records)
    words = words_of_records(db, records)
    matched = match_records(db, withdrawn=records)
    unlearn_words(db, words, rare_only=True)
    gone = db.execute("DELETE FROM clean_record WHERE record_id = ANY(%s)", (list(records),))
    if not matched:
        db.execute("DELETE FROM customer_link WHERE record_id = ANY(%s)", (list(records),))
    if not matched and not settled_later:
        # Whoever asks for erasure must not wait until the next sync.
        rematch(db)
    return gone.rowcount


def settle(db: psycopg.Connection) -> MatchReport:
    """Match what pages could not: train at first, and again when the model knows too little.

    It knows too little when the town has outgrown it, and when sources it could not learn from,
    because their reading failed or had not begun, have been read to their end.

    Args:
        db: Connection in a transaction.

    Returns:
        What a full run found, or how things stand where none was due.
    """
    live = live_model(db)
    if live is None or learned_too_soon(db):
        return rematch(db)
    row = db.execute("SELECT records, (SELECT count(*) FROM customer) FROM live_model").fetchone()
    assert row is not None  # it is live
    return MatchReport(row[0], 0, 0, row[1], live.model.content_hash)


def rematch(
    db: psycopg.Connection,
    *,
    retrain: bool | None = None,
    version: str | None = None,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
    pairing: Pairing | None = None,
    tell: Tell = to_nobody,
) -> MatchReport:
    """Link all records and merge them into customers, in the caller's transaction.

    Args:
        db: Connection in a transaction.
        retrain: Train a new model; None trains when there is none, when the town has doubled, or
            when the model trained itself before all sources were read and now they are.
        version: Hash, or its beginning, of the kept model to put in force instead.
        memory_limit_mb: What the comparison may hold before it spills to disk.
        pairing: Where pairs are found and compared; default is this process.
        tell: Is told how far it is, step by step.

    Returns:
        What was found.

    Raises:
        UnknownName: No usable model has this version.
    """
    seconds: dict[str, float] = {}
    chosen = find_model(db, version) if version else None
    # One matching run at a time: two would mint two ids for one customer.
    db.execute(LOCK)
    sweep()
    unread: list[str] | None = unread_sources(db)
    with open_engine(memory_limit_mb) as con:
        with _timed(seconds, "load"):
            records = load(db, con)
        tell(Step.RECORDS, records)
        if not records:
            clear(db)
            return MatchReport(0, 0, 0, 0, "", seconds)
        model = chosen or _model_for(db, con, retrain=retrain)
        if model is not None:
            unread = [] if version else None  # somebody chose it, or the same one decides on
        elif retrain:
            unread = []
        linked = _linked(db, con, model, indexed=True, pairing=pairing, tell=tell)
        seconds |= {step: round(wall, 3) for step, wall in linked.seconds.items()}
        change = ModelChange(*run(con, _DIFFERENCES)[0]) if version else None
        with _timed(seconds, "merge"):
            gather_members(con, records="records", into="member")
            name_customers(con, clusters="member", former="former")
            choose_values(con, records="records", groups=survivorship(db))
        tell(Step.VALUES, linked.clusters)
        with _timed(seconds, "write"):
            customers = write_customers(db, con)
            write_index(db, con)
            make_live(db, keep_model(db, linked.model, records), records, unread=unread)
        tell(Step.CUSTOMERS, customers)
    return MatchReport(
        records, linked.pairs, linked.links, customers, linked.model.content_hash, seconds, change
    )


@dataclass(frozen=True)
class Proposal:
    """A model beside the live one; counts only.

    Attributes:
        version: Its hash.
        links: Pairs that it takes for one customer.
        customers: Customers that there would be.
        merges: Customers of today that would be joined with others.
        splits: Customers of today that would be parted.
        unchanged: Customers of today that would keep exactly their records.
    """

    version: str
    links: int
    customers: int
    merges: int
    splits: int
    unchanged: int


class NothingToTrainOn(InvalidInput):
    """No records have come in that a model could learn from."""

    code = "nothing_to_train_on"
    remedy = "Read a source first: `townclerk sync run`."


def propose(
    db: psycopg.Connection,
    *,
    version: str | None = None,
    memory_limit_mb: int = MEMORY_LIMIT_MB,
    tell: Tell = to_nobody,
) -> Proposal:
    """Show what a model would change; nothing changes until `rematch` is asked for its version.

    Args:
        db: Connection in a transaction.
        version: Hash, or its beginning, of a kept model; None trains one on the records of today
            and keeps it.
        memory_limit_mb: What the comparison may hold before it spills to disk.
        tell: Is told how far it is, step by step.

    Raises:
        NothingToTrainOn: There are no records.
        UnknownName: No usable model has this version.
    """
    model = find_model(db, version) if version is not None else None
    db.execute(LOCK)
    sweep()
    with open_engine(memory_limit_mb) as con:
        records = load(db, con)
        if not records:
            raise NothingToTrainOn("There are no customers' records yet.")
        tell(Step.RECORDS, records)
        linked = _linked(db, con, model, tell=tell)
        change = ModelChange(*run(con, _DIFFERENCES)[0])
        if model is None:
            keep_model(db, linked.model, records)
    return Proposal(
        linked.model.content_hash,
        linked.links,
        linked.clusters,
        change.merges,
        change.splits,
        change.unchanged,
    )


def _linked(
    db: psycopg.Connection,
    con: duckdb.DuckDBPyConnection,
    model: MatchModel | None,
    *,
    indexed: bool = False,
    pairing: Pairing | None = None,
    tell: Tell,
) -> Linked:
    """Link the records that were loaded, by what stewards decided and settled."""
    linked = link_table(
        con,
        "plain",
        model=model,
        decided="decided",
        spared="spared",
        own_keys=settled_own_keys(db),
        indexed=indexed,
        pairing=ToldPairing(pairing or InDuckDB(), tell),
    )
    tell(Step.LINKS, linked.links)
    return linked


_DIFFERENCES = """
WITH now AS (
    SELECT former.customer_id, record_id, linked_record.kind, cluster FROM former
    JOIN records USING (record_id) JOIN linked_record ON linked_record.id = records.place
), cell AS (
    SELECT customer_id, kind, cluster FROM now GROUP BY ALL
), judged AS (
    SELECT customer_id, count(*) > 1 AS parted, bool_or(customers > 1) AS joined FROM (
        SELECT *, count(*) OVER (PARTITION BY kind, cluster) AS customers FROM cell)
    GROUP BY customer_id
)
SELECT count(*) FILTER (joined), count(*) FILTER (parted),
    count(*) FILTER (NOT joined AND NOT parted)
FROM judged
"""


def stop_rematching() -> None:
    """Make a matching run of this process give up; its transaction is rolled back."""
    interrupt()


def _model_for(
    db: psycopg.Connection, con: duckdb.DuckDBPyConnection, *, retrain: bool | None
) -> MatchModel | None:
    """Return the frozen model to use, or None to train one."""
    if retrain:
        return None
    row = db.execute(
        "SELECT parameters FROM live_model JOIN match_model ON match_model.id = model_id"
    ).fetchone()
    model = from_parameters(row[0]) if row else None
    if model is None or retrain is False:
        return model
    if learned_too_soon(db):
        return None
    for kind, records in run(con, "SELECT kind, count(*) FROM records GROUP BY kind"):
        if records > GROWTH_BEFORE_TRAINING * model.kinds[CustomerKind(kind)].records:
            return None
    return model


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    seconds[step] = round(time.perf_counter() - begun, 3)
