"""Change-sets and scenarios: who proposed, who approved, and both values where two collide."""

from typing import Any
from uuid import UUID

import psycopg
import pytest

from registry.landscape.changes.decide import ChangesCollide, Decided, approve, propose, reject
from registry.landscape.changes.merge import Side
from registry.landscape.changes.plan import ChangeDraft, ChangesRefused
from registry.landscape.changes.scenarios import (
    find_scenario,
    list_scenarios,
    merge_scenario,
    open_for_plans,
    open_scenario,
)
from registry.landscape.changes.sets import find_change_set, list_change_sets
from registry.landscape.changes.undo import ChangedSince, undo
from schemas.errors import Conflict, UnknownName
from tests.factories import a_relationship, an_element

A, B = "urn:town:system:a", "urn:town:system:b"


def proposed(db: psycopg.Connection, *drafts: dict[str, Any], scenario: str | None = None) -> UUID:
    return propose(
        db,
        [ChangeDraft(**draft) for draft in drafts],
        proposer="anna",
        reason="It was wrong.",
        scenario=open_for_plans(db, scenario) if scenario else None,
    )


def made(db: psycopg.Connection, *drafts: dict[str, Any], scenario: str | None = None) -> Decided:
    return approve(db, proposed(db, *drafts, scenario=scenario), reviewer="ben")


def row(db: psycopg.Connection, urn: str, scenario: UUID | None = None) -> Any:
    return db.execute(
        "SELECT name, attrs FROM element_at(NULL, %s) WHERE urn = %s", (scenario, urn)
    ).fetchone()


@pytest.fixture
def system(db: psycopg.Connection) -> UUID:
    return an_element(db, urn=A, name="A", attrs={"owner": "Parks"}).id


def test_a_proposal_changes_nothing_until_somebody_approves_it(
    db: psycopg.Connection, system: UUID
) -> None:
    key = proposed(db, {"action": "change", "urn": A, "name": "A2", "attrs": {"lifecycle": "plan"}})
    assert row(db, A) == ("A", {"owner": "Parks"})

    done = approve(db, key, reviewer="ben")

    assert row(db, A) == ("A2", {"owner": "Parks", "lifecycle": "plan"})
    assert done.counts == {"added": 0, "changed": 1, "removed": 0}
    kept = find_change_set(db, key)
    assert (kept.proposer, kept.reviewer, kept.reason, kept.state) == (
        "anna", "ben", "It was wrong.", "applied",
    )  # fmt: skip
    assert [found.id for found in list_change_sets(db)] == [key]
    with pytest.raises(Conflict, match="applied already"):
        approve(db, key, reviewer="ben")


def test_validating_tells_and_changes_nothing(db: psycopg.Connection, system: UUID) -> None:
    key = proposed(db, {"action": "change", "urn": A, "name": "A2"})

    assert approve(db, key, reviewer="ben", validate_only=True).counts["changed"] == 1

    assert row(db, A)[0] == "A"
    assert find_change_set(db, key).state == "proposed"


def test_a_rejected_proposal_stays_rejected(db: psycopg.Connection, system: UUID) -> None:
    key = proposed(db, {"action": "remove", "urn": A})
    reject(db, key, reviewer="ben")

    with pytest.raises(Conflict, match="rejected"):
        approve(db, key, reviewer="ben")
    with pytest.raises(Conflict, match="rejected"):
        reject(db, key, reviewer="ben")
    with pytest.raises(UnknownName):
        find_change_set(db, UUID(int=1))


