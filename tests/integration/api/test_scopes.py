"""Deny by default: no root field, and no room behind another, opens without its scope."""

import io
import json
import zipfile
from base64 import b64encode

import pytest
from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    is_leaf_type,
    is_required_argument,
    print_type,
)

from registry.api.pages import global_id
from registry.api.reading.catalogue import CATALOGUE
from registry.api.schema import schema
from registry.storage.database import unit_of_work
from schemas.access import Scope
from schemas.base import uuid7
from tests import factories
from tests.integration.api.asking import EVERY_SCOPE, ask, refusal, send

pytestmark = pytest.mark.usefixtures("shared_database")

GRAPH = schema.graph
KINDS = {kind: CATALOGUE.scope_of(each) for kind, each in CATALOGUE.by_id_kind.items()}
REQUESTER = {"type": "HttpRequester", "url_base": "https://a.example", "path": "/a"}
MANIFEST = {
    "type": "DeclarativeSource",
    "streams": [{"name": "a", "retriever": {"requester": REQUESTER}}],
}


def an_archive() -> str:
    """Return an evidence file without a record, in base64."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"version": 1, "records": []}))
    return b64encode(packed.getvalue()).decode()


SOMETHING = {
    "words": '"crm"',
    "view": f'"{global_id("stored_view", uuid7())}"',
    "urn": '"urn:test:x"',
    "of": '"urn:test:x"',
    "changeSet": f'"{global_id("change_set", uuid7())}"',
    "hash": '"0"',
    "interface": '"urn:test:x"',
    "interfaces": '["urn:test:x"]',
    "document": '"openapi: 3.0.3"',
    "version": '"0000"',
    "trial": f'"{global_id("connector_trial", uuid7())}"',
    "base64": f'"{an_archive()}"',
    "manifest": json.dumps(json.dumps(MANIFEST)),
    "since": '"2026-01-01T00:00:00Z"',
    "left": '"1"',
    "right": '"2"',
    "id": f'"{global_id("customer", uuid7())}"',
    "ids": f'["{global_id("customer", uuid7())}"]',
}
OPENS = {
    "systems": Scope.LANDSCAPE_READ,
    "interfaces": Scope.LANDSCAPE_READ,
    "dataSets": Scope.LANDSCAPE_READ,
    "referenceComponents": Scope.LANDSCAPE_READ,
    "domains": Scope.LANDSCAPE_READ,
    "element": Scope.LANDSCAPE_READ,
    "elements": Scope.LANDSCAPE_READ,
    "landscape": Scope.LANDSCAPE_READ,
    "impact": Scope.LANDSCAPE_READ,
    "coverage": Scope.LANDSCAPE_READ,
    "viewPicture": Scope.LANDSCAPE_READ,
    "obligations": Scope.LANDSCAPE_READ,
    "roadmap": Scope.LANDSCAPE_READ,
    "suppliers": Scope.LANDSCAPE_READ,
    "personalDataFlows": Scope.LANDSCAPE_READ,
    "possibleDuplicates": Scope.LANDSCAPE_READ,
    "searchLandscape": Scope.LANDSCAPE_READ,
    "recordScores": Scope.LANDSCAPE_READ,
    "declaredAgainstObserved": Scope.LANDSCAPE_READ,
    "landscapeDifference": Scope.LANDSCAPE_READ,
    "changesMade": Scope.LANDSCAPE_READ,
    "elementHistory": Scope.LANDSCAPE_READ,
    "scenarios": Scope.LANDSCAPE_READ,
    "changeSets": Scope.LANDSCAPE_READ,
    "relationships": Scope.LANDSCAPE_READ,
    "models": Scope.LANDSCAPE_READ,
    "views": Scope.LANDSCAPE_READ,
    "releases": Scope.LANDSCAPE_READ,
    "workList": Scope.LANDSCAPE_READ,
    "sources": Scope.SYNC_READ,
    "syncRuns": Scope.SYNC_READ,
    "quarantine": Scope.SYNC_READ,
    "withdrawals": Scope.SYNC_READ,
    "syncRequests": Scope.SYNC_READ,
    "dataSetFreshness": Scope.SYNC_READ,
    "connectorTrials": Scope.SYNC_READ,
    "trialRecords": Scope.CUSTOMERS_READ,
    "interfaceProbes": Scope.COMPLIANCE_READ,
    "interfaceScores": Scope.COMPLIANCE_READ,
    "ruleEffectiveness": Scope.COMPLIANCE_READ,
    "proposedWaivers": Scope.COMPLIANCE_READ,
    "documentFindings": Scope.COMPLIANCE_READ,
    "evidenceVerdict": Scope.COMPLIANCE_READ,
    "proposeConnector": Scope.SYNC_READ,
    "connectorPresets": Scope.SYNC_READ,
    "translateManifest": Scope.SYNC_READ,
    "interfaceDocuments": Scope.COMPLIANCE_READ,
    "ruleSets": Scope.COMPLIANCE_READ,
    "owedStandards": Scope.COMPLIANCE_READ,
    "waivers": Scope.COMPLIANCE_READ,
    "interfaceChecks": Scope.COMPLIANCE_READ,
    "interfaceCheck": Scope.COMPLIANCE_READ,
    "contractChanges": Scope.COMPLIANCE_READ,
    "interfaceReport": Scope.COMPLIANCE_READ,
    "evidenceArchive": Scope.COMPLIANCE_READ,
    "privacyFindings": Scope.COMPLIANCE_READ,
    "findCustomers": Scope.CUSTOMERS_READ,
    "customerSheet": Scope.CUSTOMERS_READ,
    "customerHistory": Scope.CUSTOMERS_READ,
    "customerAround": Scope.CUSTOMERS_READ,
    "changedCustomers": Scope.CUSTOMERS_READ,
    "customerEvents": Scope.CUSTOMERS_READ,
    "customerDoubts": Scope.CUSTOMERS_READ,
    "purposes": Scope.CUSTOMERS_READ,
    "reviewQueue": Scope.CUSTOMERS_READ,
    "compareRecords": Scope.CUSTOMERS_READ,
    "matchDecisions": Scope.CUSTOMERS_READ,
    "linkSample": Scope.CUSTOMERS_READ,
    "linkPrecision": Scope.CUSTOMERS_READ,
    "survivorship": Scope.CUSTOMERS_READ,
    "ownKeys": Scope.CUSTOMERS_READ,
    "matchRequests": Scope.CUSTOMERS_READ,
    "modelVersions": Scope.CUSTOMERS_READ,
    "modelProposal": Scope.CUSTOMERS_READ,
    "customers": Scope.CUSTOMERS_READ,
    "customer": Scope.CUSTOMERS_READ,
    "node": Scope.CUSTOMERS_READ,
    "nodes": Scope.CUSTOMERS_READ,
}


def root_fields() -> list[tuple[str, str, GraphQLField]]:
    """Return the questions; test_changes and test_subscriptions look at the other two roots."""
    assert GRAPH.query_type
    return [("query", name, field) for name, field in GRAPH.query_type.fields.items()]


def question(operation: str, name: str, field: GraphQLField) -> str:
    needed = [name for name, given in field.args.items() if is_required_argument(given)]
    given = ", ".join(f"{arg}: {SOMETHING[arg]}" for arg in needed)
    inner = "" if is_leaf_type(named(field.type)) else " { __typename }"
    return f"{operation} {{ {name}{f'({given})' if given else ''}{inner} }}"


def named(kind: GraphQLOutputType) -> GraphQLOutputType:
    while isinstance(kind, GraphQLNonNull | GraphQLList):
        kind = kind.of_type
    return kind


def test_every_root_field_is_known_to_this_test() -> None:
    assert {name for _, name, _ in root_fields()} == OPENS.keys(), print_type(GRAPH.query_type)


@pytest.mark.parametrize(
    ("operation", "name", "field"), root_fields(), ids=[name for _, name, _ in root_fields()]
)
def test_a_root_field_opens_to_its_scope_alone(
    operation: str, name: str, field: GraphQLField
) -> None:
    text = question(operation, name, field)
    refused = refusal(text, scopes=EVERY_SCOPE - {OPENS[name]})
    assert refused["code"] == "access_denied"
    assert refused["path"] == [name]
    assert str(OPENS[name]) in refused["message"]
    assert "scope" in refused["remedy"]
    answer = ask(text, scopes=[OPENS[name]])
    codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
    # There is no such element or customer, nothing was matched yet, nothing optional was given,
    # and no pages are there.
    known = {"unknown_name", "unknown_customer", "no_live_model", "no_document_given"}
    assert codes <= known | {"nothing_draws"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_global_id_opens_nothing_that_its_scope_does_not(kind: str) -> None:
    text = "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"
    given = global_id(kind, uuid7())
    assert refusal(text, id=given, scopes=EVERY_SCOPE - {KINDS[kind]})["code"] == ("access_denied")
    answer = ask(text, id=given, scopes=[KINDS[kind]])
    assert answer["data"] == {"node": None, "nodes": [None]}


def test_nobody_gets_anything() -> None:
    for operation, name, field in root_fields():
        refused = refusal(question(operation, name, field), scopes=[])
        assert refused["code"] == "access_denied"


def test_a_customers_token_does_not_open_the_landscape_behind_a_value() -> None:
    with unit_of_work() as db:
        data_set = factories.a_data_set(db, name="CRM customers")
        origin = {"data_set_id": str(data_set.id), "rule": "only_value", "changed_at": None}
        provenance = {"sources": [{**origin, "values": ["address"]}]}
        factories.a_customer(db, attrs={"city": "Waterdorp"}, provenance=provenance)
    answer = ask(
        "{ customers { nodes { values { value dataSet { systems { nodes { name } } } } } } }",
        scopes=[Scope.CUSTOMERS_READ],
    )
    value = answer["data"]["customers"]["nodes"][0]["values"][0]
    assert value == {"value": "Waterdorp", "dataSet": None}
    assert answer["errors"][0]["extensions"]["code"] == "access_denied"


def test_a_sync_token_does_not_open_the_interface_behind_a_source() -> None:
    with unit_of_work() as db:
        source = factories.a_source(db)
    answer = ask("{ sources { key interface { name } } }", scopes=[Scope.SYNC_READ])
    assert {"key": source.key, "interface": None} in answer["data"]["sources"]
    assert answer["errors"][0]["extensions"]["code"] == "access_denied"


def test_who_came_through_no_gate_is_nobody() -> None:
    import asyncio

    import httpx

    from registry.api.schema import graphql_app

    async def ask_directly() -> httpx.Response:
        transport = httpx.ASGITransport(app=graphql_app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/", json={"query": "{ sources { key } }"})

    answer = asyncio.run(ask_directly()).json()
    assert answer["errors"][0]["extensions"]["code"] == "access_denied"


def test_customers_are_not_asked_for_in_a_url() -> None:
    given = global_id("customer", uuid7())
    for text in ("{ customers { nodes { id } } }", f'{{ node(id: "{given}") {{ id }} }}'):
        error = send("GET", params={"query": text}).json()["errors"][0]
        assert error["extensions"]["code"] == "graphql_request_refused"
        assert "POST" in error["extensions"]["remedy"]
    assert "errors" not in send("GET", params={"query": "{ systems { totalCount } }"}).json()
