"""Take over what another system knew: which records it held for one customer, by which id.

A cross-reference table becomes links that stand above every model, as a steward's do, and can be
undone one by one. The ids it used lead to our customers from then on. What a person decided here
about a pair, or undid, is never overruled by a file.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

import psycopg

from registry.customers.live.commands import rematch
from registry.customers.live.delta import match_records
from registry.customers.live.index import LANDING
from registry.customers.live.known_records import Found, KnownRecords, Place
from registry.customers.values.reasons import stated
from registry.storage.copying import copy_into
from schemas.base import uuid7

# More records under one id are a placeholder of the old system, not a customer.
GOLDEN_RECORDS_MAX = 200
# A page of this size is cheaper to match by itself than in a full run.
PAGE_RECORDS_MAX = 5_000
# Names shown of what could not be placed.
SHOWN_MAX = 20
# Ids that are no UUID become one in this namespace, so that they need no table of their own.
_NAMESPACE: Final = UUID("6f6b4c1e-6a0b-5d0e-9a51-2f1f7c3b8d40")


@dataclass(frozen=True)
class Named:
    """A record, and the id that it had in another system with others of its customer.

    Attributes:
        source: What the table calls its data set; empty where it does not.
        key: Its key there.
        golden: The earlier id.
    """

    source: str
    key: str
    golden: str

    @property
    def place(self) -> Place:
        """Where the record is."""
        return Place(self.source, self.key)


Pair = tuple[Place, Place]


@dataclass(frozen=True)
class TruthReport:
    """What became of a table; counts, and names of sources only.

    Attributes:
        rows: What the table names: records with an id, and pairs.
        records: Records of it that are here.
        unknown_records: Records of a source that is here, which are not.
        unknown_sources: Sources that no data set is called like, at most SHOWN_MAX.
        unclear_records: Keys without a source that several data sets have; they count for nothing.
        contradictions: Records that the table gives two ids; their lines count for nothing.
        placeholders: Groups of more than GOLDEN_RECORDS_MAX records; they count for nothing.
        mixed: Pairs of a person and an organisation; they are no customer, and count for nothing.
        links: Pairs that are linked from now on.
        kept: Pairs that somebody had decided on before; that decision stays.
        ids: Earlier ids that lead to a customer now.
        divided: Earlier ids whose records are several customers still; they lead to the largest.
    """

    rows: int
    records: int
    unknown_records: int
    unknown_sources: list[str]
    unclear_records: int
    contradictions: int
    placeholders: int
    mixed: int
    links: int
    kept: int
    ids: int
    divided: int


def alias_of(golden: str) -> UUID:
    """Return the id under which an earlier golden id is kept: itself where it is a UUID."""
    try:
        return UUID(golden)
    except ValueError:
        # What no text can hold is nobody's id.
        return uuid5(_NAMESPACE, golden.encode(errors="replace").decode())


def import_truth(
    db: psycopg.Connection,
    rows: Sequence[Named],
    *,
    pairs: Sequence[Pair] = (),
    actor: str,
    reason: str,
) -> TruthReport:
    """Link what a table says is one customer, and let its ids lead there.

    Args:
        db: Connection in the caller's transaction.
        rows: Records with the id that they had.
        pairs: Records that are one customer, two by two.
        actor: Who takes it over.
        reason: Why, kept with every link.

    Raises:
        InvalidInput: Reason or actor is empty, or two data sets go by one name of the table.
    """
    reason, actor = stated(reason, actor, what="A table of links")
    db.execute(LANDING)  # an erasure that is under way ends first
    known = KnownRecords(db)
    places = {row.place for row in rows} | {place for pair in pairs for place in pair}
    found = known.find(places)
    golden, contradictions = _goldens(rows, found)
    large = [name for name, records in golden.items() if len(records) > GOLDEN_RECORDS_MAX]
    for name in large:
        del golden[name]
    tied, crowds = _tied(pairs, found)
    tied += [(records[0], other) for records in golden.values() for other in records[1:]]
    alike = _of_one_kind(db, tied)
    links, kept = _keep_links(db, alike, actor=actor, reason=reason)
    touched = sorted({record for pair in links for record in pair})
    if touched and (len(touched) > PAGE_RECORDS_MAX or not match_records(db, changed=touched)):
        rematch(db)
    ids, divided = _lead_on(db, golden)
    strangers = {place.source for place in places if place.source}
    strangers = {source for source in strangers if not known.is_source(source)}
    absent = places - found.records.keys() - found.unclear
    return TruthReport(
        rows=len(rows) + len(pairs),
        records=len(set(found.records.values())),
        unknown_records=sum(place.source not in strangers for place in absent),
        unknown_sources=sorted(strangers)[:SHOWN_MAX],
        unclear_records=len(found.unclear),
        contradictions=contradictions,
        placeholders=len(large) + crowds,
        mixed=len(tied) - len(alike),
        links=len(links),
        kept=kept,
        ids=ids,
        divided=divided,
    )


def _goldens(rows: Sequence[Named], found: Found) -> tuple[dict[str, list[int]], int]:
    """Return records by earlier id, and how many records had two ids."""
    given: dict[int, set[str]] = {}
    for row in rows:
        record = found.records.get(row.place)
        if record is not None:
            given.setdefault(record, set()).add(row.golden)
    golden: dict[str, list[int]] = {}
    for record, names in sorted(given.items()):
        if len(names) == 1:
            golden.setdefault(min(names), []).append(record)
    return golden, sum(len(names) > 1 for names in given.values())


def _tied(pairs: Iterable[Pair], found: Found) -> tuple[list[tuple[int, int]], int]:
    """Return pairs of records, each once, without crowds that are tied together; and how many."""
    tied = set()
    for one, other in pairs:
        left, right = found.records.get(one), found.records.get(other)
        if left is not None and right is not None and left != right:
            tied.add((min(left, right), max(left, right)))
    group_of: dict[int, list[int]] = {}
    for lower, higher in tied:
        groups = (group_of.setdefault(record, [record]) for record in (lower, higher))
        small, large = sorted(groups, key=len)
        if small is not large:
            large += small
            group_of |= dict.fromkeys(small, large)
    crowds = {id(group) for group in group_of.values() if len(group) > GOLDEN_RECORDS_MAX}
    kept = [pair for pair in tied if id(group_of[pair[0]]) not in crowds]
    return sorted(kept), len(crowds)


def _of_one_kind(db: psycopg.Connection, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return pairs of two persons or two organisations; others never meet in matching."""
    records = list({record for pair in pairs for record in pair})
    kinds: dict[int, str] = dict(
        db.execute(
            "SELECT record_id, kind FROM clean_record WHERE record_id = ANY(%s)", (records,)
        ).fetchall()
    )
    return [(left, right) for left, right in pairs if kinds[left] == kinds[right]]


