"""Keep the steward's questions weighed: whoever looks takes in what was matched since.

Pages note the records they match again (live.news), and customers who gain or lose records leave an
event. Only questions about those are weighed anew, so a look costs what has changed, not what there
is. A full run, or a change that nobody noted, lets all be weighed anew.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg

from registry.customers.stewarding.weighing import Asked, weigh_about, weigh_all
from registry.storage.copying import array_of, copy_into

# Beyond it, to look for what changed takes as long as to weigh everything.
RECORDS_MAX: Final = 50_000
# Pages of one source follow one another faster.
QUIET_SECONDS: Final = 10.0
# Who weighs waits for who is at it: the second finds nothing left to do.
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('customers.review'))"


@dataclass(frozen=True)
class Kept:
    """What the kept questions stand for.

    Attributes:
        pairs: How many there are.
        apart: Those about two customers that may be one.
        concerned: Customers that may be a duplicate of another.
        customers: Customers there are.
        last_event: The newest event of a customer that is accounted for.
        matched_at: The last matching that is accounted for.
        records: Records that are matched now.
    """

    pairs: int
    apart: int
    concerned: int
    customers: int
    last_event: int
    matched_at: datetime
    records: int


@dataclass(frozen=True)
class _Standing:
    """What is kept, and what has happened since, as one statement saw it."""

    kept: Kept | None
    live: Kept  # as it would be if nothing but counts of records had changed
    news: Sequence[int]
    noted_at: Collection[datetime]
    was_full_run: bool
    moved: int

    @property
    def must_begin_anew(self) -> bool:
        """Tell whether notes do not tell all that changed, or too much."""
        if self.kept is None or self.was_full_run or self.moved > RECORDS_MAX:
            return True
        # A release that notes nothing has matched something.
        return self.live.matched_at not in {self.kept.matched_at, *self.noted_at}


def as_kept(db: psycopg.Connection) -> Kept | None:
    """Return what is kept where nothing has happened since; writes nothing."""
    now = _standing(db)
    if now is None or now.news or now.must_begin_anew:
        return None
    return now.kept


def keep_up(db: psycopg.Connection) -> Kept | None:
    """Weigh what has changed since the last time, in the caller's transaction.

    Args:
        db: Connection in a transaction that may write.

    Returns:
        What is kept now; None where no complete model is live, so that nothing can be kept.
    """
    kept = as_kept(db)
    if kept is not None:
        return kept
    db.execute(_LOCK)
    now = _standing(db)
    if now is None:
        return None
    if now.kept is None or now.must_begin_anew:
        kept = _begin_anew(db, now)
    elif now.news:
        kept = _take_in(db, now, now.kept)
    else:
        return now.kept
    db.execute("DELETE FROM review_news WHERE id = ANY(%s::bigint[])", (array_of(now.news),))
    db.execute(_KEEP, vars(kept))
    return kept


def waits_quietly(db: psycopg.Connection) -> bool:
    """Tell whether questions wait to be weighed and nothing has been matched for a while.

    While a source is being read whoever looks weighs what they need; nobody else should.
    """
    row = db.execute(
        "SELECT max(noted_at) < now() - make_interval(secs => %s) FROM review_news",
        (QUIET_SECONDS,),
    ).fetchone()
    return bool(row and row[0])


_STANDING = """
SELECT l.records, l.changed_at, coalesce((SELECT max(id) FROM customer_event), 0),
    s.pairs, s.apart, s.concerned, s.customers, s.last_event, s.matched_at, n.*
FROM live_model l LEFT JOIN review_state s ON true, (
    SELECT coalesce(array_agg(id), '{}'), coalesce(array_agg(noted_at), '{}'),
        coalesce(bool_or(records IS NULL), false), coalesce(sum(cardinality(records)), 0)::bigint
    FROM review_news) AS n
WHERE l.complete
"""
_KEEP = """
INSERT INTO review_state (id, pairs, apart, concerned, customers, last_event, matched_at)
VALUES (1, %(pairs)s, %(apart)s, %(concerned)s, %(customers)s, %(last_event)s, %(matched_at)s)
ON CONFLICT (id) DO UPDATE SET pairs = excluded.pairs, apart = excluded.apart,
    concerned = excluded.concerned, customers = excluded.customers,
    last_event = excluded.last_event, matched_at = excluded.matched_at
