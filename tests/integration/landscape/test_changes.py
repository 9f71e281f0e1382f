"""Change-sets: who proposed, who approved, and both values where two collide."""

from uuid import UUID

import psycopg
import pytest

from registry.landscape.changes.decide import (
    ChangesCollide,
    OwnProposal,
    Verdict,
    reject,
)
from registry.landscape.changes.decide import approve as approve_by
from registry.landscape.changes.listing import changes_made
from registry.landscape.changes.merge import Side, Sides
from registry.landscape.changes.plan import ChangesRefused
from registry.landscape.changes.sets import find_change_set, list_change_sets
from registry.landscape.changes.undo import ChangedSince, undo
from registry.landscape.changes.world import StillUsed
from registry.landscape.commands import register
from schemas.errors import Conflict, UnknownName
from schemas.landscape import (
    ElementDraft,
    ElementKind,
    LandscapeDraft,
    RelationshipDraft,
    RelationshipKind,
)
from tests.factories import a_relationship, a_source, an_element
from tests.integration.landscape.proposing import A, B, approve, made, proposed, row


@pytest.fixture
def system(db: psycopg.Connection) -> UUID:
    return an_element(db, urn=A, name="A", attrs={"owner": "Parks"}).id


def test_a_proposal_changes_nothing_until_somebody_approves_it(
    db: psycopg.Connection, system: UUID
) -> None:
    key = proposed(db, {"action": "change", "urn": A, "name": "A2", "attrs": {"lifecycle": "plan"}})
    assert row(db, A) == ("A", {"owner": "Parks"})

    done = approve(db, key)

    assert row(db, A) == ("A2", {"owner": "Parks", "lifecycle": "plan"})
    assert done.counts == {"added": 0, "changed": 1, "removed": 0}
    kept = find_change_set(db, key)
    assert (kept.proposer, kept.reviewer, kept.reason, kept.state) == (
        "anna", "ben", "It was wrong.", "applied",
    )  # fmt: skip
    assert [found.id for found in list_change_sets(db)] == [key]
    with pytest.raises(Conflict, match="applied already"):
        approve(db, key)


def test_validating_tells_and_changes_nothing(db: psycopg.Connection, system: UUID) -> None:
    key = proposed(db, {"action": "change", "urn": A, "name": "A2"})

    assert approve(db, key, validate_only=True).counts["changed"] == 1

    assert row(db, A)[0] == "A"
    assert find_change_set(db, key).state == "proposed"


def test_a_rejected_proposal_stays_rejected(db: psycopg.Connection, system: UUID) -> None:
    key = proposed(db, {"action": "remove", "urn": A})
    reject(db, key, Verdict(reviewer="ben"))

    with pytest.raises(Conflict, match="rejected"):
        approve(db, key)
    with pytest.raises(Conflict, match="rejected"):
        reject(db, key, Verdict(reviewer="ben"))
    with pytest.raises(UnknownName):
        find_change_set(db, UUID(int=1))


def test_two_architects_at_one_field_are_told_both_values(
    db: psycopg.Connection, system: UUID
) -> None:
    first = proposed(db, {"action": "change", "urn": A, "name": "Anna's", "attrs": {"owner": "IT"}})
    second = proposed(db, {"action": "change", "urn": A, "name": "Cem's", "attrs": {"bbn": "2"}})
    approve(db, first)

    with pytest.raises(ChangesCollide, match="both changed it") as told:
        approve(db, second)

    [conflict] = told.value.facts["conflicts"]
    values = {name: conflict[name] for name in ("field", "before", "base", "plan")}
    assert values == {"field": "name", "before": "A", "base": "Anna's", "plan": "Cem's"}
    assert row(db, A) == ("Anna's", {"owner": "IT"})
    assert find_change_set(db, second).state == "proposed"

    done = approve(db, second, sides=Sides(Side.BASE))
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
        approve(db, change)


def test_removing_takes_relationships_along_but_not_those_made_since(
    db: psycopg.Connection, system: UUID
) -> None:
    a_relationship(db, source_id=system)
    removal = proposed(db, {"action": "remove", "urn": A})
    later = a_relationship(db, source_id=system)

    with pytest.raises(ChangesCollide, match="hang on it"):
        approve(db, removal)
    db.execute("DELETE FROM relationship WHERE id = %s", (later.id,))
    assert approve(db, removal).counts["removed"] == 2


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


