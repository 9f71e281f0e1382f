"""What can be read of models and plans: views, releases, change-sets, scenarios, the work list."""

from typing import Final

from registry.storage.readable import Column, Entry, Join, Policy, Readable, Table, Value
from schemas.access import Scope
from schemas.changes import ChangeState

OPEN: Final = Policy(Scope.LANDSCAPE_READ)
CHANGES_SHOWN_MAX: Final = 1_000  # of one change-set; a release keeps its own in the past
# These keep no past of their own: inside `landscape` are those that had begun by its moment.
RELEASES: Final = Table(
    "model_release",
    at="(SELECT model_release.* FROM model_release JOIN change_set AS made"
    " ON made.id = model_release.change_set_id"
    " WHERE coalesce(made.valid_from, applied_at) <= coalesce({as_of}, 'infinity'))",
)
CHANGE_SETS: Final = Table(
    "change_set",
    at="(SELECT * FROM change_set"
    " WHERE least(valid_from, created_at) <= coalesce({as_of}, 'infinity'))",
)
SCENARIOS: Final = Table(
    "scenario",
    at="(SELECT * FROM scenario WHERE created_at <= coalesce({as_of}, 'infinity'))",
)


def _since(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, Value.MOMENT, description, OPEN, nullable=nullable)


def _counts(description: str) -> Column:
    return Column("counts", Value.JSON, description, OPEN, can_filter=False, can_order=False)


