"""One factory per table: the smallest row the database accepts, inserted and returned.

Every factory takes the connection and, by name, whatever the test cares about; rows it hangs on
are made along the way. Values are plain and made up; no factory knows a rule of a room.
"""

import itertools
from datetime import timedelta
from hashlib import blake2b, sha256
from typing import Any

import psycopg

from registry.storage.statements import insert_row
from schemas.access import ApiToken, KeptAnswer, Scope, StoredSecret, TrustedDocument
from schemas.base import utc_now
from schemas.customers import CleanRecord, CustomerLink, LinkRule, MatchRecord, RecordWords
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
from schemas.landscape import Element, ElementKind, Relationship, RelationshipKind
from schemas.looks import LookRequest, TrialSample
from schemas.records import CustomerKind
from schemas.scans import KnownPage, ScannedPage
from tests.compliance_factories import COMPLIANCE_FACTORIES
from tests.customer_factories import CUSTOMER_FACTORIES, a_customer
from tests.dealings_factories import DEALINGS_FACTORIES
from tests.landscape_factories import LANDSCAPE_FACTORIES, a_past_of, an_element

_numbers = itertools.count(1)


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


def a_source(db: psycopg.Connection, **given: Any) -> Source:
    """Register a source over an interface of its own."""
    if "interface_id" not in given:
        given["interface_id"] = an_interface(db).id
    row = Source(**{"key": f"source-{next(_numbers)}", **given})
    insert_row(db, row)
    return row


def a_source_schedule(db: psycopg.Connection, **given: Any) -> SourceSchedule:
    """Read a source each night."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    row = SourceSchedule(**{"cron": "0 3 * * *", **given})
    insert_row(db, row)
    return row


def a_freshness_target(db: psycopg.Connection, **given: Any) -> FreshnessTarget:
    """Let a data set be a day old."""
    if "data_set_id" not in given:
        given["data_set_id"] = a_data_set(db).id
    row = FreshnessTarget(**{"fresh_minutes": 1440, **given})
    insert_row(db, row)
    return row


def a_sync_request(db: psycopg.Connection, **given: Any) -> SyncRequest:
    """Ask for a sync."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    row = SyncRequest(**{"kind": "sync", "asked_by": "a test", **given})
    insert_row(db, row)
    return row


def a_look_request(db: psycopg.Connection, **given: Any) -> LookRequest:
    """Ask for a trial of a connector."""
    if "interface_id" not in given:
        given["interface_id"] = an_interface(db).id
    spec = {"connector": "crm"}
    row = LookRequest(**{"kind": "trial", "asked_by": "a test", "given": {"spec": spec}, **given})
    insert_row(db, row)
    return row


def a_trial_sample(db: psycopg.Connection, **given: Any) -> TrialSample:
    """Keep records of a trial for a minute."""
    if "request_id" not in given:
        given["request_id"] = a_look_request(db).id
    row = TrialSample(**{"until": utc_now() + timedelta(minutes=1), **given})
    insert_row(db, row)
    return row


def a_sync_run(db: psycopg.Connection, **given: Any) -> SyncRun:
    """Begin a run of a source."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    row = SyncRun(**{"fence": 1, **given})
    insert_row(db, row)
    return row


def a_lease(db: psycopg.Connection, **given: Any) -> Lease:
    """Hold a source for a minute."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db, source_id=given["source_id"]).id
    soon = utc_now() + timedelta(minutes=1)
    row = Lease(**{"fence": 1, "holder": "a test", "expires_at": soon, **given})
    insert_row(db, row)
    return row