"""


def _standing(db: psycopg.Connection) -> _Standing | None:
    """Return what is kept and what came since; None without a complete model."""
    row = db.execute(_STANDING).fetchone()
    if row is None:
        return None
    live = Kept(0, 0, 0, 0, last_event=row[2], matched_at=row[1], records=row[0])
    known = None
    if row[3] is not None:
        pairs, apart, concerned, customers, last_event, matched_at = row[3:9]
        known = Kept(pairs, apart, concerned, customers, last_event, matched_at, row[0])
    return _Standing(known, live, *row[9:])


def _begin_anew(db: psycopg.Connection, now: _Standing) -> Kept:
    """Weigh all questions, and let them be what is kept."""
    found = weigh_all(db)
    db.execute("DELETE FROM review_question")
    _write(db, found)
    db.execute("ANALYZE review_question")
    row = db.execute("SELECT count(*) FROM customer").fetchone()
    assert row is not None  # an aggregate always gives one row
    apart = [one for one in found if not one.doubt.linked]
    return replace(
        now.live,
        pairs=len(found),
        apart=len(apart),
        concerned=len(_customers(apart)),
        customers=row[0],
    )


def _take_in(db: psycopg.Connection, now: _Standing, kept: Kept) -> Kept:
    """Weigh the questions about whoever was matched again or has other records than before."""
    span = (kept.last_event, now.live.last_event)
    more = db.execute(_MORE_CUSTOMERS, span).fetchone()
    assert more is not None  # an aggregate always gives one row
    rows = db.execute(_CHANGED, (array_of(now.news), *span, *span)).fetchall()
    changed = [customer for (customer,) in rows]
    found = weigh_about(db, changed)
    given = (array_of(changed),) * 2
    gone = db.execute(_FORGET, given).fetchall()
    before = {customer for *pair, linked in gone if not linked for customer in pair}
    apart = [one for one in found if not one.doubt.linked]
    after = _customers(apart)
    # Those whom questions that stay are about, too, were and are concerned either way.
    both = array_of(before | after)
    either = {customer for (customer,) in db.execute(_ALSO_ASKED, (both, both))}
    _write(db, found)
    return replace(
        now.live,
        pairs=kept.pairs - len(gone) + len(found),
        apart=kept.apart - sum(not linked for *_, linked in gone) + len(apart),
        concerned=kept.concerned + len(after - either) - len(before - either),
        customers=kept.customers + more[0],
    )


_MORE_CUSTOMERS = """
SELECT coalesce(sum(CASE change WHEN 'new' THEN 1 WHEN 'merged' THEN -1 WHEN 'erased' THEN -1
    ELSE 0 END), 0)::bigint
FROM customer_event WHERE id > %s AND id <= %s
"""
_CHANGED = """
SELECT customer_id FROM customer_link
WHERE record_id IN (SELECT unnest(records) FROM review_news WHERE id = ANY(%s::bigint[]))
UNION SELECT customer_id FROM customer_event WHERE id > %s AND id <= %s
UNION SELECT other_id FROM customer_event WHERE id > %s AND id <= %s AND other_id IS NOT NULL
"""
_FORGET = """
DELETE FROM review_question
WHERE customer_l = ANY(%s::uuid[]) OR customer_r = ANY(%s::uuid[])
RETURNING customer_l, customer_r, linked
"""
_ALSO_ASKED = """
SELECT customer_l FROM review_question WHERE NOT linked AND customer_l = ANY(%s::uuid[])
UNION
SELECT customer_r FROM review_question WHERE NOT linked AND customer_r = ANY(%s::uuid[])
"""


def _customers(questions: Iterable[Asked]) -> set[UUID]:
    return {customer for one in questions for customer in (one.customer_l, one.customer_r)}


def _write(db: psycopg.Connection, questions: Iterable[Asked]) -> None:
    copy_into(
        db,
        "review_question",
        (
            *("left_id", "right_id", "customer_l", "customer_r", "weight_bits", "linked"),
            *("records", "chance", "minus_benefit"),
        ),
        (
            (
                *(one.doubt.left_id, one.doubt.right_id, one.customer_l, one.customer_r),
                *(one.doubt.weight_bits, one.doubt.linked, one.doubt.records, one.doubt.chance),
                -one.doubt.benefit,
            )
            for one in questions
        ),
    )
