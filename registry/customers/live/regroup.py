"""Cluster the components that a page changed, and bring customers to what was found."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import psycopg

from registry.customers.live.edges import write_edges
from registry.customers.live.index import Live
from registry.customers.live.keys import RECORDS_FEW
from registry.customers.live.looking import KINDS
from registry.customers.live.naming import Copies, Group, ask_copies, write_groups
from registry.customers.live.page import Decisions, Delta, Link, note_features, weigh_pairs
from registry.customers.live.seen import write_seen
from registry.customers.live.words import learn_new
from registry.customers.matching.blocking import BLOCK_RECORDS_MAX
from registry.customers.matching.cluster import COMPONENT_RECORDS_MAX, part_weighed
from registry.customers.matching.pairwise import Weighed
from registry.customers.values.clean import CLEAN_COLUMNS
from registry.storage.copying import array_of
from registry.storage.pushing import push

Links = Mapping[tuple[int, int], tuple[float, bool]]


def regroup(db: psycopg.Connection, delta: Delta, live: Live) -> None:
    """Cluster the components that changed, and bring customers to what was found.

    Args:
        db: Connection in the page's transaction, in a pipeline.
        delta: The page; its edges are found, and written here.
        live: The model in force.
    """
    for pair in delta.linked:
        reached = (delta.component_of[record] for record in pair)
        delta.components.update(component for component in reached if component is not None)
    links = {pair: (found.weight_bits, found.by_identity) for pair, found in delta.linked.items()}
    members, decided, copies = _load_members(db, delta, live, links)
    learn_new(db, delta.remembered)  # what is new among words has come with the members
    write_edges(db, delta)  # the page knows them, so nothing waits for that
    components = _components(members | delta.touched, links, delta.places)
    _write_heads(db, delta, components)
    write_seen(db, delta.unwritten.values())
    push(db)  # the server writes them while Python parts components
    groups = _groups(db, delta, live, components, links, decided=decided)
    write_groups(db, delta, groups, copies)


def _load_members(
    db: psycopg.Connection,
    delta: Delta,
    live: Live,
    links: dict[tuple[int, int], tuple[float, bool]],
) -> tuple[set[int], dict[tuple[int, int], bool], Copies]:
    """Learn all that stands about the components that changed; asked for at once.

    Returns:
        Their records, what stewards decided about them, and copies of the same content as records
        of theirs or of the page; `links` gets the links among them.
    """
    chosen = array_of(delta.components)
    # A large page looks at the features of few members, and fetches those.
    question = _SEEN_MEMBERS if len(delta.touched) <= RECORDS_FEW else _MEMBERS
    asked = db.execute(question, (chosen,)) if delta.components else None
    stored = db.execute(_LINKS, (chosen, live.model.cut_bits)) if delta.components else None
    decisions = Decisions(db, delta, delta.components)
    copies = (
        ask_copies(db, delta.crowded, delta.components)
        if delta.crowded or delta.any_aside
        else None
    )
    members = set()
    for record, customer, rule, bits, kind, place, component, features, *clean in asked or ():
        members.add(record)
        if customer is not None:
            delta.former[record] = Link(customer, rule, bits)
        if features is not None:
            delta.features.lines.setdefault(record, features)
        delta.kinds[record], delta.places[record] = KINDS[kind], place
        delta.component_of[record] = component
        delta.cleaned.setdefault(record, dict(zip(CLEAN_COLUMNS, clean, strict=True)))
    for left, right, bits, by_identity in stored or ():
        links[left, right] = bits, by_identity
    return members, decisions.read(), copies.fetchall() if copies else []


_MEMBERS = f"""
SELECT m.record_id, l.customer_id::text, l.rule, l.weight_bits, m.kind, m.place, m.component, NULL,
    {", ".join(f"c.{name}" for name in CLEAN_COLUMNS).replace("set_id", "set_id::text")}
FROM match_record m JOIN clean_record c ON c.record_id = m.record_id
LEFT JOIN customer_link l ON l.record_id = m.record_id
WHERE m.component = ANY(%s::bigint[]) AND NOT m.aside
"""
_SEEN_MEMBERS = _MEMBERS.replace("NULL,", "m.features,")
_LINKS = """
SELECT left_id, right_id, weight_bits, by_identity
FROM match_record m JOIN match_edge e ON e.left_id = m.record_id
WHERE m.component = ANY(%s::bigint[]) AND NOT m.aside
    AND (e.weight_bits >= %s OR e.by_identity) AND NOT e.apart
