"""Match a page of new, changed or withdrawn records; only the components they touch are looked at.

A pair's weight depends on the pair and the frozen model alone, and a cluster on its component
alone. So after any number of pages keys, edges and clusters are what a full run of the same
model would find; a test holds the two to one another.

What one record costs is mostly the way to the server and back, so questions that do not wait for
one another go together, in a pipeline.
"""

from collections.abc import Mapping, Sequence

import orjson
import psycopg

from registry.customers.edges import find_edges
from registry.customers.features import content_of, features_of
from registry.customers.index import (
    LOCK_SHARED,
    Live,
    clean_rows,
    count_records,
    live_model,
    lock_live_model,
    mark_incomplete,
    stored_key,
)
from registry.customers.keys import move_keys
from registry.customers.page import Clean, Delta
from registry.customers.regroup import regroup
from registry.customers.words import forget_words, remember_words, words_of
from registry.storage.copying import array_of, copy_into
from schemas.records import CustomerKind

_SIGN, _ALL = 1 << 63, 1 << 64


def match_records(
    db: psycopg.Connection,
    *,
    changed: Sequence[int] = (),
    withdrawn: Sequence[int] = (),
    cleaned: Mapping[int, Clean] | None = None,
) -> bool:
    """Match records with the live model, in the caller's transaction.

    Args:
        db: Connection in a transaction; it holds the matching lock afterwards, shared with other
            pages where there is nothing to match with.
        changed: Records whose clean form is new or differs.
        withdrawn: Records that no longer count; their clean form is still there.
        cleaned: Clean form of all `changed`, as `clean_rows` gives it, where it is at hand.

    Returns:
        Whether there was a complete live model to match with; without, a full run is due.
    """
    if not lock_live_model(db):
        db.execute(LOCK_SHARED)
        if live_model(db) is not None:
            # A full run ended while we waited, and has not seen these records.
            mark_incomplete(db)
        return False
    live = live_model(db)
    if live is None:
        return False
    rows = dict(clean_rows(db, changed) if cleaned is None else cleaned)
    if not all(live.knows(CustomerKind(row["kind"])) for row in rows.values()):
        mark_incomplete(db)
        return False
    delta = Delta(cleaned=rows)
    _take_out(db, delta, [*changed, *withdrawn])
    _put_in(db, delta, live)
    regroup(db, delta, live)
    return True


def _signed(digest: int) -> int:
    return digest - _ALL if digest >= _SIGN else digest


def _take_out(db: psycopg.Connection, delta: Delta, records: Sequence[int]) -> None:
    """Forget what is known of records."""
    rows = db.execute(
        """DELETE FROM match_record WHERE record_id = ANY(%s::bigint[])
           RETURNING record_id, component, content, aside, keys""",
        (array_of(records),),
    ).fetchall()
    for record, component, content, aside, keys in rows:
        delta.gone.add(record)
        delta.contents.add(content)
        if component is not None:
            delta.components.add(component)
        if not aside:
            delta.left.update(keys)
            delta.old_keys += [(key, record) for key in keys]


def _put_in(db: psycopg.Connection, delta: Delta, live: Live) -> None:
    """Write what the live model sees in records, move their keys, and find their edges."""
    rows, words = [], {}
    for record, clean in delta.cleaned.items():
        kind = CustomerKind(clean["kind"])
        seer = live.weighers[kind].seer
        features = features_of(clean, kind)
        words[record] = words_of(features, kind)
        content = _signed(content_of(features, kind))
        seen = seer.see(features)
        keys = sorted(stored_key(key, kind) for key in seer.keys(seen))
        text = orjson.dumps(seen).decode()
        rows.append((record, kind.value, clean["place"], content, False, text, array_of(keys)))
        delta.note(record, kind.value, clean["place"], None, text)
        delta.features[record] = seen
        delta.keys_of[record] = keys
        delta.contents.add(content)
        delta.touched.add(record)
        delta.joined.update(keys)
    new_keys = {(key, record) for record, keys in delta.keys_of.items() for key in keys}
    old_keys = set(delta.old_keys)
    if len(rows) > 1:
        copy_into(db, "match_record", _RECORD_COLUMNS, rows)
    remember_words(db, words)
    with db.pipeline():
        forget_words(db, delta.gone - delta.cleaned.keys())
        if len(rows) == 1:
            db.execute(_INSERT_RECORD, rows[0])
        move_keys(db, old=old_keys - new_keys, new=new_keys - old_keys)
        count_records(db, live, len(rows) - len(delta.gone))
        find_edges(db, delta, live)


_RECORD_COLUMNS = ("record_id", "kind", "place", "content", "aside", "features", "keys")
_INSERT_RECORD = f"""
INSERT INTO match_record ({", ".join(_RECORD_COLUMNS)})
VALUES (%s, %s, %s, %s, %s, %s, %s::bigint[])
"""
