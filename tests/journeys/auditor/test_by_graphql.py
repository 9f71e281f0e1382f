"""The same road through the API: register, check, waive by two people, read the evidence."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.requests import carry_out_next
from registry.compliance import commands
from registry.compliance.verifier import verify
from registry.storage.database import Database, unit_of_work
from tests import factories
from tests.contract.connectors.servers import Reply, Request, Server
from tests.integration.api.asking import data, refusal

URN = "urn:test:interface:permits"
DOCUMENT = 'openapi: 3.0.3\ninfo: {title: Permits, version: "1.2"}\npaths: {}\n'
WITH_A_NUMBER = """
  /people: {get: {parameters: [{name: bsn, in: query, schema: {type: string}}], responses: {}}}
"""
TODAY = datetime.now(UTC).date()


def answer(_: Request) -> Reply:
    """What the supplier's server says to everything."""
    return Reply(status=404)


CHECK = (
    "mutation ($urn: String!) { checkInterface(urn: $urn) { __typename"
    " ... on InterfaceChecked { number errors waived hash } } }"
)


REGISTER = (
    "mutation ($urn: String!, $content: String!) { registerInterfaceDocument(urn: $urn,"
    ' content: $content, source: "permits.yaml") { __typename } }'
)
REPORT = (
    "query ($urns: [String!]!, $form: ReportFormat!) { interfaceReport(interfaces: $urns,"
    " format: $form) { contentType text base64 openFindings } }"
)
ARCHIVE = "query ($urns: [String!]!) { evidenceArchive(interfaces: $urns) { records head base64 } }"


@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
def test_an_auditor_gets_from_check_to_proof_by_graphql(database: Database, tmp_path: Path) -> None:
    supplier = Server(answer)
    settle_what_is_owed(supplier)
    first = interface_checked_for_the_first_time()
    waive_by_two_people(first)
    read_the_evidence()
    look_at_the_running_interface(supplier)
    take_reports_away()
    prove_the_evidence(tmp_path)
    find_undeclared_people()


def settle_what_is_owed(supplier: Server) -> None:
    """Register an interface that may be probed, and the standard that it owes."""
    about = {"base_url": supplier.url, "sandbox": True, "probe": True}
    with unit_of_work() as db:
        factories.an_interface(db, urn=URN, attrs=about)
    kept = data(
        'mutation { keepRuleSet(name: "municipal", bundled: "townclerk:municipal") {'
        " ... on RuleSetKept { sha256 } } }"
    )["keepRuleSet"]
    standard = data(
        "mutation ($set: String!, $from: String!) { setStandard(key: \"profile\", version: \"1\","
        " ruleSet: $set, validFrom: $from) { __typename } }",
        set=kept["sha256"], **{"from": str(TODAY - timedelta(days=1))},
    )  # fmt: skip
    assert standard["setStandard"]["__typename"] == "StandardSet"


def interface_checked_for_the_first_time() -> dict[str, Any]:
    """Register the document and check it."""
    registered = data(REGISTER, urn=URN, content=DOCUMENT)
    assert registered["registerInterfaceDocument"]["__typename"] == "InterfaceDocumentRegistered"
    first: dict[str, Any] = data(CHECK, urn=URN)["checkInterface"]
    assert (first["number"], first["waived"]) == (1, 0)
    return first


def waive_by_two_people(first: dict[str, Any]) -> None:
    """Approve what somebody else asked for; what one asked for oneself cannot be approved."""
    with unit_of_work() as db:
        waiver = commands.ask_waiver(
            db, rule="municipal-version", reason="until the next release", asked_by="Ann",
            expires_on=TODAY + timedelta(days=30), today=TODAY,
        )  # fmt: skip
    approve = "mutation ($id: ID!) { approveWaiver(waiver: $id) { __typename } }"
    assert data(approve, id=str(waiver))["approveWaiver"]["__typename"] == "WaiverChanged"
    mine = data(
        'mutation ($until: String!) { askWaiver(rule: "municipal-owner", until: $until,'
        ' reason: "I say so myself") { __typename ... on WaiverChanged { waiver } } }',
        until=str(TODAY + timedelta(days=5)),
    )["askWaiver"]
    assert data(approve, id=mine["waiver"])["approveWaiver"]["__typename"] == "AccessDenied"

    second = data(CHECK, urn=URN)["checkInterface"]
    assert (second["number"], second["waived"]) == (2, 1)
    assert second["errors"] == first["errors"] - 1