MODEL: Final = Readable(
    "ArchitectureModel",
    "One architecture model taken in as a whole.",
    Table("architecture_model", at="architecture_model_at"),
    (
        Column("key", Value.TEXT, "Short name people type.", OPEN),
        Column("name", Value.TEXT, "Name as people say it.", OPEN),
        Column("strictness", Value.TEXT, "What forbidden relationships meet.", OPEN),
        Column("revision", Value.INTEGER, "Counts changes.", OPEN),
        _since("valid_from", "Since when this holds in the world."),
        Join(
            "views",
            "StoredView",
            "Its drawings, by name.",
            OPEN,
            on="{there}.model_id = {here}.id",
            many=True,
        ),
        Join(
            "releases",
            "ModelRelease",
            "What was taken in, newest first.",
            OPEN,
            on="{there}.model_id = {here}.id",
            many=True,
        ),
    ),
    id_kind="architecture_model",
    order=("key",),
    search="name",
)
VIEWS: Final = Table("stored_view", at="stored_view_at")
VIEW: Final = Readable(
    "StoredView",
    "One drawing of a model.",
    VIEWS,
    (
        Column("name", Value.TEXT, "Name as people say it.", OPEN),
        Column(
            "kind", Value.TEXT, "Which sort: archimate, sketch or canvas.", OPEN, can_group=True
        ),
        Column("description", Value.TEXT, "What it shows.", OPEN, can_order=False),
        Column("viewpoint", Value.TEXT, "ArchiMate viewpoint, if any.", OPEN, nullable=True),
        Column("revision", Value.INTEGER, "Counts changes.", OPEN),
        Join("model", "ArchitectureModel", "Whose it is.", OPEN, on="{there}.id = {here}.model_id"),
        Join(
            "shows",
            "Element",
            "Elements it shows, by name.",
            OPEN,
            on="{link}.id = {here}.id AND {there}.id = ANY({link}.shows)",
            link=VIEWS,
            many=True,
        ),
    ),
    id_kind="stored_view",
    order=("name",),
    search="name",
)
RELEASE: Final = Readable(
    "ModelRelease",
    "One release of a model as it was taken in.",
    RELEASES,
    (
        Column("name", Value.TEXT, "As people call it.", OPEN),
        Column("file", Value.TEXT, "Name of the file it came in.", OPEN),
        _counts("Kept, moved, changed, added, removed, ambiguous, retired; per sort."),
        _since("applied_at", "When it was taken in."),
        _since("rolled_back_at", "When it was taken back.", nullable=True),
        Join("model", "ArchitectureModel", "Of what.", OPEN, on="{there}.id = {here}.model_id"),
        Join(
            "change_set",
            "ChangeSet",
            "Who took it in, why, since when it holds.",
            OPEN,
            on="{there}.id = {here}.change_set_id",
        ),
    ),
    id_kind="model_release",
    order=("-applied_at",),
)
CHANGE_SET: Final = Readable(
    "ChangeSet",
    "Changes that belong together: who proposed them, who approved them, and why.",
    CHANGE_SETS,
    (
        Column(
            "purpose",
            Value.TEXT,
            "What for: edit, register, table, release, scenario, settle or undo.",
            OPEN,
        ),
        Column("reason", Value.TEXT, "Why, in the proposer's words.", OPEN, can_order=False),
        Column("proposer", Value.TEXT, "Who proposed it.", OPEN),
        Column("reviewer", Value.TEXT, "Who decided about it.", OPEN, nullable=True),
        Column("decision", Value.TEXT, "Why, in the reviewer's words.", OPEN, can_order=False),
        Column("state", ChangeState, "Where it stands.", OPEN, can_group=True),
        _counts("How many objects it adds, changes and removes."),
        _since("created_at", "When it was proposed."),
        _since("decided_at", "When it was decided.", nullable=True),
        _since("valid_from", "Since when it holds; null: since it was applied.", nullable=True),
        Column(
            "changes",
            Value.JSON,
            f"By object, each field's value before and after; at most {CHANGES_SHOWN_MAX}.",
            OPEN,
            sql="(SELECT coalesce(jsonb_agg(jsonb_build_object('table', table_name, 'object', "
            "object_id, 'action', action, 'fields', fields) ORDER BY position), '[]') "
            "FROM (SELECT * FROM change WHERE change_set_id = {row}.id "
            f"ORDER BY position LIMIT {CHANGES_SHOWN_MAX}) AS listed)",
            can_filter=False,
            can_order=False,
        ),
        Join(
            "scenario",
            "Scenario",
            "Seen only in it, if any.",
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
    order=("-created_at",),
)
SCENARIO: Final = Readable(
    "Scenario",
    "A landscape as it might become; `landscape(scenario:)` shows it.",
    SCENARIOS,
    (
        Column("key", Value.TEXT, "Short name people type.", OPEN),
        Column("name", Value.TEXT, "Name as people say it.", OPEN),
        Column("created_by", Value.TEXT, "Who opened it.", OPEN),
        _since("created_at", "When it was opened."),
        _since("merged_at", "When it became the base.", nullable=True),
        _since("discarded_at", "When it was given up.", nullable=True),
        Join(
            "change_sets",
            "ChangeSet",
            "What was planned in it, newest first.",
            OPEN,
            on="{there}.scenario_id = {here}.id",
            many=True,
        ),
    ),
    id_kind="scenario",
    order=("key",),
)
WORK_ITEM: Final = Readable(
    "WorkItem",
    "Something a release left to the architect: one of ours hangs on what is gone.",
    Table("work_item"),
    (
        Column("gone_name", Value.TEXT, "What is gone.", OPEN),
        Column(
            "outcome",
            Value.TEXT,
            "What became of it: mapped, kept or dropped.",
            OPEN,
            nullable=True,
        ),
        _since("created_at", "When it came up."),
        _since("done_at", "When it was settled.", nullable=True),
        _since("postponed_until", "Until when it is put off.", nullable=True),
        Column("note", Value.TEXT, "Why it was settled so, or put off.", OPEN, can_order=False),
        Column("settled_by", Value.TEXT, "Who settled it or put it off.", OPEN, nullable=True),
        Join(
            "release",
            "ModelRelease",
            "The release that left it.",
            OPEN,
            on="{there}.id = {here}.release_id",
        ),
        Join(
            "own",
            "Element",
            "Our element; null where it is gone by now.",
            OPEN,
            on="{there}.id = {here}.own_id",
            nullable=True,
        ),
        Join(
            "suggested",
            "Element",
            "What may take its place, if anything.",
            OPEN,
            on="{there}.id = {here}.suggested_id",
            nullable=True,
        ),
    ),
    id_kind="work_item",
    order=("created_at",),
)
READABLES: Final = (MODEL, VIEW, RELEASE, CHANGE_SET, SCENARIO, WORK_ITEM)
ENTRIES: Final = (
    Entry("models", "ArchitectureModel", "Models by key.", OPEN, in_landscape=True),
    Entry("views", "StoredView", "Drawings of all models by name.", OPEN, in_landscape=True),
    Entry("releases", "ModelRelease", "Releases, newest first.", OPEN),
    Entry("change_sets", "ChangeSet", "Change-sets, newest first.", OPEN),
    Entry("scenarios", "Scenario", "Scenarios by key.", OPEN),
    Entry("work_list", "WorkItem", "What releases left to decide, oldest first.", OPEN),
)
