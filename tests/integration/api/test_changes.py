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
from tests.integration.api.changing import MORE, PROBLEM, SYSTEM, done, find

pytestmark = pytest.mark.usefixtures("shared_database")

GRAPH = schema._schema  # no public way leads to it
SCOPES = {  # all others change the landscape
    "decideMatch": Scope.CUSTOMERS_STEWARD,
    "undoDecision": Scope.CUSTOMERS_STEWARD,
    "drawSample": Scope.CUSTOMERS_STEWARD,
    "judgeLink": Scope.CUSTOMERS_STEWARD,
    "setPurpose": Scope.CUSTOMERS_STEWARD,
    "settleSurvivorship": Scope.CUSTOMERS_STEWARD,
    "settleOwnKeys": Scope.CUSTOMERS_STEWARD,
    "undoOwnKeys": Scope.CUSTOMERS_STEWARD,
    "askModelTraining": Scope.CUSTOMERS_STEWARD,
    "askModelComparison": Scope.CUSTOMERS_STEWARD,
    "askModelApproval": Scope.CUSTOMERS_STEWARD,
    "askOwnKeys": Scope.CUSTOMERS_STEWARD,
    "askUndoOfOwnKeys": Scope.CUSTOMERS_STEWARD,
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
    "change": '"00000000-0000-7000-8000-000000000000"',
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
