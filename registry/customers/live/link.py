"""The whole way from a table of plain columns to linked pairs and clusters, without PostgreSQL."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import duckdb
import numpy as np

from registry.customers.live.indexing import index_kind, prepare_index
from registry.customers.live.wording import keep_words
from registry.customers.matching.blocking import rules_for
from registry.customers.matching.cluster import cluster, decide
from registry.customers.matching.copies import put_copies_back, set_copies_aside
from registry.customers.matching.engine import run
from registry.customers.matching.habits import habits
from registry.customers.matching.model import CUT_BITS, KEPT_BITS_MIN, KindModel, MatchModel
from registry.customers.matching.own_keys import OwnKeys, distinct_sources, keep_apart
from registry.customers.matching.pairing import InDuckDB, Pairing
from registry.customers.matching.score import score
from registry.customers.matching.standard import standardise
from registry.customers.matching.train import weigh
from schemas.records import CustomerKind


@dataclass
class Linked:
    """What linking found.

    The session then holds `linked_pair(id_l, id_r, weight_bits, by_identity, apart)` with every
    pair of KEPT_BITS_MIN or more and every compared pair within a cluster, and
    `linked_record(id, kind, cluster)`; of many records with one content `linked_copy(id, first_id)`
    names those that were set aside, whose only pair is with the first of them.

    Attributes:
        model: The model that decided, given or newly trained.
        records: Records by kind.
        pairs: Candidate pairs that were weighed.
        links: Pairs at or above the cut, or with one official number.
        clusters: Groups of records, lone records included.
        seconds: Wall time by step.
    """

    model: MatchModel
    records: dict[CustomerKind, int] = field(default_factory=dict)
    pairs: int = 0
    links: int = 0
    clusters: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Add the time of one step."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def link_table(
    con: duckdb.DuckDBPyConnection,
    plain: str,
    *,
    model: MatchModel | None = None,
    classes: int = 3,
    cut_bits: float = CUT_BITS,
    kept_bits_min: float = KEPT_BITS_MIN,
    decided: str | None = None,
    spared: str | None = None,
    own_keys: OwnKeys = None,
    indexed: bool = False,
    pairing: Pairing | None = None,
) -> Linked:
    """Link the records of one table; return the model, counts and times.

    Args:
        con: The session; it receives the tables that Linked describes.
        plain: Table or view with any of standard.PLAIN_COLUMNS, `id` a unique whole number.
        model: A frozen model; None trains one on this table.
        classes: Latent classes to train: 3, or 2 to do without the household class.
        cut_bits: Cut of a newly trained model.
        kept_bits_min: Weaker pairs are dropped unless one cluster holds both records.
        decided: Table of what stewards decided: id_l, id_r, link.
        spared: Table of the ids of records that are compared however many copies they have.
        own_keys: Sources said to keep people apart by their own keys; a frozen model knows it.
        indexed: Keep what later pages need: `indexed_record`, `indexed_key`, `indexed_edge`.
        pairing: Where pairs are found and compared; default is the session itself.
    """
    kinds: dict[CustomerKind, KindModel] = {}
    found = Linked(model or MatchModel(kinds, cut_bits))
    _prepare(con, indexed=indexed)
    for kind in CustomerKind:
        with found.step("standardise"):
            records, count = _standardise(con, plain, kind, indexed=indexed, spared=spared)
            found.records[kind] = records
            _decided(con, decided)
        trained = model.kinds[kind] if model else None
        if trained and not records:
            continue  # nobody to link, and nothing to learn
        with found.step("weigh"):
            rules = rules_for(kind, trained.records if trained else records)
            part = weigh(
                con, "standard_record", kind, count, model=trained, rules=rules,
                classes=classes, into="compared_pair", pairing=pairing or InDuckDB(),
                keys_into="kept_key" if indexed else None,
            )  # fmt: skip
        with found.step("score"):
            score(con, "compared_pair", kind, part, into="scored_pair")
            if trained is None:
                part = replace(part, records=records)
                part = kinds[kind] = _with_habits(con, part, count, found.model.cut_bits, own_keys)
        _cluster(con, kind, part, count=count, found=found)
        with found.step("keep"):
            if indexed:
                index_kind(con, kind, found.model.cut_bits)
            _keep(con, kind, kept_bits_min)
    found.clusters = run(con, "SELECT count(DISTINCT cluster) FROM linked_record")[0][0]
    return found


def _standardise(
    con: duckdb.DuckDBPyConnection,
    plain: str,
    kind: CustomerKind,
    *,
    indexed: bool,
    spared: str | None,
) -> tuple[int, int]:
    """Make `standard_record` of a kind; return its records with and without copies."""
    records = standardise(con, plain, kind, into="standard_record")
    if indexed:
        keep_words(con, "standard_record", kind)
    return records, set_copies_aside(con, "standard_record", kind, into="copy_aside", spared=spared)


def _with_habits(
    con: duckdb.DuckDBPyConnection, part: KindModel, count: int, cut_bits: float, said: OwnKeys
) -> KindModel:
    """Add to a model how the sources it was trained on keep their own records."""
    sources, customers = habits(
        con, "standard_record", "scored_pair", count=count, cut_bits=cut_bits
    )
    distinct = distinct_sources(sources, said)
    return replace(part, sources=sources, customers=customers, distinct=distinct)


def _prepare(con: duckdb.DuckDBPyConnection, *, indexed: bool) -> None:
    run(con, _LINKED_PAIR)
    run(con, _LINKED_RECORD)
    run(con, "CREATE OR REPLACE TABLE linked_copy (id BIGINT, first_id BIGINT)")
    if indexed:
        prepare_index(con)


_LINKED_PAIR = """
CREATE OR REPLACE TABLE linked_pair
    (id_l BIGINT, id_r BIGINT, weight_bits FLOAT, by_identity BOOLEAN, apart BOOLEAN)