"""


def _write_heads(db: psycopg.Connection, delta: Delta, components: Iterable[list[int]]) -> None:
    """Note for each record the first of its component, where that is another than before."""
    moved: list[tuple[int, int]] = []
    for component in components:
        for record in component:
            if record in delta.unwritten:
                delta.unwritten[record] = delta.unwritten[record]._replace(component=component[0])
            elif delta.component_of.get(record) != component[0]:
                moved.append((record, component[0]))
    if moved:
        db.execute(_WRITE_HEADS, tuple(map(array_of, zip(*moved, strict=True))))


_WRITE_HEADS = """
UPDATE match_record m SET component = found.head
FROM unnest(%s::bigint[], %s::bigint[]) AS found(record, head) WHERE m.record_id = found.record
"""


def _components(
    members: Iterable[int], links: Iterable[tuple[int, int]], places: dict[int, str]
) -> list[list[int]]:
    """Return connected records, each component and all of them ordered by place."""
    head = {record: record for record in members}

    def find(record: int) -> int:
        while head[record] != record:
            head[record] = head[head[record]]
            record = head[record]
        return record

    for one, other in links:
        first, second = find(one), find(other)
        if first != second:
            head[max(first, second)] = min(first, second)
    found: dict[int, list[int]] = {}
    for record in sorted(head, key=places.__getitem__):
        found.setdefault(find(record), []).append(record)
    return list(found.values())


def _groups(
    db: psycopg.Connection,
    delta: Delta,
    live: Live,
    components: Sequence[list[int]],
    links: Links,
    *,
    decided: dict[tuple[int, int], bool],
) -> list[Group]:
    """Part components into groups of one customer, with the evidence inside each."""
    home = {record: component[0] for component in components for record in component}
    evidence: dict[int, list[Weighed]] = {}
    # Nothing but these two records decides what a link weighs, so it weighs what it did.
    linked: set[tuple[int, int]] = set()
    for (left, right), (bits, by_identity) in links.items():
        found = Weighed(left, right, bits, by_identity, apart=False)
        evidence.setdefault(home[left], []).append(found)
        linked.add((min(left, right), max(left, right)))
    pairs: set[tuple[int, int]] = set()
    looked_at: set[int] = set()
    for component in components:
        if len(component) <= 2:
            continue
        if len(component) <= COMPONENT_RECORDS_MAX:
            others = set(combinations(sorted(component), 2)) - linked
        else:
            others = _sharing(db, component, decided) - linked
        if others or any(pair.weight_bits < 0 for pair in evidence[component[0]]):
            pairs |= others
            looked_at.update(component)
    if looked_at:
        note_features(db, delta, looked_at)
    for pair in weigh_pairs(delta, live, np.array(list(pairs), np.int64).reshape(-1, 2), decided):
        evidence[home[pair.left]].append(pair)
    groups = []
    for component in components:
        kind, whole = delta.kinds[component[0]], evidence.get(component[0], [])
        if len(component) <= 2:
            groups.append(Group(kind, component, whole, decided))
            continue
        for records in part_weighed(component, whole, delta.features, decided, kind):
            kept = whole
            if len(records) < len(component):
                inside = set(records)
                kept = [pair for pair in whole if pair.left in inside and pair.right in inside]
            groups.append(Group(kind, records, kept, decided))
    return groups


def _sharing(
    db: psycopg.Connection, component: list[int], decided: dict[tuple[int, int], bool]
) -> set[tuple[int, int]]:
    """Return the pairs of a large component that share a usable key or a decision."""
    rows: Sequence[tuple[Any, ...]] = db.execute(
        """WITH mine AS (
               SELECT record_id, unnest(keys) AS key FROM match_record WHERE record_id = ANY(%s)
           ), usable AS (
               SELECT key FROM (SELECT key FROM mine GROUP BY key HAVING count(*) > 1) AS few_keys
               WHERE (SELECT count(*) FROM (
                   SELECT FROM match_key k WHERE k.key = few_keys.key LIMIT %s) AS few) <= %s
           )
           SELECT DISTINCT a.record_id, b.record_id
           FROM usable JOIN mine a USING (key) JOIN mine b USING (key)
           WHERE a.record_id < b.record_id""",
        (component, BLOCK_RECORDS_MAX + 1, BLOCK_RECORDS_MAX),
    ).fetchall()
    inside = set(component)
    return {(one, other) for one, other in rows} | {
        pair for pair in decided if inside.issuperset(pair)
    }
