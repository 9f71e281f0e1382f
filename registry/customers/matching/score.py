"""From agreement patterns to match weights in bits."""

from collections.abc import Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching import em
from registry.customers.matching.comparisons import COMPARISONS, IDENTITIES
from registry.customers.matching.engine import columns, run
from registry.customers.matching.levels import Comparison
from registry.customers.matching.model import KindModel
from registry.customers.matching.patterns import unpack
from schemas.records import CustomerKind

Floats = NDArray[np.float64]


def class_bits(levels: NDArray[np.int64], model: KindModel) -> tuple[Floats, Floats, Floats]:
    """Return log2 of the expected pairs with each pattern, per latent class.

    Args:
        levels: Level numbers, one row per pattern, one column per comparison; 0 is missing.
        model: Frozen model; all likelihoods in the open interval (0, 1).

    Returns:
        Same customer, same household, strangers; before the rarity of values is counted.
    """
    strangers = max(model.pairs - model.same_pairs - model.household_pairs, 1.0)
    classes = (
        (model.same_pairs, model.same),
        (model.household_pairs, model.household),
        (strangers, model.stranger),
    )
    same, household, stranger = (
        (
            em.log_likelihood(levels, [np.asarray(row) for row in rows])
            + np.log(max(pairs, em.NOTHING))
        )
        / np.log(2.0)
        for pairs, rows in classes
    )
    return same, household, stranger


def match_weight_bits(same: float, household: float, stranger: float) -> float:
    """Weigh the evidence that two records describe one customer.

    Args:
        same: Log2 of expected pairs that describe one customer and look like this pair.
        household: The same for two customers of one household.
        stranger: The same for strangers.

    Returns:
        Log2 odds of one customer against household member or stranger; 0 is even.

    Source:
        Fellegi and Sunter (1969), JASA 64(328), 1183-1210.
    """
    return float(same - np.logaddexp2(household, stranger))


_WEIGHT = """
same - greatest(household + household_bits, stranger + stranger_bits)
     - log2(1 + pow(2, -abs(household + household_bits - stranger - stranger_bits)))
"""


def score(
    con: duckdb.DuckDBPyConnection,
    compared: str,
    kind: CustomerKind,
    model: KindModel,
    *,
    into: str,
) -> None:
    """Make `into(l, r, weight_bits, by_identity, apart)` from compared pairs.

    `by_identity` marks pairs with the same official number and nothing against it, `apart` pairs
    with different ones; the first always link, the second never.
    """
    comparisons = COMPARISONS[kind]
    packed = columns(
        con, "SELECT DISTINCT pattern FROM $compared ORDER BY pattern", compared=compared
    )["pattern"].astype(np.int64)
    levels = unpack(packed, comparisons)
    same, household, stranger = class_bits(levels, model)
    by_identity, apart = identity_flags(levels, comparisons, kind)
    con.register(
        "pattern_weights",
        {
            "pattern": packed,
            "same": same,
            "household": household,
            "stranger": stranger,
            "by_identity": by_identity,
            "apart": apart,
        },
    )
    run(
        con,
        """
        CREATE OR REPLACE TABLE $into AS
        SELECT l, r, ($weight)::FLOAT AS weight_bits, by_identity, apart
        FROM $compared JOIN pattern_weights USING (pattern)
        """,
        into=into,
        compared=compared,
        weight=_WEIGHT,
    )
    con.unregister("pattern_weights")


def identity_flags(
    levels: NDArray[np.int64], comparisons: Sequence[Comparison], kind: CustomerKind
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which patterns hold one official number with nothing against it, and which two."""
    identity = IDENTITIES[kind]
    position = {item.name: index for index, item in enumerate(comparisons)}
    numbers = levels[:, position[identity.column]]
    agree, differ = numbers == 2, numbers == 1
    if identity.contradicted_by:
        other = levels[:, position[identity.contradicted_by]]
        agree &= (other == 0) | (other > identity.contradiction_level_max)
    return agree, differ
