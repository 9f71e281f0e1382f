"""What can be read of the intake: sources, their sync runs, and why a run failed."""

from typing import Final

from registry.storage.readable import (
    Argument,
    Column,
    Entry,
    Join,
    Policy,
    Readable,
    Table,
    Value,
    Way,
)
from schemas.access import Scope
from schemas.intake import RunState

OPEN: Final = Policy(Scope.SYNC_READ)
LANDSCAPE: Final = Policy(Scope.LANDSCAPE_READ)
SOURCES_EXPECTED: Final = 50  # a town has tens

SOURCE: Final = Readable(
    "Source",
    "A registered interface that a connector reads.",
    Table("source"),
    (
        Column("key", Value.TEXT, "Short name people type.", OPEN),
        Join(
            "interface",
            "Interface",
            "The interface it reads; a connector runs only against a registered one. "
            "Needs the scope landscape:read.",
            LANDSCAPE,
            on="{there}.id = {here}.interface_id",
            nullable=True,
        ),
        Join(
            "last_run",
            "SyncRun",
            "Its newest run; null before the first.",
            OPEN,
            on="{there}.source_id = {here}.id",
            order=("-id",),
            nullable=True,
        ),
        Join(
            "runs",
            "SyncRun",
            "Its runs, newest first.",
            OPEN,
            on="{there}.source_id = {here}.id",
            many=True,
        ),
    ),
    id_kind="source",
    order=("key",),
)
_COUNTS: Final = {
    "pages": "Pages committed.",
    "records_read": "Records read from the source.",
    "records_landed": "New or changed records.",
    "records_unchanged": "Records that were the same as before.",
    "records_quarantined": "Records refused, with reason.",
}
SYNC_RUN: Final = Readable(
    "SyncRun",
    "One attempt to read one source.",
    Table("sync_run"),
    (
        Column(
            "source_key",
            Value.TEXT,
            "The source it read.",
            OPEN,
            sql="(SELECT source.key FROM source WHERE source.id = {row}.source_id)",
            can_group=True,
        ),
        Column("state", RunState, "Where it stands.", OPEN, can_group=True),
        Column("started_at", Value.MOMENT, "When it began.", OPEN),
        Column("finished_at", Value.MOMENT, "When it ended.", OPEN, nullable=True),
        *(Column(name, Value.INTEGER, meaning, OPEN) for name, meaning in _COUNTS.items()),
        Join(
            "failure",
            "Failure",
            "Why it failed; null where it did not.",
            OPEN,
            on="{there}.run_id = {here}.id",
            nullable=True,
        ),
        Join("source", "Source", "The source it read.", OPEN, on="{there}.id = {here}.source_id"),
    ),
    id_kind="sync_run",
    order=("-id",),
)
FAILURE: Final = Readable(
    "Failure",
    "Why something failed, and what to do next.",
    Table(
        "(SELECT id AS run_id, error ->> 'code' AS code, error ->> 'what' AS what,"
        " error ->> 'remedy' AS remedy FROM sync_run WHERE jsonb_typeof(error) = 'object')"
    ),
    (
        Column(
            "code",
            Value.TEXT,
            "Stable code; docs/reference/errors.md explains it.",
            OPEN,
            can_group=True,
        ),
        Column("what", Value.TEXT, "What happened and why.", OPEN),
        Column("remedy", Value.TEXT, "What to do next.", OPEN),
    ),
    key="run_id",
)

READABLES: Final = (SOURCE, SYNC_RUN, FAILURE)
ENTRIES: Final = (
    Entry(
        "sources",
        "Source",
        "All sources by key; a town has tens of them, not thousands.",
        OPEN,
        Way.LIST,
    ),
    Entry(
        "sync_runs",
        "SyncRun",
        "Sync runs, newest first.",
        OPEN,
        arguments=(
            Argument(
                "source",
                "Only runs of this source.",
                "{row}.source_id = (SELECT source.id FROM source WHERE source.key = {value})",
            ),
        ),
    ),
)
