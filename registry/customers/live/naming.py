"""From groups of records to customers in PostgreSQL: ids that stay, golden values, what happened.

The same rules as `master` has for a full run, for the few customers that one page touches.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, TypeAlias

import psycopg

from registry.customers.live.golden import golden_of
from registry.customers.live.history import forget_customers, keep_customers
from registry.customers.live.index import clean_rows
from registry.customers.live.page import Delta, Link, note_links
from registry.customers.matching.copies import COPIES_MAX
from registry.customers.matching.pairwise import Weighed
from registry.storage.copying import array_of
from schemas.base import uuid7
from schemas.customers import LinkRule
from schemas.records import CustomerKind

# The server writes one part while Python chooses the values of the next.
GROUPS_AT_ONCE = 250


@dataclass
class Group:
    """Records of one customer, with the evidence that holds them together.

    Attributes:
        kind: Kind of customer.
        records: Ordered by place.
        evidence: Weighed pairs inside the group.
        decided: What stewards decided, by pair with the smaller id first.
    """

    kind: CustomerKind
    records: list[int]
    evidence: Sequence[Weighed]
    decided: Mapping[tuple[int, int], bool]


# Kind, records of equal content where some are set aside, their places and whether each is, ordered
# by place.
Copies: TypeAlias = Sequence[tuple[str, list[int], list[str], list[bool]]]


def ask_copies(
    db: psycopg.Connection, contents: Iterable[int], components: Iterable[int]
) -> psycopg.Cursor:
    """Ask for crowds of copies by content, also that of components' records; gives Copies."""
    return db.execute(_COPIES, (array_of(contents), array_of(components), COPIES_MAX))


_COPIES = """
SELECT kind, array_agg(record_id ORDER BY place COLLATE "C"),
    array_agg(place ORDER BY place COLLATE "C"), array_agg(aside ORDER BY place COLLATE "C")
FROM match_record
WHERE content IN (SELECT content FROM match_record WHERE aside AND content IN (
    SELECT unnest(%s::bigint[])
    UNION SELECT content FROM match_record WHERE component = ANY(%s::bigint[])))
GROUP BY kind, content HAVING count(*) > %s
"""


def write_groups(db: psycopg.Connection, delta: Delta, groups: list[Group], copies: Copies) -> None:
    """Bring the customers of some records to what was found.

    Args:
        db: Connection in the page's transaction, in a pipeline.
        delta: The page.
        groups: All groups of the components that changed.
        copies: Crowds of copies of their records.
    """
    gone, former, clean = delta.gone - delta.touched, delta.former, delta.cleaned
    added = _add_copies(delta, groups, gone, copies)
    if added:
        note_links(db, delta, added)
    grouped = {record for group in groups for record in group.records}
    if not clean.keys() >= grouped:
        clean |= clean_rows(db, grouped - clean.keys())
    customers = {record: link.customer for record, link in former.items()}
    names = _names(groups, customers)
    for start in range(0, len(groups), GROUPS_AT_ONCE):
        part = slice(start, start + GROUPS_AT_ONCE)
        keep_customers(
            db,
            [
                (name, golden_of([clean[record] for record in group.records], delta.rules))
                for name, group in zip(names[part], groups[part], strict=True)
            ],
        )
        _write_links(db, groups[part], names[part], former)
    if gone:
        db.execute(
            "DELETE FROM customer_link WHERE record_id = ANY(%s::bigint[])", (array_of(gone),)
        )
    now = {
        record: name for name, group in zip(names, groups, strict=True) for record in group.records
    }
    forget_customers(db, customers, now)


def _add_copies(
    delta: Delta,
    groups: list[Group],
    gone: set[int],
    rows: Copies,
) -> set[int]:
    """Let copies that were set aside follow their like, or stand alone where those differ.

    Returns:
        The copies; they belong to a group now and are no longer gone.
    """
    home = {record: group for group in groups for record in group.records}
    added: set[int] = set()
    for kind, records, places, aside in rows:
        first, second = home.get(records[0]), home.get(records[1])
        if first is None or second is None:
            continue
        delta.places.update(zip(records, places, strict=True))
        copies = list(compress(records, aside))
        added.update(copies)
        gone.difference_update(copies)
        if first is not second:
            groups += [Group(CustomerKind(kind), [copy], [], {}) for copy in copies]
            continue
        like = [pair for pair in first.evidence if {pair.left, pair.right} == {*records[:2]}]
        first.evidence = [
            *first.evidence,
            *(pair._replace(right=copy) for copy in copies for pair in like),
        ]
        first.records = sorted([*first.records, *copies], key=delta.places.__getitem__)
    return added


def _names(groups: Sequence[Group], former: Mapping[int, str]) -> list[str]:
    """Give every group an id: of the customer it shares most records with, or a new one."""
    claims: dict[int, tuple[int, str]] = {}
    best: dict[str, tuple[int, int]] = {}
    for number, group in enumerate(groups):
        shared = Counter(former[record] for record in group.records if record in former)
        if shared:
            customer, count = min(shared.items(), key=lambda item: (-item[1], item[0]))
            claims[number] = (count, customer)
        for customer, count in shared.items():
            if customer not in best or (-count, number) < (-best[customer][0], best[customer][1]):
                best[customer] = (count, number)
    return [
        claims[number][1]
        if number in claims and best[claims[number][1]][1] == number
        else str(uuid7())
        for number in range(len(groups))
    ]


def _write_links(
    db: psycopg.Connection,
    groups: Iterable[Group],
    names: Iterable[str],
    former: Mapping[int, Link],
) -> None:
    """Write whose each record is and why, where that is new or differs."""
    rows: list[tuple[Any, ...]] = []
    for group, name in zip(groups, names, strict=True):
        for record, link in _links(group, name):
            before = former.get(record)
            if link != before:
                bits = "NULL" if link.weight_bits is None else link.weight_bits
                rows.append((record, name, link.rule, bits, before is not None))
    if rows:
        db.execute(_WRITE_LINKS, tuple(map(array_of, zip(*rows, strict=True))))


def _links(group: Group, name: str) -> Iterator[tuple[int, Link]]:
    """Say of each record of a group why it belongs there."""
    strongest: dict[int, float] = {}
    ruled: dict[int, LinkRule] = {}
    for pair in group.evidence:
        if pair.apart:
            continue
        key = (min(pair.left, pair.right), max(pair.left, pair.right))
        rule = LinkRule.STEWARD if group.decided.get(key) else LinkRule.IDENTIFIER
        for record in (pair.left, pair.right):
            strongest[record] = max(strongest.get(record, pair.weight_bits), pair.weight_bits)
            if pair.by_identity and ruled.get(record) is not LinkRule.STEWARD:
                ruled[record] = rule
    for record in group.records:
        rule = ruled.get(record, LinkRule.MODEL if record in strongest else LinkRule.ALONE)
        yield record, Link(name, rule, strongest.get(record))


# The matching lock is held, so what stood before the page is known; ON CONFLICT would lock most
# links in vain.
_WRITE_LINKS = """
WITH found AS MATERIALIZED (
    SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::float8[], %s::bool[])
        AS f(record_id, customer_id, rule, weight_bits, stands)
), changed AS (
    UPDATE customer_link l
    SET customer_id = f.customer_id, rule = f.rule, weight_bits = f.weight_bits
    FROM found f WHERE f.stands AND l.record_id = f.record_id
)
INSERT INTO customer_link (record_id, customer_id, rule, weight_bits)
SELECT record_id, customer_id, rule, weight_bits FROM found WHERE NOT stands
"""
