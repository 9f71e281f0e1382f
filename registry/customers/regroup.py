"""Cluster the components that a page changed, and bring customers to what was found."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import psycopg

from registry.customers.blocking import BLOCK_RECORDS_MAX
from registry.customers.cluster import COMPONENT_RECORDS_MAX, part_weighed
from registry.customers.index import Live, decisions_on
from registry.customers.naming import Group, write_groups
from registry.customers.page import Delta, load_features, weigh_pairs
from registry.customers.pairwise import Weighed
from registry.storage.copying import bigints


def regroup(db: psycopg.Connection, delta: Delta, live: Live) -> None:
    """Cluster the components that changed, and bring customers to what was found."""
    reached = db.execute(
        """SELECT component FROM match_record WHERE record_id IN (
               SELECT right_id FROM match_edge WHERE left_id = ANY(%(touched)s::bigint[])
                   AND (weight_bits >= %(cut)s OR by_identity) AND NOT apart
               UNION
               SELECT left_id FROM match_edge WHERE right_id = ANY(%(touched)s::bigint[])
                   AND (weight_bits >= %(cut)s OR by_identity) AND NOT apart)""",
        {"touched": bigints(delta.touched), "cut": live.model.cut_bits},
    ).fetchall()
    delta.components |= {component for (component,) in reached if component is not None}
    members = {
        record
        for (record,) in db.execute(
            "SELECT record_id FROM match_record WHERE component = ANY(%s::bigint[]) AND NOT aside",
            (bigints(delta.components),),
        )
    } | delta.touched
    load_features(db, delta, members)
    links = db.execute(
        """SELECT left_id, right_id, weight_bits, by_identity FROM match_edge
           WHERE left_id = ANY(%s::bigint[])
               AND (weight_bits >= %s OR by_identity) AND NOT apart""",
        (bigints(members), live.model.cut_bits),
    ).fetchall()
    components = _components(members, [(left, right) for left, right, *_ in links], delta.places)
    groups = _groups(db, delta, live, components, links)
    heads = [component[0] for component in components for _ in component]
    db.execute(
        """UPDATE match_record m SET component = found.head
           FROM unnest(%s::bigint[], %s::bigint[]) AS found(record, head)
           WHERE m.record_id = found.record AND m.component IS DISTINCT FROM found.head""",
        (bigints(record for component in components for record in component), bigints(heads)),
    )
    write_groups(db, groups, gone=delta.gone - delta.touched)


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
    links: Sequence[tuple[int, int, float, bool]],
) -> list[Group]:
    """Part components into groups of one customer, with the evidence inside each."""
    large = [component for component in components if len(component) > 2]
    several = [record for component in components if len(component) > 1 for record in component]
    decided = decisions_on(db, several) if several else {}
    pairs: set[tuple[int, int]] = set()
    for component in large:
        if len(component) <= COMPONENT_RECORDS_MAX:
            pairs.update(combinations(component, 2))
        else:
            pairs.update(_sharing(db, component, decided))
    weighed: dict[int, list[Weighed]] = {}
    home = {record: component[0] for component in large for record in component}
    for pair in weigh_pairs(delta, live, pairs, decided):
        if home[pair.left] == home[pair.right]:
            weighed.setdefault(home[pair.left], []).append(pair)
    alone = {
        left: [Weighed(left, right, bits, by_identity, apart=False)]
        for left, right, bits, by_identity in links
    }
    groups = []
    for component in components:
        kind = delta.kinds[component[0]]
        if len(component) <= 2:
            groups.append(Group(kind, component, alone.get(component[0], []), decided))
            continue
        evidence = weighed.get(component[0], [])
        for records in part_weighed(component, evidence, delta.features, decided, kind):
            inside = set(records)
            kept = [pair for pair in evidence if {pair.left, pair.right} <= inside]
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
