"""Find the edges of the records that a page touched, once copies and crowds are settled."""

from collections import Counter
from collections.abc import Collection
from itertools import chain
from typing import Any

import numpy as np
import psycopg

from registry.customers.live.holders import (
    AskedKeys,
    FewAsked,
    Holders,
    ask_holders,
    distinct_pairs,
)
from registry.customers.live.index import DECIDED_ABOUT, Live
from registry.customers.live.keys import keep_crowded
from registry.customers.live.page import (
    Decisions,
    Delta,
    Pairs,
    note_features,
    note_links,
    weigh_pairs,
)
from registry.customers.live.seen import write_seen
from registry.customers.matching.copies import COPIES_MAX
from registry.customers.matching.model import KEPT_BITS_MIN
from registry.storage.copying import array_of
from registry.storage.pushing import push


def find_edges(db: psycopg.Connection, delta: Delta, live: Live) -> None:
    """Weigh touched records against all that share a key, and find what is worth keeping.

    Args:
        db: Connection in the page's transaction, in a pipeline.
        delta: The page.
        live: The model in force.
    """
    guess = delta.guess
    crowds = guess.crowds if guess else db.execute(_CROWDS, (array_of(delta.contents),))
    emptied = _emptied(delta) - delta.asked_keys.crowded
    holders = _ask_holders(
        db, delta, delta.asked_keys, besides=emptied, few=guess.holders if guess else None
    )
    decisions = Decisions(db, delta)
    if _sort_copies(db, delta, _copies(db, delta, crowds.fetchall())):
        holders, decisions = _ask_anew(db, delta)
    crossed = holders.crossed()
    keep_crowded(db, crossed.grown, crossed.shrunk)
    if crossed.records - delta.touched:
        _touch(db, delta, crossed.records - delta.touched)
        holders, decisions = _ask_anew(db, delta)
    for record, *seen in holders.seen:
        if record not in delta.features.lines and seen[0] is not None:
            delta.note(record, *seen)
    # The server keeps words while Python pairs records, and moves keys while it weighs them.
    delta.keep_words(db)
    _forget_edges(db, delta)
    push(db)
    if not delta.touched:
        delta.key_moves.write(db)
        return
    decided = decisions.read()
    pairs = holders.pairs(delta.touched)
    if decided:
        one, other = np.array(list(decided), dtype=np.int64).T
        pairs = distinct_pairs(np.r_[pairs[:, 0], one], np.r_[pairs[:, 1], other])
    # All at once, in order: asked for in parts, a million records are walked through in each.
    note_features(db, delta, np.unique(pairs).tolist())
    delta.key_moves.write(db)
    push(db)
    _weigh(delta, live, pairs, decided)


def _ask_holders(
    db: psycopg.Connection,
    delta: Delta,
    asked: AskedKeys,
    *,
    besides: Collection[int] = (),
    few: FewAsked | None = None,
) -> Holders:
    """Ask who holds the keys that moved, and those of touched records that stayed.

    Args:
        db: Connection in the page's transaction, in a pipeline.
        delta: The page.
        asked: Keys that were asked about already.
        besides: Keys that are not asked about.
        few: The answer, where it was asked for on a guess.
    """
    keys = delta.key_moves.keys()
    keys.update(*map(delta.keys_of.__getitem__, delta.touched))
    keys.difference_update(besides)
    return ask_holders(db, keys, delta.key_moves, asked, few)


def _ask_anew(db: psycopg.Connection, delta: Delta) -> tuple[Holders, Decisions]:
    """Ask again, since other records are touched than were asked about."""
    asked = AskedKeys(delta.asked_keys.crowded)
    return _ask_holders(db, delta, asked), Decisions(db, delta)


def _emptied(delta: Delta) -> set[int]:
    """Return the keys that records lose and that no record of the page holds now."""
    lost = set(chain.from_iterable(delta.key_moves.lost.values()))
    return lost.difference(*map(delta.keys_of.__getitem__, delta.touched)) if lost else lost


def _weigh(
    delta: Delta,
    live: Live,
    pairs: Pairs,
    decided: dict[tuple[int, int], bool],
) -> None:
    """Weigh pairs and keep those that are strong enough to be worth a look."""
    if decided:
        # What an earlier release set aside although it was decided about takes no part.
        seen = delta.touched | {one for one, head in delta.component_of.items() if head is not None}
        both = [seen.issuperset(pair) for pair in pairs.tolist()]
        pairs = pairs[np.array(both, dtype=np.bool_)]
    delta.edges = weigh_pairs(delta, live, pairs, decided, least_bits=KEPT_BITS_MIN)
    cut = live.model.cut_bits
    for pair in delta.edges:
        if (pair.weight_bits >= cut or pair.by_identity) and not pair.apart:
            delta.linked[pair.left, pair.right] = pair


