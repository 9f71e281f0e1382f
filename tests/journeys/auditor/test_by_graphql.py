"""The same road through the API: register, check, waive by two people, read the evidence."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.compliance import commands
from registry.compliance.rulesets import load
from registry.compliance.verifier import verify
from registry.storage.database import Database, unit_of_work
from schemas.evidence import StandardStatus
from tests import factories
from tests.integration.api.asking import data, refusal

URN = "urn:test:interface:permits"
DOCUMENT = 'openapi: 3.0.3\ninfo: {title: Permits, version: "1.2"}\npaths: {}\n'
WITH_A_NUMBER = """
  /people: {get: {parameters: [{name: bsn, in: query, schema: {type: string}}], responses: {}}}
"""
TODAY = datetime.now(UTC).date()

CHECK = (
    "mutation ($urn: String!) { checkInterface(urn: $urn) { __typename"
    " ... on InterfaceChecked { number errors waived hash } } }"
)


@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)
def test_an_auditor_gets_from_check_to_proof_by_graphql(database: Database, tmp_path: Path) -> None:
    with unit_of_work() as db:
        factories.an_interface(db, urn=URN)
        profile = load("townclerk:municipal")
        commands.keep_rule_set(
            db, profile, name="municipal", entry="townclerk:municipal", actor="Ann"
        )
        commands.set_standard(
            db, key="profile", version="1", title="t", status=StandardStatus.MANDATORY,
            valid_from=TODAY - timedelta(days=1), rule_set_sha256=profile.digest,
        )  # fmt: skip
        waiver = commands.ask_waiver(
            db, rule="municipal-version", reason="until the next release", asked_by="Ann",
            expires_on=TODAY + timedelta(days=30), today=TODAY,
        )  # fmt: skip

    registered = data(
        "mutation ($urn: String!, $content: String!) { registerInterfaceDocument(urn: $urn,"
        ' content: $content, source: "permits.yaml") { __typename } }',
        urn=URN, content=DOCUMENT,
    )  # fmt: skip
    assert registered["registerInterfaceDocument"]["__typename"] == "InterfaceDocumentRegistered"
    first = data(CHECK, urn=URN)["checkInterface"]
    assert (first["number"], first["waived"]) == (1, 0)

    approve = "mutation ($id: ID!) { approveWaiver(waiver: $id) { __typename } }"
    assert data(approve, id=str(waiver))["approveWaiver"]["__typename"] == "WaiverChanged"
    mine = data(
        "mutation ($until: String!) { askWaiver(rule: \"municipal-owner\", until: $until,"
        ' reason: "I say so myself") { __typename ... on WaiverChanged { waiver } } }',
        until=str(TODAY + timedelta(days=5)),
    )["askWaiver"]  # fmt: skip
    assert data(approve, id=mine["waiver"])["approveWaiver"]["__typename"] == "AccessDenied"

    second = data(CHECK, urn=URN)["checkInterface"]
    assert (second["number"], second["waived"]) == (2, 1)
    assert second["errors"] == first["errors"] - 1

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

    # What is taken away: the report in each form, the evidence with its verifier, privacy alone.
    report = (
        "query ($urns: [String!]!, $form: ReportFormat!) { interfaceReport(interfaces: $urns,"
        " format: $form) { contentType text base64 openFindings } }"
    )
    reports = {
        form: data(report, urns=[URN], form=form)["interfaceReport"]
        for form in ("TEXT", "JSON", "SARIF", "JUNIT", "HTML", "CSV", "PDF", "SPECTRAL")
    }
    assert json.loads(reports["SARIF"]["text"])["version"] == "2.1.0"
    assert "municipal-owner" in reports["CSV"]["text"]
    assert b64decode(reports["PDF"]["base64"]).startswith(b"%PDF")
    assert {form for form, one in reports.items() if one["text"] is None} == {"PDF"}
    assert {one["openFindings"] for one in reports.values()} == {
        len(json.loads(reports["SPECTRAL"]["text"]))
    }
    exported = data(
        "query ($urns: [String!]!) { evidenceArchive(interfaces: $urns) { records head base64 } }",
        urns=[URN],
    )["evidenceArchive"]
    assert (exported["records"], exported["head"]) == (2, newest["hash"])
    file = tmp_path / "evidence.zip"
    file.write_bytes(b64decode(exported["base64"]))
    assert verify(str(file), exported["head"]) == []
    data(
        "mutation ($urn: String!, $content: String!) { registerInterfaceDocument(urn: $urn,"
        ' content: $content, source: "permits.yaml") { __typename } }',
        urn=URN, content=DOCUMENT.replace("{}\n", WITH_A_NUMBER),
    )  # fmt: skip
    privacy = f'{{ privacyFindings(interface: "{URN}") {{ code severity path line }} }}'
    found = data(privacy)["privacyFindings"]
    assert {"code": "privacy-person-in-address", "severity": "error",
            "path": ["paths", "/people", "get"], "line": 4} in found  # fmt: skip
    assert refusal(report, urns=[], form="TEXT")["code"] == "invalid_input"


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
