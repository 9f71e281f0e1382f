"""Match a page of new, changed or withdrawn records; only the components they touch are looked at.

A pair's weight depends on the pair and the frozen model alone, and a cluster on its component
alone. So after any number of pages keys, edges and clusters are what a full run of the same
model would find; a test holds the two to one another.

What one record costs is mostly the way to the server and back, so questions that do not wait for
one another go together, in a pipeline.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
import psycopg

from registry.customers.live.edges import find_edges
from registry.customers.live.index import (
    LIVE_MODEL,
    LOCK_LIVE,
    PLAN_ANEW,
    KeptClean,
    Live,
    clean_rows,
    count_records,
    mark_incomplete,
    read_live,
    stored_key,
)
from registry.customers.live.keys import ask_too_large
from registry.customers.live.page import KINDS, Clean, Delta, PageEngine
from registry.customers.live.pausing import without_collecting
from registry.customers.live.regroup import regroup
from registry.customers.live.reused_keys import ask_decided, let_go
from registry.customers.live.seen import Seen
from registry.customers.live.survivorship import survivorship_of
from registry.customers.live.words import RememberedWords, forget_words, learn_new, words_of
from registry.customers.matching.features import content_of, features_of
from registry.storage.copying import array_of

# The server is kept busy with one part while Python works on the next.
RECORDS_AT_ONCE = 250
_SIGN, _ALL = 1 << 63, 1 << 64


def take_in(db: psycopg.Connection, rows: Collection[Sequence[Any]]) -> int:
    """Keep clean records, and match those that are new or differ from what was kept.

    Args:
        db: Connection in the page's transaction.
        rows: Values in the order of CLEAN_COLUMNS, each record once.

    Returns:
        How many were new or different.
    """
    records = [row[0] for row in rows]
    with db.pipeline():
        before = _Before(db, records)
        decided = ask_decided(db, records)
        kept = KeptClean(db, rows)
    changed = kept.changed()
    partners = let_go(db, decided, changed)
    with without_collecting():
        _match(db, before, changed, changed.keys())
    if partners:
        match_records(db, changed=partners)
    return len(changed)


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
    records = {*changed, *withdrawn}
    with db.pipeline():
        before = _Before(db, records)
    with without_collecting():
        return _match(db, before, clean_rows(db, changed), records)


class _Before:
    """What stands before a page: asked for all at once, read when it has come."""

    def __init__(self, db: psycopg.Connection, records: Iterable[int]) -> None:
        """Take the matching lock and ask; inside a pipeline this does not wait."""
        self.locked = db.execute(LOCK_LIVE)
        self.live = db.execute(LIVE_MODEL)
        self.records = db.execute(_BEFORE, (array_of(records),))


_BEFORE = """
SELECT given.id, l.customer_id::text, m.record_id IS NOT NULL, m.component, m.content, m.aside,
    m.keys
