"""Training without labels: what is shared, what is hot, how often strangers agree, then EM.

`weigh` runs the same steps with a trained model, only that nothing is learnt then.
"""

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching import blocking, em, frequencies, patterns
from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.engine import run
from registry.customers.matching.levels import Comparison
from registry.customers.matching.model import Frequencies, KindModel, frozen
from registry.customers.matching.pairing import Pairing
from schemas.records import CustomerKind

# EM's first guess: one record in three has a twin. It moves away from it within few rounds.
SAME_PAIRS_PER_RECORD = 0.3
# Namesakes by which agreement that a name explains is measured: more of one name are a common
# one, whose pairs would drown all others; as many pairs as show a share to a per cent.
NAMESAKES_MAX = 50
NAMESAKE_PAIRS_MAX = 50_000
# What is believed of namesakes before any are seen, and as how many pairs that counts.
NAMESAKE_PRIOR = 0.1
NAMESAKE_PRIOR_PAIRS = 20.0
# Half a pair is added to each sampled level, so that "not seen" does not become "impossible".
_SMOOTHING_PAIRS = 0.5

Floats = NDArray[np.float64]


def weigh(
    con: duckdb.DuckDBPyConnection,
    records: str,
    kind: CustomerKind,
    count: int,
    *,
    model: KindModel | None,
    rules: Sequence[blocking.Rule],
    classes: int,
    into: str,
    keys_into: str | None = None,
    pairing: Pairing,
) -> KindModel:
    """Find and compare candidate pairs; train on them where no model is given.

    Args:
        con: The session, with the pairs stewards decided in `decided_pair(l, r, link)`.
        records: Table of comparison columns; shared values are erased and bits added to it.
        kind: Which comparisons to make.
        count: Records in the table.
        model: A frozen model, or None to train one.
        rules: Blocking rules to use.
        classes: Latent classes to train: 3, or 2 to do without households.
        into: Table of compared pairs to make.
        keys_into: Table of blocking keys to make, where they are wanted.
        pairing: Where pairs are found and compared.

    Returns:
        The given or the new model.
    """
    shared, measured = _see(con, records, kind, model)
    blocking.make_keys(con, records, rules, into="blocking_key")
    hot_keys = (
        model.hot_keys if model else blocking.find_hot_keys(con, "blocking_key", rules, count)
    )
    blocking.use_keys(con, "blocking_key", hot_keys, into="used_key")
    if keys_into:
        _keep_keys(con, hot_keys, keys_into)
    run(con, "DROP TABLE blocking_key")
    pairing.compare_candidates(con, records, "used_key", COMPARISONS[kind], into=into)
    run(con, "DROP TABLE used_key")
    if model:
        return model
    found = _estimate(con, records, into, kind, count=count, classes=classes)
    learnt = KindModel(
        records=count,
        same=_rows(found.same),
        household=_rows(found.household),
        stranger=_rows(found.stranger),
        same_pairs=found.same_pairs,
        household_pairs=found.household_pairs,
        pairs=found.pairs,
        frequencies=measured,
        shared=shared,
        hot_keys=hot_keys,
    )
    return frozen(learnt)


def _see(
    con: duckdb.DuckDBPyConnection, records: str, kind: CustomerKind, model: KindModel | None
) -> tuple[Mapping[str, NDArray[np.uint64]], Mapping[str, Frequencies]]:
    """Forget shared values and note how rare the others are, as measured now or by the model."""
    shared = model.shared if model else frequencies.find_shared(con, records, kind)
    frequencies.forget_shared(con, records, shared)
    measured = (
        model.frequencies
        if model
        else frequencies.measure(con, records, frequencies.frequency_columns(kind))
    )
    frequencies.add_bits(con, records, measured, measured_here=model is None)
    return shared, measured


def _keep_keys(con: duckdb.DuckDBPyConnection, hot_keys: NDArray[np.uint64], into: str) -> None:
    """Keep the blocking keys that are used, for pages that come later."""
    con.register("hot_key", {"key": hot_keys})
    run(
        con,
        "CREATE OR REPLACE TABLE $into AS SELECT DISTINCT rid, key FROM blocking_key"
        " ANTI JOIN hot_key USING (key)",
        into=into,
    )
    con.unregister("hot_key")


