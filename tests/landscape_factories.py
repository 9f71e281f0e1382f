"""Factories of the landscape's models, views, releases, change-sets, scenarios, and of its past."""

import itertools
from typing import Any
from uuid import UUID

import psycopg

from registry.storage.statements import insert_row
from schemas.base import utc_now, uuid7
from schemas.changes import (
    Alias,
    Change,
    ChangeSet,
    ModelRelease,
    Scenario,
    ScenarioChange,
    WorkItem,
)
from schemas.landscape import (
    ArchitectureModel,
    Element,
    ElementKind,
    LandscapeChange,
    Relationship,
    RelationshipKind,
    StoredView,
)

_numbers = itertools.count(1)


def an_element(db: psycopg.Connection, **given: Any) -> Element:
    """Register an element; a system unless told otherwise."""
    number = next(_numbers)
    row = Element(
        **{
            "urn": f"urn:test:element:{number}",
            "kind": ElementKind.SYSTEM,
            "name": f"System {number}",
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_relationship(db: psycopg.Connection, **given: Any) -> Relationship:
    """Relate two elements; the first serves the second unless told otherwise."""
    ends = {end: an_element(db).id for end in ("source_id", "target_id") if end not in given}
    row = Relationship(**{"kind": RelationshipKind.SERVING, **ends, **given})
    insert_row(db, row)
    return row


def an_interface(db: psycopg.Connection, **given: Any) -> Element:
    """Register an interface."""
    return an_element(db, **{"kind": ElementKind.INTERFACE, **given})


def a_data_set(db: psycopg.Connection, **given: Any) -> Element:
    """Register a data set."""
    return an_element(db, **{"kind": ElementKind.DATA_SET, **given})


def an_architecture_model(db: psycopg.Connection, **given: Any) -> ArchitectureModel:
    """Register a model without content."""
    number = next(_numbers)
    row = ArchitectureModel(
        **{"key": f"model-{number}", "name": f"Model {number}", "strictness": "warn", **given}
    )
    insert_row(db, row)
    return row


def a_stored_view(db: psycopg.Connection, **given: Any) -> StoredView:
    """Keep an empty drawing."""
    if "model_id" not in given:
        given["model_id"] = an_architecture_model(db).id
    row = StoredView(**{"kind": "archimate", "name": "View", "shows": [], **given})
    insert_row(db, row)
    return row


def a_scenario(db: psycopg.Connection, **given: Any) -> Scenario:
    """Open a scenario."""
    number = next(_numbers)
    row = Scenario(
        **{"key": f"plan-{number}", "name": f"Plan {number}", "created_by": "architect", **given}
    )
    insert_row(db, row)
    return row


def a_scenario_change(db: psycopg.Connection, **given: Any) -> ScenarioChange:
    """Plan to take away something."""
    if "scenario_id" not in given:
        given["scenario_id"] = a_scenario(db).id
    row = ScenarioChange(
        **{
            "object_id": uuid7(),
            "table_name": "element",
            "action": "remove",
            "unset": [],
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_change_set(db: psycopg.Connection, **given: Any) -> ChangeSet:
    """Propose nothing in particular."""
    row = ChangeSet(
        **{"purpose": "edit", "reason": "It was wrong.", "proposer": "architect", **given}
    )
    insert_row(db, row)
    return row


def a_change(db: psycopg.Connection, **given: Any) -> Change:
    """Propose to take away something."""
    if "change_set_id" not in given:
        given["change_set_id"] = a_change_set(db).id
    row = Change(
        **{
            "position": 0,
            "table_name": "element",
            "object_id": uuid7(),
            "action": "remove",
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_model_release(db: psycopg.Connection, **given: Any) -> ModelRelease:
    """Write down that a release was taken in."""
    if "model_id" not in given:
        given["model_id"] = an_architecture_model(db).id
    if "change_set_id" not in given:
        given["change_set_id"] = a_change_set(db, purpose="release").id
    row = ModelRelease(**{"name": "1", "file": "model.xml", "file_hash": b"\0" * 32, **given})
    insert_row(db, row)
    return row


def an_alias(db: psycopg.Connection, **given: Any) -> Alias:
    """Give something another name."""
    if "model_id" not in given:
        given["model_id"] = an_architecture_model(db).id
    row = Alias(
        **{
            "scheme": "exchange",
            "value": "id-1",
            "object_id": uuid7(),
            "table_name": "element",
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_work_item(db: psycopg.Connection, **given: Any) -> WorkItem:
    """Leave something to the architect."""
    if "release_id" not in given:
        given["release_id"] = a_model_release(db).id
    ids = {name: uuid7() for name in ("gone_id", "relationship_id", "own_id")}
    row = WorkItem(**{"gone_name": "Gone", **ids, **given})
    insert_row(db, row)
    return row


def a_past_of(table: str, key: UUID, db: psycopg.Connection) -> None:
    """Remove a row, so that it becomes past."""
    db.execute(f"DELETE FROM {table} WHERE id = %s", (key,))


def a_landscape_change(db: psycopg.Connection, **given: Any) -> LandscapeChange:
    """Note a transaction that never was."""
    row = LandscapeChange(**{"xid": next(_numbers), "changed_at": utc_now(), **given})
    insert_row(db, row)
    return row


LANDSCAPE_FACTORIES = {
    "element": an_element,
    "element_history": lambda db: a_past_of("element", an_element(db).id, db),
    "relationship": a_relationship,
    "relationship_history": lambda db: a_past_of("relationship", a_relationship(db).id, db),
    "landscape_change": a_landscape_change,
    "alias": an_alias,
    "architecture_model": an_architecture_model,
    "architecture_model_history": lambda db: a_past_of(
        "architecture_model", an_architecture_model(db).id, db
    ),
    "change": a_change,
    "change_set": a_change_set,
    "model_release": a_model_release,
    "scenario": a_scenario,
    "scenario_change": a_scenario_change,
    "stored_view": a_stored_view,
    "stored_view_history": lambda db: a_past_of("stored_view", a_stored_view(db).id, db),
    "work_item": a_work_item,
}