def read_the_evidence() -> None:
    """Read what was checked, what was waived, and what is owed."""
    read = data(
        "{ interfaceChecks(first: 5) { nodes { number interfaceUrn errors waived hash"
        " previousHash record } }"
        " waivers(first: 5) { nodes { rule inForce askedBy approvedBy } }"
        " owedStandards(first: 5) { nodes { key status appliesTo } }"
        " interfaceDocuments(first: 5) { nodes { interfaceUrn kind version } } }"
    )
    newest, oldest = read["interfaceChecks"]["nodes"]
    assert (newest["number"], newest["previousHash"]) == (2, oldest["hash"])
    assert newest["record"]["document"]["name"] == "permits.yaml"
    assert [one["inForce"] for one in read["waivers"]["nodes"]] == [False, True]
    assert read["owedStandards"]["nodes"] == [
        {"key": "profile", "status": "mandatory", "appliesTo": []}
    ]
    assert read["interfaceDocuments"]["nodes"][0]["version"] == "1.2"


def look_at_the_running_interface(supplier: Server) -> None:
    """Let a worker probe it: the document is not published, and the evidence says so."""
    probe = data(
        "mutation ($urn: String!) { probeInterface(urn: $urn) { ... on ProbeAsked { probe } } }",
        urn=URN,
    )["probeInterface"]["probe"]
    assert supplier.requests == []
    assert carry_out_next()
    found = data(
        "query ($id: ID!) { node(id: $id) { ... on InterfaceProbe { state counts findings"
        " check { number kind interfaceUrn } } } }",
        id=probe,
    )["node"]
    assert found["state"] == "DONE"
    assert found["check"] == {"number": 3, "kind": "PROBE", "interfaceUrn": URN}
    assert "probe-document-published" in {one["code"] for one in found["findings"]}
    assert supplier.requests


def take_reports_away() -> None:
    """Take the report away in each form."""
    reports = {
        form: data(REPORT, urns=[URN], form=form)["interfaceReport"]
        for form in ("TEXT", "JSON", "SARIF", "JUNIT", "HTML", "CSV", "PDF", "SPECTRAL")
    }
    assert json.loads(reports["SARIF"]["text"])["version"] == "2.1.0"
    assert "municipal-owner" in reports["CSV"]["text"]
    assert b64decode(reports["PDF"]["base64"]).startswith(b"%PDF")
    assert {form for form, one in reports.items() if one["text"] is None} == {"PDF"}
    assert {one["openFindings"] for one in reports.values()} == {
        len(json.loads(reports["SPECTRAL"]["text"]))
    }
    assert refusal(REPORT, urns=[], form="TEXT")["code"] == "invalid_input"


def prove_the_evidence(folder: Path) -> None:
    """Take the evidence away with its verifier, which needs nobody of us."""
    exported = data(ARCHIVE, urns=[URN])["evidenceArchive"]
    assert exported["records"] == 3
    file = folder / "evidence.zip"
    file.write_bytes(b64decode(exported["base64"]))
    assert verify(str(file), exported["head"]) == []


def find_undeclared_people() -> None:
    """Find a citizen's number in an address."""
    data(REGISTER, urn=URN, content=DOCUMENT.replace("{}\n", WITH_A_NUMBER))
    privacy = f'{{ privacyFindings(interface: "{URN}") {{ code severity path line }} }}'
    found = data(privacy)["privacyFindings"]
    assert {"code": "privacy-person-in-address", "severity": "error",
            "path": ["paths", "/people", "get"], "line": 4} in found  # fmt: skip


@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
def test_a_break_names_who_is_hit_before_it_is_registered(database: Database) -> None:
    old = (
        'openapi: 3.0.3\ninfo: {title: t, version: "1.0.0"}\n'
        "paths: {/a: {get: {responses: {}}}, /b: {get: {responses: {}}}}\n"
    )
    new = old.replace("/a: {get: {responses: {}}}, ", "")
    with unit_of_work() as db:
        interface = factories.an_interface(db, urn=URN)
        for urn, operations in (("urn:test:one", ["GET /a"]), ("urn:test:two", ["GET /b"])):
            system = factories.an_element(db, kind="system", urn=urn)
            factories.a_relationship(
                db, kind="serving", source_id=interface.id, target_id=system.id,
                attrs={"operations": operations},
            )  # fmt: skip
        commands.register_document(db, URN, old.encode(), "a.yaml", actor="Ann")
    asked = (
        "query ($urn: String!, $new: String!) { contractChanges(interface: $urn, document: $new)"
        " { needed declared honest changes { code level operation consumers } } }"
    )
    assert data(asked, urn=URN, new=new)["contractChanges"] == {
        "needed": "MAJOR", "declared": "NONE", "honest": False,
        "changes": [
            {"code": "api-path-removed-without-deprecation", "level": "ERR",
             "operation": "GET /a", "consumers": ["urn:test:one"]},
            {"code": "api-version-not-bumped", "level": "INFO", "operation": "",
             "consumers": []},
        ],
    }  # fmt: skip
