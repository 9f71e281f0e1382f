"""The same road through the API: register, generate, try, read, mend, replay, schedule."""

import asyncio
from typing import Any

import pytest

from flows.requests import carry_out, carry_out_next
from flows.steps import open_source, run_chunk
from registry import intake, landscape
from registry.intake.requests import Request
from registry.storage.database import Database, unit_of_work
from schemas.intake import RequestKind, RunState
from tests.contract.connectors.servers import Reply, Server
from tests.contract.connectors.servers import Request as Asked
from tests.integration.api.asking import data, refusal

INTERFACE, DATA_SET = "urn:test:interface:crm", "urn:test:data_set:crm"
DOCUMENT = """
openapi: 3.0.3
info: {title: CRM, version: "1.0"}
paths:
  /people:
    get:
      responses:
        "200":
          description: All people.
          content: {application/json: {schema: {$ref: "#/components/schemas/People"}}}
components:
  schemas:
    People:
      type: object
      properties: {items: {type: array, items: {$ref: "#/components/schemas/Person"}}}
    Person:
      type: object
      properties: {id: {type: integer}, family_name: {type: string}, born: {type: string}}
"""
PEOPLE = [{"id": n, "family_name": f"Jansen{n}", "born": f"{n:02}-01-1980"} for n in range(1, 6)]
PROBLEM = "... on Problem { code message }"


class Crm:
    """A source whose days are written the Dutch way round."""

    def __init__(self) -> None:
        self.people = list(PEOPLE)
        self.server = Server(self.answer)

    def answer(self, _: Asked) -> Reply:
        return Reply.json({"items": self.people})


def a_worker(request: Request) -> dict[str, Any]:
    """Do what `townclerk worker` does, but read at once, without Prefect between."""
    if request.kind == RequestKind.SCHEDULE:
        return {"told": True}
    if request.kind != RequestKind.SYNC:
        return carry_out(request)
    with unit_of_work() as db:
        opened = open_source(db, request.source_key)
        lease = intake.leases.take_lease(db, opened.id, holder="test", lock_is_ours=True)
    asyncio.run(run_chunk(opened, lease, seconds_max=60))
    with unit_of_work() as db:
        intake.commands.finish_run(db, lease, RunState.COMPLETED)
    return {"told": True}


def do(mutation: str, **given: Any) -> dict[str, Any]:
    """Send a change; return what it answers."""
    kinds = {"file": "String!", "content": "String!", "input": "InterfaceInput!", "id": "ID!"}
    head = ", ".join(f"${name}: {kinds[name]}" for name in given)
    text = f"mutation {f'({head})' if head else ''} {{ done: {mutation} }}"
    done: dict[str, Any] = data(text, **given)["done"]
    return done


def asked(mutation: str) -> dict[str, Any]:
    """Ask a worker for something, let it work, and return the request as it stands then."""
    request = do(f"{mutation} {{ ... on SyncAsked {{ request }} {PROBLEM} }}")["request"]
    assert carry_out_next(a_worker)
    text = "query ($id: ID!) { node(id: $id) { ... on SyncRequest { state answer error } } }"
    found: dict[str, Any] = data(text, id=request)["node"]
    return found


@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
def test_an_engineer_gets_from_an_interface_to_a_schedule_by_graphql(database: Database) -> None:
    crm = Crm()
    register_what_is_there(crm)
    file = connector_proposed_from_the_document(crm)
    mended = mapping_mended_by_trying(file)
    register_source_and_see_what_is_refused(file)
    replay_what_is_refused(crm, mended)
    settle_what_vanished(crm)
    read_by_the_clock()


def register_what_is_there(crm: Crm) -> None:
    """Put the interface and its data set into the landscape."""
    with unit_of_work() as db:
        landscape.commands.ensure_own_elements(db)
    about = {"name": "CRM", "baseUrl": crm.server.url, "attributes": {"sandbox": True}}
    do(f'registerInterface(urn: "{INTERFACE}", input: $input) {{ __typename }}', input=about)
    do(f'registerDataSet(urn: "{DATA_SET}", input: {{ name: "People" }}) {{ __typename }}')
    ties = f'source: "{INTERFACE}", target: "{DATA_SET}", kind: ACCESS'
    assert "code" not in do(f"registerRelationship({ties}) {{ __typename {PROBLEM} }}")


def connector_proposed_from_the_document(crm: Crm) -> str:
    """Make the connector from the document, once there is one; each guess says why."""
    wanted = "connector streams file dialect lists passedOver { place }"
    propose = f'{{ proposeConnector(interface: "{INTERFACE}") {{ {wanted} }} }}'
    assert refusal(propose)["code"] == "unknown_name"
    document = f'registerInterfaceDocument(urn: "{INTERFACE}", content: $content, source: "a.yaml")'
    do(f"{document} {{ __typename }}", content=DOCUMENT)
    proposed = data(propose)["proposeConnector"]
    assert (proposed["connector"], proposed["streams"]) == ("crm", ["people"])
    (people,) = proposed["lists"]
    assert people["map"]["birth_date"]["value"] == "date(born)"
    assert people["map"]["birth_date"]["evidence"] == "`born` is a usual name"
    assert crm.server.requests == []
    given = data(
        f"query ($d: String!) {{ proposeConnector(document: $d) {{ {wanted} }} }}", d=DOCUMENT
    )["proposeConnector"]
    assert (given["lists"], INTERFACE in given["file"]) == (proposed["lists"], False)
    file: str = proposed["file"]
    return file