def _keep_links(
    db: psycopg.Connection, pairs: Sequence[tuple[int, int]], *, actor: str, reason: str
) -> tuple[list[tuple[int, int]], int]:
    """Keep a link for every pair nobody has decided on; return those, and how many others."""
    db.execute("CREATE TEMPORARY TABLE given_pair (id uuid, l bigint, r bigint) ON COMMIT DROP")
    copy_into(db, "given_pair", ("id", "l", "r"), ((uuid7(), *pair) for pair in pairs))
    rows = db.execute(_KEEP, {"actor": actor, "reason": reason}).fetchall()
    db.execute("DROP TABLE given_pair")
    return [(left, right) for left, right in rows], len(pairs) - len(rows)


_KEEP = """
WITH given AS (
    SELECT g.id, g.l, g.r, a.data_set_id AS data_set_l, a.key AS key_l,
        b.data_set_id AS data_set_r, b.key AS key_r
    FROM given_pair g JOIN landed_record a ON a.id = g.l JOIN landed_record b ON b.id = g.r
), fresh AS (
    SELECT * FROM given g WHERE NOT EXISTS (
        SELECT FROM match_decision d
        WHERE (d.data_set_l, d.key_l, d.data_set_r, d.key_r)
            = (g.data_set_l, g.key_l, g.data_set_r, g.key_r)
    ) AND NOT EXISTS (
        SELECT FROM match_decision d
        WHERE (d.data_set_l, d.key_l, d.data_set_r, d.key_r)
            = (g.data_set_r, g.key_r, g.data_set_l, g.key_l))
), kept AS (
    INSERT INTO match_decision (id, data_set_l, key_l, data_set_r, key_r, verdict, reason, actor,
        decided_at)
    SELECT id, data_set_l, key_l, data_set_r, key_r, 'link', %(reason)s, %(actor)s,
        clock_timestamp() FROM fresh
)
SELECT l, r FROM fresh ORDER BY l, r
"""


def _lead_on(db: psycopg.Connection, golden: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    """Let earlier ids lead to the customers that hold their records now."""
    customer_of: dict[int, UUID] = dict(
        db.execute(
            "SELECT record_id, customer_id FROM customer_link WHERE record_id = ANY(%s)",
            ([record for records in golden.values() for record in records],),
        ).fetchall()
    )
    ids, heirs, divided = [], [], 0
    for name, records in golden.items():
        shares = Counter(customer_of[record] for record in records if record in customer_of)
        if shares:
            ids.append(alias_of(name))
            heirs.append(min(shares, key=lambda one: (-shares[one], one)))
            divided += len(shares) > 1
    led = db.execute(
        """INSERT INTO customer_redirect (id, successor_id, retired_at)
           SELECT DISTINCT ON (id) id, heir, now()
           FROM unnest(%s::uuid[], %s::uuid[]) AS g(id, heir)
           WHERE NOT EXISTS (SELECT FROM customer c WHERE c.id = g.id) ORDER BY id, heir
           ON CONFLICT (id) DO UPDATE SET successor_id = excluded.successor_id
           WHERE customer_redirect.successor_id IS NOT NULL""",
        (ids, heirs),
    )
    return led.rowcount, divided
