"""An architect's questions by GraphQL: each answers, and only those who may see the landscape."""

from datetime import UTC, datetime

import pytest

from registry.storage.database import Database, unit_of_work
from schemas.access import Scope
from tests.factories import (
    a_data_set,
    a_lineage_edge,
    a_relationship,
    a_source,
    a_sync_run,
    an_element,
    an_interface,
)
from tests.integration.api.asking import data, refusal

EVERYTHING = """query Architect($start: String!) {
  impact(of: $start, kinds: [INTERFACE, SYSTEM]) { depth by element { name } through { name } }
  coverage(cover: ENDING) { name systems cover }
  obligations(role: MANDATORY) { standard systems versions }
  roadmap { system when day uncovered }
  suppliers { supplier share systems }
  personalDataFlows { name touchedBy { name access } flowsTo { name steps } }
  possibleDuplicates(kinds: [SYSTEM]) { likeness names }
  searchLandscape(words: "ladger", first: 1) { name }
  recordScores(below: 60) { name score reasons }
  declaredAgainstObserved(verdict: UNDECLARED) { source target records reason }
}"""


@pytest.fixture
def town(database: Database) -> str:
    """A system that is leaving, with an interface, an obligation and personal data."""
    with unit_of_work() as db:
        attrs = {"lifecycle": "phase out", "end_date": "2020-01-31", "supplier": "Riverbed"}
        ledger = an_element(db, name="Ledger", attrs=attrs)
        an_element(db, name="ledger")
        user = an_element(db, name="Desk")
        component = an_element(db, kind="reference_component", name="Bookkeeping")
        standard = an_element(db, kind="standard", name="Invoice format")
        interface = an_interface(db, name="Bookings")
        people = a_data_set(db, name="Debtors", attrs={"personal_data": True})
        for kind, source, target, said in (
            ("specialization", ledger, component, {}),
            ("realization", component, standard, {"role": "mandatory"}),
            ("composition", ledger, interface, {}),
            ("serving", interface, user, {}),
            ("access", ledger, people, {"access": "write"}),
            ("access", interface, people, {"access": "read"}),
        ):
            a_relationship(db, kind=kind, source_id=source.id, target_id=target.id, attrs=said)
        feed = an_interface(db, name="Feed")
        run = a_sync_run(db, source_id=a_source(db, interface_id=feed.id).id)
        a_lineage_edge(db, run_id=run.id, from_id=people.id, to_id=feed.id, records=7)
        return ledger.urn


def test_every_question_is_answered(town: str) -> None:
    answer = data(EVERYTHING, start=town)
    assert answer["impact"] == [
        {
            "depth": 1,
            "by": "COMPOSITION",
            "element": {"name": "Bookings"},
            "through": {"name": "Ledger"},
        },
        {
            "depth": 2,
            "by": "SERVING",
            "element": {"name": "Desk"},
            "through": {"name": "Bookings"},
        },
    ]
    assert answer["coverage"] == [{"name": "Bookkeeping", "systems": ["Ledger"], "cover": "ENDING"}]
    assert answer["obligations"] == [
        {"standard": "Invoice format", "systems": ["Ledger"], "versions": []}
    ]
    assert answer["roadmap"][0] == {
        "system": "Ledger",
        "when": "OVERDUE",
        "day": "2020-01-31",
        "uncovered": ["Bookkeeping"],
    }
    assert answer["suppliers"][0]["supplier"] == "Riverbed"
    [held] = answer["personalDataFlows"]
    assert held["flowsTo"] == [{"name": "Desk", "steps": 1}]
    assert answer["possibleDuplicates"] == [
        {"likeness": "SAME_NAME", "names": ["Ledger", "ledger"]}
    ]
    assert answer["searchLandscape"][0]["name"].casefold() == "ledger"
    assert all(row["score"] < 60 for row in answer["recordScores"])
    assert answer["declaredAgainstObserved"] == [
        {
            "source": "Debtors",
            "target": "Feed",
            "records": 7,
            "reason": "the interface declares no data set",
        }
    ]


def test_nobody_learns_anything_without_the_scope(town: str) -> None:
    for name in ("coverage", "roadmap", "suppliers", "recordScores", "personalDataFlows"):
        refused = refusal(f"{{ {name} {{ name: __typename }} }}", scopes={Scope.SYNC_READ})
        assert refused["code"] == "access_denied", name


def test_a_wrong_question_says_what_is_wrong(town: str) -> None:
    assert refusal('{ impact(of: "nothing") { depth } }')["code"] == "unknown_name"
    assert refusal('{ impact(of: "LEDGER") { depth } }')["code"] == "ambiguous_name"
    deep = refusal(f'{{ impact(of: "{town}", depth: 101) {{ depth }} }}')
    assert deep["code"] == "invalid_input"


def test_questions_can_be_asked_of_a_day_that_has_been(town: str) -> None:
    asked = "query Then($then: DateTime!) { coverage(asOf: $then) { name } }"
    assert data(asked, then=datetime(2020, 1, 1, tzinfo=UTC).isoformat()) == {"coverage": []}
    assert data("{ coverage { name } }")["coverage"]


def test_questions_in_memory_stand_beside_compiled_ones(town: str) -> None:
    answer = data("{ systems { nodes { name } } coverage { name } }")
    assert {row["name"] for row in answer["systems"]["nodes"]} >= {"Ledger", "Desk"}
    assert answer["coverage"]
