"""Filters, orders, pages both ways, counts per value, the past; and what guards all of it."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from registry.access.tokens import Actor
from registry.api.context import Context
from registry.api.pages import global_id
from registry.storage.database import Database, unit_of_work
from registry.storage.guarding import guard
from schemas.access import Scope
from schemas.base import utc_now, uuid7
from schemas.landscape_kinds import RelationshipKind
from tests import factories
from tests.integration.api.asking import ask, data, refusal
from tests.landscape_factories import a_scenario, a_scenario_change


@pytest.fixture(scope="module", autouse=True)
def town(shared_database: Database) -> None:
    """Three systems; the first offers an interface and uses a data set."""
    assert shared_database
    with unit_of_work() as db:
        crm = factories.an_element(db, name="CRM 100%", attrs={"owner": "sales"})
        factories.an_element(db, name="Crm_old", attrs={"owner": "it", "lifecycle": "plan"})
        factories.an_element(db, name="Taxes", attrs={"lifecycle": "plan"})
        api = factories.an_interface(db, name="API", attrs={"protocol": "REST"})
        for kind, target in (
            (RelationshipKind.COMPOSITION, api),
            (RelationshipKind.ACCESS, factories.a_data_set(db, name="People")),
        ):
            factories.a_relationship(db, kind=kind, source_id=crm.id, target_id=target.id)


def names(arguments: str) -> list[str]:
    found = data(f"{{ systems({arguments}) {{ nodes {{ name }} }} }}")
    return [node["name"] for node in found["systems"]["nodes"]]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ('{name: {eq: "Taxes"}}', ["Taxes"]),
        ('{name: {in: ["Taxes", "nothing"]}}', ["Taxes"]),
        ('{name: {ilike: "crm%"}}', ["CRM 100%", "Crm_old"]),
        ('{name: {ilike: "crm\\\\_%"}}', ["Crm_old"]),
        ('{name: {startsWith: "CRM 100%"}}', ["CRM 100%"]),
        ('{name: {startsWith: "%"}}', []),
        ("{owner: {isNull: true}}", ["Taxes"]),
        ('{not: {owner: {eq: "it"}}}', ["CRM 100%", "Taxes"]),
        ('{or: [{owner: {eq: "it"}}, {name: {gt: "D"}}]}', ["Crm_old", "Taxes"]),
        ("{or: []}", []),
        ("{and: []}", ["CRM 100%", "Crm_old", "Taxes"]),
        ('{interfaces: {protocol: {eq: "REST"}}}', ["CRM 100%"]),
        ("{not: {dataSets: {}}}", ["Crm_old", "Taxes"]),
        ('{interfaces: {providers: {name: {startsWith: "CRM"}}}}', ["CRM 100%"]),
        ('{changedAt: {lt: "2020-01-01T00:00:00Z"}}', []),
        ("{relationships: {kind: {eq: ACCESS}}}", ["CRM 100%"]),
    ],
)
def test_a_filter_says_what_must_hold(filter: str, expected: list[str]) -> None:  # noqa: A002
    assert names(f"filter: {filter}") == expected


@pytest.mark.parametrize(
    "filter",
    [
        "{name: {eq: null}}",
        '{name: {ilike: "a\\\\"}}',
        '{name: {eq: "' + "x" * 201 + '"}}',
        '{id: {eq: "nothing of ours"}}',
        "{name: {in: [" + '"x",' * 201 + "]}}",
        "{not: " * 9 + '{name: {eq: "x"}}' + "}" * 9,
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(filter: str) -> None:  # noqa: A002
    error = refusal(f"{{ systems(filter: {filter}) {{ totalCount }} }}")
    assert error["code"] == "invalid_input"
    assert error["path"] == ["systems"]


def test_lists_are_sorted_as_asked_nulls_last() -> None:
    assert names("orderBy: [{owner: DESC}]") == ["CRM 100%", "Crm_old", "Taxes"]
    assert names("orderBy: [{lifecycle: ASC}, {name: DESC}]") == ["Taxes", "Crm_old", "CRM 100%"]
    for wrong in ("[{}]", "[{name: ASC, owner: ASC}]", "[" + "{name: ASC}," * 6 + "]"):
        assert refusal(f"{{ systems(orderBy: {wrong}) {{ totalCount }} }}")["path"] == ["systems"]


@pytest.mark.parametrize("order", ["[]", "[{owner: ASC}]", "[{lifecycle: DESC}, {changedAt: ASC}]"])
def test_pages_backwards_are_those_forwards(order: str) -> None:
    text = (
        "query ($first: Int, $after: String, $last: Int, $before: String) {"
        f" systems(first: $first, after: $after, last: $last, before: $before, orderBy: {order}) {{"
        " edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage } } }"
    )
    whole = data(text, first=50)["systems"]["edges"]
    forwards, backwards = [], []
    after = before = None
    for _ in whole:
        page = data(text, first=1, after=after)["systems"]
        forwards += page["edges"]
        after = page["edges"][-1]["cursor"]
        page = data(text, last=1, before=before)["systems"]
        backwards = page["edges"] + backwards
        before = page["edges"][0]["cursor"]
    assert forwards == backwards == whole
    assert page["pageInfo"] == {"hasNextPage": len(whole) > 1, "hasPreviousPage": False}
    assert refusal(text, first=1, last=1)["code"] == "invalid_input"


def test_a_cursor_of_another_order_is_refused() -> None:
    text = "query ($a: String) { systems(after: $a, orderBy: [{owner: ASC}]) { totalCount } }"
    after = data("{ systems { pageInfo { endCursor } } }")["systems"]["pageInfo"]["endCursor"]
    assert "another order" in refusal(text, a=after)["message"]


def test_rows_are_counted_per_value() -> None:
    found = data("{ systems { groupBy(by: [LIFECYCLE]) { keys count } totalCount } }")["systems"]
    assert found["groupBy"] == [{"keys": ["plan"], "count": 2}, {"keys": [None], "count": 1}]
    assert found["totalCount"] == 3
    for by in ("[]", "[OWNER, LIFECYCLE, OWNER, OWNER]"):
        assert refusal(f"{{ systems {{ groupBy(by: {by}) {{ count }} }} }}")["path"]


def test_everything_inside_landscape_is_of_its_moment() -> None:
    with unit_of_work() as db:
        was = factories.an_element(db, name="Was here")
    between = utc_now().isoformat()
    with unit_of_work() as db:
        db.execute("DELETE FROM element WHERE id = %s", [was.id])
    text = (
        "query ($at: DateTime, $urn: String!) { landscape(asOf: $at) { element(urn: $urn) {"
        " name relationships { totalCount } } } element(urn: $urn) { name } }"
    )
    found = data(text, at=between, urn=was.urn)
    assert found["landscape"]["element"] == {"name": "Was here", "relationships": {"totalCount": 0}}
    assert found["element"] is None
    tomorrow = (utc_now() + timedelta(days=1)).isoformat()
    assert refusal(text, at=tomorrow, urn=was.urn)["code"] == "moment_in_future"


def test_everything_inside_landscape_is_as_its_scenario_plans_it() -> None:
    with unit_of_work() as db:
        stays, moves = (factories.an_element(db, name=name) for name in ("Stays", "Moves"))
        factories.a_relationship(db, source_id=stays.id, target_id=moves.id)
        plan = a_scenario(db).id
        a_scenario_change(
            db,
            scenario_id=plan,
            object_id=moves.id,
            action="change",
            patch={"name": "Has moved"},
            attrs={"owner": "IT"},
        )
    text = (
        "query ($plan: ID, $urn: String!) { landscape(scenario: $plan) { element(urn: $urn) {"
        " relationships { nodes { target { name ... on System { owner } } } } } }"
        " element(urn: $urn) { relationships { nodes { target { name } } } } }"
    )
    found = data(text, plan=global_id("scenario", plan), urn=stays.urn)
    assert found["landscape"]["element"]["relationships"]["nodes"] == [
        {"target": {"name": "Has moved", "owner": "IT"}}
    ]
    assert found["element"]["relationships"]["nodes"] == [{"target": {"name": "Moves"}}]


def test_everything_inside_landscape_is_of_its_scenario() -> None:
    with unit_of_work() as db:
        key = uuid7()
        db.execute(
            "INSERT INTO scenario (id, key, name, description, created_by, created_at)"
            " VALUES (%s, 'plan', 'A plan', '', 'tester', now())",
            [key],
        )
    text = "{ scenarios { nodes { id key changeSets { totalCount } } } }"
    (found,) = [node for node in data(text)["scenarios"]["nodes"] if node["key"] == "plan"]
    assert found == {
        "id": global_id("scenario", key),
        "key": "plan",
        "changeSets": {"totalCount": 0},
    }
    text = (
        "query ($id: ID!) { landscape(scenario: $id) { systems { totalCount } }"
        " systems { totalCount } }"
    )
    answer = data(text, id=found["id"])
    assert answer["landscape"] == {"systems": answer["systems"]}
    assert refusal(text, id=global_id("system", key))["code"] == "invalid_input"


def test_impact_is_walked_in_memory_and_joined_in_the_statement() -> None:
    with unit_of_work() as db:
        chain = [factories.an_element(db, name=f"Chain {n}") for n in range(4)]
        for start, end in pairwise(chain):
            factories.a_relationship(db, source_id=start.id, target_id=end.id)
    text = (
        "query ($of: String!, $depth: Int, $way: ImpactDirection, $day: DateTime) {"
        " impact(of: $of, depth: $depth, direction: $way, asOf: $day) {"
        " depth by element { name ... on System { owner } } through { name } } }"
    )
    found = data(text, of=chain[0].urn, depth=2)["impact"]
    assert [(each["depth"], each["element"]["name"]) for each in found] == [
        (1, "Chain 1"),
        (2, "Chain 2"),
    ]
    assert [each["through"]["name"] for each in found] == ["Chain 0", "Chain 1"]
    assert {each["by"] for each in found} == {"SERVING"}
    assert len(data(text, of="Chain 3", way="NEEDS")["impact"]) == 3
    with unit_of_work() as db:  # a walk is kept until the landscape changes
        last = factories.an_element(db, name="Chain 4")
        factories.a_relationship(db, source_id=chain[3].id, target_id=last.id)
    assert len(data(text, of="Chain 0")["impact"]) == 4
    assert refusal(text, of="urn:test:nothing")["code"] == "unknown_name"
    assert refusal(text, of=chain[0].urn, depth=10_000)["code"] == "invalid_input"
    assert refusal(text, of=chain[0].urn, day="2999-01-01T00:00:00Z")["code"] == "moment_in_future"
    assert refusal(text, of=chain[0].urn, day="1999-01-01T00:00:00Z")["code"] == "unknown_name"


def test_a_walk_that_makes_no_sense_leaves_its_neighbours_standing() -> None:
    text = '{ systems { totalCount } impact(of: "nobody knows it") { depth } }'
    for _ in range(2):  # the second time there is a plan
        answer = ask(text)
        assert [error["path"] for error in answer["errors"]] == [["impact"]]


# ---- what guards it ---------------------------------------------------------------------------


def customers_seen(db: psycopg.Connection, scopes: list[str]) -> int:
    db.execute(guard(scopes))
    row = db.execute("SELECT count(*) FROM customer").fetchone()
    return int(row[0]) if row else -1


def test_rows_of_customers_are_shown_to_their_scope_alone(shared_database: Database) -> None:
    assert shared_database.is_guarded
    with unit_of_work() as db:
        factories.a_customer(db)
    for scopes, is_shown in (([], False), (["sync:read"], False), (["customers:read"], True)):
        with unit_of_work() as db:
            assert (customers_seen(db, scopes) > 0) is is_shown


def test_who_asks_questions_is_a_role_that_can_read_no_token_and_write_nothing() -> None:
    secrets = ("SELECT * FROM api_token", "SELECT * FROM kept_answer")
    for statement in (*secrets, "DELETE FROM customer"):
        with unit_of_work() as db:
            db.execute(guard([str(scope) for scope in Scope]))
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(statement)
            db.execute("ROLLBACK")


def test_without_the_role_the_declarations_guard_alone(
    shared_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    unguarded = Database(shared_database.url, shared_database.pool, is_guarded=False)
    monkeypatch.setattr("registry.storage.database._current", unguarded)
    text = "{ customers { totalCount } }"
    assert data(text)["customers"]["totalCount"] >= 0
    assert refusal(text, scopes=[Scope.SYNC_READ])["code"] == "access_denied"


def test_an_answer_of_more_bytes_than_anybody_reads_is_refused() -> None:
    with unit_of_work() as db:
        db.execute(
            "INSERT INTO element (id, urn, kind, name, description, attrs, revision, created_at,"
            " changed_at) SELECT gen_random_uuid(), 'urn:big:' || n, 'goal', 'G' || n,"
            " repeat('x', 30000), '{}', 1, now(), now() FROM generate_series(1, 100) AS n"
        )
    error = refusal('{ elements(first: 100, search: "G") { nodes { description } } }')
    assert error["code"] == "answer_too_large"
    with unit_of_work() as db:
        db.execute("DELETE FROM element WHERE urn LIKE 'urn:big:%'")


def test_a_context_names_its_scopes_in_the_transaction() -> None:
    import asyncio

    async def scopes_named() -> Any:
        context = Context(Actor("tester", frozenset({Scope.SYNC_READ})))
        try:
            return await context.read(
                Scope.SYNC_READ,
                lambda db: db.execute("SELECT current_setting('townclerk.scopes')").fetchone(),
            )
        finally:
            await context.close()

    assert asyncio.run(scopes_named()) == ("sync:read",)
