"""Replay quarantine after a mapping was mended: no source is asked, only kept bytes are read.

A replay is a run of its own, with a lease, counts and lineage as any other.
"""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg
from msgspec import structs

from flows.steps import OpenedSource, Stream, open_source, take_in, take_source, without_erased
from registry import customers, intake
from registry.intake.leases import HeldLease, lifeline
from registry.storage.database import current_database, unit_of_work
from schemas.errors import TownclerkError
from schemas.intake import RunState
from schemas.records import Cursor, Page

BATCHES_MAX = 100_000
"""A hundred million refused records; beyond it something loops."""


@dataclass
class ReplayReport:
    """What became of refused records; read = landed + superseded + refused."""

    source: str
    read: int = 0
    landed: int = 0
    superseded: int = 0
    refused: int = 0


def replay_quarantine(source_key: str, *, stream: str | None = None) -> ReplayReport:
    """Map a source's refused records anew, and land those that fit now.

    Args:
        source_key: The source.
        stream: Only this stream.

    Raises:
        UnknownName: No such source.
        SourceBusy: A worker reads the source right now.
    """
    with unit_of_work() as db:
        opened = open_source(db, source_key)
    report = ReplayReport(source_key)
    with lifeline(current_database().url, opened.id) as ours:
        lease = take_source(opened.id, lock_is_ours=ours)
        try:
            for found in opened.streams:
                if stream in (None, found.name):
                    _replay_stream(opened, found, lease, report)
        except TownclerkError as error:
            with suppress(TownclerkError), unit_of_work() as db:
                intake.commands.finish_run(db, lease, RunState.FAILED, error.as_dict())
            raise
        with unit_of_work() as db:
            intake.commands.finish_run(db, lease, RunState.COMPLETED)
    return report


def _replay_stream(
    opened: OpenedSource, stream: Stream, lease: HeldLease, report: ReplayReport
) -> None:
    last: UUID | None = None
    for _ in range(BATCHES_MAX):
        with unit_of_work() as db:
            customers.erase.hold_off_erasures(db)
            batch = intake.replay.refused_records(db, opened.id, stream.name, after=last)
            if not batch:
                return
            last = batch[-1].id
            intake.leases.renew_lease(db, lease)
            _replay_batch(db, stream, lease, batch, report)


def _replay_batch(
    db: psycopg.Connection,
    stream: Stream,
    lease: HeldLease,
    batch: list[intake.replay.RefusedRecord],
    report: ReplayReport,
) -> None:
    ids = [record.id for record in batch]
    page = Page(records=[], undecoded=[record.raw for record in batch], cursor=Cursor())
    mapped, _ = without_erased(db, stream.map_page(page), stream)
    keys = [record.key for _, record in mapped.customers]
    newer = intake.replay.keys_landed_since(db, stream.data_set_id, keys, ids)
    fitting = [pair for pair in mapped.customers if pair[1].key not in newer]
    landed = intake.landing.land(
        db,
        structs.replace(mapped, customers=fitting),
        lease,
        data_set_id=stream.data_set_id,
        mapping_hash=stream.mapping_hash,
    )
    take_in(db, landed, stream)
    # What fits leaves; what is refused in the same words stays as it came, with its first day.
    again = {bad.raw for bad in mapped.rejected}
    intake.replay.settle(db, [record.id for record in batch if record.raw not in again])
    intake.commands.keep_in_quarantine(
        db,
        lease,
        stream=stream.name,
        page=0,
        rejected=landed.rejected,
        good_keys=landed.good_keys,
    )
    usable = len(landed.changed) + landed.unchanged
    intake.commands.record_lineage(db, lease, hops=stream.hops, records=usable)
    intake.commands.count_page(db, lease, landed)
    report.read += len(batch)
    report.landed += len(fitting)
    report.superseded += len(mapped.customers) - len(fitting)
    report.refused += len(mapped.rejected)
