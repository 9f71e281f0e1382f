"""Why two records are taken for one customer or not: the evidence of each field in bits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import psycopg

from registry.customers.live.index import Live, clean_rows, decisions_on, live_model
from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.features import features_of
from registry.customers.matching.levels import Comparison
from registry.customers.matching.model import KindModel
from registry.customers.matching.own_keys import are_kept_apart
from registry.customers.matching.score import match_weight_bits
from schemas.errors import Conflict, InvalidInput, UnknownName
from schemas.records import CustomerKind


class NoLiveModel(Conflict):
    """No model is live, or records wait for a full run."""

    code = "no_live_model"
    remedy = "Run `townclerk customers rematch`, which trains one and matches all records."


@dataclass(frozen=True)
class Step:
    """What one field adds to the weight; the first step is what is believed before any field.

    Attributes:
        field: Name of the comparison, or "before".
        level: How the two values agree.
        bits: What it adds, in bits.
        weight_bits: The weight so far.
        over_household_bits: What it says for one person against two of one household.
        over_stranger_bits: What it says for one person against two strangers.
    """

    field: str
    level: str
    bits: float
    weight_bits: float
    over_household_bits: float
    over_stranger_bits: float


@dataclass(frozen=True)
class Explanation:
    """The evidence between two records, from what is believed beforehand to the weight.

    Attributes:
        left: Record that comes first by place.
        right: The other.
        steps: Field by field; their bits add up to the weight.
        weight_bits: Log2 odds of one customer.
        probability: The same as a share of 1.
        cut_bits: From here on records are linked.
        by_identity: One official number, and nothing against it.
        apart: Two official numbers, or one source that keeps people apart.
        own_keys: One source that keeps people apart has both, under two keys.
        decided: What a steward decided: True links, False parts, None leaves it to the model.
    """

    left: int
    right: int
    steps: tuple[Step, ...]
    weight_bits: float
    probability: float
    cut_bits: float
    by_identity: bool
    apart: bool
    own_keys: bool
    decided: bool | None


def explain(db: psycopg.Connection, one: int, other: int) -> Explanation:
    """Explain the weight of two records by the live model.

    Args:
        db: Connection in a transaction.
        one: A landed record.
        other: Another one.

    Raises:
        NoLiveModel: No model is live.
        UnknownName: One of them is no record of a customer.
        InvalidInput: They are one record, or a person and an organisation.
    """
    live = live_model(db)
    if live is None:
        raise NoLiveModel("No model is live, so nothing can be weighed.")
    rows = clean_rows(db, [one, other])
    if one == other or len(rows) < len({one, other}):
        missing = [record for record in (one, other) if record not in rows]
        if missing:
            raise UnknownName(
                f"Record {missing[0]} describes no customer.",
                remedy="`townclerk customers show ID --purpose stewardship` lists a customer's.",
            )
        raise InvalidInput("A record cannot be compared with itself.")
    kind, second = (CustomerKind(rows[record]["kind"]) for record in (one, other))
    if kind is not second:
        raise InvalidInput("One is a person and the other an organisation.")
    left, right = sorted((one, other), key=lambda record: str(rows[record]["place"]))
    seer = live.weighers[kind].seer
    features = {record: seer.see(features_of(rows[record], kind)) for record in (left, right)}
    pair = live.weighers[kind].weigh(features, [(left, right)])[0]
    link = decisions_on(db, [left, right]).get((min(left, right), max(left, right)))
    return Explanation(
        left=left,
        right=right,
        steps=tuple(_steps(live, kind, features[left], features[right])),
        weight_bits=round(pair.weight_bits, 3),
        probability=round(float(1 / (1 + np.exp2(-pair.weight_bits))), 6),
        cut_bits=live.model.cut_bits,
        by_identity=pair.by_identity,
        apart=pair.apart,
        own_keys=not pair.by_identity
        and are_kept_apart(
            live.model.kinds[kind], features[left]["source"], features[right]["source"]
        ),
        decided=link,
    )


def _steps(
    live: Live, kind: CustomerKind, left: Mapping[str, object], right: Mapping[str, object]
) -> list[Step]:
    """Add one field after the other and note how far each moves the weight."""
    levels = live.weighers[kind].levels(dict(left), dict(right))
    comparisons, model = COMPARISONS[kind], live.model.kinds[kind]
    sums = _before(model)
    weight = match_weight_bits(*sums)
    steps = [_step("before", "any two records", weight, weight, sums)]
    for index, (item, level) in enumerate(zip(comparisons, levels, strict=True)):
        if level == 0:
            continue
        adds = [
            float(np.log2(rows[index][level - 1]))
            for rows in (model.same, model.household, model.stranger)
        ]
        if item.frequency and level == item.size - 1:
            rarity = float(left[f"{item.frequency}_bits"])  # type: ignore[arg-type]  # a number
            adds[2] += rarity
            adds[1] += rarity if item.personal else 0.0
        sums = [total + more for total, more in zip(sums, adds, strict=True)]
        now = match_weight_bits(*sums)
        steps.append(_step(item.name, level_name(item, level), now - weight, now, adds))
        weight = now
    return steps


def _step(field: str, level: str, bits: float, weight: float, adds: Sequence[float]) -> Step:
    """Return a step; `adds` are log2 likelihoods of same person, household and stranger."""
    same, household, stranger = adds
    rounded = (round(number, 3) for number in (bits, weight, same - household, same - stranger))
    return Step(field, level, *rounded)


def _before(model: KindModel) -> list[float]:
    strangers = max(model.pairs - model.same_pairs - model.household_pairs, 1.0)
    counts: Sequence[float] = (model.same_pairs, model.household_pairs, strangers)
    return [float(np.log2(max(count, 1e-300))) for count in counts]


def level_name(item: Comparison, level: int) -> str:
    """Return what a level number of a comparison is called."""
    if level == 0:
        return "missing"
    return "differs" if level == 1 else item.levels[len(item.levels) + 1 - level].name
