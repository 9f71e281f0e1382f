"""Weigh given pairs with a frozen model: few in Python, many in DuckDB, to the same last bit."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.engine import columns, open_engine, run, texts
from registry.customers.matching.expressions import Compare, levels_of
from registry.customers.matching.features import Features, Seer, seer_of
from registry.customers.matching.kept_features import features_sql, line_of
from registry.customers.matching.model import KindModel
from registry.customers.matching.own_keys import are_kept_apart, keep_apart
from registry.customers.matching.patterns import compare
from registry.customers.matching.score import class_bits, identity_flags, score
from schemas.records import CustomerKind

# Fewer pairs than this cost less in Python than their records cost to be read by DuckDB.
BATCH_PAIRS_MIN = 5_000
# Patterns whose class likelihoods are remembered; a town shows some ten thousand.
PATTERNS_MAX = 200_000


class Weighed(NamedTuple):
    """One pair's evidence."""

    left: int
    right: int
    weight_bits: float
    by_identity: bool
    apart: bool


class _Rarity(NamedTuple):
    """A comparison whose strongest level weighs more where the value is rare."""

    position: int
    strongest: int
    bits: str
    personal: bool


@dataclass
class Weigher:
    """A frozen model of one kind, ready for single records and pairs."""

    kind: CustomerKind
    model: KindModel
    seer: Seer
    levels: Compare
    rarities: tuple[_Rarity, ...]
    patterns: dict[tuple[int, ...], tuple[float, float, float, bool, bool]]

    def weigh(
        self,
        features: Mapping[int, Features],
        pairs: Sequence[tuple[int, int]],
        *,
        least_bits: float = -math.inf,
    ) -> list[Weighed]:
        """Weigh pairs of records.

        Args:
            features: By record, what the seer made of it.
            pairs: Records, the one that comes first by place on the left.
            least_bits: Lighter pairs may be left out where no identifier speaks for them.

        Returns:
            The evidence of each pair, in any order.
        """
        if len(pairs) < BATCH_PAIRS_MIN:
            return [self.weigh_one(left, right, features) for left, right in pairs]
        ids, places = np.unique(np.asarray(pairs, dtype=np.int64), return_inverse=True)
        records = ids.tolist()
        seen = [features[record] for record in records]
        lines = [line_of(one, self.kind) for one in seen]
        sources = [one["source"] for one in seen]
        with open_engine() as con:
            sides = places.reshape(-1, 2)
            return list(
                self.weigh_many(records, lines, sources, sides, con=con, least_bits=least_bits)
            )

    def weigh_one(self, left: int, right: int, features: Mapping[int, Features]) -> Weighed:
        """Weigh one pair of records, the one that comes first by place on the left."""
        one, other = features[left], features[right]
        pattern = self.levels(one, other)
        stranger_bits = household_bits = np.float32(0.0)
        for position, strongest, column, personal in self.rarities:
            if pattern[position] == strongest:
                bits = np.float32(one[column])
                stranger_bits += bits
                if personal:
                    household_bits += bits
        known = self.patterns.get(pattern)
        if known is None:
            if len(self.patterns) >= PATTERNS_MAX:
                self.patterns.clear()
            known = self.patterns[pattern] = self._classes(pattern)
        same, household, stranger, by_identity, apart = known
        if not by_identity and are_kept_apart(self.model, one["source"], other["source"]):
            apart = True
        household += float(household_bits)
        stranger += float(stranger_bits)
        weight = same - max(household, stranger)
        weight -= math.log2(1 + math.pow(2, -abs(household - stranger)))
        return Weighed(left, right, float(np.float32(weight)), by_identity, apart)

    def _classes(self, pattern: tuple[int, ...]) -> tuple[float, float, float, bool, bool]:
        levels = np.asarray([pattern], dtype=np.int64)
        same, household, stranger = class_bits(levels, self.model)
        by_identity, apart = identity_flags(levels, COMPARISONS[self.kind], self.kind)
        return (
            float(same[0]),
            float(household[0]),
            float(stranger[0]),
            bool(by_identity[0]),
            bool(apart[0]),
        )

    def weigh_many(
        self,
        records: Sequence[int],
        lines: Sequence[str],
        sources: Sequence[str],
        sides: NDArray[np.int64],
        *,
        con: duckdb.DuckDBPyConnection,
        least_bits: float = -math.inf,
    ) -> Iterable[Weighed]:
        """Weigh many pairs in DuckDB.

        Args:
            records: Records of this kind.
            lines: What is kept of what the seer made of each, by `line_of`.
            sources: Where each comes from.
            sides: One row per pair: the places of its left and its right record in `records`.
            con: A session; it gets tables of ours.
            least_bits: Lighter pairs are left out where no identifier speaks for them.

        Yields:
            The evidence of each pair, in any order.
        """
        ids = np.asarray(records, dtype=np.int64)
        left, right = np.asarray(sides, dtype=np.int32).T
        given = {"rid": np.arange(len(ids)), "line": texts(lines), "source": texts(sources)}
        con.register("given_features", given)
        run(
            con,
            "CREATE OR REPLACE TABLE record AS $features",
            features=features_sql(self.kind, "given_features"),
        )
        con.unregister("given_features")
        con.register(
            "given_pairs",
            {"l": np.ascontiguousarray(left), "r": np.ascontiguousarray(right)},
        )
        run(con, "CREATE OR REPLACE TABLE pair AS SELECT l, r FROM given_pairs")
        con.unregister("given_pairs")
        compare(con, "record", "pair", COMPARISONS[self.kind], into="compared")
        score(con, "compared", self.kind, self.model, into="scored")
        keep_apart(con, "scored", "record", self.model)
        heavy = ""
        if not math.isinf(least_bits):
            heavy = f"WHERE weight_bits >= {least_bits!r} OR by_identity"
        found = columns(con, f"SELECT * FROM scored {heavy}")
        yield from map(
            Weighed,
            ids[found["l"]].tolist(),
            ids[found["r"]].tolist(),
            *(found[name].tolist() for name in ("weight_bits", "by_identity", "apart")),
        )


def weigher_of(model: KindModel, kind: CustomerKind) -> Weigher:
    """Prepare a model for single records; costs some milliseconds, so keep the outcome."""
    rarities = tuple(
        _Rarity(index, item.size - 1, f"{item.frequency}_bits", item.personal)
        for index, item in enumerate(COMPARISONS[kind])
        if item.frequency
    )
    return Weigher(kind, model, seer_of(model, kind), levels_of(COMPARISONS[kind]), rarities, {})
