"""A steward's day by GraphQL: find, compare, decide, see it hold, undo, sample, approve, erase."""

from datetime import date
from typing import Any

import pytest

from flows.matching import carry_out_next_matching
from registry.customers.live.commands import rematch
from registry.storage.database import Database, unit_of_work
from tests.integration.api.asking import data, refusal
from tests.integration.customers.conftest import JANNA, PIET, Counter

# One woman who married, or mother and daughter? Given name and front door are the same, and that
# is all.
DOOR = {"given_name": "Klara", "postal_code": "2650 CD", "house_number": "12"}
KLARA = (
    {**DOOR, "family_name": "Zeegers", "birth_date": date(1968, 3, 9)},
    {**DOOR, "family_name": "Bakker", "birth_date": date(1991, 1, 1)},
)
TWICE = {**PIET, "given_name": "Gijs", "family_name": "Noordzij"}

PROBLEM = "... on Problem { code message remedy }"


def change(name: str, given: str, wanted: str, kind: str) -> dict[str, Any]:
    arguments = f"({given})" if given else ""
    found = data(
        f"mutation {{ done: {name}{arguments} {{ ... on {kind} {{ {wanted} }} {PROBLEM} }} }}"
    )["done"]
    assert "code" not in found, found
    return found


def sheet(customer: str) -> str:
    return f'{{ customerSheet(id: "{customer}") {{ name values {{ attribute value rule }} }} }}'


@pytest.mark.usefixtures("database")
def test_a_steward_works_by_graphql(database: Database) -> None:
    with unit_of_work() as db:
        counter = Counter(db)
        counter.fill()
        janna, piet = counter.land({**JANNA, "national_id": "999990019"}, PIET)
        doubtful = counter.land(*KLARA)
        copies = counter.land(TWICE, TWICE)
    pair = f'left: "{janna}", right: "{piet}"'
    assert database
    ours = find_somebody()
    decide_and_undo(ours, pair)
    work_through_the_queue(doubtful, copies)
    measure_links()
    train_beside(ours)
    settle_keys()
    tell_and_erase(ours)


def find_somebody() -> str:
    """Who is it? Found by a misspelt name; without a purpose nothing is shown."""
    ask = '{ findCustomers(words: "Jana van de Woude 06-05-1971") { id displayName by } }'
    found = data(ask)["findCustomers"][0]
    assert found["displayName"] == "Janna van der Wouden"
    assert refusal(ask, purpose="")["code"] == "purpose_needed"
    ours: str = found["id"]
    for purpose, shown in (("stewardship", "999990019"), ("service", "***")):
        values = data(sheet(ours), purpose=purpose)["customerSheet"]["values"]
        assert {one["attribute"]: one["value"] for one in values}["national_id"] == shown
    free = '{ customers(search: "Janna") { nodes { displayName values { attribute value } } } }'
    (shown_freely,) = data(free, purpose="service")["customers"]["nodes"]
    assert {"attribute": "national_id", "value": "***"} in shown_freely["values"]
    assert data(free, purpose="")["customers"]["nodes"] == [], "a mask is not found by a name"
    return ours


def decide_and_undo(ours: str, pair: str) -> None:
    """What is doubtful, and why? Decide, see it hold, take it back."""
    queue = data("{ reviewQueue { leftId rightId chance benefit place } }")["reviewQueue"]
    counted = data("{ customerDoubts { pairs asked below apart concerned } }")["customerDoubts"]
    assert len(queue) == counted["asked"] == counted["pairs"] - counted["below"]
    for number, doubt in enumerate(queue):
        further = f'{{ reviewQueue(after: "{doubt["place"]}") {{ place }} }}'
        assert len(data(further)["reviewQueue"]) == len(queue) - number - 1
    assert refusal('{ reviewQueue(after: "nowhere") { place } }')["code"] == "invalid_input"
    compared = f"{{ compareRecords({pair}) {{ linked because steps {{ field bits }} }} }}"
    assert not data(compared)["compareRecords"]["linked"]
    given = f'{pair}, verdict: LINK, reason: "shown a passport"'
    decided = change("decideMatch", given, "decision linked", "DecisionChange")
    assert decided["linked"]
    assert data(compared)["compareRecords"]["because"] == "A steward decided: one customer."
    around = f'{{ customerAround(id: "{ours}") {{ masked timeline {{ what otherId }} }} }}'
    told = data(around)["customerAround"]
    assert "merged" in {one["what"] for one in told["timeline"]}
    history = f'{{ customerHistory(id: "{ours}") {{ revision recordCount }} }}'
    assert [one["recordCount"] for one in data(history)["customerHistory"]] == [2, 1]
    undone = change(
        "undoDecision", f'decision: "{decided["decision"]}"', "linked", "DecisionChange"
    )
    assert not undone["linked"]
    (decision,) = data("{ matchDecisions { verdict reason actor undoneBy } }")["matchDecisions"]
    assert decision == {
        "verdict": "link", "reason": "shown a passport", "actor": "tester", "undoneBy": "tester"
    }  # fmt: skip


