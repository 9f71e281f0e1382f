"""What can be read of the intake: sources, their sync runs, and why a run failed."""

from typing import Final

from registry.intake.schedules import DATA_SETS
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
from schemas.intake import Freshness, RequestKind, RequestState, RunState, WithdrawalState

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
            "schedule",
            "SourceSchedule",
            "When the clock reads it, and how old it is; null where nobody said.",
            OPEN,
            on="{there}.source_id = {here}.id",
            nullable=True,
        ),
        Join(
            "quarantine",
            "QuarantinedRecord",
            "Its records that could not be used, newest first.",
            OPEN,
            on="{there}.source_id = {here}.id",
            many=True,
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

_OF_SOURCE: Final = Join(
    "source", "Source", "The source.", OPEN, on="{there}.id = {here}.source_id"
)
_BY_SOURCE: Final = (
    Argument(
        "source",
        "Only of this source.",
        "{row}.source_id = (SELECT source.id FROM source WHERE source.key = {value})",
    ),
)
SCHEDULE: Final = Readable(
    "SourceSchedule",
    "When a source is read by the clock, and how old it is against its target.",
    Table(
        """(SELECT said.source_id, cron, zone, active, fresh_minutes, newest.completed_at,
               CASE WHEN fresh_minutes IS NULL THEN 'untargeted'
                    WHEN completed_at IS NULL THEN 'never'
                    WHEN completed_at >= now() - fresh_minutes * interval '1 minute' THEN 'fresh'
                    ELSE 'late' END AS freshness
           FROM source_schedule AS said LEFT JOIN LATERAL (
               SELECT finished_at AS completed_at FROM sync_run
               WHERE sync_run.source_id = said.source_id AND state = 'completed'
               ORDER BY id DESC LIMIT 1) AS newest ON true)"""
    ),
    (
        Column("cron", Value.TEXT, "When to read it, as cron says it.", OPEN, nullable=True),
        Column("zone", Value.TEXT, "Time zone of the cron line.", OPEN),
        Column("active", Value.TRUTH, "False while it is paused.", OPEN),
        Column("fresh_minutes", Value.INTEGER, "Age at which it is too old.", OPEN, nullable=True),
        Column(
            "completed_at", Value.MOMENT, "End of its newest whole reading.", OPEN, nullable=True
        ),
        Column("freshness", Freshness, "How it stands against its target.", OPEN),
    ),
    key="source_id",
)
QUARANTINED: Final = Readable(
    "QuarantinedRecord",
    "One record that could not be used; its values are not shown here.",
    Table("quarantined_record"),
    (
        Column("stream", Value.TEXT, "Stream it came by.", OPEN, can_group=True),
        Column("key", Value.TEXT, "Its key, where one was read.", OPEN, nullable=True),
        Column("rule", Value.TEXT, "Rule it broke.", OPEN, can_group=True),
        Column("path", Value.TEXT, "Where in the raw record.", OPEN, can_group=True),
        Column("reason", Value.TEXT, "Why, without the value.", OPEN),
        Column("quarantined_at", Value.MOMENT, "When it first came in.", OPEN),
        _OF_SOURCE,
        Join("run", "SyncRun", "The run that last met it.", OPEN, on="{there}.id = {here}.run_id"),
    ),
    id_kind="quarantined_record",
    order=("-id",),
)
WITHDRAWAL: Final = Readable(
    "Withdrawal",
    "Records that a scan missed, and that were held until somebody decides.",
    Table("withdrawal"),
    (
        Column("stream", Value.TEXT, "Stream within the source.", OPEN),
        Column("state", WithdrawalState, "What became of it.", OPEN, can_group=True),
        Column("reason", Value.TEXT, "Why a person has to decide.", OPEN),
        Column("known", Value.INTEGER, "Records the stream had before.", OPEN),
        Column(
            "missing",
            Value.INTEGER,
            "Records that were missed.",
            OPEN,
            sql="cardinality({row}.record_ids)",
        ),
        Column("held_at", Value.MOMENT, "When the scan ended.", OPEN),
        Column("decided_at", Value.MOMENT, "When somebody decided.", OPEN, nullable=True),
        Column("decided_by", Value.TEXT, "Who decided.", OPEN, nullable=True),
        _OF_SOURCE,
    ),
    id_kind="withdrawal",
    order=("-id",),
)
REQUEST: Final = Readable(
    "SyncRequest",
    "Work on one source that a worker was asked to do.",
    Table("sync_request"),
    (
        Column("kind", RequestKind, "What is to be done.", OPEN, can_group=True),
        Column("stream", Value.TEXT, "Only this stream.", OPEN, nullable=True),
        Column("state", RequestState, "Where it stands.", OPEN, can_group=True),
        Column("asked_by", Value.TEXT, "Who asked.", OPEN),
        Column("asked_at", Value.MOMENT, "When.", OPEN),
        Column("finished_at", Value.MOMENT, "When it was done.", OPEN, nullable=True),
        Column(
            "answer",
            Value.JSON,
            "What came of it, in keys and counts: of a rehearsal per stream what would be new, "
            "changed, unchanged, refused and gone; of a replay what landed.",
            OPEN,
            nullable=True,
            can_filter=False,
            can_order=False,
        ),
        Column(
            "error",
            Value.JSON,
            "Why it failed: code, what, remedy.",
            OPEN,
            nullable=True,
            can_filter=False,
            can_order=False,
        ),
        _OF_SOURCE,
    ),
    id_kind="sync_request",
    order=("-id",),
)
DATA_SET_FRESHNESS: Final = Readable(
    "DataSetFreshness",
    "How old a data set is, whichever sources fill it: as old as the oldest of them.",
    Table(DATA_SETS),
    (
        Column("urn", Value.TEXT, "URN of the data set.", OPEN, sql="{row}.data_set"),
        Column("name", Value.TEXT, "Its name.", OPEN),
        Column("fresh_minutes", Value.INTEGER, "Age at which it is too old.", OPEN, nullable=True),
        Column(
            "completed_at",
            Value.MOMENT,
            "When all its sources had been read; null before that.",
            OPEN,
            nullable=True,
        ),
        Column("freshness", Freshness, "How it stands; `LATE` is the alert.", OPEN, can_group=True),
        Join(
            "data_set",
            "DataSet",
            "The data set. Needs the scope landscape:read.",
            LANDSCAPE,
            on="{there}.id = {here}.data_set_id",
            nullable=True,
        ),
    ),
    key="data_set_id",
    order=("urn",),
)

READABLES: Final = (
    SOURCE,
    SYNC_RUN,
    FAILURE,
    SCHEDULE,
    QUARANTINED,
    WITHDRAWAL,
    REQUEST,
    DATA_SET_FRESHNESS,
)
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
    Entry(
        "quarantine",
        "QuarantinedRecord",
        "Records that could not be used, newest first.",
        OPEN,
        arguments=_BY_SOURCE,
    ),
    Entry(
        "withdrawals",
        "Withdrawal",
        "Records that vanished and were held, newest first.",
        OPEN,
        arguments=_BY_SOURCE,
    ),
    Entry(
        "sync_requests",
        "SyncRequest",
        "What workers were asked to do, newest first.",
        OPEN,
        arguments=_BY_SOURCE,
    ),
    Entry(
        "data_set_freshness",
        "DataSetFreshness",
        "How old the data sets are that sources fill.",
        OPEN,
    ),
)
