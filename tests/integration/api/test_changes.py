"""Every change has one shape: tried first if asked, refused in words, and never half done."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry.api.pages import global_id
from registry.api.schema import schema
from registry.storage.database import unit_of_work
from schemas.access import Scope
from schemas.base import uuid7
from tests import factories
from tests.integration.api.asking import EVERY_SCOPE, ask, data

pytestmark = pytest.mark.usefixtures("shared_database")

GRAPH = schema._schema  # no public way leads to it
PROBLEM = "__typename ... on Problem { code message remedy }"
MORE = (
    "... on InvalidInput { path } ... on Conflict { currentRevision } ... on AccessDenied { scope }"
)
SYSTEM = "... on SystemChange { validatedOnly system { urn name owner revision attributes } }"
REGISTER = (
    "mutation ($urn: String!, $input: SystemInput!, $try: Boolean = false) {"
    f" done: registerSystem(urn: $urn, input: $input, validateOnly: $try) {{ {PROBLEM} {MORE}"
    f" {SYSTEM} }} }}"
)
UPDATE = (
    "mutation ($urn: String!, $input: SystemInput!, $seen: Int!, $try: Boolean = false) {"
    " done: updateSystem(urn: $urn, input: $input, expectedRevision: $seen, validateOnly: $try) {"
    f" {PROBLEM} {MORE} {SYSTEM} }} }}"
)
RETIRE = (
    "mutation ($urn: String!, $seen: Int!, $try: Boolean = false) {"
    " done: retireSystem(urn: $urn, expectedRevision: $seen, validateOnly: $try) {"
    f" {PROBLEM} {MORE} ... on ElementRetired {{ urn relationships validatedOnly }} }} }}"
)
SCOPES = {  # all others change the landscape
    "decideMatch": Scope.CUSTOMERS_STEWARD,
    "undoDecision": Scope.CUSTOMERS_STEWARD,
    "drawSample": Scope.CUSTOMERS_STEWARD,
    "judgeLink": Scope.CUSTOMERS_STEWARD,
    "setPurpose": Scope.CUSTOMERS_STEWARD,
    "settleSurvivorship": Scope.CUSTOMERS_STEWARD,
    "settleOwnKeys": Scope.CUSTOMERS_STEWARD,
    "trainModel": Scope.CUSTOMERS_STEWARD,
    "approveModel": Scope.CUSTOMERS_STEWARD,
    "rejectModel": Scope.CUSTOMERS_STEWARD,
    "acknowledgeEvents": Scope.CUSTOMERS_READ,
    "eraseCustomer": Scope.CUSTOMERS_ERASE,
    "cancelSync": Scope.SYNC_RUN,
    "registerSource": Scope.SYNC_RUN,
    "startSync": Scope.SYNC_RUN,
    "keepRuleSet": Scope.COMPLIANCE_WRITE,
    "setStandard": Scope.COMPLIANCE_APPROVE,
    "tryConnector": Scope.SYNC_RUN,
    "probeInterface": Scope.COMPLIANCE_WRITE,
    "rehearseSync": Scope.SYNC_RUN,
    "replayQuarantine": Scope.SYNC_RUN,
    "setSchedule": Scope.SYNC_RUN,
    "pauseSchedule": Scope.SYNC_RUN,
    "setFreshnessTarget": Scope.SYNC_RUN,
    "backfillSource": Scope.SYNC_RUN,
    "confirmWithdrawal": Scope.SYNC_RUN,
    "refuseWithdrawal": Scope.SYNC_RUN,
    "trustDocument": Scope.DOCUMENTS_WRITE,
    "withdrawDocument": Scope.DOCUMENTS_WRITE,
    "registerInterfaceDocument": Scope.COMPLIANCE_WRITE,
    "checkInterface": Scope.COMPLIANCE_WRITE,
    "askWaiver": Scope.COMPLIANCE_WRITE,
    "approveWaiver": Scope.COMPLIANCE_APPROVE,
    "withdrawWaiver": Scope.COMPLIANCE_APPROVE,
    "setBaseline": Scope.COMPLIANCE_APPROVE,
}
GIVEN = {
    "since": '"2026-01-01"',
    "ruleSet": '"0"',
    "version": '"no-such-version"',
    "withdrawal": f'"{global_id("withdrawal", uuid7())}"',
    "dataSet": '"urn:test:nothing"',
    "changes": '{ action: REMOVE, urn: "urn:test:nothing" }',
    "changeSet": f'"{global_id("change_set", uuid7())}"',
    "csv": '"urn,kind,name\\nurn:test:nothing,spaceship,Nothing"',
    "key": '"no-such-plan"',
    "model": '"no-such-model"',
    "file": '"model.xml"',
    "item": f'"{global_id("work_item", uuid7())}"',
    "outcome": "KEPT",
    "left": '"1"',
    "right": '"2"',
    "verdict": "LINK",
    "decision": '"00000000-0000-7000-8000-000000000000"',
    "sample": '"00000000-0000-7000-8000-000000000000"',
    "judgement": "RIGHT",
    "size": "10",
    "attribute": '"email"',
    "criteria": "[]",
    "trusted": "[]",
    "lawfulBasis": '"a law"',
    "fields": "[]",
    "reader": '"a copy"',
    "event": '"0"',
    "content": '"openapi: 3.0.3"',
    "rule": '"municipal-version"',
    "reason": '"Until the next release."',
    "until": f'"{datetime.now(UTC).date() + timedelta(days=30)}"',
    "waiver": '"00000000-0000-7000-8000-000000000000"',
    "urn": '"urn:test:nothing"',
    "source": '"urn:test:crm"',
    "target": '"urn:test:nowhere"',
    "kind": "SERVING",
    "attributes": "{}",
    "id": f'"{global_id("relationship", uuid7())}"',
    "text": '"{ __typename }"',
    "name": '"test"',
    "document": '"nothing"',
    "input": '{ name: "A name" }',
    "expectedRevision": "1",
}


def done(query: str, **given: Any) -> dict[str, Any]:
    return data(query, **given)["done"]


def find(urn: str) -> dict[str, Any] | None:
    query = "query ($urn: String!) { element(urn: $urn) { urn name revision } }"
    return data(query, urn=urn)["element"]


def mutations() -> list[str]:
    assert GRAPH.mutation_type
    return list(GRAPH.mutation_type.fields)


def written(name: str, more: str = "") -> str:
    assert GRAPH.mutation_type
    field = GRAPH.mutation_type.fields[name]
    needed = [n for n in field.args if n in GIVEN]
    arguments = ", ".join(f"{n}: {GIVEN[n]}" for n in needed)
    given = f"{arguments}{more}".removeprefix(", ")
    return f"mutation {{ done: {name}{f'({given})' if given else ''} {{ {PROBLEM} {MORE} }} }}"


# ---- the shape ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", mutations())
def test_a_change_without_its_scope_is_denied_and_says_which(name: str) -> None:
    scope = SCOPES.get(name, Scope.LANDSCAPE_WRITE)
    answer = done(written(name), scopes=EVERY_SCOPE - {scope})
    assert answer["__typename"] == "AccessDenied"
    assert (answer["code"], answer["scope"]) == ("access_denied", str(scope))
    assert answer["remedy"]


@pytest.mark.parametrize("name", mutations())
def test_every_change_can_be_tried_and_can_fail_in_four_ways(name: str) -> None:
    assert GRAPH.mutation_type
    field = GRAPH.mutation_type.fields[name]
    members = {member.name for member in field.type.of_type.types}  # type: ignore[union-attr]
    assert members > {"Conflict", "NotFound", "InvalidInput", "AccessDenied"}
    assert "validateOnly" in field.args
    if name.startswith(("update", "retire")):
        assert "expectedRevision" in field.args


@pytest.mark.parametrize(
    "name", [n for n in mutations() if n.startswith(("update", "retire", "withdraw"))]
)
def test_what_is_not_there_is_not_found(name: str) -> None:
    answer = done(written(name))
    assert (answer["__typename"], answer["code"]) == ("NotFound", "unknown_name")


@pytest.mark.parametrize("name", mutations())
def test_nothing_of_a_trial_stays(name: str) -> None:
    answer = ask(written(name, ", validateOnly: true"))
    assert "errors" not in answer
    assert find("urn:test:nothing") is None


# ---- register, update, retire ---------------------------------------------------------------


def test_a_system_is_registered_changed_and_retired() -> None:
    urn = "urn:test:system:life"
    made = done(REGISTER, urn=urn, input={"name": "CRM", "owner": "Services"})
    assert made["system"] == {
        "urn": urn,
        "name": "CRM",
        "owner": "Services",
        "revision": 1,
        "attributes": {"owner": "Services"},
    }
    assert not made["validatedOnly"]
    wanted = {"name": "CRM 2", "attributes": {"owner": None, "room": 3}}
    changed = done(UPDATE, urn=urn, seen=1, input=wanted)["system"]
    assert (changed["revision"], changed["name"]) == (2, "CRM 2")
    assert changed["attributes"] == {"room": 3}
    gone = done(RETIRE, urn=urn, seen=2)
    assert (gone["urn"], gone["relationships"]) == (urn, 0)
    assert find(urn) is None


def test_a_trial_answers_what_would_happen() -> None:
    urn = "urn:test:system:trial"
    tried = done(REGISTER, urn=urn, input={"name": "Trial"}, **{"try": True})
    assert tried["validatedOnly"]
    assert tried["system"]["revision"] == 1
    assert find(urn) is None
    done(REGISTER, urn=urn, input={"name": "Trial"})
    tried = done(UPDATE, urn=urn, seen=1, input={"name": "Better"}, **{"try": True})
    assert tried["system"]["revision"] == 2
    assert done(RETIRE, urn=urn, seen=1, **{"try": True})["validatedOnly"]
    assert find(urn) == {"urn": urn, "name": "Trial", "revision": 1}


def test_a_change_on_top_of_an_old_revision_is_a_conflict_that_names_the_new_one() -> None:
    urn = "urn:test:system:stale"
    done(REGISTER, urn=urn, input={"name": "One"})
    done(UPDATE, urn=urn, seen=1, input={"name": "Two"})
    for text, more in ((UPDATE, {"input": {"name": "Three"}}), (RETIRE, {})):
        refused = done(text, urn=urn, seen=1, **more)
        assert refused["__typename"] == "Conflict"
        assert (refused["code"], refused["currentRevision"]) == ("stale_revision", 2)
    assert find(urn) == {"urn": urn, "name": "Two", "revision": 2}


def test_saying_the_same_again_changes_nothing() -> None:
    urn = "urn:test:system:same"
    done(REGISTER, urn=urn, input={"name": "Same", "owner": "Us"})
    for given in ({}, {"name": "Same"}, {"owner": "Us"}, {"attributes": {"never": None}}):
        assert done(UPDATE, urn=urn, seen=1, input=given)["system"]["revision"] == 1


def test_a_name_that_is_taken_is_a_conflict() -> None:
    urn = "urn:test:system:twice"
    done(REGISTER, urn=urn, input={"name": "First"})
    again = done(REGISTER, urn=urn, input={"name": "Second"})
    assert (again["code"], again["currentRevision"]) == ("already_registered", 1)


def test_a_system_is_no_interface() -> None:
    urn = "urn:test:system:no-interface"
    done(REGISTER, urn=urn, input={"name": "A system"})
    text = RETIRE.replace("retireSystem", "retireInterface")
    assert done(text, urn=urn, seen=1)["__typename"] == "NotFound"


def test_what_a_source_reads_cannot_be_retired() -> None:
    with unit_of_work() as db:
        interface = factories.an_element(db, kind="interface", urn="urn:test:interface:read")
        factories.a_source(db, interface_id=interface.id)
    text = RETIRE.replace("retireSystem", "retireInterface")
    assert done(text, urn=interface.urn, seen=1)["code"] == "still_used"
    assert find(interface.urn)


def test_relationships_go_with_what_they_hang_on() -> None:
    with unit_of_work() as db:
        one, two = factories.an_element(db), factories.an_element(db)
        factories.a_relationship(db, source_id=one.id, target_id=two.id)
    assert done(RETIRE, urn=one.urn, seen=1)["relationships"] == 1


RELATE = (
    "mutation ($source: String!, $target: String!, $try: Boolean = false) {"
    " done: registerRelationship(kind: SERVING, source: $source, target: $target,"
    f" attributes: {{ way: 1 }}, validateOnly: $try) {{ {PROBLEM} {MORE}"
    " ... on RelationshipChange { id kind revision attributes validatedOnly } } }"
)
CHANGE = (
    "mutation ($id: ID!, $seen: Int!, $attributes: JSON) {"
    " done: updateRelationship(id: $id, expectedRevision: $seen, attributes: $attributes) {"
    f" {PROBLEM} {MORE} ... on RelationshipChange {{ revision attributes }} }} }}"
)
PART = (
    "mutation ($id: ID!, $seen: Int!) { done: retireRelationship(id: $id, expectedRevision: $seen)"
    f" {{ {PROBLEM} {MORE} ... on RelationshipChange {{ revision }} }} }}"
)


def test_a_relationship_is_registered_changed_and_retired() -> None:
    with unit_of_work() as db:
        one, two = factories.an_element(db).urn, factories.an_element(db).urn
    assert done(RELATE, source=one, target=two, **{"try": True})["validatedOnly"]
    made = done(RELATE, source=one, target=two)
    assert (made["kind"], made["revision"], made["attributes"]) == ("SERVING", 1, {"way": 1})
    again = done(RELATE, source=one, target=two)
    assert (again["code"], again["currentRevision"]) == ("already_registered", 1)
    given = {"way": None, "note": "x"}
    changed = done(CHANGE, id=made["id"], seen=1, attributes=given)
    assert (changed["revision"], changed["attributes"]) == (2, {"note": "x"})
    assert done(CHANGE, id=made["id"], seen=2, attributes={"note": "x"})["revision"] == 2
    for text, more in ((CHANGE, {"attributes": {}}), (PART, {})):
        stale = done(text, id=made["id"], seen=1, **more)
        assert (stale["code"], stale["currentRevision"]) == ("stale_revision", 2)
    assert done(PART, id=made["id"], seen=2)["__typename"] == "RelationshipChange"
    assert done(PART, id=made["id"], seen=2)["__typename"] == "NotFound"


def test_a_relationship_needs_two_registered_and_different_ends() -> None:
    with unit_of_work() as db:
        one = factories.an_element(db).urn
    assert done(RELATE, source=one, target="urn:test:never")["code"] == "unknown_name"
    assert done(RELATE, source=one, target=one)["path"] == ["target"]


# ---- hostile values -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("urn", "given", "path"),
    [
        ("crm", {"name": "x"}, ["urn"]),
        ("urn:test:" + "x" * 300, {"name": "x"}, ["urn"]),
        ("urn:test:a\u0000b", {"name": "x"}, ["urn"]),
        ("urn:test:v1", {}, ["input", "name"]),
        ("urn:test:v2", {"name": ""}, ["input", "name"]),
        ("urn:test:v3", {"name": "x" * 301}, ["input", "name"]),
        ("urn:test:v4", {"name": "a\u0000"}, ["input", "name"]),
        ("urn:test:v5", {"name": "x", "description": "x" * 10_001}, ["input", "description"]),
        ("urn:test:v6", {"name": "x", "attributes": [1]}, ["input", "attributes"]),
        ("urn:test:v7", {"name": "x", "attributes": {"a": {"b": "\u0000"}}}, None),
        ("urn:test:v8", {"name": "x", "attributes": {"a\u0000": 1}}, None),
        ("urn:test:v9", {"name": "x", "owner": "a", "attributes": {"owner": "b"}}, None),
    ],
)
def test_a_wrong_value_is_refused_by_its_path(
    urn: str, given: dict[str, Any], path: list[str] | None
) -> None:
    refused = done(REGISTER, urn=urn, input=given)
    assert refused["__typename"] == "InvalidInput"
    assert refused["path"] == path or (path is None and refused["path"][0] == "input")
    assert "INSERT" not in refused["message"]


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE element; --", "%_\\", "\u202eevil", "𝄞", "{{7*7}}"]
)
def test_odd_text_is_only_text(text: str) -> None:
    urn = f"urn:test:odd-{text.encode().hex()}"
    assert done(REGISTER, urn=urn, input={"name": text})["system"]["name"] == text


def test_attributes_as_deep_as_they_like_do_not_break_us() -> None:
    deep: Any = 1
    for _ in range(300):
        deep = {"a": deep}
    answer = ask(REGISTER, urn="urn:test:deep", input={"name": "x", "attributes": deep})
    assert answer["data"]["done"]["__typename"] in {"SystemChange", "InvalidInput"}


# ---- several at once ------------------------------------------------------------------------


def test_one_that_fails_leaves_the_others_standing() -> None:
    text = (
        "mutation ($input: SystemInput!) {"
        f' good: registerSystem(urn: "urn:test:good", input: $input) {{ {PROBLEM} }}'
        f' bad: registerSystem(urn: "bad", input: $input) {{ {PROBLEM} }}'
        f' next: registerSystem(urn: "urn:test:next", input: $input) {{ {PROBLEM} }} }}'
    )
    answer = data(text, input={"name": "x"})
    kinds = [answer[name]["__typename"] for name in ("good", "bad", "next")]
    assert kinds == ["SystemChange", "InvalidInput", "SystemChange"]
    assert find("urn:test:good")
    assert find("urn:test:next")


def test_a_later_change_sees_an_earlier_one() -> None:
    text = (
        "mutation ($input: SystemInput!) {"
        f' registerSystem(urn: "urn:test:chain", input: $input) {{ {PROBLEM} }}'
        ' done: updateSystem(urn: "urn:test:chain", input: { name: "y" }, expectedRevision: 1)'
        f" {{ {PROBLEM} {SYSTEM} }} }}"
    )
    assert done(text, input={"name": "x"})["system"]["revision"] == 2


def test_an_unforeseen_failure_takes_everything_back() -> None:
    with unit_of_work() as db:
        db.execute(
            "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'the value Jansen is wrong'; END $$"
        )
        db.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON element FOR EACH ROW"
            " WHEN (NEW.urn = 'urn:test:broken') EXECUTE FUNCTION broken()"
        )
    text = (
        "mutation ($input: SystemInput!) {"
        f' registerSystem(urn: "urn:test:first", input: $input) {{ {PROBLEM} }}'
        f' done: registerSystem(urn: "urn:test:broken", input: $input) {{ {PROBLEM} }} }}'
    )
    answer = ask(text, input={"name": "x"})
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "internal_error"
    assert "Jansen" not in str(answer)
    assert find("urn:test:first") is None


def test_asking_a_sync_to_stop_tells_whether_one_ran() -> None:
    with unit_of_work() as db:
        source = factories.a_source(db)
        run = factories.a_sync_run(db, source_id=source.id)
    text = (
        "mutation ($key: String!, $try: Boolean!) { done: cancelSync(source: $key,"
        f" validateOnly: $try) {{ {PROBLEM} ... on SyncCancelled {{ wasRunning }} }} }}"
    )

    def asked() -> Any:
        with unit_of_work() as db:
            query = "SELECT cancel_requested FROM sync_run WHERE id = %s"
            return db.execute(query, [run.id]).fetchone()

    assert done(text, key=source.key, **{"try": True})["wasRunning"]
    assert asked() == (False,)
    assert done(text, key=source.key, **{"try": False})["wasRunning"]
    assert asked() == (True,)
    assert not done(text, key="unknown", **{"try": False})["wasRunning"]