def test_two_architects_at_one_field_are_told_both_values(
    db: psycopg.Connection, system: UUID
) -> None:
    first = proposed(db, {"action": "change", "urn": A, "name": "Anna's", "attrs": {"owner": "IT"}})
    second = proposed(db, {"action": "change", "urn": A, "name": "Cem's", "attrs": {"bbn": "2"}})
    approve(db, first, reviewer="ben")

    with pytest.raises(ChangesCollide, match="both changed it") as told:
        approve(db, second, reviewer="ben")

    [conflict] = told.value.facts["conflicts"]
    values = {name: conflict[name] for name in ("field", "before", "base", "plan")}
    assert values == {"field": "name", "before": "A", "base": "Anna's", "plan": "Cem's"}
    assert row(db, A) == ("Anna's", {"owner": "IT"})
    assert find_change_set(db, second).state == "proposed"

    done = approve(db, second, reviewer="ben", prefer=Side.BASE)
    assert row(db, A) == ("Anna's", {"owner": "IT", "bbn": "2"})
    assert len(done.conflicts) == 1


def test_an_editor_who_saw_an_older_revision_collides_with_what_came_since(
    db: psycopg.Connection, system: UUID
) -> None:
    made(db, {"action": "change", "urn": A, "name": "New"})
    seen = {"action": "change", "urn": A, "expected_revision": 1}

    made(db, {**seen, "description": "Still fits."})
    with pytest.raises(ChangesCollide):
        made(db, {**seen, "name": "Mine"})


def test_a_change_of_what_was_removed_is_told(db: psycopg.Connection, system: UUID) -> None:
    change = proposed(db, {"action": "change", "urn": A, "name": "A2"})
    made(db, {"action": "remove", "urn": A})

    with pytest.raises(ChangesCollide, match="removed since"):
        approve(db, change, reviewer="ben")


def test_removing_takes_relationships_along_but_not_those_made_since(
    db: psycopg.Connection, system: UUID
) -> None:
    a_relationship(db, source_id=system)
    removal = proposed(db, {"action": "remove", "urn": A})
    later = a_relationship(db, source_id=system)

    with pytest.raises(ChangesCollide, match="hang on it"):
        approve(db, removal, reviewer="ben")
    db.execute("DELETE FROM relationship WHERE id = %s", (later.id,))
    assert approve(db, removal, reviewer="ben").counts["removed"] == 2


def test_every_fault_of_a_proposal_is_told_with_its_line(
    db: psycopg.Connection, system: UUID
) -> None:
    an_element(db, urn=B, kind="data_set")
    with pytest.raises(ChangesRefused, match=r"Change 3: .*and 5 more") as told:
        proposed(
            db,
            {"action": "change", "urn": A, "name": "fine"},
            {"action": "add", "urn": "urn:town:x:new", "kind": "system", "name": "N"},
            {"action": "change", "urn": "urn:town:x:none"},
            {"action": "add", "urn": A, "kind": "system", "name": "twice"},
            {"action": "add", "urn": "urn:town:x:y", "kind": "nonsense", "name": "n", "line": 77},
            {"action": "relate", "kind": "composition", "source": B, "target": A},
            {"action": "relate", "kind": "unknown", "source": A, "target": B},
            {"action": "unrelate", "kind": "flow", "source": A, "target": B},
        )
    faults = told.value.facts["faults"]
    assert [fault["line"] for fault in faults] == [3, 4, 77, 6, 7, 8]
    assert "allowed are: association" in faults[3]["what"]
    assert row(db, A)[0] == "A"


def test_relating_the_same_two_again_changes_the_relationship(
    db: psycopg.Connection, system: UUID
) -> None:
    an_element(db, urn=B)
    relate = {"action": "relate", "kind": "flow", "source": A, "target": B}
    made(db, relate)
    made(db, {**relate, "attrs": {"what": "orders"}})

    found = db.execute("SELECT kind, attrs FROM relationship").fetchall()
    assert found == [("flow", {"what": "orders"})]
    assert made(db, {**relate, "action": "unrelate"}).counts["removed"] == 1


def test_a_change_set_is_undone_beside_what_others_did(
    db: psycopg.Connection, system: UUID
) -> None:
    first = made(
        db,
        {"action": "change", "urn": A, "name": "A2"},
        {"action": "add", "urn": B, "kind": "system", "name": "B"},
    )
    made(db, {"action": "change", "urn": A, "attrs": {"owner": "IT"}})

    undo(db, first.change_set_id, proposer="ben", reason="Too early.")

    assert (row(db, A), row(db, B)) == (("A", {"owner": "IT"}), None)
    assert find_change_set(db, first.change_set_id).state == "undone"
    with pytest.raises(Conflict, match="undone"):
        undo(db, first.change_set_id, proposer="ben", reason="")


