"""Lists and single things: pages in order, counts on demand, global ids, values with provenance."""

from uuid import uuid4

import psycopg
import pytest
from strawberry.extensions.validation_cache import DEFAULT_MAXSIZE, _get_validate_cache

from registry.api.pages import global_id
from registry.storage.database import unit_of_work
from schemas.landscape_kinds import ElementKind, RelationshipKind
from tests import factories
from tests.integration.api.asking import data

pytestmark = pytest.mark.usefixtures("database")


def some_systems(db: psycopg.Connection, count: int) -> list[str]:
    return [factories.an_element(db, name=f"System {n:02}").name for n in range(count)]


def test_pages_follow_each_other_without_gap_or_overlap() -> None:
    with unit_of_work() as db:
        names = some_systems(db, 7)
    seen, after = [], None
    for _ in range(4):
        page = data(
            "query ($after: String) { systems(first: 2, after: $after) {"
            " nodes { name } edges { cursor node { name } }"
            " pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
            after=after,
        )["systems"]
        seen += [node["name"] for node in page["nodes"]]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = page["pageInfo"]["endCursor"]
    assert seen == names
    assert page["pageInfo"]["hasNextPage"] is False


def test_an_empty_list_is_a_page_too() -> None:
    page = data(
        "{ systems { nodes { id } totalCount pageInfo { hasNextPage startCursor endCursor } } }"
    )["systems"]
    assert page == {
        "nodes": [],
        "totalCount": 0,
        "pageInfo": {"hasNextPage": False, "startCursor": None, "endCursor": None},
    }


def test_a_null_page_size_means_the_default() -> None:
    with unit_of_work() as db:
        some_systems(db, 51)
    page = data("query ($n: Int) { systems(first: $n) { nodes { id } totalCount } }", n=None)
    assert len(page["systems"]["nodes"]) == 50
    assert page["systems"]["totalCount"] == 51


def test_search_finds_part_of_a_name_and_counts_the_same() -> None:
    with unit_of_work() as db:
        for name in ("Permits 100%", "permits_old", "Taxes"):
            factories.an_element(db, name=name)
    found = data('{ systems(search: "PERMITS") { nodes { name } totalCount } }')["systems"]
    assert [node["name"] for node in found["nodes"]] == ["Permits 100%", "permits_old"]
    assert found["totalCount"] == 2
    plain = data('{ systems(search: "%") { nodes { name } } }')["systems"]
    assert [node["name"] for node in plain["nodes"]] == ["Permits 100%"]
    assert data('{ systems(search: "  ") { totalCount } }')["systems"]["totalCount"] == 3


def test_children_come_in_pages_of_their_own() -> None:
    with unit_of_work() as db:
        system = factories.an_element(db, name="CRM")
        for number in range(5):
            interface = factories.an_interface(db, name=f"Interface {number}")
            factories.a_relationship(
                db,
                kind=RelationshipKind.COMPOSITION,
                source_id=system.id,
                target_id=interface.id,
            )
    ask_for = (
        "query ($after: String) { systems { nodes { interfaces(first: 2, after: $after) {"
        " nodes { name } totalCount pageInfo { hasNextPage endCursor } } } } }"
    )
    first = data(ask_for)["systems"]["nodes"][0]["interfaces"]
    assert [node["name"] for node in first["nodes"]] == ["Interface 0", "Interface 1"]
    assert first["totalCount"] == 5
    assert first["pageInfo"]["hasNextPage"] is True
    after = first["pageInfo"]["endCursor"]
    second = data(ask_for, after=after)["systems"]["nodes"][0]["interfaces"]
    assert [node["name"] for node in second["nodes"]] == ["Interface 2", "Interface 3"]


def test_relationships_of_an_element_come_in_pages_too() -> None:
    with unit_of_work() as db:
        system = factories.an_element(db, name="A hub")
        for _ in range(3):
            factories.a_relationship(db, source_id=system.id)
    ask_for = (
        "query ($urn: String!, $after: String) { element(urn: $urn) {"
        " relationships(first: 2, after: $after) { nodes { id target { name } }"
        " totalCount pageInfo { endCursor hasNextPage } } } }"
    )
    first = data(ask_for, urn=system.urn)["element"]["relationships"]
    after = first["pageInfo"]["endCursor"]
    second = data(ask_for, urn=system.urn, after=after)["element"]["relationships"]
    ids = {node["id"] for page in (first, second) for node in page["nodes"]}
    assert (len(ids), first["totalCount"]) == (3, 3)
    assert not second["pageInfo"]["hasNextPage"]


