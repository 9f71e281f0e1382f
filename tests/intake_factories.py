"""Factories of what comes in: sources, runs and leases, landed and refused records, looks."""

import itertools
from datetime import timedelta
from hashlib import blake2b, sha256
from typing import Any

import psycopg

from schemas.base import utc_now
from schemas.intake import (
    Checkpoint,
    Drift,
    FreshnessTarget,
    LandedRecord,
    Lease,
    LineageEdge,
    QuarantinedRecord,
    ReceivedEvent,
    Source,
    SourceSchedule,
    StreamField,
    SyncRequest,
    SyncRun,
    Withdrawal,
)
from schemas.looks import LookRequest, TrialSample
from schemas.scans import KnownPage, ScannedPage
from tests.inserted import inserted
from tests.landscape_factories import a_data_set, an_element, an_interface

_numbers = itertools.count(1)


def _in_a_run(db: psycopg.Connection, given: dict[str, Any]) -> None:
    """Add a source, and a run of it, where they are not given."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db, source_id=given["source_id"]).id


def a_source(db: psycopg.Connection, **given: Any) -> Source:
    """Register a source over an interface of its own."""
    if "interface_id" not in given:
        given["interface_id"] = an_interface(db).id
    return inserted(db, Source(**{"key": f"source-{next(_numbers)}", **given}))


def a_source_schedule(db: psycopg.Connection, **given: Any) -> SourceSchedule:
    """Read a source each night."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    return inserted(db, SourceSchedule(**{"cron": "0 3 * * *", **given}))


def a_freshness_target(db: psycopg.Connection, **given: Any) -> FreshnessTarget:
    """Let a data set be a day old."""
    if "data_set_id" not in given:
        given["data_set_id"] = a_data_set(db).id
    return inserted(db, FreshnessTarget(**{"fresh_minutes": 1440, **given}))


def a_sync_request(db: psycopg.Connection, **given: Any) -> SyncRequest:
    """Ask for a sync."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    return inserted(db, SyncRequest(**{"kind": "sync", "asked_by": "a test", **given}))


def a_look_request(db: psycopg.Connection, **given: Any) -> LookRequest:
    """Ask for a trial of a connector."""
    if "interface_id" not in given:
        given["interface_id"] = an_interface(db).id
    spec = {"connector": "crm"}
    return inserted(
        db, LookRequest(**{"kind": "trial", "asked_by": "a test", "given": {"spec": spec}, **given})
    )


def a_trial_sample(db: psycopg.Connection, **given: Any) -> TrialSample:
    """Keep records of a trial for a minute."""
    if "request_id" not in given:
        given["request_id"] = a_look_request(db).id
    return inserted(db, TrialSample(**{"until": utc_now() + timedelta(minutes=1), **given}))


def a_sync_run(db: psycopg.Connection, **given: Any) -> SyncRun:
    """Begin a run of a source."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    return inserted(db, SyncRun(**{"fence": 1, **given}))


def a_lease(db: psycopg.Connection, **given: Any) -> Lease:
    """Hold a source for a minute."""
    _in_a_run(db, given)
    soon = utc_now() + timedelta(minutes=1)
    return inserted(db, Lease(**{"fence": 1, "holder": "a test", "expires_at": soon, **given}))


def a_checkpoint(db: psycopg.Connection, **given: Any) -> Checkpoint:
    """Say how far a stream is: at its start."""
    _in_a_run(db, given)
    return inserted(db, Checkpoint(**{"stream": "customers", **given}))


def a_landed_record(db: psycopg.Connection, **given: Any) -> LandedRecord:
    """Land a record; its id comes from the database."""
    if "data_set_id" not in given:
        given["data_set_id"] = a_data_set(db).id
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db).id
    raw = given.setdefault("raw", b"{}")
    return inserted(
        db,
        LandedRecord(
            **{
                "key": f"key-{next(_numbers)}",
                "raw_hash": blake2b(raw, digest_size=16).digest(),
                **given,
            }
        ),
    )


def a_quarantined_record(db: psycopg.Connection, **given: Any) -> QuarantinedRecord:
    """Put a record in quarantine."""
    _in_a_run(db, given)
    raw = given.setdefault("raw", f'{{"number": {next(_numbers)}}}'.encode())
    return inserted(
        db,
        QuarantinedRecord(
            **{
                "stream": "customers",
                "page": 1,
                "rule": "not_a_date",
                "path": "birth_date",
                "reason": "birth_date is not a date",
                "raw_hash": blake2b(raw, digest_size=16).digest(),
                **given,
            }
        ),
    )


def a_lineage_edge(db: psycopg.Connection, **given: Any) -> LineageEdge:
    """Write down a flow between two elements."""
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db).id
    for end in ("from_id", "to_id"):
        if end not in given:
            given[end] = an_element(db).id
    return inserted(db, LineageEdge(**given))


def a_scanned_page(db: psycopg.Connection, **given: Any) -> ScannedPage:
    """Note an empty first page of a scan."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    return inserted(
        db,
        ScannedPage(**{"stream": "customers", "page": 1, "record_ids": [], "nameless": 0, **given}),
    )


def a_known_page(db: psycopg.Connection, **given: Any) -> KnownPage:
    """Know an empty page."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    digest = sha256(str(next(_numbers)).encode()).digest()
    return inserted(
        db,
        KnownPage(
            **{
                "stream": "customers",
                "digest": digest,
                "note": b"[]",
                "record_ids": [],
                "raw_hashes": b"",
                **given,
            }
        ),
    )


def a_withdrawal(db: psycopg.Connection, **given: Any) -> Withdrawal:
    """Hold no record in particular."""
    _in_a_run(db, given)
    return inserted(
        db,
        Withdrawal(
            **{"stream": "customers", "reason": "a test", "known": 0, "record_ids": [], **given}
        ),
    )


def a_stream_field(db: psycopg.Connection, **given: Any) -> StreamField:
    """Know one field of a stream."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    return inserted(
        db, StreamField(**{"stream": "customers", "name": "id", "types": ["integer"], **given})
    )


def a_drift(db: psycopg.Connection, **given: Any) -> Drift:
    """Meet a new field."""
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db).id
    return inserted(
        db,
        Drift(
            **{
                "stream": "customers",
                "name": "id",
                "type": "string",
                "policy": "evolve",
                "records": 1,
                **given,
            }
        ),
    )


def a_received_event(db: psycopg.Connection, **given: Any) -> ReceivedEvent:
    """Remember a message of a source."""
    source = {} if "source_id" in given else {"source_id": a_source(db).id}
    return inserted(db, ReceivedEvent(**{"event_id": f"event {next(_numbers)}", **source, **given}))


INTAKE_FACTORIES = {
    "source": a_source,
    "source_schedule": a_source_schedule,
    "freshness_target": a_freshness_target,
    "sync_request": a_sync_request,
    "look_request": a_look_request,
    "trial_sample": a_trial_sample,
    "sync_run": a_sync_run,
    "lease": a_lease,
    "checkpoint": a_checkpoint,
    "landed_record": a_landed_record,
    "quarantined_record": a_quarantined_record,
    "lineage_edge": a_lineage_edge,
    "scanned_page": a_scanned_page,
    "known_page": a_known_page,
    "withdrawal": a_withdrawal,
    "stream_field": a_stream_field,
    "drift": a_drift,
    "received_event": a_received_event,
}