def test_what_somebody_built_on_is_not_undone(db: psycopg.Connection, system: UUID) -> None:
    first = made(db, {"action": "change", "urn": A, "name": "A2"})
    made(db, {"action": "change", "urn": A, "name": "A3"})

    with pytest.raises(ChangedSince, match="A2 \\(name\\)"):
        undo(db, first.change_set_id, proposer="ben", reason="")
    assert row(db, A)[0] == "A3"


def test_an_undoing_can_be_undone(db: psycopg.Connection, system: UUID) -> None:
    removed = made(db, {"action": "remove", "urn": A})
    back = undo(db, removed.change_set_id, proposer="ben", reason="")
    assert row(db, A) == ("A", {"owner": "Parks"})

    undo(db, back.change_set_id, proposer="ben", reason="")

    assert row(db, A) is None


# ---- Scenarios ----------------------------------------------------------------------------------


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

    merge_scenario(db, "cloud", reviewer="ben")

    assert (row(db, A), row(db, B)) == (None, ("B2", {"owner": "IT"}))
    with pytest.raises(Conflict, match="merged"):
        merge_scenario(db, "cloud", reviewer="ben")
    with pytest.raises(Conflict, match="merged"):
        open_for_plans(db, "cloud")


def test_merging_takes_what_the_base_did_meanwhile_along(
    db: psycopg.Connection, plan: UUID
) -> None:
    made(db, {"action": "change", "urn": A, "name": "Cloud A"}, scenario="cloud")
    made(db, {"action": "change", "urn": A, "attrs": {"owner": "IT"}})

    merge_scenario(db, "cloud", reviewer="ben")

    assert row(db, A) == ("Cloud A", {"owner": "IT"})


@pytest.mark.parametrize(("prefer", "name"), [(Side.PLAN, "Cloud A"), (Side.BASE, "Base A")])
def test_a_collision_with_the_base_is_decided_by_a_person(
    db: psycopg.Connection, plan: UUID, prefer: Side, name: str
) -> None:
    made(db, {"action": "change", "urn": A, "name": "Cloud A"}, scenario="cloud")
    made(db, {"action": "change", "urn": A, "name": "Base A"})

    told = merge_scenario(db, "cloud", reviewer="ben", validate_only=True)
    assert [(one.field, one.base, one.plan) for one in told.conflicts] == [
        ("name", "Base A", "Cloud A")
    ]
    with pytest.raises(ChangesCollide):
        merge_scenario(db, "cloud", reviewer="ben")
    assert find_scenario(db, "cloud").merged_at is None

    merge_scenario(db, "cloud", reviewer="ben", prefer=prefer)
    assert row(db, A)[0] == name


def test_a_plan_for_what_the_base_removed_is_a_collision_and_no_dead_end(
    db: psycopg.Connection, plan: UUID
) -> None:
    made(db, {"action": "change", "urn": A, "name": "Cloud A"}, scenario="cloud")
    made(db, {"action": "add", "urn": B, "kind": "system", "name": "B"}, scenario="cloud")
    made(db, {"action": "remove", "urn": A})

    with pytest.raises(ChangesCollide, match="removed since"):
        merge_scenario(db, "cloud", reviewer="ben")
    merge_scenario(db, "cloud", reviewer="ben", prefer=Side.PLAN)

    assert (row(db, A), row(db, B)) == (None, ("B", {}))


def test_a_scenario_key_is_taken_once(db: psycopg.Connection, plan: UUID) -> None:
    with pytest.raises(Conflict, match="already"):
        open_scenario(db, "cloud", name="x", created_by="anna")
    with pytest.raises(UnknownName):
        open_for_plans(db, "none")
