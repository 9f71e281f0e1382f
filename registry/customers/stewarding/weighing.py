"""Weigh the questions of a steward by what stands: all of them, or those about some customers.

A question hangs on nothing but the records of the customers it is about, the pairs between them,
what stewards said of those, and what the live model knows of their sources. So weighed for some
customers alone it comes out as among all.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from registry.customers.live.index import PLACE_SEPARATOR, live_model, source_of
from registry.customers.matching.own_keys import repeat_bits
from registry.customers.stewarding.doubts import (
    APART_BITS_MIN,
    DOUBT_BITS_MAX,
    TIE_BITS_MAX,
    Doubt,
    Evidence,
    weigh_questions,
)
from registry.storage.copying import array_of


class Asked(NamedTuple):
    """A question and the customers that it is about; both the same where one may be two."""

    doubt: Doubt
    customer_l: UUID
    customer_r: UUID


def weigh_all(db: psycopg.Connection) -> list[Asked]:
    """Return all questions that are worth a look, those of most benefit first."""
    rows = db.execute(_BAND, _LIMITS).fetchall()
    return _weigh(db, {customer for pair in rows for customer in pair}, None)


def weigh_about(db: psycopg.Connection, customers: Collection[UUID]) -> list[Asked]:
    """Return the questions that any of these customers is part of, in the same order.

    Args:
        db: Connection in a transaction.
        customers: Ids; those that are retired are about nobody any more.
    """
    given = {**_LIMITS, "customers": array_of(customers)}
    rows = db.execute(_BAND_ABOUT, given).fetchall()
    return _weigh(db, {customer for pair in rows for customer in pair}, customers)


def _weigh(
    db: psycopg.Connection, concerned: Collection[UUID], about: Collection[UUID] | None
) -> list[Asked]:
    if not concerned:
        return []
    homes, sources = {}, {}
    for record, customer, kind, place in db.execute(_MEMBERS, (array_of(concerned),)):
        homes[record] = customer
        sources[record] = f"{kind}{PLACE_SEPARATOR}{source_of(place)}"
    evidence = _evidence(db, homes, everywhere=about is None)
    if about is not None:
        chosen = set(about)
        evidence = [
            pair for pair in evidence if homes[pair.left] in chosen or homes[pair.right] in chosen
        ]
    repeats = _repeat_bits(db, sources.values())
    return [
        Asked(question.doubt, homes[question.first[0]], homes[question.second[0]])
        for question in weigh_questions(homes, sources, evidence, repeats)
    ]


def _evidence(
    db: psycopg.Connection, homes: Mapping[int, UUID], *, everywhere: bool
) -> list[Evidence]:
    """Return all kept pairs among records, and those that a steward settled though none is kept."""
    records = array_of(homes)
    asked = db.execute(_SETTLED) if everywhere else db.execute(_SETTLED_ABOUT, (records,))
    settled = {frozenset(pair) for pair in asked.fetchall()}
    rows = db.execute(_EVIDENCE, (records, records)).fetchall()
    found = [
        Evidence(left, right, bits, same, apart, frozenset((left, right)) in settled)
        for left, right, bits, same, apart in rows
    ]
    known = {frozenset(row[:2]) for row in rows} if settled else set()
    found += [
        Evidence(min(pair), max(pair), 0.0, by_identity=False, apart=False, settled=True)
        for pair in sorted(settled - known, key=sorted)
        if pair <= homes.keys()
    ]
    return found


# The 6 is written out because the index on match_edge stands for it.
_DOUBTFUL = """e.weight_bits BETWEEN %(apart)s AND %(most)s AND e.weight_bits <= 6
    AND NOT e.by_identity AND NOT e.apart"""
_LIMITS: Mapping[str, Any] = {
    "apart": APART_BITS_MIN,
    "most": DOUBT_BITS_MAX,
    "tie": TIE_BITS_MAX,
}
# Customers that a doubtful pair ties or parts.
_OF_PAIRS = """
JOIN customer_link l ON l.record_id = e.left_id JOIN customer_link r ON r.record_id = e.right_id
WHERE (l.customer_id <> r.customer_id OR e.weight_bits <= %(tie)s)
"""
_BAND = f"""
SELECT l.customer_id, r.customer_id FROM match_edge e {_OF_PAIRS} AND {_DOUBTFUL}
"""
# An array of records keeps the planner from walking the whole band for a few customers.
_BAND_ABOUT = f"""
WITH mine AS MATERIALIZED (
    SELECT ARRAY(
        SELECT record_id FROM customer_link WHERE customer_id = ANY(%(customers)s::uuid[])) AS ids
), e AS MATERIALIZED (
    SELECT left_id, right_id, weight_bits FROM match_edge e
    WHERE left_id = ANY((SELECT ids FROM mine)::bigint[]) AND {_DOUBTFUL}
    UNION ALL
    SELECT left_id, right_id, weight_bits FROM match_edge e
    WHERE right_id = ANY((SELECT ids FROM mine)::bigint[]) AND {_DOUBTFUL}
)
SELECT l.customer_id, r.customer_id FROM e {_OF_PAIRS}
"""
_MEMBERS = """
SELECT l.record_id, l.customer_id, m.kind, m.place FROM customer_link l
JOIN match_record m USING (record_id)
WHERE l.customer_id = ANY(%s::uuid[]) AND NOT m.aside ORDER BY l.record_id
"""
_EVIDENCE = """
SELECT left_id, right_id, weight_bits, by_identity, apart FROM match_edge
WHERE left_id = ANY(%s::bigint[]) AND right_id = ANY(%s::bigint[]) ORDER BY left_id, right_id
"""
_SETTLED = """
SELECT l.id, r.id FROM match_decision d
JOIN landed_record l ON l.data_set_id = d.data_set_l AND l.key = d.key_l
JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
WHERE d.undone_at IS NULL AND l.id <> r.id
"""
_SETTLED_ABOUT = f"{_SETTLED} AND l.id = ANY(%s::bigint[])"


def _repeat_bits(db: psycopg.Connection, sources: Iterable[str]) -> dict[str, float]:
    """Return what the live model knows of each source, by kind and source."""
    live = live_model(db)
    if live is None:
        return {}
    kinds = {kind.value: part for kind, part in live.model.kinds.items()}
    found = {}
    for name in set(sources):
        kind, _, source = name.partition(PLACE_SEPARATOR)
        found[name] = repeat_bits(kinds[kind], source)
    return found