def work_through_the_queue(doubtful: list[int], copies: list[int]) -> None:
    """Open a question, answer it, run all anew, see it hold; part a link; put a question off."""
    left, right = doubtful
    pair = f'left: "{left}", right: "{right}"'
    assert is_asked(doubtful)
    now = compared(pair)
    assert not now["linked"]
    assert sum(step["bits"] for step in now["steps"]) == pytest.approx(now["weightBits"], abs=0.01)
    assert now["steps"][0]["field"] == "before"
    given = f'{pair}, verdict: LINK, reason: "same passport"'
    link = change("decideMatch", given, "decision linked", "DecisionChange")
    assert link["linked"]
    assert not is_asked(doubtful)

    part = f'left: "{copies[0]}", right: "{copies[1]}"'
    assert compared(part)["linked"], "the model linked them"
    given = f'{part}, verdict: UNLINK, reason: "father and son"'
    change("decideMatch", given, "linked", "DecisionChange")
    match_all_anew()
    assert (compared(pair)["linked"], compared(part)["linked"]) == (True, False)
    assert compared(pair)["because"] == "A steward decided: one customer."
    assert compared(part)["because"] == "A steward decided: two customers."

    change("undoDecision", f'decision: "{link["decision"]}"', "linked", "DecisionChange")
    assert not compared(pair)["linked"]
    assert is_asked(doubtful), "an undone answer is a question again"
    given = f'{pair}, verdict: POSTPONE, reason: "asked her to call"'
    change("decideMatch", given, "linked", "DecisionChange")
    assert not is_asked(doubtful)
    match_all_anew()
    assert not is_asked(doubtful)
    kept = data("{ matchDecisions { verdict reason actor undoneBy } }")["matchDecisions"]
    assert [(one["verdict"], one["reason"], one["actor"], one["undoneBy"]) for one in kept][:3] == [
        ("postpone", "asked her to call", "tester", None),
        ("unlink", "father and son", "tester", None),
        ("link", "same passport", "tester", "tester"),
    ]


def compared(pair: str) -> dict[str, Any]:
    """Lay two records side by side."""
    wanted = "linked because weightBits steps { field bits }"
    found: dict[str, Any] = data(f"{{ compareRecords({pair}) {{ {wanted} }} }}")["compareRecords"]
    return found


def is_asked(pair: list[int]) -> bool:
    """Tell whether the queue asks about two records."""
    queue = data("{ reviewQueue { leftId rightId } }")["reviewQueue"]
    return {str(record) for record in pair} in [
        {str(one["leftId"]), str(one["rightId"])} for one in queue
    ]


def match_all_anew() -> None:
    """Do what `townclerk customers rematch` does."""
    with unit_of_work() as db:
        rematch(db, memory_limit_mb=512)


def measure_links() -> None:
    """How good are automatic links?"""
    change("drawSample", "size: 5", "waiting", "SampleChange")
    for link in data("{ linkSample { id } }")["linkSample"]:
        change("judgeLink", f'sample: "{link["id"]}", judgement: RIGHT', "share", "SampleChange")
    measured = data("{ linkPrecision { judged right share least } }")["linkPrecision"]
    assert (measured["judged"], measured["share"]) == (5, 1.0)


