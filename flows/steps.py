"""What a sync does, without Prefect: open a source, read ahead, absorb page by page.

Rooms meet only here. Prefect decides when these functions run; the database holds what happened.
"""

import asyncio
import os
import socket
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

import psycopg
from msgspec import structs
from pydantic import SecretStr

from connectors.sdk.ahead import read_ahead
from connectors.sdk.connector import Connector, find_connector
from connectors.sdk.cursors import next_scan
from connectors.sdk.hashing import mapping_hash
from connectors.sdk.json_pages import decode_records
from connectors.sdk.load import parse_connector_file
from connectors.sdk.mapping import Mapper, compile_mapping
from connectors.sdk.secrets import STORE_PREFIX, resolve_secret
from connectors.sdk.source import Source
from connectors.sdk.spec import Vanished
from registry import access, customers, intake, landscape
from registry.intake.landing import LandedPage
from registry.intake.leases import HeldLease
from registry.settings import settings
from registry.storage.database import unit_of_work
from schemas.errors import GiveUp, SourceBusy
from schemas.records import (
    CanonicalRecord,
    Cursor,
    CustomerRecord,
    DealingRecord,
    MappedPage,
    Page,
    RejectedRecord,
    SourceRecord,
)


@dataclass(frozen=True)
class Stream:
    """One stream of a source, ready to read."""

    name: str
    data_set_id: UUID
    hops: tuple[tuple[UUID, UUID], ...]
    map_page: Mapper
    mapping_hash: bytes
    contract: intake.drift.Contract
    vanished: Vanished
    vanished_share_max: float
    customers_id: UUID | None  # whose keys name the customers, where these are none themselves
    shared: bool  # another stream fills the same data set, so a scan of one proves nothing


@dataclass(frozen=True)
class OpenedSource:
    """A registered source with its connector and streams."""

    id: UUID
    key: str
    source: Source
    streams: tuple[Stream, ...]

    def connect(self) -> Connector:
        """Return a fresh connector; whoever calls closes it."""
        return find_connector(self.source.spec.kind)(self.source)


@dataclass(frozen=True)
class ChunkReport:
    """What one time-boxed chunk did, in counts only."""

    pages: int
    records: int
    done: bool
    cancelled: bool


def open_source(db: psycopg.Connection, key: str) -> OpenedSource:
    """Open a registered source: its address and trust come from the register, not from the file.

    Raises:
        UnknownName: The source, its interface or one of its data sets is not registered.
        InvalidConnectorFile: The stored connector file no longer validates.
    """
    registered = intake.queries.find_source(db, key)
    spec = parse_connector_file(registered.spec, name=key)
    attrs = registered.interface_attrs
    source = Source(
        key=key,
        base_url=str(attrs["base_url"]),
        internal=bool(attrs.get("internal", False)),
        loopback=bool(attrs.get("sandbox", False)),
        undecoded=True,
        spec=spec,
        secret=secret_of,
    )
    master_view = landscape.queries.find_element(db, landscape.commands.MASTER_VIEW_URN).id
    streams = []
    for name, stream in spec.streams.items():
        data_set = landscape.queries.find_element(db, str(stream.data_set)).id
        owners = stream.customers and landscape.queries.find_element(db, stream.customers).id
        streams.append(
            Stream(
                name=name,
                data_set_id=data_set,
                hops=((data_set, registered.interface_id), (registered.interface_id, master_view)),
                map_page=compile_mapping(stream),
                mapping_hash=mapping_hash(stream),
                contract=intake.drift.load_contract(db, registered.id, name, stream.drift),
                vanished=stream.vanished,
                vanished_share_max=stream.vanished_share_max,
                customers_id=owners or None,
                shared=sum(s.data_set == stream.data_set for s in spec.streams.values()) > 1,
            )
        )
    return OpenedSource(id=registered.id, key=key, source=source, streams=tuple(streams))


def secret_of(reference: str) -> SecretStr:
    """Return the secret that a connector file names, also out of the sealed store."""
    if not reference.startswith(STORE_PREFIX):
        return resolve_secret(reference)
    with unit_of_work() as db:
        return access.secrets.open_secret(db, settings(), reference.removeprefix(STORE_PREFIX))


def take_source(
    source_id: UUID, *, lock_is_ours: bool, prefect_flow_run_id: UUID | None = None
) -> HeldLease:
    """Take a source over and open a run for it; a refusal leaves a row, too.

    Raises:
        SourceBusy: Another living worker reads it.
    """
    try:
        with unit_of_work() as db:
            return intake.leases.take_lease(
                db,
                source_id,
                holder=f"{socket.gethostname()} process {os.getpid()}",
                lock_is_ours=lock_is_ours,
                prefect_flow_run_id=prefect_flow_run_id,
            )
    except SourceBusy as busy:
        with unit_of_work() as db:
            intake.leases.note_refusal(db, source_id, busy)
        raise