def test_everything_with_a_global_id_is_found_by_it() -> None:
    with unit_of_work() as db:
        found = {
            **{str(kind): factories.an_element(db, kind=kind).id for kind in ElementKind},
            "relationship": factories.a_relationship(db).id,
            "source": factories.a_source(db).id,
            "sync_run": factories.a_sync_run(db).id,
            "customer": factories.a_customer(db).id,
        }
    ids = [global_id(kind, key) for kind, key in found.items()]
    together = data("query ($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", ids=ids)
    assert [node["id"] for node in together["nodes"]] == ids
    types = {node["__typename"] for node in together["nodes"]}
    assert types >= {"System", "Interface", "DataSet", "Relationship", "Source", "Customer"}
    for given in ids:
        alone = data("query ($id: ID!) { node(id: $id) { id __typename } }", id=given)
        assert alone["node"]["id"] == given


def test_an_id_of_nothing_gives_null_in_its_place() -> None:
    with unit_of_work() as db:
        system = factories.an_element(db)
    there = global_id("system", system.id)
    ids = [global_id("system", uuid4()), there, global_id("data_set", system.id)]
    nodes = data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)["nodes"]
    assert nodes == [None, {"id": there}, None]


def test_attributes_of_another_type_do_no_harm() -> None:
    with unit_of_work() as db:
        factories.an_element(db, attrs={"owner": {"team": 1}, "lifecycle": 7})
        factories.a_data_set(db, attrs={"personal_data": "perhaps"})
    found = data(
        "{ systems { nodes { owner lifecycle attributes } } dataSets { nodes { personalData } } }"
    )
    assert found["systems"]["nodes"] == [
        {"owner": None, "lifecycle": None, "attributes": {"owner": {"team": 1}, "lifecycle": 7}}
    ]
    assert found["dataSets"]["nodes"] == [{"personalData": None}]


def test_a_customer_shows_where_each_value_came_from() -> None:
    with unit_of_work() as db:
        data_set = factories.a_data_set(db, name="CRM customers")
        origin = {
            "data_set_id": str(data_set.id),
            "rule": "newest",
            "changed_at": "2026-05-01T10:00:00+00:00",
        }
        customer = factories.a_customer(
            db,
            attrs={"city": "Waterdorp", "street": "Kade"},
            provenance={"sources": [{**origin, "values": ["address"]}]},
            record_count=1,
        )
        landed = factories.a_landed_record(db, data_set_id=data_set.id)
        factories.a_customer_link(db, record_id=landed.id, customer_id=customer.id)
    shown = data(
        "query ($id: ID!) { customer(id: $id) { kind values { attribute value rule changedAt"
        " dataSet { name } } records { key rule weightBits dataSet { name } } } }",
        id=global_id("customer", customer.id),
    )["customer"]
    assert [value["attribute"] for value in shown["values"]] == ["city", "street"]
    assert {value["dataSet"]["name"] for value in shown["values"]} == {"CRM customers"}
    assert shown["records"] == [
        {
            "key": landed.key,
            "rule": "alone",
            "weightBits": None,
            "dataSet": {"name": "CRM customers"},
        }
    ]


def test_a_run_tells_its_source_and_why_it_failed() -> None:
    with unit_of_work() as db:
        source = factories.a_source(db)
        error = {"code": "source_give_up", "what": "The source said no.", "remedy": "Ask it."}
        factories.a_sync_run(db, source_id=source.id, state="failed", error=error)
        factories.a_sync_run(db)
    shown = data(
        "query ($key: String) { syncRuns(source: $key) { totalCount nodes { state failure {"
        " code what remedy } source { key lastRun { state } interface { name } } } } }",
        key=source.key,
    )["syncRuns"]
    assert shown["totalCount"] == 1
    assert shown["nodes"][0]["failure"] == error
    assert shown["nodes"][0]["source"]["lastRun"] == {"state": "FAILED"}


def test_the_same_question_is_validated_once() -> None:
    """Rules made anew for each request would never be found in strawberry's cache."""
    validated = _get_validate_cache(DEFAULT_MAXSIZE)
    data("{ systems { totalCount } }")
    before = validated.cache_info()  # type: ignore[attr-defined] # an lru_cache
    for _ in range(3):
        data("{ systems { totalCount } }")
    after = validated.cache_info()  # type: ignore[attr-defined] # an lru_cache
    assert after.misses == before.misses