def write_edges(db: psycopg.Connection, delta: Delta) -> None:
    """Write the edges of touched records; inside a pipeline this does not wait."""
    if delta.edges:
        db.execute(_INSERT_EDGES, tuple(map(array_of, zip(*delta.edges, strict=True))))


_INSERT_EDGES = """
INSERT INTO match_edge (left_id, right_id, weight_bits, by_identity, apart)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::bool[], %s::bool[])
"""


def _forget_edges(db: psycopg.Connection, delta: Delta) -> None:
    """Delete the edges of all records that are weighed anew or have left."""
    stale = (delta.touched | delta.gone) - delta.fresh
    if stale:
        db.execute(_FORGET_EDGES, (array_of(stale),) * 2)


_FORGET_EDGES = """
DELETE FROM match_edge WHERE left_id = ANY(%s::bigint[]) OR right_id = ANY(%s::bigint[])
"""


def _copies(
    db: psycopg.Connection, delta: Delta, crowds: list[tuple[int, int, bool]]
) -> list[tuple[Any, ...]]:
    """Return copies on the wrong side of the limit; which those are is asked of the table."""
    held = Counter({content: count for content, count, _ in crowds})
    held.update(row.content for row in delta.unwritten.values())
    delta.crowded.update(content for content, _, any_aside in crowds if any_aside)
    delta.crowded.update(content for content, count in held.items() if count > COPIES_MAX)
    if not delta.crowded:
        return []
    written = [row for row in delta.unwritten.values() if row.content in delta.crowded]
    write_seen(db, written)
    for row in written:
        del delta.unwritten[row.record_id]
    asked = db.execute(_COPIES, (COPIES_MAX, COPIES_MAX, array_of(delta.crowded)))
    return asked.fetchall()


_CROWDS = """
SELECT content, count(*), bool_or(aside) FROM match_record WHERE content = ANY(%s::bigint[])
GROUP BY content
"""
# Records that stand on the wrong side of the limit, and those that stand for copies beyond it.
# One that a steward decided about stands on the right side wherever it stands.
_COPIES = f"""
SELECT record_id, kind, place, component, features, keys, aside, beyond FROM (
    SELECT *, copy > %s AND NOT (crowded AND record_id IN ({DECIDED_ABOUT})) AS beyond FROM (
        SELECT *, row_number() OVER (PARTITION BY kind, content ORDER BY place COLLATE "C") AS copy,
            count(*) OVER (PARTITION BY kind, content) > %s AS crowded
        FROM match_record WHERE content = ANY(%s::bigint[])) AS counted) AS ranked
WHERE beyond <> aside OR (crowded AND NOT beyond)
"""


def _sort_copies(
    db: psycopg.Connection,
    delta: Delta,
    rows: list[tuple[Any, ...]],
) -> bool:
    """Set copies beyond the first few aside, and take back those that are no longer beyond.

    Returns:
        Whether any record was set aside or taken back.
    """
    moved = []
    for record, kind, place, component, features, keys, aside, beyond in rows:
        # Copies follow their like, so that component is looked at although nothing in it changed.
        if component is not None:
            delta.components.add(component)
        if beyond is aside:
            continue
        moved.append(record)
        if aside:
            delta.key_moves.move(record, (), keys)
            delta.touched.add(record)
            delta.keys_of[record] = keys
            delta.note(record, kind, place, None, features)
        else:
            held = delta.old_keys.get(record, ()) if record in delta.keys_of else keys
            delta.key_moves.move(record, held, ())
            delta.touched.discard(record)
            delta.gone.add(record)
    if moved:
        db.execute(
            """UPDATE match_record SET aside = NOT aside, component = NULL
               WHERE record_id = ANY(%s::bigint[])""",
            (array_of(moved),),
        )
        note_links(db, delta, moved)
    return bool(moved)


def _touch(db: psycopg.Connection, delta: Delta, records: set[int]) -> None:
    """Touch whole blocks that have grown too large to be joined, or small enough again."""
    delta.touched |= records
    for record, keys, *seen in db.execute(
        """SELECT record_id, keys, kind, place, component, features FROM match_record
           WHERE record_id = ANY(%s::bigint[])""",
        (array_of(records),),
    ).fetchall():
        delta.keys_of[record] = keys
        delta.note(record, *seen)
        if seen[2] is not None:
            delta.components.add(seen[2])
