"""What a sync does, without Prefect: open a source, read ahead, absorb page by page.

Rooms meet only here. Prefect decides when these functions run; the database holds what happened.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

import psycopg
from pydantic import SecretStr

from connectors.sdk.ahead import read_ahead
from connectors.sdk.connector import Connector, find_connector
from connectors.sdk.cursors import next_scan
from connectors.sdk.hashing import mapping_hash
from connectors.sdk.load import parse_connector_file
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.secrets import STORE_PREFIX, resolve_secret
from connectors.sdk.source import Source
from registry import access, customers, intake, landscape
from registry.intake.leases import HeldLease
from registry.settings import settings
from registry.storage.database import unit_of_work
from schemas.errors import GiveUp
from schemas.records import Cursor, MappedPage, Page


@dataclass(frozen=True)
class Stream:
    """One stream of a source, ready to read."""

    name: str
    data_set_id: UUID
    hops: tuple[tuple[UUID, UUID], ...]
    map_page: Callable[[Page], MappedPage]
    mapping_hash: bytes


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
        spec=spec,
        secret=_secret,
    )
    master_view = landscape.queries.find_element(db, landscape.commands.MASTER_VIEW_URN).id
    streams = []
    for name, stream in spec.streams.items():
        data_set = landscape.queries.find_element(db, str(stream.data_set)).id
        streams.append(
            Stream(
                name=name,
                data_set_id=data_set,
                hops=((data_set, registered.interface_id), (registered.interface_id, master_view)),
                map_page=compile_mapping(stream),
                mapping_hash=mapping_hash(stream),
            )
        )
    return OpenedSource(id=registered.id, key=key, source=source, streams=tuple(streams))


def _secret(reference: str) -> SecretStr:
    """Return the secret that a connector file names, also out of the sealed store."""
    if not reference.startswith(STORE_PREFIX):
        return resolve_secret(reference)
    with unit_of_work() as db:
        return access.secrets.open_secret(db, settings(), reference.removeprefix(STORE_PREFIX))


async def run_chunk(opened: OpenedSource, lease: HeldLease, *, seconds_max: float) -> ChunkReport:
    """Read and absorb pages until the source ends, a person cancels, or the time is up.

    Raises:
        StaleLease: A newer worker took over.
        SourceTrouble: The source failed in a way the connector could not mend.
        DatabaseUnreachable: The database went away; nothing of the open page is kept.
    """
    deadline = time.monotonic() + seconds_max
    pages = records = 0
    connector = opened.connect()
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
                    records += len(page.records) + len(page.rejected)
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
    """
    mapped = stream.map_page(page)
    with unit_of_work() as db:
        intake.leases.renew_lease(db, lease)
        landed = intake.landing.land(
            db, mapped, lease, data_set_id=stream.data_set_id, mapping_hash=stream.mapping_hash
        )
        customers.commands.absorb(db, landed.changed)
        intake.commands.keep_in_quarantine(
            db,
            lease,
            stream=stream.name,
            page=number,
            rejected=landed.rejected,
            good_keys=landed.good_keys,
        )
        usable = len(landed.changed) + landed.unchanged
        intake.commands.record_lineage(db, lease, hops=stream.hops, records=usable)
        intake.commands.move_checkpoint(
            db, lease, stream=stream.name, cursor=page.cursor, page=number, last=page.last
        )
        cancelled = intake.commands.count_page(db, lease, landed)
        if page.last and page.cursor.since is None:
            intake.commands.settle_keyless(db, lease, stream=stream.name)
        return cancelled