async def run_chunk(opened: OpenedSource, lease: HeldLease, *, seconds_max: float) -> ChunkReport:
    """Read and absorb pages until the source ends, a person cancels, or the time is up.

    Raises:
        StaleLease: A newer worker took over.
        SourceTrouble: The source failed in a way the connector could not mend.
        DatabaseUnreachable: The database went away; nothing of the open page is kept.
    """
    deadline = time.monotonic() + seconds_max
    pages = records = 0
    connector = (await asyncio.to_thread(_knowing, opened)).connect()
    try:
        for stream in opened.streams:
            start = await asyncio.to_thread(_where_to_start, opened.id, stream.name, lease)
            if start is None:
                continue
            cursor, number = start
            ended = False
            async with aclosing(read_ahead(connector.read(stream.name, cursor))) as ahead:
                async for page in ahead:
                    number += 1
                    cancelled = await asyncio.to_thread(absorb_page, page, stream, lease, number)
                    pages, ended = pages + 1, page.last
                    records += page.size
                    if cancelled:
                        return ChunkReport(pages, records, done=False, cancelled=True)
                    if time.monotonic() > deadline and not page.last:
                        return ChunkReport(pages, records, done=False, cancelled=False)
            if not ended:
                raise GiveUp(
                    f"the connector of {opened.key} stopped before the end of {stream.name}",
                    remedy="Its last page must say `last=True`, as docs/reference says.",
                )
        return ChunkReport(pages, records, done=True, cancelled=False)
    finally:
        await connector.close()


def _knowing(opened: OpenedSource) -> OpenedSource:
    """Return a source that hands on the pages which are known uncut."""
    with unit_of_work() as db:
        notes = intake.known.load(db, opened.id)
    return replace(opened, source=replace(opened.source, known_pages=notes))


def _where_to_start(
    source_id: UUID, stream: str, lease: HeldLease
) -> tuple[Cursor | None, int] | None:
    """Return cursor and number of the last page; None when this run has finished the stream."""
    with unit_of_work() as db:
        progress = intake.queries.stream_progress(db, source_id, stream)
    if progress is None:
        return None, 0
    if not progress.complete:
        return progress.cursor, progress.page
    if progress.run_id == lease.run_id:
        return None
    return next_scan(progress.cursor), 0


def absorb_page(page: Page, stream: Stream, lease: HeldLease, number: int) -> bool:
    """Land, clean, quarantine and checkpoint one page, so that a crash loses and repeats nothing.

    Returns:
        Whether a person asked the run to stop.

    Raises:
        StaleLease: A newer worker took over; nothing of the page is kept.
        GiveUp: The source changed its shape in a way that the stream's contract forbids.
    """
    with unit_of_work() as db:
        intake.leases.renew_lease(db, lease)
        landed = land_page(db, page, stream, lease, number=number)
        usable = len(landed.changed) + landed.unchanged
        intake.commands.record_lineage(db, lease, hops=stream.hops, records=usable)
        intake.commands.move_checkpoint(
            db, lease, stream=stream.name, cursor=page.cursor, page=number, last=page.last
        )
        cancelled = intake.commands.count_page(db, lease, landed)
        if page.cursor.since is None:
            intake.scans.note_page(db, lease, stream=stream.name, page=number, landed=landed)
            if page.last:
                intake.known.forget_unseen(db, lease, stream=stream.name)
                intake.commands.settle_keyless(db, lease, stream=stream.name)
                settle_scan(db, stream, lease, pages=number)
        return cancelled


def land_page(
    db: psycopg.Connection, page: Page, stream: Stream, lease: HeldLease, *, number: int
) -> LandedPage:
    """Land one page: what is unchanged by its bytes alone, the rest decoded, judged and mapped."""
    customers.erase.hold_off_erasures(db)
    passed = intake.known.pass_over(
        db, page, lease, stream=stream.name, data_set_id=stream.data_set_id
    )
    if passed is not None:
        return passed
    rest, known = intake.landing.recognise(
        db, page, data_set_id=stream.data_set_id, mapping_hash=stream.mapping_hash
    )
    mapped, judged = _judged(rest, stream)
    if any(record.key in known.keys for _, record in mapped.customers):
        # One key twice on a page, once as it was: which came last, only a closer look tells.
        known = intake.landing.KnownRecords()
        mapped, judged = _judged(page, stream)
    mapped, erased = without_erased(db, mapped, stream)
    landed = intake.landing.land(
        db,
        mapped,
        lease,
        data_set_id=stream.data_set_id,
        mapping_hash=stream.mapping_hash,
        known=known,
    )
    # What was erased is as it was: gone. In quarantine it would be kept after all.
    landed = replace(landed, unchanged=landed.unchanged + erased)
    take_in(db, landed, stream)
    intake.drift.keep_contract(db, lease, stream.contract, judged, stream=stream.name)
    intake.commands.keep_in_quarantine(
        db,
        lease,
        stream=stream.name,
        page=number,
        rejected=landed.rejected,
        good_keys=landed.good_keys,
    )
    return intake.known.keep(db, page, landed, lease, stream=stream.name, number=number)


