"""What can be read of change: scenarios, and the change-sets that made the landscape what it is."""

from typing import Final

from registry.storage.readable import Column, Entry, Join, Policy, Readable, Table, Value, Way
from schemas.access import Scope
from schemas.changes import ChangeState

OPEN: Final = Policy(Scope.LANDSCAPE_READ)

SCENARIO: Final = Readable(
    "Scenario",
    "A landscape as it might become; pass its id to `landscape(scenario:)`.",
    Table("scenario"),
    (
        Column("key", Value.TEXT, "Short name people type.", OPEN),
        Column("name", Value.TEXT, "Name as people say it.", OPEN),
        Column("description", Value.TEXT, "What it is for.", OPEN, can_order=False),
        Column("created_by", Value.TEXT, "Who opened it.", OPEN, can_group=True),
        Column("created_at", Value.MOMENT, "When it was opened.", OPEN),
        Column("merged_at", Value.MOMENT, "When it became the base.", OPEN, nullable=True),
        Join(
            "change_sets",
            "ChangeSet",
            "Its change-sets, newest first.",
            OPEN,
            on="{there}.scenario_id = {here}.id",
            many=True,
        ),
    ),
    id_kind="scenario",
    order=("key",),
)
CHANGE_SET: Final = Readable(
    "ChangeSet",
    "Changes that belong together: who proposed them, who approved them, and why.",
    Table("change_set"),
    (
        Column(
            "purpose", Value.TEXT, "Edit, table, release, scenario or undo.", OPEN, can_group=True
        ),
        Column("reason", Value.TEXT, "Why, in the proposer's words.", OPEN, can_order=False),
        Column("proposer", Value.TEXT, "Who proposed it.", OPEN, can_group=True),
        Column("reviewer", Value.TEXT, "Who decided about it.", OPEN, nullable=True),
        Column("state", ChangeState, "Where it stands.", OPEN, can_group=True),
        Column(
            "counts",
            Value.JSON,
            "How many objects it adds, changes and removes.",
            OPEN,
            can_filter=False,
            can_order=False,
        ),
        Column("created_at", Value.MOMENT, "When it was proposed.", OPEN),
        Column("decided_at", Value.MOMENT, "When it was decided.", OPEN, nullable=True),
        Column(
            "valid_from",
            Value.MOMENT,
            "Since when it holds in the world; null means since it was applied.",
            OPEN,
            nullable=True,
        ),
        Join(
            "scenario",
            "Scenario",
            "The scenario it is seen in; null for the base.",
            OPEN,
            on="{there}.id = {here}.scenario_id",
            nullable=True,
        ),
        Join(
            "undoes",
            "ChangeSet",
            "What it takes back; null where it is no undoing.",
            OPEN,
            on="{there}.id = {here}.undoes_id",
            nullable=True,
        ),
    ),
    id_kind="change_set",
    order=("-id",),
)

READABLES: Final = (SCENARIO, CHANGE_SET)
ENTRIES: Final = (
    Entry("scenarios", "Scenario", "All scenarios by key; a town has tens.", OPEN, Way.LIST),
    Entry("change_sets", "ChangeSet", "Change-sets, newest first.", OPEN),
)
