"""What came in, from where, and how far we are: sources, runs, leases, checkpoints, quarantine."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from schemas.base import Table, column, json_object, moment, utc_now, uuid7


class RunState(StrEnum):
    """Where a sync run stands."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    CRASHED = "crashed"  # its worker vanished; a later run took the source over
    REFUSED = "refused"  # another worker was reading the source


class WithdrawalState(StrEnum):
    """What became of records that vanished from their source, where nobody could be sure."""

    HELD = "held"  # waits for a steward
    CONFIRMED = "confirmed"  # they have been withdrawn
    REFUSED = "refused"  # they stay
    SUPERSEDED = "superseded"  # a later scan knows better


class Freshness(StrEnum):
    """How old something is against its target."""

    FRESH = "fresh"
    LATE = "late"  # the alert: its newest complete run is older than the target
    NEVER = "never"  # it has a target and was never read to its end
    UNTARGETED = "untargeted"


class RequestKind(StrEnum):
    """What a worker is asked to do about one source."""

    SYNC = "sync"
    SCHEDULE = "schedule"  # tell Prefect of a changed schedule
    REHEARSAL = "rehearsal"
    REPLAY = "replay"


class RequestState(StrEnum):
    """Where such a request stands."""

    ASKED = "asked"  # no worker has taken it yet
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Source(Table, table=True):
    """One registered interface that a connector reads."""

    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("key"),)

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    key: str = column("Short name people type.", max_length=60)
    interface_id: UUID = Field(
        foreign_key="element.id",
        index=True,
        description="The registered interface it reads; law of the house.",
    )
    spec: dict[str, Any] = json_object(
        "The connector file, as validated; holds references to secrets."
    )
    created_at: datetime = moment("When it was registered.", default_factory=utc_now)


class SourceSchedule(Table, table=True):
    """When a source is read, and how old its newest complete run may become."""

    __tablename__ = "source_schedule"

    source_id: UUID = Field(
        foreign_key="source.id", primary_key=True, ondelete="CASCADE", description="Which source."
    )
    cron: str | None = column("When to read it, as cron says it.", default=None, max_length=100)
    zone: str = column("Time zone of `cron`.", default="UTC", max_length=60)
    active: bool = column("Whether it is read by the clock at all.", default=True)
    fresh_minutes: int | None = column(
        "Age at which its newest complete run is too old.", default=None
    )
    changed_at: datetime = moment("When somebody last changed it.", default_factory=utc_now)


class FreshnessTarget(Table, table=True):
    """How old a data set may become, whichever sources fill it."""

    __tablename__ = "freshness_target"
    __table_args__ = (CheckConstraint("fresh_minutes > 0", name="fresh_minutes_positive"),)

    data_set_id: UUID = Field(
        foreign_key="element.id",
        primary_key=True,
        ondelete="CASCADE",
        description="Which data set.",
    )
    fresh_minutes: int = column("Age at which its oldest complete scan is too old.")
    changed_at: datetime = moment("When somebody last changed it.", default_factory=utc_now)


class SyncRequest(Table, table=True):
    """Work on one source that somebody asked for, and that the next free worker does."""

    __tablename__ = "sync_request"
    __table_args__ = (Index("ix_sync_request_state_id", "state", "id"),)

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    source_id: UUID = Field(
        foreign_key="source.id", index=True, ondelete="CASCADE", description="Which source."
    )
    kind: RequestKind = column("What is to be done.", sa_type=Text)
    stream: str | None = column("Only this stream of it.", default=None, max_length=60)
    state: RequestState = column("Where it stands.", default=RequestState.ASKED, sa_type=Text)
    asked_by: str = column("Who asked.", max_length=200)
    asked_at: datetime = moment("When somebody asked.", default_factory=utc_now)
    taken_at: datetime | None = moment("When a worker took it.", default=None, nullable=True)
    finished_at: datetime | None = moment("When it was done.", default=None, nullable=True)
    answer: dict[str, Any] | None = column(
        "What came of it, in keys and counts.", default=None, sa_type=JSONB
    )
    error: dict[str, Any] | None = column(
        "Why it failed: code, what, remedy.", default=None, sa_type=JSONB
    )


