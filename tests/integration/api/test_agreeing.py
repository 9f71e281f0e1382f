"""What people agree on, by GraphQL: proposed, reviewed, merged, undone, and told in full."""

import base64
import itertools
from pathlib import Path
from typing import Any

import pytest

from registry.storage.database import unit_of_work
from tests import factories
from tests.integration.api.asking import data

pytestmark = pytest.mark.usefixtures("shared_database")

MODEL = Path(__file__).parents[2] / "unit/landscape/exchange/models/town.archimate"
TOLD = (
    "__typename ... on Problem { code message } ... on Conflict { conflicts"
    " { object name field before base plan why } } ... on InvalidInput { path faults { line what }"
    " } ... on ChangesDecided { changeSet state counts conflicts { field } validatedOnly }"
)
PROPOSE = (
    "mutation ($changes: [LandscapeChangeInput!]!, $in: String) { done: proposeChanges("
    f'changes: $changes, reason: "It was wrong.", scenario: $in) {{ {TOLD} }} }}'
)
MAKE = (
    "mutation ($changes: [LandscapeChangeInput!]!, $try: Boolean = false) { done: changeLandscape("
    f'changes: $changes, reason: "At once.", validateOnly: $try) {{ {TOLD} }} }}'
)
APPROVE = (
    "mutation ($id: ID!, $choices: [ConflictChoice!], $prefer: Side) { done: approveChanges("
    f'changeSet: $id, choices: $choices, prefer: $prefer, reason: "Fine.") {{ {TOLD} }} }}'
)
UPSERT = (
    "mutation ($csv: String, $rows: [JSON!], $try: Boolean = false) { done: upsertTable(csv: $csv,"
    f' rows: $rows, reason: "A table.", validateOnly: $try) {{ {TOLD} }} }}'
)
_numbers = itertools.count(1)


@pytest.fixture
def urn() -> str:
    with unit_of_work() as db:
        number = next(_numbers)
        there = factories.an_element(db, urn=f"urn:test:agreed:{number}", attrs={"owner": "Parks"})
    return there.urn


def done(query: str, **given: Any) -> dict[str, Any]:
    return data(query, **given)["done"]


def changed(urn: str, **more: Any) -> list[dict[str, Any]]:
    return [{"action": "CHANGE", "urn": urn, **more}]


def named(urn: str) -> Any:
    found = data("query ($u: String!) { element(urn: $u) { name attributes } }", u=urn)["element"]
    return found and (found["name"], found["attributes"])


def proposed_by_another(urn: str, **more: Any) -> str:
    with unit_of_work() as db:
        made = done(PROPOSE, changes=changed(urn, **more))
        del db
    with unit_of_work() as db:
        db.execute("UPDATE change_set SET proposer = 'anna' WHERE state = 'proposed'")
    return str(made["changeSet"])


def test_a_proposal_waits_for_somebody_else(urn: str) -> None:
    made = done(PROPOSE, changes=changed(urn, name="Better"))
    assert (made["state"], made["counts"]["changed"]) == ("PROPOSED", 1)

    own = done(APPROVE, id=made["changeSet"])
    assert (own["__typename"], own["code"]) == ("AccessDenied", "own_proposal")

    with unit_of_work() as db:
        db.execute("UPDATE change_set SET proposer = 'anna' WHERE state = 'proposed'")
    assert done(APPROVE, id=made["changeSet"])["state"] == "APPLIED"
    assert named(urn)[0] == "Better"
    kept = data(
        "query ($id: ID!) { node(id: $id) { ... on ChangeSet { proposer reviewer decision"
        " changes } } }",
        id=made["changeSet"],
    )["node"]
    assert (kept["proposer"], kept["decision"]) == ("anna", "Fine.")
    assert kept["reviewer"]


def test_a_proposal_is_turned_down_with_a_reason(urn: str) -> None:
    made = done(PROPOSE, changes=changed(urn, name="Worse"))
    text = (
        f'mutation ($id: ID!) {{ done: rejectChanges(changeSet: $id, reason: "No.") {{ {TOLD} }} }}'
    )
    assert done(text, id=made["changeSet"])["state"] == "REJECTED"
    assert done(text, id=made["changeSet"])["__typename"] == "Conflict"


def test_both_values_of_a_conflict_are_told_and_each_is_chosen(urn: str) -> None:
    mine = proposed_by_another(urn, name="Mine", attributes={"owner": "Me"})
    done(MAKE, changes=changed(urn, name="Theirs", attributes={"owner": "Them"}))

    told = done(APPROVE, id=mine)
    assert told["__typename"] == "Conflict"
    values = [(c["field"], c["base"], c["plan"]) for c in told["conflicts"]]
    assert sorted(values) == [("attrs.owner", "Them", "Me"), ("name", "Theirs", "Mine")]

    sides = {"name": "PLAN", "attrs.owner": "BASE"}
    choices = [
        {"object": c["object"], "field": c["field"], "side": sides[c["field"]]}
        for c in told["conflicts"]
    ]
    assert done(APPROVE, id=mine, choices=choices)["state"] == "APPLIED"
    assert named(urn) == ("Mine", {"owner": "Them"})


def test_every_wrong_change_is_told_with_its_place(urn: str) -> None:
    wrong = [
        *changed(urn, name="Fine"),
        {"action": "REMOVE", "urn": "urn:test:none"},
        {"action": "RELATE", "relationship": "COMPOSITION", "source": urn, "target": "urn:no:1"},
    ]
    told = done(MAKE, changes=wrong)
    assert (told["code"], [fault["line"] for fault in told["faults"]]) == (
        "changes_refused",
        [2, 3],
    )
    assert named(urn)[0] != "Fine"


