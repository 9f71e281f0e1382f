"""Scenarios: seen by who asks, merged field by field, and given up."""

from uuid import UUID

import psycopg
import pytest

from registry.landscape.changes.decide import (
    ChangesCollide,
)
from registry.landscape.changes.merge import Side, Sides
from registry.landscape.changes.scenarios import (
    discard_scenario,
    find_scenario,
    list_scenarios,
    merge_scenario,
    open_for_plans,
    open_scenario,
)
from registry.landscape.changes.sets import find_change_set
from schemas.errors import Conflict, InvalidInput, UnknownName
from tests.factories import an_element
from tests.integration.landscape.proposing import A, B, approve, made, proposed, row


@pytest.fixture
def system(db: psycopg.Connection) -> UUID:
    return an_element(db, urn=A, name="A", attrs={"owner": "Parks"}).id


@pytest.fixture
def plan(db: psycopg.Connection, system: UUID) -> UUID:
    return open_scenario(db, "cloud", name="To the cloud", created_by="anna")


def test_a_plan_is_seen_by_who_asks_for_it_alone(db: psycopg.Connection, plan: UUID) -> None:
    made(
        db,
        {"action": "change", "urn": A, "name": "Cloud A", "attrs": {"owner": None}},
        {"action": "add", "urn": B, "kind": "system", "name": "B"},
        {"action": "relate", "kind": "flow", "source": A, "target": B},
        scenario="cloud",
    )

    assert (row(db, A, plan), row(db, B, plan)) == (("Cloud A", {}), ("B", {}))
    assert (row(db, A), row(db, B)) == (("A", {"owner": "Parks"}), None)
    planned = db.execute("SELECT count(*) FROM relationship_at(NULL, %s)", (plan,)).fetchone()
    assert planned == (1,)
    [found] = list_scenarios(db)
    assert (found.adds, found.changes, found.removes) == (2, 1, 0)


def test_plans_in_one_scenario_add_up(db: psycopg.Connection, plan: UUID) -> None:
    for draft in (
        {"action": "add", "urn": B, "kind": "system", "name": "B"},
        {"action": "change", "urn": B, "name": "B2", "attrs": {"owner": "IT"}},
        {"action": "change", "urn": A, "name": "A2"},
        {"action": "change", "urn": A, "name": "A", "description": "Same name after all."},
        {"action": "relate", "kind": "flow", "source": A, "target": B},
        {"action": "remove", "urn": A},
    ):
        made(db, draft, scenario="cloud")

    assert (row(db, A, plan), row(db, B, plan)) == (None, ("B2", {"owner": "IT"}))
    found = find_scenario(db, "cloud")
    assert (found.adds, found.changes, found.removes) == (1, 0, 1)

    merge_scenario(db, "cloud", by="ben")

    assert (row(db, A), row(db, B)) == (None, ("B2", {"owner": "IT"}))
    with pytest.raises(Conflict, match="merged"):
        merge_scenario(db, "cloud", by="ben")
    with pytest.raises(Conflict, match="merged"):
        open_for_plans(db, "cloud")


def test_merging_takes_what_the_base_did_meanwhile_along(
    db: psycopg.Connection, plan: UUID
) -> None:
    made(db, {"action": "change", "urn": A, "name": "Cloud A"}, scenario="cloud")
    made(db, {"action": "change", "urn": A, "attrs": {"owner": "IT"}})

    merge_scenario(db, "cloud", by="ben")

    assert row(db, A) == ("Cloud A", {"owner": "IT"})


@pytest.mark.parametrize(("prefer", "name"), [(Side.PLAN, "Cloud A"), (Side.BASE, "Base A")])
def test_a_collision_with_the_base_is_decided_by_a_person(
    db: psycopg.Connection, plan: UUID, prefer: Side, name: str
) -> None:
    made(db, {"action": "change", "urn": A, "name": "Cloud A"}, scenario="cloud")
    made(db, {"action": "change", "urn": A, "name": "Base A"})

    told = merge_scenario(db, "cloud", by="ben", validate_only=True)
    assert [(one.field, one.base, one.plan) for one in told.conflicts] == [
        ("name", "Base A", "Cloud A")
    ]
    with pytest.raises(ChangesCollide):
        merge_scenario(db, "cloud", by="ben")
    assert find_scenario(db, "cloud").merged_at is None

    merge_scenario(db, "cloud", by="ben", sides=Sides(prefer))
    assert row(db, A)[0] == name


def test_a_plan_for_what_the_base_removed_is_a_collision_and_no_dead_end(
    db: psycopg.Connection, plan: UUID
) -> None:
    made(db, {"action": "change", "urn": A, "name": "Cloud A"}, scenario="cloud")
    made(db, {"action": "add", "urn": B, "kind": "system", "name": "B"}, scenario="cloud")
    made(db, {"action": "remove", "urn": A})

    with pytest.raises(ChangesCollide, match="removed since"):
        merge_scenario(db, "cloud", by="ben")
    merge_scenario(db, "cloud", by="ben", sides=Sides(Side.PLAN))

    assert (row(db, A), row(db, B)) == (None, ("B", {}))


def test_a_scenario_key_is_taken_once(db: psycopg.Connection, plan: UUID) -> None:
    with pytest.raises(Conflict, match="already"):
        open_scenario(db, "cloud", name="x", created_by="anna")
    with pytest.raises(UnknownName):
        open_for_plans(db, "none")


def test_a_scenario_given_up_is_seen_no_more(db: psycopg.Connection, plan: UUID) -> None:
    waiting = proposed(db, {"action": "change", "urn": A, "name": "Never"}, scenario="cloud")

    discard_scenario(db, "cloud")

    assert list_scenarios(db) == []
    assert find_change_set(db, waiting).state == "rejected"
    with pytest.raises(UnknownName):
        find_scenario(db, "cloud")
    assert open_scenario(db, "cloud", name="Anew", created_by="anna")


@pytest.mark.parametrize("key", ["", "Cloud", "a b", "x~1", "-a", "a" * 51])
def test_a_key_that_nobody_can_type_is_refused(db: psycopg.Connection, key: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be a scenario's key"):
        open_scenario(db, key, name="x", created_by="anna")


def test_a_merged_scenario_takes_no_more_changes(db: psycopg.Connection, plan: UUID) -> None:
    late = proposed(db, {"action": "change", "urn": A, "name": "Late"}, scenario="cloud")
    merge_scenario(db, "cloud", by="ben")

    with pytest.raises(Conflict, match="takes no changes"):
        approve(db, late)
