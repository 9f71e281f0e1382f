"""A trained matching model, frozen: a pair's weight depends on the pair and on this alone.

Nothing in it names a customer: values are kept as 64-bit digests, and only those that several
records share. Its hash is the sha256 of its canonical JSON, so that two towns,
or two runs, can tell whether they decided by the same rules.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from registry.customers.matching.blocking import RULES
from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.standard import FEATURES, ORGANISATION_TABLE, PERSON_TABLE
from registry.customers.values.nicknames import FULL_NAMES
from registry.customers.values.phonetic import SPELLINGS
from schemas.records import CustomerKind

# The cut follows from what a wrong link costs: as much as this many missed links. At 2 the
# expected harm is least where a link is twice as likely right as wrong.
WRONG_LINK_COST = 2.0
CUT_BITS = float(np.log2(WRONG_LINK_COST))
# Pairs weaker than this are dropped; the band up to the cut is what a steward may want to see.
KEPT_BITS_MIN = -3.0
# A value that fewer records share is nobody's statistic but somebody's data.
VALUE_RECORDS_MIN = 5
# Model files stay small enough to read and to keep for ever.
FREQUENT_VALUES_MAX = 20_000
# Digits kept, so that the last bits of a floating-point sum never make two models of one training.
_DIGITS = 9
# Digits after the point of what rarity adds to a weight.
BITS_DIGITS = 3


@dataclass(frozen=True)
class Frequencies:
    """How much more or less often than average strangers share a value of one column.

    Attributes:
        keys: Digests of the frequent values, ascending.
        bits: Log2 of each value's frequency over the column's average frequency.
        rest_bits: The same for all other values.
    """

    keys: NDArray[np.uint64]
    bits: NDArray[np.float64]
    rest_bits: float


@dataclass(frozen=True)
class Habit:
    """How a source keeps its own records, as training found it.

    Attributes:
        records: Records it has.
        repeats: Links between two of them: customers whom it seems to have twice.
        sure: Those of them that are beyond doubt.
    """

    records: int
    repeats: int
    sure: int = 0


@dataclass(frozen=True)
class KindModel:
    """The part of a model that compares customers of one kind.

    Attributes:
        records: Records it was trained on; 0 means it never links.
        same: Likelihood per comparison and level, from "differs" up, for one customer.
        household: The same for two customers of one household or premises.
        stranger: The same for strangers.
        same_pairs: Expected pairs of one customer among `pairs`.
        household_pairs: Expected household pairs among `pairs`.
        pairs: All pairs of records.
        frequencies: By record column.
        shared: By record column, digests of values that too many different names share.
        hot_keys: Blocking keys that are not used.
        sources: How each source keeps its own records, where records name their source.
        customers: Groups that the links of training made, before any was parted.
        distinct: Sources whose own keys keep people apart: two of its records are never linked.
    """

    records: int
    same: tuple[tuple[float, ...], ...]
    household: tuple[tuple[float, ...], ...]
    stranger: tuple[tuple[float, ...], ...]
    same_pairs: float
    household_pairs: float
    pairs: float
    frequencies: Mapping[str, Frequencies]
    shared: Mapping[str, NDArray[np.uint64]]
    hot_keys: NDArray[np.uint64]
    sources: Mapping[str, Habit] = field(default_factory=dict)
    customers: int = 0
    distinct: frozenset[str] = frozenset()


@dataclass(frozen=True)
class MatchModel:
    """All kinds together, with the cut in bits at which records are linked."""

    kinds: Mapping[CustomerKind, KindModel]
    cut_bits: float = CUT_BITS

    @property
    def records(self) -> int:
        """Return how many records it was trained on."""
        return sum(kind.records for kind in self.kinds.values())

    def as_parameters(self) -> dict[str, Any]:
        """Return the model as plain JSON values."""
        return {
            "definitions": definitions_hash(),
            "cut_bits": round(self.cut_bits, _DIGITS),
            "kinds": {kind.value: _kind_as_json(part) for kind, part in self.kinds.items()},
        }

    @property
    def content_hash(self) -> str:
        """Return the sha256 of the canonical JSON of the parameters."""
        return _sha256(self.as_parameters())


def from_parameters(parameters: Mapping[str, Any]) -> MatchModel | None:
    """Read a stored model.

    Returns:
        The model, or None where it was trained on other comparisons than this release makes.
    """
    if parameters.get("definitions") != definitions_hash():
        return None
    return MatchModel(
        kinds={
            CustomerKind(kind): _kind_from_json(part) for kind, part in parameters["kinds"].items()
        },
        cut_bits=float(parameters["cut_bits"]),
    )


def frozen(part: KindModel) -> KindModel:
    """Return the model as it will be read back, so that training day decides like every other."""
    return _kind_from_json(_kind_as_json(part))


def definitions_hash() -> str:
    """Return what identifies this release's comparison columns, levels and blocking rules."""
    return _sha256(
        {
            "standard": [PERSON_TABLE, ORGANISATION_TABLE, FULL_NAMES, SPELLINGS, FEATURES],
            "kinds": _kind_definitions(),
        }
    )