def mapping_mended_by_trying(file: str) -> str:
    """Try the file before it is registered: days are read the wrong way round, and then right."""
    tried = stream_tried(file)
    assert (tried["records_path"], tried["records"], tried["mapped"]) == ("items", 5, 0)
    assert [(one["rule"], one["records"]) for one in tried["quarantined"]] == [
        ("birth_date_unreadable", 5)
    ]
    mended = file.replace("date(born)", "date(born, '%d-%m-%Y')")
    assert mended != file
    tried = stream_tried(mended)
    assert (tried["mapped"], tried["quarantined"], tried["unused"]) == (5, [], [])
    (shown,) = tried["shown"]
    assert shown["records"][0]["raw"]["born"] == "01-01-1980"
    assert shown["records"][0]["mapped"]["birth_date"] == "1980-01-01"
    assert data("{ sources { key } }")["sources"] == []
    return mended


def stream_tried(file: str) -> dict[str, Any]:
    """Let a worker try a file; return what it found of the stream, and its records."""
    trial = do(
        f"tryConnector(file: $file) {{ ... on TrialAsked {{ trial }} {PROBLEM} }}", file=file
    )
    assert carry_out_next(a_worker)
    text = """query ($id: ID!) {
        node(id: $id) { ... on ConnectorTrial { state streams error } }
        trialRecords(trial: $id) { records { raw mapped } refused { rule raw } }
    }"""
    found = data(text, id=trial["trial"])
    assert found["node"]["state"] == "DONE", found["node"]["error"]
    (stream,) = found["node"]["streams"]
    return {**stream, "shown": found["trialRecords"]}


REGISTER = f"registerSource(file: $file) {{ ... on SourceRegistered {{ streams }} {PROBLEM} }}"


def register_source_and_see_what_is_refused(file: str) -> None:
    """Register the file as it was made, rehearse, read, and look at what is refused."""
    assert do(REGISTER, file="connector: crm\nkind: rest\n")["code"] == "invalid_connector_file"
    assert do(REGISTER, file=file) == {"streams": ["people"]}
    rehearsed = asked('rehearseSync(source: "crm")')
    (stream,) = rehearsed["answer"]["streams"]
    assert (stream["read"], stream["quarantined"]) == (5, {"birth_date_unreadable": 5})
    assert asked('startSync(source: "crm")')["state"] == "DONE"
    refused = data('{ quarantine(source: "crm", first: 9) { nodes { rule path stream } } }')
    assert refused["quarantine"]["nodes"] == [
        {"rule": "birth_date_unreadable", "path": "born", "stream": "people"}
    ] * len(PEOPLE)


def replay_what_is_refused(crm: Crm, mended: str) -> None:
    """Register the mended file; what was kept is read again, and no source is asked."""
    before = len(crm.server.requests)
    do(REGISTER, file=mended)
    replayed = asked('replayQuarantine(source: "crm")')["answer"]
    assert (replayed["read"], replayed["landed"], replayed["refused"]) == (5, 5, 0)
    assert len(crm.server.requests) == before
    assert data("{ quarantine(first: 1) { nodes { rule } } }")["quarantine"]["nodes"] == []


def settle_what_vanished(crm: Crm) -> None:
    """Too many vanish at once: they are held until somebody says that it is true."""
    crm.people = []
    asked('startSync(source: "crm")')
    found = data("{ withdrawals(first: 5) { nodes { id state missing } } }")
    (held,) = found["withdrawals"]["nodes"]
    assert (held["state"], held["missing"]) == ("HELD", 5)
    decided = f"{{ ... on WithdrawalDecided {{ withdrawn }} {PROBLEM} }}"
    confirm = f"confirmWithdrawal(withdrawal: $id) {decided}"
    assert do(confirm, id=held["id"]) == {"withdrawn": 5}
    assert do(confirm, id=held["id"])["code"] == "already_decided"


def read_by_the_clock() -> None:
    """Let the clock read it from now on, with an alert where it grows too old."""
    do('setSchedule(source: "crm", cron: "0 3 * * *", freshMinutes: 60) { __typename }')
    assert carry_out_next(a_worker)
    do('pauseSchedule(source: "crm") { __typename }')
    do(f'setFreshnessTarget(dataSet: "{DATA_SET}", minutes: 60) {{ __typename }}')
    fresh = data(
        "{ dataSetFreshness { nodes { urn freshness } }"
        " sources { key schedule { cron active freshness } } }"
    )
    assert fresh["dataSetFreshness"]["nodes"] == [{"urn": DATA_SET, "freshness": "FRESH"}]
    assert fresh["sources"] == [
        {"key": "crm", "schedule": {"cron": "0 3 * * *", "active": False, "freshness": "FRESH"}}
    ]
