"""The rest of an auditor's desk by GraphQL, and what an engineer has there beside the command."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from registry.compliance import archive, commands
from registry.storage.database import unit_of_work
from tests import factories
from tests.integration.api.asking import data, refusal

pytestmark = pytest.mark.usefixtures("shared_database")

URN = "urn:test:interface:permits"
DOCUMENT = (
    'openapi: 3.0.3\ninfo: {title: t, version: "1.0.0"}\n'
    'paths:\n  /a/: {get: {x-noqa: [municipal-owner], responses: {"200": {description: ok}}}}\n'
)
RULES = """extends: base.yaml
rules:
  no-slash: {given: "$.paths", then: {field: "@key", function: pattern,
             functionOptions: {notMatch: "/$"}}}
"""
BASE = 'rules:\n  never: {given: "$.nowhere", then: {function: truthy}}\n'
KEEP = (
    "mutation ($name: String!, $files: [RuleSetFile!], $bundled: String) { done: keepRuleSet("
    "name: $name, files: $files, bundled: $bundled) { ... on RuleSetKept { sha256 rules leftOut }"
    " ... on Problem { code message } } }"
)
TODAY = datetime.now(UTC).astimezone().date()


def keep(**given: object) -> dict[str, object]:
    answer: dict[str, object] = data(KEEP, name="ours", **given)["done"]
    return answer


def test_an_auditor_sets_a_standard_and_sees_which_rules_earn_their_place() -> None:
    files = [{"name": "main.yaml", "text": RULES}, {"name": "base.yaml", "text": BASE}]
    kept = keep(files=files)
    assert (kept["rules"], kept["leftOut"]) == (2, [])
    standard = data(
        'mutation ($hash: String!) { done: setStandard(key: "ours", version: "1", ruleSet: $hash,'
        " status: RECOMMENDED) { ... on StandardSet { key version } } }",
        hash=kept["sha256"],
    )["done"]
    assert standard == {"key": "ours", "version": "1"}
    with unit_of_work() as db:
        factories.an_interface(db, urn=URN)
        commands.register_document(db, URN, DOCUMENT.encode(), "a.yaml", actor="Ann")
    check = (
        f'mutation {{ checkInterface(urn: "{URN}") {{ ... on InterfaceChecked {{ number }} }} }}'
    )
    assert data(check)["checkInterface"] == {"number": 1}

    told = data(
        "{ ruleEffectiveness { rule fired verdict } interfaceScores(by: STANDARD) { group day } "
        f'proposedWaivers(interface: "{URN}") {{ rule path origin }} }}'
    )

    assert {"rule": "no-slash", "fired": 1, "verdict": "useful"} in told["ruleEffectiveness"]
    assert {"rule": "never", "fired": 0, "verdict": "never fired"} in told["ruleEffectiveness"]
    assert told["interfaceScores"] == [{"group": "ours 1", "day": str(TODAY)}]
    (proposed,) = told["proposedWaivers"]
    assert (proposed["rule"], proposed["origin"]) == ("municipal-owner", "x-noqa")
    assert refusal('{ interfaceScores(since: "yesterday") { day } }')["code"] == "invalid_input"

    with unit_of_work() as db:
        packed = archive.export(db, [URN])
    verify = "query ($it: String!, $head: String) { evidenceVerdict(base64: $it, head: $head) {"
    verify += " verified wrong } }"
    good = b64encode(packed).decode()
    assert data(verify, it=good)["evidenceVerdict"] == {"verified": True, "wrong": []}
    assert not data(verify, it=good, head="0" * 64)["evidenceVerdict"]["verified"]
    assert refusal(verify, it="AAAA")["code"] == "invalid_input"


@pytest.mark.parametrize(
    "files",
    [
        [{"name": "../x.yaml", "text": RULES}],
        [{"name": "/etc/passwd", "text": RULES}],
        [{"name": "x.yaml", "text": "extends: /etc/passwd"}],
        [{"name": "x.yaml", "text": "extends: https://example.org/rules.yaml"}],
        [{"name": "x.yaml", "text": "extends: ../../../../etc/passwd"}],
        [{"name": "y" * 400, "text": RULES}],
        [{"name": "x.yaml", "text": "rules: ["}],
        [],
    ],
)
def test_a_rule_set_is_read_from_nowhere_but_its_own_files(files: list[dict[str, str]]) -> None:
    refused = keep(files=files)
    assert refused["code"] in {"invalid_rule_set", "invalid_input"}
    assert "root:" not in str(refused["message"])


def test_a_document_is_checked_and_compared_before_it_is_registered() -> None:
    ask = "query ($it: String!, $sets: [String!]) { documentFindings(document: $it, ruleSets:"
    ask += " $sets) { code severity path line character } }"
    found = data(ask, it=DOCUMENT)["documentFindings"]
    assert "path-keys-no-trailing-slash" in {one["code"] for one in found}
    assert data(ask, it=DOCUMENT, sets=[])["documentFindings"] == []
    assert refusal(ask, it=DOCUMENT, sets=["/etc/passwd"])["code"] == "invalid_input"
    broken = data(ask, it="openapi: 3.0.3\npaths: {", sets=[])["documentFindings"]
    assert [one["severity"] for one in broken][:1] == ["error"]

    compare = "query ($old: String!, $new: String!) { contractChanges(old: $old, document: $new) {"
    compare += " needed changes { code consumers } } }"
    new = DOCUMENT.replace("/a/:", "/b:")
    changes = data(compare, old=DOCUMENT, new=new)["contractChanges"]
    assert changes["needed"] == "MAJOR"
    assert refusal('{ contractChanges(document: "a") { needed } }')["code"] == "no_document_given"


def test_an_engineer_begins_with_a_preset_or_another_tools_manifest() -> None:
    presets = data("{ connectorPresets { name about file } }")["connectorPresets"]
    assert "open-klant" in {one["name"] for one in presets}
    assert all("connector:" in one["file"] for one in presets)
    ask = (
        "query ($it: String!) { translateManifest(manifest: $it) { connector file lost { why } } }"
    )
    manifest = """
type: DeclarativeSource
streams:
  - type: DeclarativeStream
    name: people
    primary_key: id
    retriever:
      type: SimpleRetriever
      requester: {type: HttpRequester, url_base: "https://crm.example", path: /people}
      record_selector: {extractor: {type: DpathExtractor, field_path: [items]}}
"""
    made = data(ask, it=manifest)["translateManifest"]
    assert "records: items" in made["file"]
    assert refusal(ask, it="[]")["code"]