def test_what_was_made_at_once_is_undone(urn: str) -> None:
    before = named(urn)
    assert done(MAKE, changes=changed(urn, name="Tried"), **{"try": True})["validatedOnly"]
    assert named(urn) == before
    made = done(MAKE, changes=changed(urn, name="Made"))
    undone = done(
        'mutation ($id: ID!) { done: undoChanges(changeSet: $id, reason: "Too early.") {'
        " __typename ... on ChangesUndone { changedBack changeSet } } }",
        id=made["changeSet"],
    )
    assert undone["changedBack"] == 1
    assert named(urn) == before


def test_each_edit_is_a_change_set_with_who_and_why() -> None:
    text = (
        'mutation ($urn: String!) { done: registerSystem(urn: $urn, reason: "New here.",'
        ' input: { name: "New" }) { __typename ... on SystemChange { changeSet } } }'
    )
    made = done(text, urn="urn:test:agreed:new")
    kept = data(
        "query ($id: ID!) { node(id: $id) { ... on ChangeSet { proposer reviewer reason state"
        " counts } } }",
        id=made["changeSet"],
    )["node"]
    assert (kept["reason"], kept["state"], kept["reviewer"]) == ("New here.", "APPLIED", None)
    assert kept["counts"] == {"added": 1, "changed": 0, "removed": 0}


def test_a_table_comes_in_whole_or_names_every_wrong_row() -> None:
    table = "urn;kind;name;owner\nurn:test:table:1;system;One;Me\nurn:test:table:2;system;Two;"
    assert done(UPSERT, csv=table)["counts"]["added"] == 2
    assert done(UPSERT, csv=table)["counts"] == {"added": 0, "changed": 0, "removed": 0}
    rows = [{"urn": "urn:test:table:1", "users": 5}, {"urn": "urn:test:table:3"}, "odd", {}]
    told = done(UPSERT, rows=rows)
    assert [fault["line"] for fault in told["faults"]] == [3]
    told = done(UPSERT, rows=[row for row in rows if row != "odd"])
    assert [fault["line"] for fault in told["faults"]] == [2, 3]
    assert done(UPSERT, rows=rows[:1])["counts"]["changed"] == 1
    assert named("urn:test:table:1") == ("One", {"owner": "Me", "users": 5})
    assert done(UPSERT)["path"] == ["csv"]


def test_a_scenario_is_opened_compared_merged_and_another_given_up(urn: str) -> None:
    opening = (
        'mutation ($key: String!) { done: openScenario(key: $key, name: "Cloud") {'
        " ... on ScenarioChanged { scenario key } } }"
    )
    scenario = done(opening, key="cloud")["scenario"]
    made = done(PROPOSE, changes=changed(urn, name="In the cloud"), **{"in": "cloud"})
    with unit_of_work() as db:
        db.execute("UPDATE change_set SET proposer = 'anna' WHERE state = 'proposed'")
    assert done(APPROVE, id=made["changeSet"])["state"] == "APPLIED"
    compare = (
        "query ($scenario: ID!) { landscapeDifference(toScenario: $scenario) { what name"
        " fields { name before after } } }"
    )
    [difference] = data(compare, scenario=scenario)["landscapeDifference"]
    assert (difference["what"], difference["name"]) == ("changed", "In the cloud")
    assert difference["fields"][0]["after"] == "In the cloud"
    done(MAKE, changes=changed(urn, name="On the ground"))
    merging = (
        'mutation ($prefer: Side) { done: mergeScenario(key: "cloud", prefer: $prefer)'
        f" {{ {TOLD} }} }}"
    )
    assert done(merging)["conflicts"][0]["base"] == "On the ground"
    assert done(merging, prefer="PLAN")["state"] == "APPLIED"
    assert named(urn)[0] == "In the cloud"

    done(opening, key="never")
    given_up = (
        'mutation { done: discardScenario(key: "never") { __typename'
        " ... on ScenarioChanged { key } } }"
    )
    assert done(given_up)["key"] == "never"
    assert done(given_up)["__typename"] == "NotFound"


def test_a_release_is_tried_taken_in_and_taken_back() -> None:
    applying = (
        'mutation ($packed: String!, $try: Boolean!) { done: applyRelease(model: "small", file:'
        ' "small.archimate", packed: $packed, validateOnly: $try) { __typename'
        " ... on Problem { message } ... on ReleaseChanged { counts changeSet release } } }"
    )
    packed = base64.b64encode(MODEL.read_bytes()).decode()
    tried = done(applying, packed=packed, **{"try": True})
    assert tried["counts"]["elements"]["added"] > 0
    models = '{ models(search: "") { nodes { key } } }'
    assert "small" not in str(data(models))

    taken = done(applying, packed=packed, **{"try": False})
    assert taken["counts"] == tried["counts"]
    assert done(applying, packed=packed, **{"try": False})["changeSet"] is None
    back = (
        'mutation { done: rollBackRelease(model: "small", reason: "Too early.") { __typename'
        " ... on ReleaseChanged { release } } }"
    )
    assert done(back)["release"] == taken["release"]
    assert done(back)["__typename"] == "NotFound"
    broken = base64.b64encode(MODEL.read_bytes()[:900]).decode()
    assert done(applying, packed=broken, **{"try": False})["__typename"] == "InvalidInput"