def _kind_definitions() -> dict[str, Any]:
    return {
        kind.value: [
            [[item.column, item.case(), item.frequency, item.personal] for item in comparisons],
            [[rule.name, rule.sql] for rule in RULES[kind]],
        ]
        for kind, comparisons in COMPARISONS.items()
    }


def _sha256(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _kind_as_json(part: KindModel) -> dict[str, Any]:
    return {
        "records": part.records,
        "same": _rounded(part.same),
        "household": _rounded(part.household),
        "stranger": _rounded(part.stranger),
        "same_pairs": round(part.same_pairs, 3),
        "household_pairs": round(part.household_pairs, 3),
        "pairs": part.pairs,
        "frequencies": {
            column: {
                "keys": _packed(found.keys),
                "bits": [round(float(bits), BITS_DIGITS) for bits in found.bits],
                "rest_bits": round(found.rest_bits, BITS_DIGITS),
            }
            for column, found in part.frequencies.items()
        },
        "shared": {column: _packed(keys) for column, keys in part.shared.items()},
        "hot_keys": _packed(part.hot_keys),
    } | _sources_as_json(part)


def _sources_as_json(part: KindModel) -> dict[str, Any]:
    """Return what is known of sources; models of tables without any stay as they were."""
    if not part.sources:
        return {}
    habits = {
        name: [habit.records, habit.repeats, habit.sure] for name, habit in part.sources.items()
    }
    known: dict[str, Any] = {"sources": habits, "customers": part.customers}
    return known | ({"distinct": sorted(part.distinct)} if part.distinct else {})


def _kind_from_json(part: Mapping[str, Any]) -> KindModel:
    return KindModel(
        records=int(part["records"]),
        same=_floats(part["same"]),
        household=_floats(part["household"]),
        stranger=_floats(part["stranger"]),
        same_pairs=float(part["same_pairs"]),
        household_pairs=float(part["household_pairs"]),
        pairs=float(part["pairs"]),
        frequencies={
            column: Frequencies(
                _unpacked(found["keys"]),
                np.asarray(found["bits"], dtype=np.float64),
                float(found["rest_bits"]),
            )
            for column, found in part["frequencies"].items()
        },
        shared={column: _unpacked(keys) for column, keys in part["shared"].items()},
        hot_keys=_unpacked(part["hot_keys"]),
        sources={name: Habit(*counts) for name, counts in part.get("sources", {}).items()},
        customers=int(part.get("customers", 0)),
        distinct=frozenset(part.get("distinct", ())),
    )


def _rounded(likelihoods: tuple[tuple[float, ...], ...]) -> list[list[float]]:
    return [[float(f"{value:.{_DIGITS}g}") for value in row] for row in likelihoods]


def _floats(likelihoods: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in likelihoods)


def _packed(keys: NDArray[np.uint64]) -> str:
    return base64.b64encode(keys.astype("<u8").tobytes()).decode("ascii")


def _unpacked(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(base64.b64decode(text), dtype="<u8").astype(np.uint64)