class SyncRun(Table, table=True):
    """One attempt to read one source; its counts are the truth that progress bars read."""

    __tablename__ = "sync_run"
    __table_args__ = (Index("ix_sync_run_source_id_started_at", "source_id", "started_at"),)

    id: UUID = column(
        "Identity; also the correlation id of its logs.", default_factory=uuid7, primary_key=True
    )
    source_id: UUID = Field(foreign_key="source.id", description="The source it reads.")
    state: RunState = column("Where it stands.", default=RunState.RUNNING, sa_type=Text)
    fence: int = column("Fence number it works under.", sa_type=BigInteger)
    started_at: datetime = moment("When it began.", default_factory=utc_now)
    finished_at: datetime | None = moment("When it ended.", default=None, nullable=True)
    pages: int = column("Pages committed.", default=0)
    records_read: int = column("Records read from the source.", default=0, sa_type=BigInteger)
    records_landed: int = column("New or changed records written.", default=0, sa_type=BigInteger)
    records_unchanged: int = column(
        "Records whose bytes were the same.", default=0, sa_type=BigInteger
    )
    records_quarantined: int = column(
        "Records refused, with reason.", default=0, sa_type=BigInteger
    )
    cancel_requested: bool = column("A person asked it to stop after the page.", default=False)
    prefect_flow_run_id: UUID | None = column("The flow run in Prefect, if any.", default=None)
    error: dict[str, Any] | None = column(
        "Why it failed: code, what, remedy.", default=None, sa_type=JSONB
    )
    records_withdrawn: int = column(
        "Records that their source no longer has.",
        default=0,
        sa_type=BigInteger,
        sa_column_kwargs={"server_default": "0"},
    )


class Lease(Table, table=True):
    """Who may write for a source now; the fence number refuses everybody older."""

    __tablename__ = "lease"
    __table_args__ = (CheckConstraint("fence > 0", name="fence_positive"),)

    source_id: UUID = Field(
        foreign_key="source.id", primary_key=True, ondelete="CASCADE", description="What is held."
    )
    fence: int = column("Rises with each taker.", sa_type=BigInteger)
    run_id: UUID = Field(
        foreign_key="sync_run.id", index=True, description="The run that holds it."
    )
    holder: str = column("Host and process, for people.", max_length=200)
    expires_at: datetime = moment("Renewed with each page; later takers need not wait past it.")


class Checkpoint(Table, table=True):
    """How far one stream of a source is; written in the same transaction as its records."""

    __tablename__ = "checkpoint"

    source_id: UUID = Field(
        foreign_key="source.id", primary_key=True, ondelete="CASCADE", description="Whose it is."
    )
    stream: str = column("Stream within the source.", primary_key=True, max_length=60)
    run_id: UUID = Field(
        foreign_key="sync_run.id", index=True, description="The run that wrote it."
    )
    cursor: dict[str, Any] = json_object("Where to go on; opaque, see schemas.records.Cursor.")
    page: int = column("Pages committed in this scan.", default=0)
    complete: bool = column("The scan saw the source's end marker.", default=False)
    changed_at: datetime = moment("When it last moved.", default_factory=utc_now)


class LandedRecord(Table, table=True):
    """One record as the source sent it, once per data set and key."""

    __tablename__ = "landed_record"
    __table_args__ = (
        UniqueConstraint("data_set_id", "key"),
        Index("ix_landed_record_data_set_id_raw_hash", "data_set_id", "raw_hash"),
    )

    id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        primary_key=True,
        sa_column_kwargs={
            "server_default": Identity(always=True),
            "comment": "Short identity for joins.",
        },
    )
    data_set_id: UUID = Field(foreign_key="element.id", description="The data set it belongs to.")
    key: str = column("The source's own key.", max_length=400)
    raw: bytes = column("The bytes as they came.", sa_type=LargeBinary)
    raw_hash: bytes = column("blake2b-128 of raw; skips unchanged records.", sa_type=LargeBinary)
    run_id: UUID = Field(
        foreign_key="sync_run.id", index=True, description="The run that last wrote it."
    )
    landed_at: datetime = moment("When it first came in.", default_factory=utc_now)
    changed_at: datetime = moment("When its bytes last changed.", default_factory=utc_now)


