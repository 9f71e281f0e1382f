"""Systems, interfaces and relationships are registered, changed, retired; odd values refused."""

from typing import Any

import pytest

from registry.storage.database import unit_of_work
from tests import factories
from tests.integration.api.asking import ask
from tests.integration.api.changing import MORE, PROBLEM, REGISTER, RETIRE, UPDATE, done, find

pytestmark = pytest.mark.usefixtures("shared_database")


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
