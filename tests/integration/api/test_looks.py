"""Looks asked for by GraphQL: a worker probes or tries, and values go to one person, briefly."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import looks
from flows.requests import carry_out_next
from registry import intake
from registry.compliance import archive, commands, standing, trends
from registry.compliance.verifier import verify
from registry.storage.database import Database, unit_of_work
from schemas.access import Scope
from schemas.intake import RequestState
from tests import factories
from tests.contract.connectors.servers import Reply, Request, Server
from tests.integration.api.asking import EVERY_SCOPE, data, refusal

URN = "urn:test:interface:crm"
DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "CRM", "version": "1.0.0"},
    "paths": {"/people": {"get": {"responses": {"200": {"description": "ok"}}}}},
}
PEOPLE = [
    {"id": 1, "family_name": "Jansen", "bsn": "123456782", "born": "1980-02-29", "note": "ill"},
    {"id": 2, "family_name": "Visser", "bsn": "111222333", "born": "29-02-1980", "note": "well"},
]
FILE = f"""
connector: crm
kind: rest
interface: {URN}
streams:
  people:
    get: /people
    records: items
    key: id
    map: {{kind: "'person'", family_name: family_name, national_id: bsn, birth_date: date(born)}}
"""
PROBLEM = "... on Problem { code message remedy }"
TRY = (
    "mutation ($file: String, $source: String, $streams: [String!]) { done: tryConnector(file:"
    f" $file, source: $source, streams: $streams) {{ ... on TrialAsked {{ trial streams }}"
    f" {PROBLEM} }} }}"
)
PROBE = (
    f"mutation ($urn: String!) {{ done: probeInterface(urn: $urn) {{ ... on ProbeAsked {{ probe }}"
    f" {PROBLEM} }} }}"
)
TOLD = (
    "query ($id: ID!) { node(id: $id) {"
    " ... on ConnectorTrial { connector interfaceUrn state askedBy purpose streams error }"
    " ... on InterfaceProbe { interfaceUrn state counts findings error"
    "   check { number kind actor record } } } }"
)
RECORDS = (
    "query ($trial: ID!) { trialRecords(trial: $trial) { stream records { raw mapped }"
    " refused { rule path raw } } }"
)


@pytest.fixture
def crm(database: Database) -> Iterator[Server]:
    """A source on loopback, registered as an interface of the sandbox that may be probed."""
    server = Server(lambda _: Reply())

    def answer(request: Request) -> Reply:
        if request.path == "/openapi.json":
            return Reply.json(DOCUMENT, headers={"API-Version": "1.0.0"})
        return Reply.json({"items": PEOPLE})

    server.answer = answer
    about = {"base_url": server.url, "sandbox": True, "probe": True}
    with unit_of_work() as db:
        factories.an_interface(db, urn=URN, attrs=about)
        commands.register_document(db, URN, json.dumps(DOCUMENT).encode(), "crm.json", actor="Ann")
    yield server
    server.close()


def done(change: str, **given: Any) -> dict[str, Any]:
    answer: dict[str, Any] = data(change, **given)["done"]
    return answer


def looked_at(look: str) -> dict[str, Any]:
    """Let a worker work, and return the look as it stands then."""
    assert carry_out_next()
    found: dict[str, Any] = data(TOLD, id=look)["node"]
    return found


def test_a_probe_leaves_evidence_in_the_chain_and_does_not_count_as_a_check(
    crm: Server, tmp_path: Path
) -> None:
    asked = done(PROBE, urn=URN)["probe"]
    assert done(PROBE, urn=URN)["probe"] == asked  # it waits already
    assert crm.requests == []

    found = looked_at(asked)

    assert (found["state"], found["error"]) == ("DONE", None)
    assert "probe-tls" in {one["code"] for one in found["findings"]}
    assert found["counts"]["error"] == sum(one["severity"] == "error" for one in found["findings"])
    check = found["check"]
    assert (check["number"], check["kind"], check["actor"]) == (1, "PROBE", "tester")
    (rules,) = check["record"]["rule_sets"]
    assert (rules["name"], len(rules["sha256"])) == ("live probe", 64)
    with unit_of_work() as db:
        (line,) = standing.lines(db)
        assert (line.score, trends.scores(db, trends.Grouping.INTERFACE)) == (None, [])
        content = archive.export(db, [URN])
    file = tmp_path / "evidence.zip"
    file.write_bytes(content)
    assert verify(str(file)) == []


def test_only_what_the_register_allows_is_probed(crm: Server) -> None:
    with unit_of_work() as db:
        closed = factories.an_interface(db, attrs={"base_url": crm.url}).urn
        commands.register_document(db, closed, b"openapi: 3.0.3", "a.yaml", actor="Ann")
    assert done(PROBE, urn=closed)["code"] == "probe_not_allowed"
    assert done(PROBE, urn="urn:test:interface:none")["code"] == "unknown_name"
    denied = done(PROBE, urn=URN, scopes=EVERY_SCOPE - {Scope.COMPLIANCE_WRITE})
    assert denied["code"] == "access_denied"
    assert not carry_out_next()
    assert crm.requests == []


def test_a_file_that_is_not_registered_is_tried_before_anything_is_stored(
    crm: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = done(TRY, file=FILE)
    assert asked["streams"] == ["people"]

    found = looked_at(asked["trial"])

    (stream,) = found["streams"]
    assert (found["connector"], found["state"]) == ("crm", "DONE")
    assert (stream["records"], stream["mapped"], stream["key"]) == (2, 1, "id")
    assert stream["records_path"] == "items"
    assert "the source said that this was all" in stream["paging"]
    assert stream["unused"] == ["note"]
    assert [(q["rule"], q["path"], q["records"]) for q in stream["quarantined"]] == [
        ("birth_date_unreadable", "born", 1)
    ]
    told = json.dumps(found) + caplog.text
    assert not any(person["family_name"] in told for person in PEOPLE)
    with unit_of_work() as db:
        assert intake.queries.list_sources(db) == []


def test_records_are_shown_as_the_purpose_shows_them_and_to_who_asked(crm: Server) -> None:
    trial = done(TRY, file=FILE, purpose="service")["trial"]
    assert looked_at(trial)["purpose"] == "service"

    (shown,) = data(RECORDS, trial=trial, purpose="service")["trialRecords"]

    (record,) = shown["records"]
    # The purpose shows no number of a citizen; nobody said what a note holds.
    assert record["raw"] == {**PEOPLE[0], "bsn": "***", "note": "***"}
    assert record["mapped"]["family_name"] == "Jansen"
    assert (record["mapped"]["key"], record["mapped"]["national_id"]) == ("1", "***")
    (refused,) = shown["refused"]
    assert refused["raw"] == [{**PEOPLE[1], "bsn": "***", "note": "***"}]
    # What is masked was never written down.
    with unit_of_work() as db:
        (kept,) = db.execute("SELECT streams::text FROM trial_sample").fetchone() or ("",)
    assert "Jansen" in kept
    assert "123456782" not in kept
    assert refusal(RECORDS, trial=trial, purpose="stewardship")["code"] == "access_denied"
    assert refusal(RECORDS, trial=trial, purpose="")["code"] == "purpose_needed"
    blind = EVERY_SCOPE - {Scope.CUSTOMERS_READ}
    assert refusal(RECORDS, trial=trial, scopes=blind)["code"] == "access_denied"
    with unit_of_work() as db:
        db.execute("UPDATE look_request SET asked_by = 'somebody else'")
    assert refusal(RECORDS, trial=trial, purpose="service")["code"] == "access_denied"


def test_without_a_purpose_no_record_is_kept_and_a_sweep_deletes_what_is_old(crm: Server) -> None:
    blind = EVERY_SCOPE - {Scope.CUSTOMERS_READ}
    assert done(TRY, file=FILE, scopes=blind)["code"] == "access_denied"  # it names a purpose
    without = done(TRY, file=FILE, scopes=blind, purpose="")["trial"]
    assert looked_at(without)["state"] == "DONE"
    assert refusal(RECORDS, trial=without)["code"] == "unknown_name"

    trial = done(TRY, file=FILE)["trial"]
    looked_at(trial)
    with unit_of_work() as db:
        (left,) = db.execute("SELECT until - now() FROM trial_sample").fetchone() or (None,)
        assert left is not None
        assert left.total_seconds() <= intake.looks.VALUES_MINUTES * 60
        db.execute("UPDATE trial_sample SET until = now() - interval '1 second'")
    assert refusal(RECORDS, trial=trial)["code"] == "unknown_name"
    assert not carry_out_next()  # a worker with nothing to do sweeps
    with unit_of_work() as db:
        assert db.execute("SELECT FROM trial_sample").rowcount == 0


def test_a_registered_source_is_tried_and_what_cannot_be_is_told(crm: Server) -> None:
    bound = FILE.replace("    get:", "    data_set: urn:test:data_set:crm\n    get:")
    with unit_of_work() as db:
        factories.a_data_set(db, urn="urn:test:data_set:crm")
    register = "mutation ($file: String!) { done: registerSource(file: $file) { __typename } }"
    assert done(register, file=bound)["__typename"] == "SourceRegistered"
    assert looked_at(done(TRY, source="crm")["trial"])["streams"][0]["records"] == 2

    assert done(TRY)["code"] == "invalid_input"
    assert done(TRY, source="crm", file=FILE)["code"] == "invalid_input"
    assert done(TRY, source="nobody")["code"] == "unknown_name"
    assert done(TRY, source="crm", streams=["peple"])["message"].endswith("did you mean `people`?")
    assert done(TRY, file="connector: crm")["code"] == "invalid_connector_file"
    nowhere = FILE.replace(f"interface: {URN}\n", "")
    assert done(TRY, file=nowhere)["code"] == "invalid_input"
    strange = FILE.replace(URN, "urn:test:interface:other")
    assert done(TRY, file=strange)["code"] == "unknown_name"
    broken = FILE.replace("records: items", "records: nothing")
    failed = looked_at(done(TRY, file=broken)["trial"])
    assert failed["state"] == "FAILED"
    assert failed["error"]["remedy"]


def test_a_look_that_kills_its_workers_is_given_up(crm: Server) -> None:
    trial = done(TRY, file=FILE)["trial"]
    with unit_of_work() as db:
        assert intake.looks.take_next(db) is not None
        assert intake.looks.take_next(db) is None  # another worker is at it
        db.execute("UPDATE look_request SET taken_at = now() - interval '11 minutes'")
        assert intake.looks.take_next(db) is not None
        db.execute(
            "UPDATE look_request SET taken_at = now() - interval '11 minutes',"
            " asked_at = now() - interval '2 hours'"
        )
    assert not looks.carry_out_next_look()
    found = data(TOLD, id=trial)["node"]
    assert (found["state"], found["error"]["code"]) == (RequestState.FAILED.name, "worker_lost")