class QuarantinedRecord(Table, table=True):
    """One record we could not use, with everything needed to mend it and replay."""

    __tablename__ = "quarantined_record"
    __table_args__ = (
        UniqueConstraint("source_id", "stream", "rule", "raw_hash"),
        Index("ix_quarantined_record_source_id_stream_key", "source_id", "stream", "key"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    source_id: UUID = Field(foreign_key="source.id", description="The source it came from.")
    stream: str = column("Stream within the source.", max_length=60)
    run_id: UUID = Field(
        foreign_key="sync_run.id", index=True, description="The run that last met it."
    )
    page: int = column("Page of the scan it came on.")
    key: str | None = column("The source's key, where one was found.", default=None, max_length=400)
    rule: str = column("Rule it broke; stable word.", max_length=60)
    path: str = column("Where in the raw record.", max_length=400)
    reason: str = column("Why, without the value.", max_length=1000)
    raw: bytes = column("The bytes as they came.", sa_type=LargeBinary)
    raw_hash: bytes = column(
        "blake2b-128 of raw; the same bad record counts once.", sa_type=LargeBinary
    )
    quarantined_at: datetime = moment("When it first came in.", default_factory=utc_now)


class LineageEdge(Table, table=True):
    """What really flowed in one run, from one element to another."""

    __tablename__ = "lineage_edge"

    run_id: UUID = Field(
        foreign_key="sync_run.id",
        primary_key=True,
        ondelete="CASCADE",
        description="The run that saw it.",
    )
    from_id: UUID = Field(
        foreign_key="element.id", primary_key=True, index=True, description="Where it came from."
    )
    to_id: UUID = Field(
        foreign_key="element.id", primary_key=True, index=True, description="Where it went."
    )
    records: int = column("Records that flowed.", default=0, sa_type=BigInteger)
    observed_at: datetime = moment("When last seen.", default_factory=utc_now)


class ReceivedEvent(Table, table=True):
    """One message that a source sent us by itself; the same one again changes nothing."""

    __tablename__ = "received_event"
    __table_args__ = (Index("ix_received_event_received_at", "received_at"),)

    source_id: UUID = Field(
        foreign_key="source.id",
        primary_key=True,
        ondelete="CASCADE",
        description="The source that sent it.",
    )
    event_id: str = column("The sender's own id of it.", max_length=200, primary_key=True)
    received_at: datetime = moment("When it came.", default_factory=utc_now)


class Withdrawal(Table, table=True):
    """Records that vanished from their source, held until a steward says whether that is true."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        Index("ix_withdrawal_source_id_stream_state", "source_id", "stream", "state"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    source_id: UUID = Field(
        foreign_key="source.id", ondelete="CASCADE", description="The source they vanished from."
    )
    stream: str = column("Stream within the source.", max_length=60)
    run_id: UUID = Field(
        foreign_key="sync_run.id", index=True, description="The run whose scan missed them."
    )
    state: WithdrawalState = column(
        "What became of it.", default=WithdrawalState.HELD, sa_type=Text
    )
    reason: str = column("Why a person has to decide.", max_length=400)
    known: int = column("Records the stream had before.", sa_type=BigInteger)
    record_ids: list[int] = Field(
        sa_type=ARRAY(BigInteger),
        nullable=False,
        description="Landed records that were missed.",
    )
    held_at: datetime = moment("When the scan ended.", default_factory=utc_now)
    decided_at: datetime | None = moment("When somebody decided.", default=None, nullable=True)
    decided_by: str | None = column("Who decided.", default=None, max_length=200)


class StreamField(Table, table=True):
    """One field of a stream's raw records, with the types that are known of it."""

    __tablename__ = "stream_field"

    source_id: UUID = Field(
        foreign_key="source.id", primary_key=True, ondelete="CASCADE", description="Whose field."
    )
    stream: str = column("Stream within the source.", primary_key=True, max_length=60)
    name: str = column("Name in the raw record.", primary_key=True, max_length=200)
    types: list[str] = Field(
        sa_type=ARRAY(Text),
        nullable=False,
        description="JSON types seen and accepted.",
    )
    first_seen_at: datetime = moment("When it first came in.", default_factory=utc_now)


class Drift(Table, table=True):
    """One change of shape that a run met, and what the stream's contract said to do."""

    __tablename__ = "drift"

    run_id: UUID = Field(
        foreign_key="sync_run.id",
        primary_key=True,
        ondelete="CASCADE",
        description="The run that met it.",
    )
    stream: str = column("Stream within the source.", primary_key=True, max_length=60)
    name: str = column("Field of the raw record.", primary_key=True, max_length=200)
    type: str = column("The JSON type that was new.", primary_key=True, max_length=20)
    policy: str = column("evolve, warn, quarantine or stop.", max_length=20)
    records: int = column("Records that showed it.", sa_type=BigInteger)
