"""What a message from a source does: the same path into the master view that a page takes.

A message is acknowledged once its records are committed, and its id with them. One that comes
again changes nothing: its id is known, and were it not, its bytes would be.
"""

import os
import socket
import time
from collections.abc import Mapping
from typing import NamedTuple

import psycopg

from connectors.sdk.json_pages import decode_records
from connectors.sdk.spec import Vanished
from connectors.webhook import (
    Event,
    WebhookStream,
    WebhookUnreadable,
    events_of,
    pieces_of,
    secrets_of,
    verify,
)
from flows.steps import OpenedSource, Stream, absorb_page, open_source, withdraw
from registry import intake
from registry.intake.leases import HeldLease, lifeline
from registry.storage.database import current_database, unit_of_work
from schemas.errors import RejectRecord, TownclerkError, UnknownName
from schemas.intake import RunState
from schemas.records import Cursor, Page


class Received(NamedTuple):
    """What a message brought, in counts only."""

    events: int
    known: int
    records: int
    withdrawn: int


def receive(source_key: str, stream: str, headers: Mapping[str, str], body: bytes) -> Received:
    """Believe, open and land one message.

    Args:
        source_key: The source it is sent for.
        stream: One of its streams.
        headers: Of the request, names in lower case.
        body: Of the request.

    Raises:
        UnknownName: There is no such source or stream that sends by itself.
        WebhookRefused: The message is not to be believed.
        WebhookUnreadable: It is no event that we understand.
        SourceBusy: Another message of this source is being landed; the sender tries again.
    """
    with unit_of_work() as db:
        opened = open_source(db, source_key)
    spec = opened.source.spec.streams.get(stream)
    if not isinstance(spec, WebhookStream):
        raise UnknownName(f"{source_key} has no stream `{stream}` that sends by itself.")
    verify(spec, secrets_of(spec, opened.source.secret), headers, body, now=time.time())
    events = events_of(spec, headers, body)
    with unit_of_work() as db:
        known = intake.queries.known_events(db, opened.id, [event.id for event in events])
    fresh = [event for event in events if event.id not in known]
    landed, withdrawn = _land(opened, stream, fresh) if fresh else (0, 0)
    known_count = len(events) - len(fresh)
    return Received(len(events), known_count, records=landed, withdrawn=withdrawn)


def _land(opened: OpenedSource, stream: str, events: list[Event]) -> tuple[int, int]:
    """Land records under a lease of their own, which keeps messages one after the other."""
    chosen = next(one for one in opened.streams if one.name == stream)
    with lifeline(current_database().url, opened.id) as lock_is_ours:
        with unit_of_work() as db:
            lease = intake.leases.take_lease(
                db,
                opened.id,
                holder=f"{socket.gethostname()} process {os.getpid()}, a message",
                lock_is_ours=lock_is_ours,
            )
        try:
            landed = _absorb(opened, chosen, events, lease)
        except TownclerkError as error:
            _finish(lease, RunState.FAILED, error)
            raise
        _finish(lease, RunState.COMPLETED)
    return landed


def _absorb(
    opened: OpenedSource, stream: Stream, events: list[Event], lease: HeldLease
) -> tuple[int, int]:
    """Land what is there, then take out what is gone; where one key is both, the last word counts.

    A believed message is the source's own word about one record, which no scan has to prove.
    """
    gone = _gone(stream, events)
    records, rejected = decode_records(pieces_of(events))
    if records or rejected:
        # Never the last page: a message tells what is there, not what is not.
        page = Page(records=records, rejected=rejected, cursor=Cursor())
        absorb_page(page, stream, lease, 1)
    withdrawn = 0
    with unit_of_work() as db:
        if gone and stream.vanished != Vanished.KEEP:
            intake.leases.renew_lease(db, lease)
            withdrawn = _take_out(db, stream, lease, gone)
        intake.commands.remember_events(db, opened.id, [event.id for event in events])
    return len(records) + len(rejected), withdrawn


def _gone(stream: Stream, events: list[Event]) -> list[str]:
    """Return the keys whose last event says that they are gone."""
    last: dict[str, bool] = {}
    for event in events:
        if event.raw is None:
            continue
        records, _ = decode_records([event.raw])
        try:
            key = stream.map_page.key_of(records[0].value if records else {})
        except RejectRecord:
            if event.gone:
                raise WebhookUnreadable(
                    "A message says that a record is gone, not which."
                ) from None
            continue  # quarantine has it, with the reason
        last.pop(key, None)
        last[key] = event.gone
    return [key for key, is_gone in last.items() if is_gone]


def _take_out(db: psycopg.Connection, stream: Stream, lease: HeldLease, keys: list[str]) -> int:
    """Withdraw records that this source brought; hold those that another one did."""
    own, foreign = intake.landing.whose(db, stream.data_set_id, lease.source_id, keys)
    if stream.vanished == Vanished.HOLD:
        own, foreign = [], [*own, *foreign]
    if foreign:
        intake.scans.hold(
            db,
            lease,
            stream.name,
            reason="a message says that they are gone, and a steward has to agree",
            known=len(keys),
            missing=foreign,
        )
    return withdraw(db, lease.run_id, own) if own else 0


def _finish(lease: HeldLease, state: RunState, error: TownclerkError | None = None) -> None:
    with unit_of_work() as db:
        intake.commands.finish_run(db, lease, state, error.as_dict() if error else None)