def a_checkpoint(db: psycopg.Connection, **given: Any) -> Checkpoint:
    """Say how far a stream is: at its start."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db, source_id=given["source_id"]).id
    row = Checkpoint(**{"stream": "customers", **given})
    insert_row(db, row)
    return row


def a_landed_record(db: psycopg.Connection, **given: Any) -> LandedRecord:
    """Land a record; its id comes from the database."""
    if "data_set_id" not in given:
        given["data_set_id"] = a_data_set(db).id
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db).id
    raw = given.setdefault("raw", b"{}")
    row = LandedRecord(
        **{
            "key": f"key-{next(_numbers)}",
            "raw_hash": blake2b(raw, digest_size=16).digest(),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_quarantined_record(db: psycopg.Connection, **given: Any) -> QuarantinedRecord:
    """Put a record in quarantine."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db, source_id=given["source_id"]).id
    raw = given.setdefault("raw", f'{{"number": {next(_numbers)}}}'.encode())
    row = QuarantinedRecord(
        **{
            "stream": "customers",
            "page": 1,
            "rule": "not_a_date",
            "path": "birth_date",
            "reason": "birth_date is not a date",
            "raw_hash": blake2b(raw, digest_size=16).digest(),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_lineage_edge(db: psycopg.Connection, **given: Any) -> LineageEdge:
    """Write down a flow between two elements."""
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db).id
    for end in ("from_id", "to_id"):
        if end not in given:
            given[end] = an_element(db).id
    row = LineageEdge(**given)
    insert_row(db, row)
    return row


def a_clean_record(db: psycopg.Connection, **given: Any) -> CleanRecord:
    """Clean a landed record; a person without any value."""
    if "record_id" not in given:
        landed = a_landed_record(db)
        given |= {"record_id": landed.id, "data_set_id": landed.data_set_id}
    row = CleanRecord(**{"kind": CustomerKind.PERSON, **given})
    insert_row(db, row)
    return row


def a_customer_link(db: psycopg.Connection, **given: Any) -> CustomerLink:
    """Link a landed record to a customer of its own."""
    if "record_id" not in given:
        given["record_id"] = a_landed_record(db).id
    if "customer_id" not in given:
        given["customer_id"] = a_customer(db).id
    row = CustomerLink(**{"rule": LinkRule.ALONE, **given})
    insert_row(db, row)
    return row


def an_api_token(db: psycopg.Connection, **given: Any) -> ApiToken:
    """Make a token that reads the landscape for an hour."""
    number = next(_numbers)
    row = ApiToken(
        **{
            "name": f"token {number}",
            "token_hash": sha256(str(number).encode()).digest(),
            "scopes": [Scope.LANDSCAPE_READ],
            "expires_at": utc_now() + timedelta(hours=1),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_scanned_page(db: psycopg.Connection, **given: Any) -> ScannedPage:
    """Note an empty first page of a scan."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    row = ScannedPage(
        **{"stream": "customers", "page": 1, "record_ids": [], "nameless": 0, **given}
    )
    insert_row(db, row)
    return row


def a_known_page(db: psycopg.Connection, **given: Any) -> KnownPage:
    """Know an empty page."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    digest = sha256(str(next(_numbers)).encode()).digest()
    row = KnownPage(
        **{
            "stream": "customers",
            "digest": digest,
            "note": b"[]",
            "record_ids": [],
            "raw_hashes": b"",
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_withdrawal(db: psycopg.Connection, **given: Any) -> Withdrawal:
    """Hold no record in particular."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db, source_id=given["source_id"]).id
    row = Withdrawal(
        **{"stream": "customers", "reason": "a test", "known": 0, "record_ids": [], **given}
    )
    insert_row(db, row)
    return row


def a_stream_field(db: psycopg.Connection, **given: Any) -> StreamField:
    """Know one field of a stream."""
    if "source_id" not in given:
        given["source_id"] = a_source(db).id
    row = StreamField(**{"stream": "customers", "name": "id", "types": ["integer"], **given})
    insert_row(db, row)
    return row


def a_drift(db: psycopg.Connection, **given: Any) -> Drift:
    """Meet a new field."""
    if "run_id" not in given:
        given["run_id"] = a_sync_run(db).id
    row = Drift(
        **{
            "stream": "customers",
            "name": "id",
            "type": "string",
            "policy": "evolve",
            "records": 1,
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_stored_secret(db: psycopg.Connection, **given: Any) -> StoredSecret:
    """Keep something sealed; what it is nobody can tell."""
    number = next(_numbers)
    row = StoredSecret(
        **{
            "name": f"secret-{number}",
            "key_id": "0" * 12,
            "nonce": b"n" * 12,
            "sealed": b"sealed",
            "changed_at": utc_now(),
            **given,
        }
    )
    insert_row(db, row)
    return row


def a_received_event(db: psycopg.Connection, **given: Any) -> ReceivedEvent:
    """Remember a message of a source."""
    source = {} if "source_id" in given else {"source_id": a_source(db).id}
    row = ReceivedEvent(**{"event_id": f"event {next(_numbers)}", **source, **given})
    insert_row(db, row)
    return row


def a_kept_answer(db: psycopg.Connection, **given: Any) -> KeptAnswer:
    """Keep the answer to a change for an hour."""
    made = {
        "actor": "tester",
        "key": f"key-{next(_numbers)}",
        "request_hash": b"",
        "answer": {"data": {}, "errors": []},
        "expires_at": utc_now() + timedelta(hours=1),
    }
    row = KeptAnswer(**{**made, **given})
    insert_row(db, row)
    return row


def a_trusted_document(db: psycopg.Connection, **given: Any) -> TrustedDocument:
    """Approve a document."""
    made = {
        "hash": f"{next(_numbers):064x}",
        "name": "test",
        "text": "{ __typename }",
        "registered_by": "tester",
    }
    row = TrustedDocument(**{**made, **given})
    insert_row(db, row)
    return row


def a_match_record(db: psycopg.Connection, **given: Any) -> MatchRecord:
    """See a landed record as the live model does; without any value."""
    if "record_id" not in given:
        given["record_id"] = a_landed_record(db).id
    row = MatchRecord(
        **{
            "kind": CustomerKind.PERSON,
            "place": f"place {next(_numbers)}",
            "content": 0,
            "features": "{}",
            "keys": [],
            **given,
        }
    )
    insert_row(db, row)
    return row


def record_words(db: psycopg.Connection, **given: Any) -> RecordWords:
    """Keep the words of a landed record; none unless told otherwise."""
    if "record_id" not in given:
        given["record_id"] = a_landed_record(db).id
    row = RecordWords(**{"words": [], **given})
    insert_row(db, row)
    return row


FACTORIES = {
    "kept_answer": a_kept_answer,
    "trusted_document": a_trusted_document,
    **LANDSCAPE_FACTORIES,
    **COMPLIANCE_FACTORIES,
    **CUSTOMER_FACTORIES,
    **DEALINGS_FACTORIES,
    "api_token": an_api_token,
    "checkpoint": a_checkpoint,
    "clean_record": a_clean_record,
    "customer_link": a_customer_link,
    "drift": a_drift,
    "element": an_element,
    "element_history": lambda db: a_past_of("element", an_element(db).id, db),
    "landed_record": a_landed_record,
    "lease": a_lease,
    "lineage_edge": a_lineage_edge,
    "match_record": a_match_record,
    "record_words": record_words,
    "received_event": a_received_event,
    "stored_secret": a_stored_secret,
    "quarantined_record": a_quarantined_record,
    "relationship": a_relationship,
    "relationship_history": lambda db: a_past_of("relationship", a_relationship(db).id, db),
    "scanned_page": a_scanned_page,
    "known_page": a_known_page,
    "source": a_source,
    "source_schedule": a_source_schedule,
    "freshness_target": a_freshness_target,
    "sync_request": a_sync_request,
    "look_request": a_look_request,
    "trial_sample": a_trial_sample,
    "stream_field": a_stream_field,
    "sync_run": a_sync_run,
    "withdrawal": a_withdrawal,
}
