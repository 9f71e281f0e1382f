"""From linked pairs to customers: connected records, parted again where the evidence says so.

A chain of plausible links can tie two people together who plainly differ: twins through a record
that holds only their initial, a couple through a shared e-mail address. So every component is
looked at as a whole, all its pairs weighed, and merged again from the strongest evidence down
only while the sum of evidence between two groups speaks for it.

Source:
    Keuper et al. (2015), ICCV: greedy additive edge contraction, here with cannot-link sets.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching.comparisons import COMPARISONS, IDENTITIES
from registry.customers.matching.engine import columns, run
from registry.customers.matching.features import Features
from registry.customers.matching.model import KindModel
from registry.customers.matching.own_keys import keep_apart
from registry.customers.matching.pairwise import Weighed
from registry.customers.matching.patterns import compare
from registry.customers.matching.score import score
from schemas.records import CustomerKind

# All pairs of a component are weighed up to this size; a larger one is one person's many records
# or a chain, and the pairs that blocking found are then enough to tell.
COMPONENT_RECORDS_MAX = 40
# Weights are summed as whole thousandths of a bit, so that no order of adding changes a cluster.
_UNIT = 1000
_NEVER = -(10**12)
_ALWAYS = 10**9
# What a steward decided outweighs every number and every model.
_DECIDED = 10**15

Integers = NDArray[np.int64]


def cluster(
    con: duckdb.DuckDBPyConnection,
    records: str,
    scored: str,
    kind: CustomerKind,
    model: KindModel,
    *,
    count: int,
    cut_bits: float,
) -> Integers:
    """Return the cluster of every record as the smallest `rid` in it.

    Args:
        con: The session.
        records: Table of comparison columns.
        scored: Table of scored pairs.
        kind: Which kind of customer.
        model: The model that scored them; weighs pairs that blocking did not find.
        count: Records in the table.
        cut_bits: Pairs at or above it are linked.
    """
    links = columns(
        con,
        "SELECT l, r FROM $scored WHERE (weight_bits >= $cut OR by_identity) AND NOT apart",
        scored=scored,
        cut=repr(cut_bits),
    )
    labels = connected(count, _integers(links["l"]), _integers(links["r"]))
    con.register("component_label", {"rid": np.arange(count), "label": labels})
    _collect_pairs(con, records, scored, kind, model)
    doubtful = columns(
        con,
        """
        SELECT label, l, r, weight_bits, by_identity, apart, d.link IS NOT NULL AS decided
        FROM component_pair LEFT JOIN decided_pair d USING (l, r)
        WHERE label IN (SELECT label FROM component_pair WHERE weight_bits < 0 OR apart)
        ORDER BY label, l, r
        """,
    )
    con.unregister("component_label")
    identities = columns(
        con,
        "SELECT rid, $identity AS identity FROM $records WHERE $identity IS NOT NULL",
        records=records,
        identity=IDENTITIES[kind].column,
    )
    numbers = dict(zip(identities["rid"].tolist(), identities["identity"].tolist(), strict=True))
    for left, right, weights in _by_component(doubtful):
        for group in part(left, right, weights, numbers):
            labels[group] = min(group)
    return labels


def connected(count: int, left: Integers, right: Integers) -> Integers:
    """Return for each of `count` nodes the smallest node it is connected with."""
    labels = np.arange(count, dtype=np.int64)
    while True:
        one, other = labels[left], labels[right]
        apart = one != other
        if not apart.any():
            return labels
        np.minimum.at(labels, np.maximum(one, other)[apart], np.minimum(one, other)[apart])
        while True:
            further = labels[labels]
            if np.array_equal(further, labels):
                break
            labels = further


def part(
    left: Sequence[int], right: Sequence[int], weights: Sequence[int], numbers: Mapping[int, str]
) -> list[list[int]]:
    """Group the records of one component so that the evidence inside groups is strongest.

    Args:
        left: One record of each pair.
        right: The other.
        weights: Evidence in thousandths of a bit, negative where it speaks against.
        numbers: Official numbers by record; two different ones never share a group.

    Returns:
        Groups of records, every record once.
    """
    near: dict[int, dict[int, int]] = {}
    for one, other, weight in zip(left, right, weights, strict=True):
        near.setdefault(one, {})[other] = weight
        near.setdefault(other, {})[one] = weight
    members = {record: [record] for record in near}
    number = {record: {numbers[record]} if record in numbers else set() for record in near}
    queue = [
        (-weight, min(one, other), max(one, other))
        for one, other, weight in zip(left, right, weights, strict=True)
        if weight > 0
    ]
    heapq.heapify(queue)
    while queue:
        negative, one, other = heapq.heappop(queue)
        if one not in near or near[one].get(other) != -negative:
            continue
        differ = number[one] and number[other] and number[one].isdisjoint(number[other])
        if differ and -negative < _DECIDED // 2:
            continue
        _merge(one, other, near, queue, decided=-negative >= _DECIDED // 2)
        members[one] += members.pop(other)
        number[one] |= number[other]
    return [sorted(group) for group in members.values()]


def part_weighed(
    component: Sequence[int],
    evidence: Sequence[Weighed],
    features: Mapping[int, Features],
    decided: Mapping[tuple[int, int], bool],
    kind: CustomerKind,
) -> list[list[int]]:
    """Part one component of weighed pairs, as `cluster` does for all of them.

    Args:
        component: Its records, ordered by place.
        evidence: Its weighed pairs.
        features: Comparison columns by record.
        decided: What stewards decided, by pair with the smaller id first.
        kind: Which kind of customer.

    Returns:
        Groups of records, each ordered by place.
    """
    if not any(pair.weight_bits < 0 or pair.apart for pair in evidence):
        return [list(component)]
    place = {record: index for index, record in enumerate(component)}
    weights = []
    for pair in evidence:
        link = decided.get((min(pair.left, pair.right), max(pair.left, pair.right)))
        weight = round(pair.weight_bits * _UNIT) + (_ALWAYS if pair.by_identity else 0)
        weight = _NEVER if pair.apart else weight
        weights.append(weight if link is None else _DECIDED if link else -_DECIDED)
    column = IDENTITIES[kind].column
    numbers = {
        place[record]: features[record][column]
        for record in component
        if features[record][column] is not None
    }
    left = [place[pair.left] for pair in evidence]
    right = [place[pair.right] for pair in evidence]
    return [[component[index] for index in group] for group in part(left, right, weights, numbers)]


def decide(con: duckdb.DuckDBPyConnection, scored: str) -> None:
    """Let what stewards decided, in `decided_pair(l, r, link)`, stand above the model."""
    run(
        con,
        "UPDATE $scored SET by_identity = d.link, apart = NOT d.link FROM decided_pair d"
        " WHERE $scored.l = d.l AND $scored.r = d.r",
        scored=scored,
    )


def _merge(
    one: int,
    other: int,
    near: dict[int, dict[int, int]],
    queue: list[tuple[int, int, int]],
    *,
    decided: bool,
) -> None:
    """Let `one` take over `other`, adding up what each third group has with both.

    Where a steward linked the two, who is like one of them is like the customer, and being unlike
    the other says nothing any more: so the stronger evidence counts instead of the sum.
    """
    del near[one][other]
    for third, weight in near.pop(other).items():
        if third == one:
            continue
        del near[third][other]
        known = near[one].get(third)
        if known is None:
            total = weight
        elif decided and min(known, weight) > _NEVER // 2:
            total = max(known, weight)
        else:
            total = known + weight
        near[one][third] = near[third][one] = total
        if total > 0:
            heapq.heappush(queue, (-total, min(one, third), max(one, third)))


def _collect_pairs(
    con: duckdb.DuckDBPyConnection, records: str, scored: str, kind: CustomerKind, model: KindModel
) -> None:
    """Make `component_pair`: weighed pairs inside components of three records and more."""
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE component_member AS
        SELECT label::INTEGER AS label, rid::INTEGER AS rid,
            count(*) OVER (PARTITION BY label) AS members
        FROM component_label QUALIFY members > 2
        """,
    )
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE component_all_pairs AS
        SELECT a.rid AS l, b.rid AS r FROM component_member a JOIN component_member b USING (label)
        WHERE a.rid < b.rid AND a.members <= ?
        """,
        COMPONENT_RECORDS_MAX,
    )
    compare(con, records, "component_all_pairs", COMPARISONS[kind], into="component_compared")
    score(con, "component_compared", kind, model, into="component_scored")
    keep_apart(con, "component_scored", records, model)
    decide(con, "component_scored")
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE component_pair AS
        SELECT m.label, s.* FROM component_scored s JOIN component_member m ON m.rid = s.l
        UNION ALL
        SELECT a.label, s.* FROM $scored s
        JOIN component_member a ON a.rid = s.l AND a.members > ?
        JOIN component_member b ON b.rid = s.r AND b.label = a.label
        """,
        COMPONENT_RECORDS_MAX,
        scored=scored,
    )


def _by_component(
    doubtful: Mapping[str, NDArray[np.int64]],
) -> Iterable[tuple[list[int], list[int], list[int]]]:
    label = _integers(doubtful["label"])
    if len(label) == 0:
        return
    weights = np.rint(np.asarray(doubtful["weight_bits"], dtype=np.float64) * _UNIT)
    apart, decided = (np.asarray(doubtful[name], dtype=bool) for name in ("apart", "decided"))
    weights[np.asarray(doubtful["by_identity"], dtype=bool)] += _ALWAYS
    weights[apart] = _NEVER
    weights[decided] = np.where(apart[decided], -_DECIDED, _DECIDED)
    whole = weights.astype(np.int64)
    left, right = _integers(doubtful["l"]), _integers(doubtful["r"])
    starts = np.flatnonzero(np.r_[True, label[1:] != label[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(label)], strict=True):
        yield left[start:end].tolist(), right[start:end].tolist(), whole[start:end].tolist()


def _integers(values: NDArray[np.int64]) -> Integers:
    return np.asarray(values, dtype=np.int64)
