"""The steward's queue, part by part: from the questions that are kept, or weighed as they stand."""

import math
from dataclasses import dataclass
from typing import Final

import psycopg

from registry.customers.stewarding.doubts import Doubt, asked_most, place_of, rank
from registry.customers.stewarding.keeping_up import Kept, as_kept, keep_up, waits_quietly
from registry.customers.stewarding.weighing import weigh_all
from schemas.errors import InvalidInput

__all__ = [
    "Doubt",
    "DoubtCount",
    "Kept",
    "Queue",
    "count_doubts",
    "keep_up",
    "read_queue",
    "review_queue",
    "waits_quietly",
]

_NUMBER_MAX: Final = 2**63 - 1  # of PostgreSQL's bigint
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


def count_doubts(db: psycopg.Connection, *, kept: Kept | None = None) -> DoubtCount:
    """Count what is doubtful: questions to review, and customers that may be there twice.

    Args:
        db: Connection in a transaction.
        kept: As `read_queue`.
    """
    return read_queue(db, limit=0, kept=kept).count


def read_queue(
    db: psycopg.Connection,
    *,
    limit: int = QUEUE_MAX,
    after: str | None = None,
    kept: Kept | None = None,
) -> Queue:
    """Return questions as `review_queue` does, and how many there are.

    Args:
        db: Connection in a transaction.
        limit: As `review_queue`.
        after: As `review_queue`.
        kept: What `keep_up` has just returned; where nothing is given and questions were matched
            since they were kept, all are weighed for this answer alone.

    Raises:
        InvalidInput: `after` is no place in the queue.
    """
    behind = None if after is None else _place(after)
    limit = max(min(limit, QUEUE_MAX), 0)
    kept = kept or as_kept(db)
    if kept is None:
        return _weighed_now(db, limit, behind)
    count = _counted(kept, kept.records)
    before = 0
    if behind is not None:
        row = db.execute(_BEFORE, behind).fetchone()
        assert row is not None  # an aggregate always gives one row
        before = min(row[0], count.asked)
    start = max(before - limit, 0)
    pairs = _read(db, before, min(limit, count.asked - before))
    previous = None if not before else _read(db, start - 1, 1)[0].place if start else ""
    return Queue(count, pairs, before, previous)


def _read(db: psycopg.Connection, start: int, limit: int) -> list[Doubt]:
    """Return kept questions in the order of the queue."""
    return [
        Doubt(left, right, bits, linked, records, chance, benefit, place_of(benefit, left, right))
        for left, right, bits, linked, records, chance, benefit in (
            db.execute(_PART, (start, limit)).fetchall() if limit > 0 else ()
        )
    ]


_BEFORE = """
SELECT count(*) FROM review_question
WHERE (minus_benefit, left_id, right_id) <= (%s::float8, %s::bigint, %s::bigint)
"""
_PART = """
SELECT left_id, right_id, weight_bits, linked, records, chance, -minus_benefit FROM review_question
ORDER BY minus_benefit, left_id, right_id OFFSET %s LIMIT %s
"""


def _counted(kept: Kept, records: int) -> DoubtCount:
    asked = min(kept.pairs, asked_most(records))
    below = kept.pairs - asked
    return DoubtCount(kept.customers, kept.pairs, asked, below, kept.apart, kept.concerned)


def _weighed_now(
    db: psycopg.Connection, limit: int, behind: tuple[float, int, int] | None
) -> Queue:
    """Weigh all questions for one answer, where none are kept or something was matched since."""
    row = db.execute(
        "SELECT (SELECT count(*) FROM customer_link), (SELECT count(*) FROM customer)"
    ).fetchone()
    records, customers = row or (0, 0)
    found = weigh_all(db)
    asked = [one.doubt for one in found[: asked_most(records)]]
    apart = [one for one in found if not one.doubt.linked]
    concerned = {customer for one in apart for customer in (one.customer_l, one.customer_r)}
    before = 0 if behind is None else sum(rank(doubt) <= behind for doubt in asked)
    start = max(before - limit, 0)
    previous = None if not before else asked[start - 1].place if start else ""
    count = DoubtCount(
        customers, len(found), len(asked), len(found) - len(asked), len(apart), len(concerned)
    )
    return Queue(count, asked[before : before + limit], before, previous)


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
    # Numbers of records end there; what lies beyond keeps its order.
    return found[0], _within(found[1]), _within(found[2])


def _within(number: int) -> int:
    return min(max(number, -_NUMBER_MAX), _NUMBER_MAX)
