"""From groups of records to customers in PostgreSQL: ids that stay, golden values, what happened.

The same rules as `master` has for a full run, for the few customers that one page touches.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from registry.customers.copies import COPIES_MAX
from registry.customers.golden import golden_of
from registry.customers.history import forget_customers, keep_customers
from registry.customers.index import clean_rows
from registry.customers.pairwise import Weighed
from registry.customers.survivorship import survivorship
from registry.storage.copying import bigints
from schemas.base import uuid7
from schemas.customers import LinkRule
from schemas.records import CustomerKind


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


def write_groups(db: psycopg.Connection, groups: list[Group], *, gone: set[int]) -> None:
    """Bring the customers of some records to what was found.

    Args:
        db: Connection in the caller's transaction.
        groups: All groups of the components that changed.
        gone: Records that have left without coming back.
    """
    _add_copies(db, groups, gone)
    records = [record for group in groups for record in group.records]
    former: dict[int, UUID] = dict(
        db.execute(
            "SELECT record_id, customer_id FROM customer_link WHERE record_id = ANY(%s)",
            ([*records, *gone],),
        ).fetchall()
    )
    names = _names(groups, former)
    clean = clean_rows(db, records)
    rules = survivorship(db)
    found = [
        (name, golden_of([clean[record] for record in group.records], rules))
        for name, group in zip(names, groups, strict=True)
    ]
    keep_customers(db, found)
    _write_links(db, groups, names)
    left = gone - set(records)
    if left:
        db.execute("DELETE FROM customer_link WHERE record_id = ANY(%s)", (list(left),))
    now = {
        record: name for name, group in zip(names, groups, strict=True) for record in group.records
    }
    forget_customers(db, former, now)


def _add_copies(db: psycopg.Connection, groups: list[Group], gone: set[int]) -> None:
    """Let copies that were set aside follow their like, or stand alone where those differ."""
    rows = db.execute(
        """SELECT kind, array_agg(record_id ORDER BY place COLLATE "C") FROM match_record
           WHERE content IN (SELECT content FROM match_record WHERE aside AND content IN (
               SELECT content FROM match_record WHERE record_id = ANY(%s)))
           GROUP BY kind, content HAVING count(*) > %s""",
        ([*(record for group in groups for record in group.records), *gone], COPIES_MAX),
    ).fetchall()
    home = {record: group for group in groups for record in group.records}
    for kind, records in rows:
        first, second = home.get(records[0]), home.get(records[1])
        if first is None or second is None:
            continue
        for copy in records[COPIES_MAX:]:
            gone.discard(copy)
            if first is not second:
                groups.append(Group(CustomerKind(kind), [copy], [], {}))
                continue
            first.records.append(copy)
            like = [
                pair
                for pair in first.evidence
                if {pair.left, pair.right} == {records[0], records[1]}
            ]
            first.evidence = [*first.evidence, *(pair._replace(right=copy) for pair in like)]
    if rows:
        _order_records(db, groups)


def _order_records(db: psycopg.Connection, groups: Iterable[Group]) -> None:
    every = [record for group in groups for record in group.records]
    place: dict[int, str] = dict(
        db.execute(
            "SELECT record_id, place FROM match_record WHERE record_id = ANY(%s)", (every,)
        ).fetchall()
    )
    for group in groups:
        group.records.sort(key=place.__getitem__)


def _names(groups: Sequence[Group], former: Mapping[int, UUID]) -> list[UUID]:
    """Give every group an id: of the customer it shares most records with, or a new one."""
    claims: dict[int, tuple[int, UUID]] = {}
    best: dict[UUID, tuple[int, int]] = {}
    for number, group in enumerate(groups):
        shared = Counter(former[record] for record in group.records if record in former)
        if shared:
            customer, count = min(shared.items(), key=lambda item: (-item[1], item[0]))
            claims[number] = (count, customer)
        for customer, count in shared.items():
            if customer not in best or (-count, number) < (-best[customer][0], best[customer][1]):
                best[customer] = (count, number)
    return [
        claims[number][1] if number in claims and best[claims[number][1]][1] == number else uuid7()
        for number in range(len(groups))
    ]


def _write_links(db: psycopg.Connection, groups: Sequence[Group], names: Sequence[UUID]) -> None:
    rows: list[tuple[Any, ...]] = []
    for group, name in zip(groups, names, strict=True):
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
        rows.extend(
            (
                record,
                name,
                ruled.get(record, LinkRule.MODEL if record in strongest else LinkRule.ALONE).value,
                strongest.get(record),
            )
            for record in group.records
        )
    if not rows:
        return
    records, customers, rules, weights = zip(*rows, strict=True)
    db.execute(
        """INSERT INTO customer_link (record_id, customer_id, rule, weight_bits)
           SELECT * FROM unnest(%s::bigint[], %s::uuid[], %s::text[], %s::float8[])
           ON CONFLICT (record_id) DO UPDATE
           SET customer_id = excluded.customer_id, rule = excluded.rule,
               weight_bits = excluded.weight_bits
           WHERE (customer_link.customer_id, customer_link.rule, customer_link.weight_bits)
               IS DISTINCT FROM (excluded.customer_id, excluded.rule, excluded.weight_bits)""",
        (bigints(records), list(customers), list(rules), list(weights)),
    )
