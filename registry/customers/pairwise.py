"""Weigh given pairs with a frozen model: few in Python, many in DuckDB, to the same last bit."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import orjson

from registry.customers.comparisons import COMPARISONS
from registry.customers.engine import columns, open_engine, run
from registry.customers.expressions import Evaluate, python_of
from registry.customers.features import Features, Seer, seer_of
from registry.customers.levels import Comparison
from registry.customers.model import KindModel
from registry.customers.patterns import compare
from registry.customers.score import class_bits, identity_flags, score
from schemas.records import CustomerKind

# Fewer pairs than this are weighed before a DuckDB session would have opened.
BATCH_PAIRS_MIN = 1_500
# Patterns whose class likelihoods are remembered; a town shows some ten thousand.
PATTERNS_MAX = 200_000


class Weighed(NamedTuple):
    """One pair's evidence."""

    left: int
    right: int
    weight_bits: float
    by_identity: bool
    apart: bool


class _Compared(NamedTuple):
    """One comparison, ready for single pairs; levels from the strongest down."""

    column: str
    missing: Evaluate
    levels: tuple[Evaluate, ...]
    strongest: int
    bits: str | None
    personal: bool

    def level(self, left: Features, right: Features, earlier: Mapping[str, int]) -> int:
        """Return the level number of a pair."""
        if self.missing(left, right, earlier) is True:
            return 0
        for step, level in enumerate(self.levels):
            if level(left, right, earlier) is True:
                return self.strongest - step
        return 1


def _compared(item: Comparison) -> _Compared:
    return _Compared(
        item.column,
        python_of(item.missing),
        tuple(python_of(level.sql) for level in item.levels),
        item.size - 1,
        f"{item.frequency}_bits" if item.frequency else None,
        item.personal,
    )


@dataclass
class Weigher:
    """A frozen model of one kind, ready for single records and pairs."""

    kind: CustomerKind
    model: KindModel
    seer: Seer
    compared: tuple[_Compared, ...]
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
            return [self._one(left, right, features) for left, right in pairs]
        return list(self._many(features, pairs, least_bits))

    def levels(self, one: Features, other: Features) -> tuple[int, ...]:
        """Return the level number of each comparison between two records."""
        found: dict[str, int] = {}
        for item in self.compared:
            found[item.column] = item.level(one, other, found)
        return tuple(found.values())

    def _one(self, left: int, right: int, features: Mapping[int, Features]) -> Weighed:
        one, other = features[left], features[right]
        levels: dict[str, int] = {}
        stranger_bits = household_bits = np.float32(0.0)
        for item in self.compared:
            level = item.level(one, other, levels)
            levels[item.column] = level
            if item.bits and level == item.strongest:
                bits = np.float32(one[item.bits])
                stranger_bits += bits
                if item.personal:
                    household_bits += bits
        pattern = tuple(levels.values())
        known = self.patterns.get(pattern)
        if known is None:
            if len(self.patterns) >= PATTERNS_MAX:
                self.patterns.clear()
            known = self.patterns[pattern] = self._classes(pattern)
        same, household, stranger, by_identity, apart = known
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

    def _many(
        self,
        features: Mapping[int, Features],
        pairs: Sequence[tuple[int, int]],
        least_bits: float,
    ) -> Iterable[Weighed]:
        ids, places = np.unique(np.asarray(pairs, dtype=np.int64), return_inverse=True)
        records = ids.tolist()
        sides = places.reshape(-1, 2).astype(np.int32)
        with open_engine() as con:
            text = np.empty(len(records), dtype=object)
            text[:] = [orjson.dumps(features[record]).decode() for record in records]
            con.register("given_features", {"rid": np.arange(len(records)), "features": text})
            run(
                con,
                "CREATE TABLE record AS SELECT rid, unnest(from_json(features, '$shape'))"
                " FROM given_features",
                shape=orjson.dumps(_shape(features[records[0]])).decode(),
            )
            con.register(
                "given_pairs",
                {"l": np.ascontiguousarray(sides[:, 0]), "r": np.ascontiguousarray(sides[:, 1])},
            )
            run(con, "CREATE TABLE pair AS SELECT l, r FROM given_pairs")
            compare(con, "record", "pair", COMPARISONS[self.kind], into="compared")
            score(con, "compared", self.kind, self.model, into="scored")
            heavy = ""
            if not math.isinf(least_bits):
                heavy = f"WHERE weight_bits >= {least_bits!r} OR by_identity"
            found = columns(con, f"SELECT * FROM scored {heavy}")
        for left, right, weight, by_identity, apart in zip(
            *(found[name].tolist() for name in ("l", "r", "weight_bits", "by_identity", "apart")),
            strict=True,
        ):
            yield Weighed(records[left], records[right], weight, by_identity, apart)


_LISTS = frozenset({"full_names", "given_words", "family_words", "words"})
_NUMBERS = frozenset({"birth_year", "birth_month", "birth_day", "email_named"})


def _shape(features: Features) -> dict[str, Any]:
    """Return the DuckDB type of each comparison column."""
    return {
        name: ["VARCHAR"]
        if name in _LISTS
        else "SMALLINT"
        if name in _NUMBERS
        else "FLOAT"
        if name.endswith("_bits")
        else "VARCHAR"
        for name in features
    }


def weigher_of(model: KindModel, kind: CustomerKind) -> Weigher:
    """Prepare a model for single records; costs some milliseconds, so keep the outcome."""
    return Weigher(
        kind, model, seer_of(model, kind), tuple(_compared(item) for item in COMPARISONS[kind]), {}
    )
