"""Match a page of new, changed or withdrawn records; only the components they touch are looked at.

A pair's weight depends on the pair and the frozen model alone, and a cluster on its component
alone. So after any number of pages keys, edges and clusters are what a full run of the same
model would find; a test holds the two to one another.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
import psycopg

from registry.customers.blocking import BLOCK_RECORDS_MAX
from registry.customers.copies import COPIES_MAX
from registry.customers.features import content_of, features_of
from registry.customers.index import (
    LOCK,
    LOCK_SHARED,
    Live,
    clean_rows,
    count_records,
    decisions_on,
    live_model,
    mark_incomplete,
    stored_key,
)
from registry.customers.model import KEPT_BITS_MIN
from registry.customers.page import Delta, load_features, weigh_pairs
from registry.customers.regroup import regroup
from registry.customers.words import forget_words, remember_words, words_of
from registry.storage.copying import bigints, copy_into
from schemas.records import CustomerKind

_SIGN, _ALL = 1 << 63, 1 << 64


def match_records(
    db: psycopg.Connection, *, changed: Sequence[int] = (), withdrawn: Sequence[int] = ()
) -> bool:
    """Match records with the live model, in the caller's transaction.

    Args:
        db: Connection in a transaction; it holds the matching lock afterwards, shared with other
            pages where there is nothing to match with.
        changed: Records whose clean form is new or differs.
        withdrawn: Records that no longer count; their clean form is still there.

    Returns:
        Whether there was a complete live model to match with; without, a full run is due.
    """
    if live_model(db) is None:
        db.execute(LOCK_SHARED)
        if live_model(db) is not None:
            # A full run ended while we waited, and has not seen these records.
            mark_incomplete(db)
        return False
    db.execute(LOCK)
    live = live_model(db)
    if live is None:
        return False
    delta = Delta()
    rows = clean_rows(db, changed)
    if not all(live.knows(CustomerKind(row["kind"])) for row in rows.values()):
        mark_incomplete(db)
        return False
    _take_out(db, delta, [*changed, *withdrawn])
    count_records(db, live, len(rows) - len(delta.gone))
    _put_in(db, delta, live, rows)
    forget_words(db, delta.gone - rows.keys())
    _sort_copies(db, delta)
    _settle_keys(db, delta)
    _find_edges(db, delta, live)
    regroup(db, delta, live)
    return True


def _signed(digest: int) -> int:
    return digest - _ALL if digest >= _SIGN else digest


def _take_out(db: psycopg.Connection, delta: Delta, records: Sequence[int]) -> None:
    """Forget what is known of records."""
    rows = db.execute(
        """DELETE FROM match_record WHERE record_id = ANY(%s)
           RETURNING record_id, component, content, aside, keys""",
        (records,),
    ).fetchall()
    for record, component, content, aside, keys in rows:
        delta.gone.add(record)
        delta.contents.add(content)
        if component is not None:
            delta.components.add(component)
        if not aside:
            delta.count(keys, -1)
            delta.old_keys += [(record, key) for key in keys]


def _put_in(
    db: psycopg.Connection, delta: Delta, live: Live, cleaned: Mapping[int, Mapping[str, Any]]
) -> None:
    """Write what the live model sees in records."""
    rows, words = [], {}
    for record, clean in cleaned.items():
        kind = CustomerKind(clean["kind"])
        weigher = live.weighers[kind]
        features = features_of(clean, kind)
        words[record] = words_of(features, kind)
        content = _signed(content_of(features, kind))
        seen = weigher.seer.see(features)
        keys = sorted(stored_key(key, kind) for key in weigher.seer.keys(seen))
        rows.append(
            (record, kind.value, clean["place"], content, orjson.dumps(seen).decode(), keys)
        )
        delta.contents.add(content)
        delta.touched.add(record)
        delta.kinds[record], delta.features[record] = kind, seen
        delta.places[record] = clean["place"]
        delta.count(keys, 1)
    remember_words(db, words)
    new_keys = [(row[0], key) for row in rows for key in row[5]]
    _move_keys(db, old=set(delta.old_keys) - set(new_keys), new=set(new_keys) - set(delta.old_keys))
    columns = ("record_id", "kind", "place", "content", "aside", "features", "keys")
    if len(rows) == 1:
        db.execute(
            """INSERT INTO match_record (record_id, kind, place, content, aside, features, keys)
               VALUES (%s, %s, %s, %s, false, %s, %s)""",
            rows[0],
        )
        return
    copy_into(db, "match_record", columns, ((*row[:4], False, *row[4:]) for row in rows))


def _move_keys(
    db: psycopg.Connection, *, old: Iterable[tuple[int, int]], new: Iterable[tuple[int, int]]
) -> None:
    """Delete and add rows of match_key, given as record and key."""
    for statement, rows in ((_DELETE_KEYS, list(old)), (_INSERT_KEYS, list(new))):
        if rows:
            parts = (bigints(row[0] for row in rows), bigints(row[1] for row in rows))
            db.execute(statement, parts)


_DELETE_KEYS = """
DELETE FROM match_key k USING unnest(%s::bigint[], %s::bigint[]) AS old(record_id, key)
WHERE k.key = old.key AND k.record_id = old.record_id
"""
_INSERT_KEYS = """
INSERT INTO match_key (record_id, key) SELECT * FROM unnest(%s::bigint[], %s::bigint[])
"""


def _sort_copies(db: psycopg.Connection, delta: Delta) -> None:
    """Set copies beyond the first few aside, and take back those that are no longer beyond."""
    if not delta.contents:
        return
    rows = db.execute(
        """SELECT record_id, kind, place, component, features, keys, aside FROM (
               SELECT *, row_number() OVER (
                   PARTITION BY kind, content ORDER BY place COLLATE "C") > %s AS beyond
               FROM match_record WHERE content = ANY(%s)
           ) ranked WHERE beyond <> aside""",
        (COPIES_MAX, list(delta.contents)),
    ).fetchall()
    for record, kind, place, component, features, keys, aside in rows:
        if component is not None:
            delta.components.add(component)
        mine = [(record, key) for key in keys]
        if aside:
            _move_keys(db, old=(), new=mine)
            delta.count(keys, 1)
            delta.touched.add(record)
            delta.kinds[record], delta.places[record] = CustomerKind(kind), place
            delta.features[record] = orjson.loads(features)
        else:
            _move_keys(db, old=mine, new=())
            delta.count(keys, -1)
            delta.touched.discard(record)
            delta.gone.add(record)
    if rows:
        db.execute(
            "UPDATE match_record SET aside = NOT aside, component = NULL WHERE record_id = ANY(%s)",
            ([row[0] for row in rows],),
        )
    # Copies follow their like, so that component is looked at although nothing in it changed.
    delta.components |= {
        component
        for (component,) in db.execute(
            """SELECT component FROM match_record
               WHERE NOT aside AND component IS NOT NULL AND content IN (
                   SELECT content FROM match_record WHERE aside AND content = ANY(%s))""",
            (list(delta.contents),),
        )
    }


def _settle_keys(db: psycopg.Connection, delta: Delta) -> None:
    """Touch whole blocks that have grown too large to be joined, or small enough again."""
    moved = {key: step for key, step in delta.keys.items() if step}
    if not moved:
        return
    crossed = [
        key
        for key, members in _block_sizes(db, moved)
        if (members > BLOCK_RECORDS_MAX) != (members - moved[key] > BLOCK_RECORDS_MAX)
    ]
    if not crossed:
        return
    rows = db.execute(
        """SELECT record_id, component FROM match_record
           WHERE record_id IN (SELECT record_id FROM match_key WHERE key = ANY(%s))""",
        (crossed,),
    ).fetchall()
    delta.touched |= {record for record, _ in rows}
    delta.components |= {component for _, component in rows if component is not None}
    load_features(db, delta, delta.touched)


def _block_sizes(db: psycopg.Connection, moved: dict[int, int]) -> list[tuple[int, int]]:
    """Return how many records share each key, counted only as far as it matters."""
    largest = BLOCK_RECORDS_MAX + 1 + max(abs(step) for step in moved.values())
    return db.execute(
        """SELECT key, (SELECT count(*) FROM (
                   SELECT FROM match_key k WHERE k.key = given.key LIMIT %s) AS few_keys)
           FROM unnest(%s::bigint[]) AS given(key)""",
        (largest, bigints(moved)),
    ).fetchall()


def _find_edges(db: psycopg.Connection, delta: Delta, live: Live) -> None:
    """Weigh touched records against all that share a key, and keep what is worth keeping."""
    stale = bigints(delta.touched | delta.gone)
    db.execute("DELETE FROM match_edge WHERE left_id = ANY(%s::bigint[])", (stale,))
    db.execute("DELETE FROM match_edge WHERE right_id = ANY(%s::bigint[])", (stale,))
    if not delta.touched:
        return
    touched = list(delta.touched)
    rows = db.execute(
        """WITH mine AS (
               SELECT record_id, unnest(keys) AS key FROM match_record
               WHERE record_id = ANY(%s::bigint[])
           ), usable AS (
               SELECT key FROM (SELECT DISTINCT key FROM mine) AS few_keys
               WHERE (SELECT count(*) FROM (
                   SELECT FROM match_key k WHERE k.key = few_keys.key LIMIT %s) AS few)
                   BETWEEN 2 AND %s
           )
           SELECT DISTINCT least(mine.record_id, k.record_id), greatest(mine.record_id, k.record_id)
           FROM usable JOIN mine USING (key) JOIN match_key k USING (key)
           WHERE k.record_id <> mine.record_id""",
        (bigints(touched), BLOCK_RECORDS_MAX + 1, BLOCK_RECORDS_MAX),
    ).fetchall()
    decided = decisions_on(db, touched)
    pairs = {*rows, *decided}
    load_features(db, delta, set(chain.from_iterable(pairs)))
    edges = weigh_pairs(delta, live, pairs, decided, least_bits=KEPT_BITS_MIN)
    if edges:
        lefts, rights, weights, identities, aparts = zip(*edges, strict=True)
        db.execute(
            """INSERT INTO match_edge (left_id, right_id, weight_bits, by_identity, apart)
               SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::bool[],
                                    %s::bool[])""",
            (bigints(lefts), bigints(rights), list(weights), list(identities), list(aparts)),
        )
