"""Match a page of new, changed or withdrawn records; only the components they touch are looked at.

A pair's weight depends on the pair and the frozen model alone, and a cluster on its component
alone. So after any number of pages keys, edges and clusters are what a full run of the same
model would find; a test holds the two to one another.

What one record costs is mostly the way to the server and back, so questions that do not wait for
one another go together, in a pipeline.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar
from uuid import UUID

import psycopg

from registry.customers.live.edges import find_edges
from registry.customers.live.guessing import Guess, guess_of, remember_sources
from registry.customers.live.holders import AskedKeys
from registry.customers.live.index import (
    LIVE_MODEL,
    LOCK_LIVE,
    PLAN_ANEW,
    InForce,
    KeptClean,
    clean_rows,
    mark_incomplete,
    read_live,
)
from registry.customers.live.keys import RECORDS_FEW
from registry.customers.live.looking import KINDS, look
from registry.customers.live.news import close_page
from registry.customers.live.page import Clean, Delta, Link, PageEngine
from registry.customers.live.pausing import without_collecting
from registry.customers.live.regroup import regroup
from registry.customers.live.reused_keys import ask_decided, let_go
from registry.customers.live.survivorship import survivorship_of
from registry.customers.live.words import forget_words
from registry.customers.values.clean import clean
from registry.storage.copying import array_of
from registry.storage.pushing import push
from schemas.records import CustomerRecord

Landed: TypeAlias = tuple[int, UUID, CustomerRecord]
T = TypeVar("T")

# The server is kept busy with one part while Python works on the next.
RECORDS_AT_ONCE = 250
# Parts of a page that are at the server, or wait for it, before the first is looked at.
PARTS_AHEAD = 4


def take_in(db: psycopg.Connection, landed: Sequence[Landed]) -> int:
    """Clean landed records, keep them, and match those that are new or differ from what was kept.

    Args:
        db: Connection in the page's transaction.
        landed: Each record once, ordered by id: two pages that share some wait in one order.

    Returns:
        How many were new or different.
    """
    with without_collecting(), db.pipeline():
        changed, partners = _take_in(db, landed)
    if partners:
        match_records(db, changed=partners)
    return changed


def _take_in(db: psycopg.Connection, landed: Sequence[Landed]) -> tuple[int, set[int]]:
    """Return how many records were new or different, and others that are to be matched again."""
    changed: dict[int, Clean] = {}
    partners: set[int] = set()
    with PageEngine() as engine:
        opening, parts = _Opening(db), _parts(db, landed)
        first, guess = next(parts), None
        if len(first.kept.given) == len(landed) <= RECORDS_FEW:
            guess = guess_of(db, {one[0]: one[2].key for one in landed}, first.kept.given)
        page = opening.page(db, engine, records=len(landed))
        for part in chain((first,), parts):
            now = part.kept.changed()
            partners |= let_go(db, part.decided, now)
            changed |= now
            if page is not None and page.knows(now):
                page.take_out(part.before, now)
                page.look_at(db, now, guess)
            elif page is not None:
                mark_incomplete(db)
                page = None
        if page is not None and changed:
            page.match(db)
            remember_sources(changed.values())
        else:
            db.execute(PLAN_ANEW)
    return len(changed), partners - changed.keys()


def match_records(
    db: psycopg.Connection, *, changed: Collection[int] = (), withdrawn: Collection[int] = ()
) -> bool:
    """Match records with the live model, in the caller's transaction.

    Args:
        db: Connection in a transaction; it holds the matching lock afterwards, shared with other
            pages where there is nothing to match with.
        changed: Records whose clean form is new or differs, or that a steward decided about.
        withdrawn: Records that no longer count; their clean form is still there.

    Returns:
        Whether there was a complete live model to match with; without, a full run is due.
    """
    with without_collecting(), db.pipeline():
        return _match_records(db, changed, {*changed, *withdrawn})


def _match_records(
    db: psycopg.Connection, changed: Collection[int], records: Collection[int]
) -> bool:
    """Match records, as `match_records` does; those that changed are there afterwards."""
    with PageEngine() as engine:
        opening = _Opening(db)
        before = _ask_before(db, records)
        cleaned = clean_rows(db, changed)
        page = opening.page(db, engine, records=len(records))
        if page is not None and not page.knows(cleaned):
            mark_incomplete(db)
            page = None
        if page is None:
            db.execute(PLAN_ANEW)
            return False
        page.take_out(before, records)
        for some in _in_parts(list(cleaned)):
            page.look_at(db, {record: cleaned[record] for record in some})
        page.match(db)
        return True


class _Opening:
    """By what a page is matched: asked before all else, read when the rest is on its way."""

    def __init__(self, db: psycopg.Connection) -> None:
        """Take the matching lock and ask; inside a pipeline this does not wait."""
        self._locked, self._live = db.execute(LOCK_LIVE), db.execute(LIVE_MODEL)

    def page(self, db: psycopg.Connection, engine: PageEngine, *, records: int) -> "_Page | None":
        """Return the page of so many records; None without a complete model to match it with."""
        ((was_live, *_),) = self._locked.fetchall()
        found = read_live(db, self._live)
        if found is not None and not was_live:
            # A full run ended while we waited, and has not seen these records.
            mark_incomplete(db)
            return None
        return _Page(found, engine, records) if found is not None else None


class _Part:
    """Records of a page that go to the server together."""

    def __init__(self, db: psycopg.Connection, landed: Sequence[Landed]) -> None:
        """Keep them, and ask what stood before; inside a pipeline this does not wait."""
        records = [record for record, *_ in landed]
        self.before = _ask_before(db, records)
        self.decided = ask_decided(db, records)
        self.kept = KeptClean(db, [clean(*one) for one in landed])


def _parts(db: psycopg.Connection, landed: Sequence[Landed]) -> Iterator[_Part]:
    """Send a page part by part; the server has some at hand while one is looked at."""
    sent: deque[_Part] = deque()
    for some in _in_parts(landed):
        sent.append(_Part(db, some))
        if len(sent) > PARTS_AHEAD:
            push(db)
            yield sent.popleft()
    yield from sent


def _in_parts(records: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(records), RECORDS_AT_ONCE):
        yield records[start : start + RECORDS_AT_ONCE]


def _ask_before(db: psycopg.Connection, records: Iterable[int]) -> psycopg.Cursor:
    """Ask what is matched of records until now."""
    return db.execute(_BEFORE, (array_of(records),))


_BEFORE = """
SELECT given.id, l.customer_id::text, l.rule, l.weight_bits, m.record_id IS NOT NULL, m.component,
    m.content, m.aside, m.keys