def take_in(db: psycopg.Connection, landed: LandedPage, stream: Stream) -> None:
    """Hand what is new or changed to the master view: customers, or what is known around them."""
    if stream.customers_id is None:
        people = [one for one in landed.changed if isinstance(one[2], CustomerRecord)]
        customers.commands.absorb(db, cast("list[tuple[int, UUID, CustomerRecord]]", people))
        return
    dealings = [(row, one) for row, _, one in landed.changed if isinstance(one, DealingRecord)]
    customers.dealings.keep(db, dealings, customers=stream.customers_id)


def without_erased(
    db: psycopg.Connection, mapped: MappedPage, stream: Stream
) -> tuple[MappedPage, int]:
    """Pass over records of erased customers, which their source still has; return how many."""
    keys = {record.key for _, record in mapped.customers}
    keys |= {bad.key for bad in mapped.rejected if bad.key is not None}
    erased = customers.erase.erased_among(db, stream.data_set_id, keys)
    owners = set[str]()
    if stream.customers_id is not None:
        named = {_owner_of(pair, stream) for pair in mapped.customers}
        named |= {_owner_of(bad, stream) for bad in mapped.rejected}
        told = {key for key in named if key is not None}
        owners = customers.erase.erased_among(db, stream.customers_id, told)
    if not erased and not owners:
        return mapped, 0
    rest = structs.replace(
        mapped,
        customers=[
            pair
            for pair in mapped.customers
            if pair[1].key not in erased and _owner_of(pair, stream) not in owners
        ],
        rejected=[
            bad
            for bad in mapped.rejected
            if bad.key not in erased and not (owners and _owner_of(bad, stream) in owners)
        ],
    )
    before = len(mapped.customers) + len(mapped.rejected)
    return rest, before - len(rest.customers) - len(rest.rejected)


def _owner_of(
    one: tuple[SourceRecord, CanonicalRecord] | RejectedRecord, stream: Stream
) -> str | None:
    """Return the key of the customer that a record names; none where it is a customer itself."""
    if isinstance(one, RejectedRecord):
        return stream.map_page.customer_of(one.raw)
    return one[1].customer_key if isinstance(one[1], DealingRecord) else None


def _judged(page: Page, stream: Stream) -> tuple[MappedPage, intake.drift.Judged]:
    """Decode a page, hold the stream's contract against it, and map what is left."""
    records, unreadable = decode_records(page.undecoded, sound=page.sound)
    judged = intake.drift.judge(stream.contract, [*page.records, *records], stream=stream.name)
    whole = structs.replace(
        page,
        records=judged.records,
        undecoded=[],
        rejected=[*page.rejected, *unreadable, *judged.rejected],
    )
    return stream.map_page(whole), judged


def settle_scan(db: psycopg.Connection, stream: Stream, lease: HeldLease, *, pages: int) -> None:
    """Withdraw what a scan that is proved complete no longer has; hold what is in doubt."""
    if stream.vanished == Vanished.KEEP or stream.shared:
        intake.scans.forget_scan(db, lease.source_id, stream.name)
        return
    found = intake.scans.find_vanished(
        db,
        lease,
        stream=stream.name,
        data_set_id=stream.data_set_id,
        pages=pages,
        share_max=stream.vanished_share_max,
        always_hold=stream.vanished == Vanished.HOLD,
    )
    if found.withdrawn:
        withdraw(db, lease.run_id, found.withdrawn, settled_later=True)


def withdraw(
    db: psycopg.Connection, run_id: UUID, records: Sequence[int], *, settled_later: bool = False
) -> int:
    """Take records out of the master view and out of landing, in one transaction.

    Args:
        db: Connection in the caller's transaction.
        run_id: The run that found them gone.
        records: Landed records.
        settled_later: Whether the flow matches afterwards what could not be matched here.

    Returns:
        How many went.
    """
    customers.commands.withdraw(db, records, settled_later=settled_later)
    gone = intake.scans.drop_records(db, records)
    intake.scans.count_withdrawn(db, run_id, gone)
    return gone