"""
_LINKED_RECORD = """
CREATE OR REPLACE TABLE linked_record (id BIGINT, kind VARCHAR, cluster BIGINT)
"""


def _cluster(
    con: duckdb.DuckDBPyConnection,
    kind: CustomerKind,
    part: KindModel,
    *,
    count: int,
    found: Linked,
) -> None:
    """Part the records of one kind into customers, and count what was found."""
    cut_bits = found.model.cut_bits
    with found.step("cluster"):
        run(con, "DROP TABLE compared_pair")
        keep_apart(con, "scored_pair", "standard_record", part)
        decide(con, "scored_pair")
        labels = cluster(
            con, "standard_record", "scored_pair", kind, part, count=count, cut_bits=cut_bits
        )
        pairs, links = run(
            con,
            "SELECT count(*), count(*) FILTER ((weight_bits >= ? OR by_identity) AND NOT apart)"
            " FROM scored_pair",
            cut_bits,
        )[0]
        found.pairs += pairs
        found.links += links
        con.register("cluster_numbers", {"rid": np.arange(count), "label": labels})
        run(con, "CREATE OR REPLACE TEMP TABLE cluster_label AS FROM cluster_numbers")
        con.unregister("cluster_numbers")


def _decided(con: duckdb.DuckDBPyConnection, decided: str | None) -> None:
    """Make `decided_pair(l, r, link)` of one kind; the last decision on a pair counts."""
    run(con, "CREATE OR REPLACE TABLE decided_pair (l INTEGER, r INTEGER, link BOOLEAN)")
    if decided:
        run(
            con,
            "INSERT INTO decided_pair SELECT least(l.rid, r.rid), greatest(l.rid, r.rid), link"
            " FROM $decided JOIN standard_record l ON l.id = id_l"
            " JOIN standard_record r ON r.id = id_r",
            decided=decided,
        )


def _keep(con: duckdb.DuckDBPyConnection, kind: CustomerKind, kept_bits_min: float) -> None:
    """Add what was found of one kind to the outcome, by the caller's ids.

    Clustering weighed pairs that no blocking rule found; they are kept where they are evidence.
    """
    run(
        con,
        """
        INSERT INTO linked_pair
        SELECT l.id, r.id, weight_bits, by_identity, apart FROM (
            SELECT * FROM scored_pair
            UNION ALL
            SELECT * FROM component_scored ANTI JOIN scored_pair USING (l, r)
        ) pair
        JOIN standard_record l ON l.rid = pair.l JOIN cluster_label a ON a.rid = pair.l
        JOIN standard_record r ON r.rid = pair.r JOIN cluster_label b ON b.rid = pair.r
        WHERE weight_bits >= ? OR by_identity OR a.label = b.label
        """,
        kept_bits_min,
    )
    run(
        con,
        """
        INSERT INTO linked_record
        SELECT r.id, ?, head.id FROM standard_record r
        JOIN cluster_label ON cluster_label.rid = r.rid
        JOIN standard_record head ON head.rid = cluster_label.label
        """,
        kind.value,
    )
    put_copies_back(con, "copy_aside", kind.value)
    run(con, "DROP TABLE scored_pair")
    run(con, "DROP TABLE standard_record")