FROM unnest(%s::bigint[]) AS given(id)
LEFT JOIN match_record m ON m.record_id = given.id
LEFT JOIN customer_link l ON l.record_id = given.id
WHERE m.record_id IS NOT NULL OR l.record_id IS NOT NULL
"""


class _Page:
    """A page that is being matched: its records are looked at part by part, then all at once."""

    def __init__(self, found: InForce, engine: PageEngine, records: int) -> None:
        """Begin with what is in force."""
        self._live, self._records = found.live, records
        self._delta = Delta(
            engine,
            rules=survivorship_of(found.settled),
            is_decided=found.is_decided,
            any_aside=found.any_aside,
            asked_keys=AskedKeys(found.crowded),
        )

    def knows(self, cleaned: Mapping[int, Clean]) -> bool:
        """Tell whether the model was trained on customers of these kinds."""
        return all(map(self._live.knows, {KINDS[row["kind"]] for row in cleaned.values()}))

    def take_out(self, before: psycopg.Cursor, records: Collection[int]) -> None:
        """Note what stood of records until now, of those that are new, differ or leave."""
        delta = self._delta
        for record, *link, stood, component, content, aside, keys in before.fetchall():
            if record not in records:
                continue
            if link[0] is not None:
                delta.former[record] = Link(*link)
            if not stood:
                continue
            delta.gone.add(record)
            delta.contents.add(content)
            if component is not None:
                delta.components.add(component)
            if not aside:
                delta.old_keys[record] = keys

    def look_at(
        self, db: psycopg.Connection, cleaned: Mapping[int, Clean], guess: Guess | None = None
    ) -> None:
        """Look at records as the live model does.

        The server finds the holders of their keys while the next ones are looked at.
        """
        delta = self._delta
        delta.cleaned.update(cleaned)
        delta.fresh |= cleaned.keys() - delta.gone
        right = guess if guess is not None and guess.holds(self._live, cleaned) else None
        for one in right.looks if right else (look(self._live, row) for row in cleaned.values()):
            delta.see(one)
        if right:
            delta.guess = right
        if self._records > RECORDS_AT_ONCE:
            keys = chain.from_iterable(map(delta.keys_of.__getitem__, cleaned))
            delta.asked_keys.ask(db, keys, most_moved=self._records)
            delta.keep_words(db)

    def match(self, db: psycopg.Connection) -> None:
        """Find edges and customers of all that was looked at or leaves; then plan anew."""
        delta = self._delta
        more = len(delta.cleaned) - len(delta.gone)
        leaving = delta.gone - delta.cleaned.keys()
        forget_words(db, leaving)
        if delta.gone:
            db.execute(_FORGET_RECORDS, (array_of(delta.gone),))
        for record in leaving & delta.old_keys.keys():
            delta.key_moves.move(record, delta.old_keys[record], ())
        find_edges(db, delta, self._live)
        regroup(db, delta, self._live)
        close_page(db, self._live, more=more, matched=delta.touched | delta.gone)


_FORGET_RECORDS = "DELETE FROM match_record WHERE record_id = ANY(%s::bigint[])"