def _estimate(
    con: duckdb.DuckDBPyConnection,
    records: str,
    compared: str,
    kind: CustomerKind,
    *,
    count: int,
    classes: int,
) -> em.Likelihoods:
    comparisons = COMPARISONS[kind]
    found, counts = patterns.count_patterns(con, compared, comparisons)
    everybody, comparable = _everybody(con, records, comparisons, count)
    evidence = em.Evidence(
        patterns=found,
        counts=counts,
        everybody=everybody,
        comparable=comparable,
        pairs=max(count * (count - 1) / 2, 1.0),
    )
    priors = [
        em.ClassPrior(np.asarray(item.priors()), item.personal, item.coincidence, item.differs_max)
        for item in comparisons
    ]
    return em.estimate(
        evidence, priors, classes=classes, same_pairs=max(SAME_PAIRS_PER_RECORD * count, 1.0)
    )


def _everybody(
    con: duckdb.DuckDBPyConnection, records: str, comparisons: Sequence[Comparison], count: int
) -> tuple[tuple[Floats, ...], tuple[float, ...]]:
    """Measure how often any two records agree, and how often they can be compared at all."""
    patterns.random_pairs(con, count, into="random_pair")
    patterns.compare(con, records, "random_pair", comparisons, into="random_compared")
    found, counts = patterns.count_patterns(con, "random_compared", comparisons)
    everybody: list[Floats] = []
    comparable: list[float] = []
    for index, item in enumerate(comparisons):
        if item.namesakes:
            everybody.append(_namesakes(con, records, comparisons, index))
            comparable.append(0.0)
            continue
        levels = np.bincount(found[:, index], weights=counts, minlength=item.size)
        comparable.append(float(levels[1:].sum() / max(levels.sum(), 1.0)))
        shares: Floats = (levels[1:] + _SMOOTHING_PAIRS).astype(np.float64)
        shares /= shares.sum()
        chance = _chance(con, records, item.counted) if item.counted else 0.0
        if chance > 0.0:
            shares[:-1] *= (1.0 - chance) / max(shares[:-1].sum(), 1e-12)
            shares[-1] = chance
        everybody.append(shares)
    return tuple(everybody), tuple(comparable)


def _namesakes(
    con: duckdb.DuckDBPyConnection, records: str, comparisons: Sequence[Comparison], index: int
) -> Floats:
    """Measure how often two people of one name agree: pairs of births that differ wholly."""
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE namesake AS
        WITH called AS (
            SELECT rid, birth, email_name, birth_year, birth_month, birth_day,
                given || ' ' || family AS name FROM $records
            WHERE birth IS NOT NULL AND email_named = 1
        ), common AS (
            SELECT name FROM called GROUP BY name HAVING count(*) BETWEEN 2 AND ?
        )
        SELECT l.rid AS l, r.rid AS r FROM called l JOIN called r USING (name)
        SEMI JOIN common USING (name)
        WHERE l.rid < r.rid AND l.birth_year <> r.birth_year
            AND (l.birth_month <> r.birth_month OR l.birth_day <> r.birth_day)
            AND hamming(l.birth, r.birth) > 2
        ORDER BY hash(l.rid, r.rid), 1, 2 LIMIT ?
        """,
        NAMESAKES_MAX,
        NAMESAKE_PAIRS_MAX,
        records=records,
    )
    patterns.compare(con, records, "namesake", comparisons, into="namesake_compared")
    found, counts = patterns.count_patterns(con, "namesake_compared", comparisons)
    item = comparisons[index]
    levels = np.bincount(found[:, index], weights=counts, minlength=item.size)[1:]
    # Before any are seen, strangers are taken to agree a tenth as often as one person's records.
    prior = np.asarray(item.priors()) * NAMESAKE_PRIOR
    prior[0] = 1.0 - prior[1:].sum()
    shares: Floats = levels + NAMESAKE_PRIOR_PAIRS * prior
    shares /= shares.sum()
    return shares


def _chance(con: duckdb.DuckDBPyConnection, records: str, column: str) -> float:
    """Return the share of pairs of records with a value that have the same value."""
    same, values = run(
        con,
        """
        SELECT coalesce(sum(n * (n - 1)), 0)::DOUBLE, coalesce(sum(n), 0)::DOUBLE
        FROM (SELECT count(*)::DOUBLE AS n FROM $records WHERE $column IS NOT NULL GROUP BY $column)
        """,
        records=records,
        column=column,
    )[0]
    return float(same / (values * (values - 1.0))) if values > 1.0 else 0.0


def _rows(likelihoods: tuple[Floats, ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in likelihoods)
