"""Match a page of new, changed or withdrawn records; only the components they touch are looked at.

A pair's weight depends on the pair and the frozen model alone, and a cluster on its component
alone. So after any number of pages keys, edges and clusters are what a full run of the same
model would find; a test holds the two to one another.

What one record costs is mostly the way to the server and back, so questions that do not wait for
one another go together, in a pipeline.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import orjson
import psycopg

from registry.customers.edges import find_edges
from registry.customers.features import content_of, features_of
from registry.customers.index import (
    KEEP_PLANS,
    LIVE_MODEL,
    LOCK_LIVE,
    LOCK_SHARED,
    PLAN_ANEW,
    KeptClean,
    Live,
    clean_rows,
    count_records,
    live_model,
    mark_incomplete,
    read_live,
    stored_key,
)
from registry.customers.keys import move_keys
from registry.customers.page import KINDS, Clean, Delta
from registry.customers.pausing import without_collecting
from registry.customers.regroup import regroup
from registry.customers.survivorship import ask_survivorship, read_survivorship
from registry.customers.words import RememberedWords, forget_words, words_of
from registry.storage.copying import array_of, copy_lines, write_lines

_SIGN, _ALL = 1 << 63, 1 << 64


def take_in(db: psycopg.Connection, rows: Collection[Sequence[Any]]) -> int:
    """Keep clean records, and match those that are new or differ from what was kept.

    Args:
        db: Connection in the page's transaction.
        rows: Values in the order of CLEAN_COLUMNS, each record once.

    Returns:
        How many were new or different.
    """
    with db.pipeline():
        db.execute(KEEP_PLANS)
        kept = KeptClean(db, rows)
        before = _Before(db, [row[0] for row in rows])
    changed = kept.changed()
    with without_collecting():
        _match(db, before, changed, changed.keys())
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
        db.execute(KEEP_PLANS)
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
        self.rules = ask_survivorship(db)


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
    if before.locked.fetchone() is None:
        db.execute(f"{PLAN_ANEW}; {LOCK_SHARED}")
        if live_model(db) is not None:
            # A full run ended while we waited, and has not seen these records.
            mark_incomplete(db)
        return False
    live = read_live(db, before.live)
    if live is None:
        db.execute(PLAN_ANEW)
        return False
    if not all(live.knows(KINDS[row["kind"]]) for row in cleaned.values()):
        db.execute(PLAN_ANEW)
        mark_incomplete(db)
        return False
    delta = Delta(cleaned=dict(cleaned), rules=read_survivorship(before.rules))
    _take_out(delta, before, records)
    seen = _see(delta, live)
    if len(seen.rows) > 1:
        _forget_records(db, delta)
        _copy_records(db, seen.rows)
    with db.pipeline():
        if len(seen.rows) <= 1:
            _forget_records(db, delta)
            for row in seen.rows:
                db.execute(_INSERT_RECORD, row)
        _put_in(db, delta, live, seen.words)
        regroup(db, delta, live)
        db.execute(PLAN_ANEW)
    return True


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
    delta.left.update(chain.from_iterable(delta.old_keys.values()))
    delta.fresh = delta.cleaned.keys() - delta.gone


@dataclass
class _Seen:
    """What the live model sees in the records of a page.

    Attributes:
        rows: Values in the order of _RECORD_COLUMNS.
        words: Words by which each record is found.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    words: dict[int, set[str]] = field(default_factory=dict)


def _see(delta: Delta, live: Live) -> _Seen:
    """Look at the records of a page with the eyes of the live model."""
    found = _Seen()
    for record, clean in delta.cleaned.items():
        kind = KINDS[clean["kind"]]
        seer = live.weighers[kind].seer
        features = features_of(clean, kind)
        found.words[record] = words_of(features, kind)
        content = _signed(content_of(features, kind))
        seen = seer.see(features)
        keys = sorted(stored_key(key, kind) for key in seer.keys(seen))
        text = orjson.dumps(seen).decode()
        place = clean["place"]
        found.rows.append((record, clean["kind"], place, content, "f", text, array_of(keys)))
        delta.note(record, clean["kind"], place, None, text)
        delta.features[record] = seen
        delta.keys_of[record] = keys
        delta.contents.add(content)
        delta.touched.add(record)
    delta.joined.update(chain.from_iterable(delta.keys_of.values()))
    return found


def _signed(digest: int) -> int:
    return digest - _ALL if digest >= _SIGN else digest


def _forget_records(db: psycopg.Connection, delta: Delta) -> None:
    if delta.gone:
        db.execute(_FORGET_RECORDS, (array_of(delta.gone),))


def _copy_records(db: psycopg.Connection, rows: Sequence[Sequence[Any]]) -> None:
    lines = copy_lines(list(zip(*rows, strict=True)))
    write_lines(db, "match_record", _RECORD_COLUMNS, lines)


_FORGET_RECORDS = "DELETE FROM match_record WHERE record_id = ANY(%s::bigint[])"
_RECORD_COLUMNS = ("record_id", "kind", "place", "content", "aside", "features", "keys")
_INSERT_RECORD = f"""
INSERT INTO match_record ({", ".join(_RECORD_COLUMNS)})
VALUES (%s, %s, %s, %s, %s, %s, %s::bigint[])
"""


def _put_in(
    db: psycopg.Connection, delta: Delta, live: Live, words: Mapping[int, Collection[str]]
) -> None:
    """Move keys and words of records whose rows are written, and find their edges."""
    forget_words(db, delta.gone - delta.cleaned.keys())
    remembered = RememberedWords(db, words) if words else None
    old, new = delta.moved_keys()
    move_keys(db, old=old, new=new)
    count_records(db, live, len(delta.cleaned) - len(delta.gone))
    find_edges(db, delta, live)
    if remembered is not None:
        remembered.learn(db)
