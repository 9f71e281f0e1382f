"""The steward's queue, read from what stands: questions that are worth a look, part by part."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg

from registry.customers.live.index import PLACE_SEPARATOR, live_model
from registry.customers.matching.own_keys import repeat_bits
from registry.customers.stewarding.doubts import (
    APART_BITS_MIN,
    DOUBT_BITS_MAX,
    TIE_BITS_MAX,
    Doubt,
    Evidence,
    Question,
    asked_most,
    rank,
    weigh_questions,
)
from registry.storage.copying import array_of
from schemas.errors import InvalidInput

# Rows of the queue at a time: what a steward gets through in a morning.
QUEUE_MAX: Final = 200


@dataclass(frozen=True)
class DoubtCount:
    """How much of the master view is doubtful.

    Attributes:
        customers: Customers there are.
        pairs: Questions that are worth a steward's look.
        asked: Those of them that are asked now: at most two for a hundred records.
        below: The others; they wait until those are answered.
        apart: Questions about two customers that may be one.
        concerned: Customers that may be a duplicate of another.
    """

    customers: int
    pairs: int
    asked: int
    below: int
    apart: int
    concerned: int


@dataclass(frozen=True)
class Queue:
    """Part of the queue, and how long all of it is.

    Attributes:
        count: How many questions there are, and whom they concern.
        pairs: The part that was asked for, those of most benefit first.
        before: How many questions stand before this part.
        previous: Where the part before this one begins, as `after`; empty for the first one, and
            None where there is none.
    """

    count: DoubtCount
    pairs: list[Doubt]
    before: int
    previous: str | None


def review_queue(
    db: psycopg.Connection, *, limit: int = QUEUE_MAX, after: str | None = None
) -> list[Doubt]:
    """Return the questions that are asked now and nobody has answered, by benefit.

    Args:
        db: Connection in a transaction.
        limit: Questions to return, at most QUEUE_MAX.
        after: Place of a question to go on behind, whether or not it is still asked.

    Raises:
        InvalidInput: `after` is no place in the queue.
    """
    return read_queue(db, limit=limit, after=after).pairs


def count_doubts(db: psycopg.Connection) -> DoubtCount:
    """Count what is doubtful: questions to review, and customers that may be there twice."""
    return read_queue(db, limit=0).count


def read_queue(
    db: psycopg.Connection, *, limit: int = QUEUE_MAX, after: str | None = None
) -> Queue:
    """Return questions as `review_queue` does, and how many there are."""
    behind = None if after is None else _place(after)
    row = db.execute(
        "SELECT (SELECT count(*) FROM customer_link), (SELECT count(*) FROM customer)"
    ).fetchone()
    records, customers = row or (0, 0)
    homes, questions = _questions(db)
    found = [question.doubt for question in questions]
    asked = found[: asked_most(records)]
    apart = [doubt for doubt in found if not doubt.linked]
    concerned = {homes[record] for doubt in apart for record in (doubt.left_id, doubt.right_id)}
    before = 0 if behind is None else sum(rank(doubt) <= behind for doubt in asked)
    limit = max(min(limit, QUEUE_MAX), 0)
    start = max(before - limit, 0)
    previous = None if not before else asked[start - 1].place if start else ""
    count = DoubtCount(
        customers, len(found), len(asked), len(found) - len(asked), len(apart), len(concerned)
    )
    return Queue(count, asked[before : before + limit], before, previous)


def _questions(db: psycopg.Connection) -> tuple[dict[int, UUID], list[Question]]:
    """Return the customer of each record that is looked at, and all questions worth a look."""
    concerned = {customer for pair in db.execute(_BAND, _LIMITS).fetchall() for customer in pair}
    if not concerned:
        return {}, []
    homes, sources = {}, {}
    for record, customer, kind, place in db.execute(_MEMBERS, (array_of(concerned),)):
        homes[record] = customer
        sources[record] = f"{kind}{PLACE_SEPARATOR}{place.partition(PLACE_SEPARATOR)[0]}"
    settled = {frozenset(pair) for pair in db.execute(_SETTLED).fetchall()}
    rows = db.execute(_EVIDENCE, (array_of(homes), array_of(homes))).fetchall()
    evidence = [
        Evidence(left, right, bits, same, apart, frozenset((left, right)) in settled)
        for left, right, bits, same, apart in rows
    ]
    known = {frozenset(row[:2]) for row in rows} if settled else set()
    evidence += [
        Evidence(min(pair), max(pair), 0.0, by_identity=False, apart=False, settled=True)
        for pair in sorted(settled - known, key=sorted)
        if pair <= homes.keys()
    ]
    return homes, weigh_questions(homes, sources, evidence, _repeat_bits(db, sources.values()))


# Customers that a doubtful pair ties or parts.
_BAND = """
SELECT l.customer_id, r.customer_id FROM match_edge e
JOIN customer_link l ON l.record_id = e.left_id JOIN customer_link r ON r.record_id = e.right_id
WHERE e.weight_bits BETWEEN %(apart)s AND %(most)s AND e.weight_bits <= 6
    AND NOT e.by_identity AND NOT e.apart
    AND (l.customer_id <> r.customer_id OR e.weight_bits <= %(tie)s)
"""
# The 6 is written out above because the index on match_edge stands for it.
_LIMITS = {"apart": APART_BITS_MIN, "most": DOUBT_BITS_MAX, "tie": TIE_BITS_MAX}
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


def _place(text: str) -> tuple[float, int, int]:
    """Return the rank that a place in the queue stands for."""
    parts = text.split("/")
    try:
        benefit, left, right = parts
        found = (-float(benefit), int(left), int(right))
    except ValueError as error:
        raise InvalidInput(
            "This is no place in the queue.", remedy="Give the `place` of a question."
        ) from error
    if not math.isfinite(found[0]):
        raise InvalidInput("This is no place in the queue.")
    return found
