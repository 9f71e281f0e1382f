"""What one page of records changes, gathered step by step, and the evidence it needs."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import orjson
import psycopg

from registry.customers.features import Features
from registry.customers.index import Live
from registry.customers.pairwise import Weighed
from registry.storage.copying import bigints
from schemas.records import CustomerKind


@dataclass
class Delta:
    """What one page changes, gathered step by step.

    Attributes:
        gone: Records that leave, or whose content or kind changes.
        touched: Records whose edges are found anew.
        components: Components that lose or gain a record.
        contents: Digests of content whose copies are counted anew.
        keys: Blocking keys that records left (-1) or joined (+1), summed up.
        old_keys: Record and key of what was there before.
        kinds: Kind of every record that is looked at.
        features: Comparison columns of those that are weighed.
        places: Order of records, which decides draws.
    """

    gone: set[int] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    components: set[int] = field(default_factory=set)
    contents: set[int] = field(default_factory=set)
    keys: dict[int, int] = field(default_factory=dict)
    old_keys: list[tuple[int, int]] = field(default_factory=list)
    kinds: dict[int, CustomerKind] = field(default_factory=dict)
    features: dict[int, Features] = field(default_factory=dict)
    places: dict[int, str] = field(default_factory=dict)

    def count(self, keys: Iterable[int], step: int) -> None:
        """Note that a record joins or leaves its blocking keys."""
        for key in keys:
            self.keys[key] = self.keys.get(key, 0) + step


def load_features(db: psycopg.Connection, delta: Delta, records: Iterable[int]) -> None:
    """Fetch kind, place and comparison columns of records that are not at hand."""
    missing = [record for record in records if record not in delta.features]
    if not missing:
        return
    for record, kind, place, features in db.execute(
        """SELECT record_id, kind, place, features FROM match_record
           WHERE record_id = ANY(%s::bigint[])""",
        (bigints(missing),),
    ):
        delta.kinds[record], delta.places[record] = CustomerKind(kind), place
        delta.features[record] = orjson.loads(features)


def weigh_pairs(
    delta: Delta,
    live: Live,
    pairs: Iterable[tuple[int, int]],
    decided: dict[tuple[int, int], bool],
    *,
    least_bits: float = -math.inf,
) -> list[Weighed]:
    """Weigh pairs of one kind each; what a steward decided stands above what the model says.

    Args:
        delta: Kinds, places and features of the records.
        live: The model in force.
        pairs: Pairs of records; those of two kinds are passed over.
        decided: What stewards decided, by pair with the smaller id first.
        least_bits: Lighter pairs are left out where neither an identifier nor a steward holds them.
    """
    by_kind: dict[CustomerKind, list[tuple[int, int]]] = {}
    ruled: dict[CustomerKind, list[tuple[int, int]]] = {}
    kinds, places = delta.kinds, delta.places
    for one, other in pairs:
        kind = kinds.get(one)
        if kind is None or kind is not kinds.get(other):
            continue
        is_ruled = bool(decided) and (min(one, other), max(one, other)) in decided
        group = (ruled if is_ruled else by_kind).setdefault(kind, [])
        group.append((one, other) if places[one] < places[other] else (other, one))
    found = []
    for kind, chosen in by_kind.items():
        weighed = live.weighers[kind].weigh(delta.features, chosen, least_bits=least_bits)
        found += [pair for pair in weighed if pair.weight_bits >= least_bits or pair.by_identity]
    for kind, chosen in ruled.items():
        for pair in live.weighers[kind].weigh(delta.features, chosen):
            link = decided[min(pair.left, pair.right), max(pair.left, pair.right)]
            if link or pair.weight_bits >= least_bits:
                found.append(pair._replace(by_identity=link, apart=not link))
    return found