def train_beside(ours: str) -> None:
    """A model is trained beside the live one, looked at, put in force; another is rejected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.api.match_models.RECORDS_MAX", 50)
        refused = data(f"mutation {{ done: trainModel {{ {PROBLEM} }} }}")["done"]
        assert "`askModelTraining`" in refused["remedy"], "a large town asks a worker"
    trained = change("trainModel", "", "proposal { version merges splits unchanged }",
                     "ModelTrained")["proposal"]  # fmt: skip
    version = trained["version"]
    beside = data("{ modelVersions { version live usable trainedOn } }")["modelVersions"]
    assert [one["live"] for one in beside] == [one["version"] != version for one in beside]
    looked = f'{{ modelProposal(version: "{version[:16]}") {{ version merges splits unchanged }} }}'
    assert data(looked)["modelProposal"] == trained
    given = f'version: "{version[:16]}"'
    counts = "version customers merges splits unchanged validatedOnly"
    tried = change("approveModel", given + ", validateOnly: true", counts, "ModelApproved")
    assert {name: tried[name] for name in trained} == trained
    assert data("{ modelVersions { version live } }")["modelVersions"] == [
        {"version": one["version"], "live": one["live"]} for one in beside
    ]
    approved = change("approveModel", given, counts, "ModelApproved")
    assert approved == {**tried, "validatedOnly": False}
    live = {one["version"]: one["live"] for one in data("{ modelVersions { version live } }")[
        "modelVersions"]}  # fmt: skip
    assert live[version]
    refused = data(f"mutation {{ done: rejectModel({given}) {{ {PROBLEM} }} }}")["done"]
    assert refused["code"] == "model_in_use"
    assert data(sheet(ours))["customerSheet"]["name"] == "Janna van der Wouden", (
        "ids are carried over"
    )


def settle_keys() -> None:
    """Which data sets have nobody twice? Settle one, see it hold, go back to the rule."""
    known = data("{ ownKeys { dataSet records repeats sure keepsApart settled } }")["ownKeys"]
    urn = known[0]["dataSet"]
    assert not known[0]["keepsApart"]
    given = f'dataSet: "{urn}", keepsApart: true, reason: "one card a person"'
    change("settleOwnKeys", given, "dataSet merges splits", "OwnKeysChange")
    held = data("{ ownKeys { keepsApart settled reason actor } }")["ownKeys"][0]
    assert (held["keepsApart"], held["settled"], held["actor"]) == (True, True, "tester")
    change("settleOwnKeys", f'dataSet: "{urn}", reason: "no more"', "dataSet", "OwnKeysChange")
    assert not data("{ ownKeys { keepsApart } }")["ownKeys"][0]["keepsApart"]
    known = data("{ ownKeys { change } }")["ownKeys"][0]
    change("undoOwnKeys", f'change: "{known["change"]}"', "dataSet", "OwnKeysChange")
    held = data("{ ownKeys { keepsApart reason change } }")["ownKeys"][0]
    assert (held["keepsApart"], held["reason"]) == (True, "one card a person")
    asked = change("askUndoOfOwnKeys", f'change: "{held["change"]}"', "request", "MatchingAsked")
    assert carry_out_next_matching()
    (told,) = data(
        "{ matchRequests { id work state dataSet recordsRead customersWritten merges error } }"
    )["matchRequests"]
    assert (told["id"], told["work"], told["state"]) == (asked["request"], "undo_keys", "done")
    assert (told["dataSet"], told["error"]) == (urn, None)
    assert told["recordsRead"] > 0 < told["customersWritten"]
    assert not data("{ ownKeys { keepsApart settled } }")["ownKeys"][0]["settled"]


def tell_and_erase(ours: str) -> None:
    """A copy reads what happened and says how far it is; then somebody asks to be erased."""
    events = data('{ customerEvents(reader: "dwh") { number change } }')["customerEvents"]
    last = events[-1]["number"]
    read = f'reader: "dwh", event: "{last}"'
    assert change("acknowledgeEvents", read, "behind", "EventsAcknowledged")["behind"] == 0
    erased = change(
        "eraseCustomer", f'id: "{ours}", reason: "request 12"', "records", "CustomerErased"
    )
    assert erased["records"] == 1
    (event,) = data('{ customerEvents(reader: "dwh") { change } }')["customerEvents"]
    assert event["change"] == "ERASED" or event["change"] == "erased"
    assert refusal(sheet(ours))["code"] == "unknown_customer"
    since = '{ changedCustomers(since: "2026-01-01T00:00:00Z") { customerId changes } }'
    assert data(since)["changedCustomers"]
