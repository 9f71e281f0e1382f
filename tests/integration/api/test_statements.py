"""No list asks more of the database because it holds more rows.

Counts stand in statements.json beside this file; after a change that is meant, write them anew:
    TOWNCLERK_WRITE_STATEMENTS=1 python -m pytest tests/integration/api/test_statements.py
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    is_leaf_type,
    is_required_argument,
)

from registry.api.schema import schema
from registry.landscape import queries
from registry.landscape.queries import Hop
from registry.storage.database import unit_of_work
from registry.web.graphiql import Example, examples
from schemas.landscape_kinds import ElementKind
from tests import factories
from tests.integration.api.asking import data
from tests.integration.api.conftest import Noted

BASELINE = Path(__file__).with_name("statements.json")
WRITES = os.environ.get("TOWNCLERK_WRITE_STATEMENTS") == "1"
GRAPH = schema.graph
HOPS = [hop for hop in vars(queries).values() if isinstance(hop, Hop)]
KINDS = dict.fromkeys(HOPS, ElementKind.SYSTEM) | {
    queries.SYSTEMS_OF_INTERFACE: ElementKind.INTERFACE,
    queries.CONSUMERS_OF_INTERFACE: ElementKind.INTERFACE,
    queries.SYSTEMS_OF_DATA_SET: ElementKind.DATA_SET,
    queries.SYSTEMS_OF_REFERENCE: ElementKind.REFERENCE_COMPONENT,
    queries.DOMAINS_OF_REFERENCE: ElementKind.REFERENCE_COMPONENT,
    queries.REFERENCES_OF_DOMAIN: ElementKind.DOMAIN,
}


def named(field: GraphQLField) -> GraphQLObjectType | GraphQLInterfaceType | None:
    kind = field.type
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    return kind if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else None


def is_list(field: GraphQLField) -> bool:
    kind = named(field)
    bare = field.type.of_type if isinstance(field.type, GraphQLNonNull) else field.type
    return isinstance(bare, GraphQLList) or (kind is not None and "nodes" in kind.fields)


def selection(field: GraphQLField, inner: str) -> str:
    """Return how one reaches into a list or a single thing."""
    kind = named(field)
    assert kind is not None
    return (
        f"{{ nodes {{ id {inner} }} totalCount }}" if "nodes" in kind.fields else f"{{ {inner} }}"
    )


def leaf_of(field: GraphQLField) -> str:
    kind = named(field)
    assert kind is not None
    if "nodes" in kind.fields:
        return "{ nodes { id } totalCount }"
    name = next(
        n for n, f in kind.fields.items() if is_leaf_type(getattr(f.type, "of_type", f.type))
    )
    return f"{{ {name} }}"


def questions() -> Iterator[tuple[str, str]]:
    """Yield every list with every kind of children, from the schema itself."""
    assert GRAPH.query_type
    for name, field in GRAPH.query_type.fields.items():
        if not is_list(field) or name == "nodes":
            continue
        kind = named(field)
        assert kind is not None
        item = named(kind.fields["nodes"]) if "nodes" in kind.fields else kind
        assert item is not None
        if "id" not in item.fields:
            continue  # an analysis in memory, not a list of what is registered
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue  # a search; how often it asks depends on what is looked for
        yield name, f"{{ {name} {selection(field, 'id')} }}"
        for child, inner in item.fields.items():
            if named(inner) is not None:
                text = selection(field, f"{child} {leaf_of(inner)}")
                yield f"{name}.{child}", f"{{ {name} {text} }}"
    two = "nodes { name interfaces { nodes { consumers { nodes { owner } totalCount } } } }"
    yield "systems.interfaces.consumers", f"{{ systems {{ {two} }} }}"
    ends = "nodes { source { name relationships { nodes { target { name } } } } target { name } }"
    # Two starts have four ends, of which a page of three relationships never shows all.
    yield "relationships.both ends", f"{{ relationships(first: 3) {{ {ends} }} }}"
    records = "nodes { records { dataSet { name } } values { dataSet { name } } }"
    yield "customers.data sets", f"{{ customers {{ {records} }} }}"
    runs = "nodes { source { interface { name } lastRun { state } } }"
    yield "syncRuns.source.all", f"{{ syncRuns {{ {runs} }} }}"


QUESTIONS = dict(questions())


def grow(db: psycopg.Connection, rows: int) -> None:
    """Add rows to every list, each with two children of every kind."""
    for _ in range(rows):
        for hop in HOPS:
            start = factories.an_element(db, kind=KINDS[hop]).id
            for _ in range(2):
                end = factories.an_element(db, kind=hop.kind).id
                source, target = (start, end) if hop.outgoing else (end, start)
                factories.a_relationship(
                    db, kind=hop.relationship, source_id=source, target_id=target
                )
        source = factories.a_source(db)
        factories.a_sync_run(db, source_id=source.id, state="completed")
        data_set = factories.a_data_set(db)
        origin = {"data_set_id": str(data_set.id), "rule": "only_value", "changed_at": None}
        provenance = {"sources": [{**origin, "values": ["address"]}]}
        customer = factories.a_customer(db, attrs={"city": "Waterdorp"}, provenance=provenance)
        landed = factories.a_landed_record(db, data_set_id=data_set.id)
        factories.a_customer_link(db, record_id=landed.id, customer_id=customer.id)


def count(noted: Noted, text: str) -> int:
    noted.clear()
    data(text)
    return len(noted)


def test_the_number_of_statements_is_constant_and_known(statements: Noted) -> None:
    with unit_of_work() as db:
        grow(db, 2)
    few = {name: count(statements, text) for name, text in QUESTIONS.items()}
    with unit_of_work() as db:
        grow(db, 4)
    many = {name: count(statements, text) for name, text in QUESTIONS.items()}
    assert few == many, "an answer with more rows took more statements"
    if WRITES:
        BASELINE.write_text(json.dumps(few, indent=2, sort_keys=True) + "\n")
    assert few == json.loads(BASELINE.read_text()), "if this is meant, see the top of this file"


@pytest.mark.usefixtures("database")
def test_a_count_is_made_only_when_asked_for(statements: Noted) -> None:
    text = "{ systems { nodes { interfaces { nodes { name } } } } }"
    with unit_of_work() as db:
        grow(db, 1)
    count(statements, text)
    assert not [each for each in statements if "count(" in each]
    count(statements, text.replace("systems {", "systems { totalCount"))
    assert len([each for each in statements if "count(" in each]) == 1


def test_several_things_by_id_take_one_statement(statements: Noted) -> None:
    with unit_of_work() as db:
        grow(db, 2)
    listed = data(
        "{ systems { nodes { id } } domains { nodes { id } } customers { nodes { id } } }"
    )
    ids = [node["id"] for page in listed.values() for node in page["nodes"]]
    statements.clear()
    data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert len(statements) == 1


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_every_saved_question_takes_one_statement(statements: Noted, example: Example) -> None:
    with unit_of_work() as db:
        factories.an_element(db, urn="urn:townclerk:system:crm")
    data(example.text)  # walks of impact load the landscape into memory once
    statements.clear()
    data(example.text)
    # Whether the landscape in memory is still the newest is asked by the same statement.
    assert len(statements) == 1
