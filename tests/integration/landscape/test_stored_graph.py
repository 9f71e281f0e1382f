"""The hub's landscape as a graph: the same as the database says, and never older than asked."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import psycopg
import pytest

from registry.landscape.changes.decide import make
from registry.landscape.changes.plan import ChangeDraft
from registry.landscape.changes.scenarios import open_scenario
from registry.landscape.questions.graph import KINDS
from registry.landscape.questions.reach import Direction, followed, reach
from registry.landscape.questions.stored import Keeper, Moment, graph_at, read_graph
from registry.storage.connecting import connect
from registry.storage.database import Database, unit_of_work
from schemas.landscape_kinds import ElementKind, RelationshipKind
from tests.factories import a_data_set, a_relationship, an_element

RELATED = """
    WITH RECURSIVE followed (start, there) AS (
        {followed}
    ), reached (id, depth) AS (
        SELECT %(start)s::uuid, 0
        UNION
        SELECT there, depth + 1 FROM reached JOIN followed ON start = id WHERE depth < %(depth)s
    )
    SELECT id, min(depth) FROM reached WHERE id <> %(start)s GROUP BY id"""
ALONG = "SELECT source_id, target_id FROM relationship"
AGAINST = "SELECT target_id, source_id FROM relationship"
SUFFERS = f"""
    {ALONG} WHERE kind IN ('serving', 'realization', 'assignment', 'triggering', 'flow')
    UNION ALL {AGAINST} WHERE kind IN ('aggregation', 'specialization')
    UNION ALL {AGAINST} JOIN element ON element.id = target_id
        WHERE relationship.kind = 'composition' AND element.kind <> 'interface'
    UNION ALL {ALONG} JOIN element ON element.id = target_id
        WHERE relationship.kind = 'composition' AND element.kind = 'interface'
    UNION ALL {ALONG} WHERE kind = 'access' AND coalesce(attrs ->> 'access', '') <> 'read'
    UNION ALL {AGAINST} WHERE kind = 'access' AND coalesce(attrs ->> 'access', '') <> 'write'"""
ORACLES = {
    Direction.OUTGOING: ALONG,
    Direction.INCOMING: AGAINST,
    Direction.BOTH: f"{ALONG} UNION ALL {AGAINST}",
    Direction.AFFECTS: SUFFERS,
}


def a_random_landscape(db: psycopg.Connection, seed: int) -> list[UUID]:
    dice = np.random.default_rng(seed)
    kinds = list(ElementKind)[:5]
    ids = [an_element(db, kind=kinds[dice.integers(len(kinds))]).id for _ in range(40)]
    for kind in KINDS:
        pairs = {tuple(dice.choice(len(ids), 2, replace=False).tolist()) for _ in range(7)}
        for source, target in sorted(pairs):
            mode = ("read", "write", "readwrite", "access", None)[dice.integers(5)]
            attrs = {"access": mode} if kind is RelationshipKind.ACCESS and mode else {}
            a_relationship(db, kind=kind, source_id=ids[source], target_id=ids[target], attrs=attrs)
    return ids


@pytest.mark.parametrize("seed", range(3))
def test_impact_is_what_a_recursive_query_finds(db: psycopg.Connection, seed: int) -> None:
    ids = a_random_landscape(db, seed)
    graph = read_graph(db)
    for direction, question in ORACLES.items():
        for start in ids[:6]:
            asked = {"start": start, "depth": 4}
            expected = dict(db.execute(RELATED.format(followed=question), asked).fetchall())
            found = reach(graph, [graph.find(str(start))], direction=direction, depth=4)
            nodes, depths = found.nodes.tolist(), found.depths.tolist()
            assert {UUID(graph.keys[n]): d for n, d in zip(nodes, depths, strict=True)} == expected


def test_what_something_needs_is_what_it_is_affected_by(db: psycopg.Connection) -> None:
    a_random_landscape(db, 9)
    graph = read_graph(db)
    along, against = followed(graph, Direction.AFFECTS)
    needed_along, needed_against = followed(graph, Direction.NEEDS)
    assert along.tolist() == needed_against.tolist()
    assert against.tolist() == needed_along.tolist()


def test_a_graph_says_what_the_database_says(db: psycopg.Connection) -> None:
    system = an_element(db, name="Ledger\tand\nmore", attrs={"owner": "Finance", "tags": ["a", 1]})
    data = a_data_set(db, attrs={"personal_data": True}, description="Who pays \\ what")
    access = a_relationship(
        db, kind="access", source_id=system.id, target_id=data.id, attrs={"access": "write"}
    )
    graph = read_graph(db)
    node, other = graph.find(system.urn), graph.find(str(data.id))
    assert graph.names[node] == "Ledger\tand\nmore"
    assert graph.facts(node) == {"owner": ("Finance",), "tags": ("a", "1")}
    assert graph.facts(other) == {"personal data": ("true",)}
    assert graph.description(other) == "Who pays \\ what"
    [(there, edge)] = graph.outgoing(node, RelationshipKind.ACCESS)
    assert there == other
    assert graph.columns.edge_keys(edge) == str(access.id)
    assert graph.edge_facts(edge) == {"access": ("write",)}


def test_a_kept_graph_is_used_until_somebody_commits_a_change(database: Database) -> None:
    keeper = Keeper()
    with unit_of_work() as db:
        an_element(db)
    with unit_of_work() as db:
        first = keeper.graph(db)
        assert keeper.graph(db) is first
    with connect(database.url) as other, unit_of_work() as db:
        an_element(other)
        assert keeper.graph(db) is first, "not committed, so nobody else sees it"
    with unit_of_work() as db:
        second = keeper.graph(db)
    assert second.size == first.size + 1


def test_a_change_that_commits_late_is_not_missed(database: Database) -> None:
    """The older transaction commits last: a counter would have passed it by."""
    keeper = Keeper()
    with connect(database.url) as slow:
        an_element(slow)
        with unit_of_work() as db:
            an_element(db)
        with unit_of_work() as db:
            before = keeper.graph(db)
        slow.commit()
    with unit_of_work() as db:
        assert keeper.graph(db).size == before.size + 1


def test_a_transaction_sees_its_own_changes(database: Database) -> None:
    keeper = Keeper()
    with unit_of_work() as db:
        before = keeper.graph(db).size
        an_element(db)
        assert keeper.graph(db).size == before + 1


def test_a_relationship_that_others_end_on_is_passed_through(db: psycopg.Connection) -> None:
    flow = a_relationship(db, kind="flow")
    note = an_element(db, kind="requirement")
    a_relationship(
        db, kind="association", source_id=note.id, target_id=None, target_relationship_id=flow.id
    )
    graph = read_graph(db)
    asked = {"direction": Direction.OUTGOING}
    found = reach(graph, [graph.find(str(note.id))], **asked).nodes.tolist()
    assert [graph.keys[node] for node in found] == [str(flow.id), str(flow.target_id)]
    found = reach(graph, [graph.find(str(flow.source_id))], depth=1, **asked).nodes.tolist()
    assert {graph.keys[node] for node in found} == {str(flow.id), str(flow.target_id)}


def test_a_graph_can_be_that_of_an_earlier_day(db: psycopg.Connection) -> None:
    system = an_element(db, name="Ledger", valid_from=datetime(2026, 1, 1, tzinfo=UTC))
    db.execute("UPDATE element SET name = 'General ledger' WHERE id = %s", (system.id,))
    then = read_graph(db, Moment(as_of=datetime(2026, 2, 1, tzinfo=UTC)))
    assert then.names[then.find(system.urn)] == "Ledger"
    now = read_graph(db)
    assert now.names[now.find(system.urn)] == "General ledger"


def test_a_scenario_is_asked_as_if_its_plans_held(db: psycopg.Connection) -> None:
    there = an_element(db, urn="urn:town:system:there")
    scenario = open_scenario(db, "plan", name="Plan", created_by="anna")
    make(
        db,
        [
            ChangeDraft(action="remove", urn=there.urn),
            ChangeDraft(action="add", urn="urn:town:system:new", kind="system", name="New"),
        ],
        proposer="anna",
        reason="It will be so.",
        scenario=scenario,
    )

    assert graph_at(db, scenario=scenario).names == ["New"]
    assert graph_at(db).names == [there.name]