def test_four_eyes_see_more_than_two(db: psycopg.Connection, system: UUID) -> None:
    key = proposed(db, {"action": "change", "urn": A, "name": "A2"})
    own = Verdict(reviewer="anna")

    with pytest.raises(OwnProposal):
        approve_by(db, key, own)
    assert approve_by(db, key, own, validate_only=True).counts["changed"] == 1
    assert row(db, A)[0] == "A"

    approve_by(db, key, Verdict(reviewer="anna", own_too=True, decision="I am alone here."))
    assert (row(db, A)[0], find_change_set(db, key).decision) == ("A2", "I am alone here.")


def test_each_conflict_is_decided_by_itself(db: psycopg.Connection, system: UUID) -> None:
    mine = {"name": "Mine", "attrs": {"owner": "Me"}}
    key = proposed(db, {"action": "change", "urn": A, **mine})
    made(db, {"action": "change", "urn": A, "name": "Theirs", "attrs": {"owner": "Them"}})

    with pytest.raises(ChangesCollide, match="1 changes collide"):
        approve(db, key, sides=Sides(choices={(system, "name"): Side.PLAN}))
    choices = {(system, "name"): Side.PLAN, (system, "attrs.owner"): Side.BASE}
    approve(db, key, sides=Sides(choices=choices))

    assert row(db, A) == ("Mine", {"owner": "Them"})


def test_what_a_change_set_changed_can_be_read(db: psycopg.Connection, system: UUID) -> None:
    done = made(db, {"action": "change", "urn": A, "name": "A2", "attrs": {"owner": None}})
    back = undo(db, done.change_set_id, proposer="ben", reason="Too early.")
    whole = LandscapeDraft(elements=[ElementDraft(urn=B, kind=ElementKind.SYSTEM, name="B")])
    register(db, whole, proposer="anna", reason="A file.")
    [registered] = [found for found in list_change_sets(db) if found.purpose == "register"]

    told = [
        [(one.what, one.name, one.fields) for one in changes_made(db, key)]
        for key in (done.change_set_id, back.change_set_id, registered.id)
    ]
    fields = {"name": ["A", "A2"], "attrs.owner": ["Parks", None]}
    assert told[0] == [("changed", "A", fields)]
    assert told[1] == [("changed", "A", {name: values[::-1] for name, values in fields.items()})]
    assert [(what, name) for what, name, _ in told[2]] == [("added", "B")]
    assert registered.counts == {"added": 1, "changed": 0, "removed": 0}


def test_a_landscape_file_is_one_change_set_that_can_be_undone(
    db: psycopg.Connection, system: UUID
) -> None:
    draft = LandscapeDraft(
        elements=[
            ElementDraft(urn=A, kind=ElementKind.SYSTEM, name="A2"),
            ElementDraft(urn=B, kind=ElementKind.SYSTEM, name="B"),
        ],
        relationships=[RelationshipDraft(kind=RelationshipKind.FLOW, source=A, target=B)],
    )
    register(db, draft, proposer="anna", reason="A file.")
    register(db, draft, proposer="anna", reason="The same file.")
    [only] = list_change_sets(db)

    undo(db, only.id, proposer="ben", reason="The wrong file.")

    assert (row(db, A), row(db, B)) == (("A", {"owner": "Parks"}), None)


def test_nothing_others_have_built_on_is_undone_under_them(
    db: psycopg.Connection, system: UUID
) -> None:
    done = made(db, {"action": "add", "urn": B, "kind": "system", "name": "B"})
    made(db, {"action": "relate", "kind": "flow", "source": A, "target": B})

    with pytest.raises(ChangedSince, match=r"made since hang on what would go: B \(1\)"):
        undo(db, done.change_set_id, proposer="ben", reason="")
    assert row(db, B) is not None


def test_what_a_source_reads_is_neither_removed_nor_undone(db: psycopg.Connection) -> None:
    added = {"action": "add", "urn": B, "kind": "interface", "name": "B"}
    done = made(db, added)
    found = db.execute("SELECT id FROM element WHERE urn = %s", (B,)).fetchone()
    assert found is not None
    a_source(db, interface_id=found[0])

    with db.transaction(), pytest.raises(StillUsed), db.transaction():
        made(db, {"action": "remove", "urn": B})
    with pytest.raises(StillUsed), db.transaction():
        undo(db, done.change_set_id, proposer="ben", reason="")