FROM unnest(%s::bigint[]) AS given(id)
LEFT JOIN match_record m ON m.record_id = given.id
LEFT JOIN customer_link l ON l.record_id = given.id
WHERE m.record_id IS NOT NULL OR l.record_id IS NOT NULL
"""


def _match(
    db: psycopg.Connection,
    before: _Before,
    cleaned: Mapping[int, Clean],
    records: Collection[int],
) -> bool:
    """Match `records`, as `match_records` does; those in `cleaned` are there afterwards."""
    ((was_live, *_),) = before.locked.fetchall()
    found = read_live(db, before.live)
    if not was_live:
        db.execute(PLAN_ANEW)
        if found is not None:
            # A full run ended while we waited, and has not seen these records.
            mark_incomplete(db)
        return False
    if found is None:
        db.execute(PLAN_ANEW)
        return False
    live = found.live
    if not all(live.knows(KINDS[row["kind"]]) for row in cleaned.values()):
        db.execute(PLAN_ANEW)
        mark_incomplete(db)
        return False
    with PageEngine() as engine:
        delta = Delta(
            engine,
            cleaned=dict(cleaned),
            rules=survivorship_of(found.settled),
            is_decided=found.is_decided,
            any_aside=found.any_aside,
        )
        _take_out(delta, before, records)
        _bring_in(db, delta, live)
    return True


def _bring_in(db: psycopg.Connection, delta: Delta, live: Live) -> None:
    """Write the records of a page, and find their edges and customers."""
    with db.pipeline():
        words = _put_in(db, delta, live)
        find_edges(db, delta, live)
        learn_new(db, words)
        regroup(db, delta, live)
        db.execute(PLAN_ANEW)


def _take_out(delta: Delta, before: _Before, records: Collection[int]) -> None:
    """Note what is known of records until now."""
    for record, customer, stood, component, content, aside, keys in before.records.fetchall():
        if record not in records:
            continue
        if customer is not None:
            delta.former[record] = customer
        if not stood:
            continue
        delta.gone.add(record)
        delta.contents.add(content)
        if component is not None:
            delta.components.add(component)
        if not aside:
            delta.old_keys[record] = keys
    delta.fresh = delta.cleaned.keys() - delta.gone


def _put_in(db: psycopg.Connection, delta: Delta, live: Live) -> list[RememberedWords]:
    """Look at the records of a page as the live model does.

    The server keeps the words of one part, and finds the holders of its keys, while the next one is
    looked at.

    Returns:
        The words on their way; the records themselves are still to be written.
    """
    leaving = delta.gone - delta.cleaned.keys()
    forget_words(db, leaving)
    if delta.gone:
        db.execute(_FORGET_RECORDS, (array_of(delta.gone),))
    for record in leaving & delta.old_keys.keys():
        delta.key_moves.move(record, delta.old_keys[record], ())
    _ask_about_lost(db, delta, leaving)
    remembered = []
    every = list(delta.cleaned)
    for start in range(0, len(every), RECORDS_AT_ONCE):
        part = every[start : start + RECORDS_AT_ONCE]
        words = {record: _see(delta, live, record) for record in part}
        remembered.append(RememberedWords(db, words))
        _ask_about_lost(db, delta, part)
        if len(every) > RECORDS_AT_ONCE:
            keys = chain.from_iterable(map(delta.keys_of.__getitem__, part))
            delta.asked_keys.ask(db, keys, most_moved=len(delta.cleaned) + len(delta.gone))
    count_records(db, live, len(delta.cleaned) - len(delta.gone))
    return remembered


def _ask_about_lost(db: psycopg.Connection, delta: Delta, records: Iterable[int]) -> None:
    """Ask whether blocks that these records leave were too large to be joined."""
    lost = chain.from_iterable(delta.key_moves.lost.get(record, ()) for record in records)
    if keys := set(lost):
        delta.too_large.append(ask_too_large(db, keys))


def _see(delta: Delta, live: Live, record: int) -> set[str]:
    """Look at one record, and return the words by which it is found."""
    clean = delta.cleaned[record]
    kind = KINDS[clean["kind"]]
    seer = live.weighers[kind].seer
    features = features_of(clean, kind)
    content = _signed(content_of(features, kind))
    seen = seer.see(features)
    keys = sorted(stored_key(key, kind) for key in seer.keys(seen))
    text = orjson.dumps(seen).decode()
    row = Seen(record, clean["kind"], clean["place"], content, text, array_of(keys))
    delta.unwritten[record] = row
    delta.note(record, row.kind, row.place, None, text)
    delta.features[record] = seen
    delta.keys_of[record] = keys
    delta.key_moves.move(record, delta.old_keys.get(record, ()), keys)
    delta.contents.add(content)
    delta.touched.add(record)
    return words_of(features, kind)


def _signed(digest: int) -> int:
    return digest - _ALL if digest >= _SIGN else digest


_FORGET_RECORDS = "DELETE FROM match_record WHERE record_id = ANY(%s::bigint[])"
