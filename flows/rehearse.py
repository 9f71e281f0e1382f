"""Rehearse a sync: read a source to its end and say what would change; nothing is kept."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import msgspec

from connectors.sdk.ahead import read_ahead
from connectors.sdk.cursors import next_scan
from connectors.sdk.json_pages import decode_records
from flows.steps import OpenedSource, Stream, open_source
from registry import intake
from registry.storage.database import unit_of_work
from schemas.records import CanonicalRecord, Cursor, Page

SAMPLES_MAX = 20
"""Keys named per kind of change; the counts hold all of them."""


@dataclass
class Rehearsal:
    """What a sync of one stream would do; keys and fields only, never values.

    Attributes:
        stream: Its name.
        read: Records read.
        new: Records that would land for the first time.
        changed: Records that would replace what has landed.
        unchanged: Records that would cost nothing.
        quarantined: Records per rule that would be refused.
        vanished: Records that a complete scan no longer has.
        fields: How many records change a field, by its canonical name.
        samples: Some keys per kind of change.
    """

    stream: str
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    vanished: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    fields: dict[str, int] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, what: str, key: str) -> None:
        """Remember a key as a sample, while there is room."""
        kept = self.samples.setdefault(what, [])
        if len(kept) < SAMPLES_MAX:
            kept.append(key)


async def rehearse(source_key: str) -> list[Rehearsal]:
    """Read all streams of a source from their start and compare them with what has landed.

    Raises:
        UnknownName: No such source.
        SourceTrouble: The source failed.
    """
    opened = await asyncio.to_thread(_open, source_key)
    connector = opened.connect()
    found: list[Rehearsal] = []
    try:
        for stream in opened.streams:
            rehearsal, seen = Rehearsal(stream.name), set[int]()
            start = await asyncio.to_thread(_start, opened, stream)
            async with aclosing(read_ahead(connector.read(stream.name, start))) as ahead:
                async for page in ahead:
                    await asyncio.to_thread(_compare_page, page, stream, rehearsal, seen)
            if start is None:
                await asyncio.to_thread(_count_vanished, opened, stream, rehearsal, seen)
            found.append(rehearsal)
    finally:
        await connector.close()
    return found


def _open(source_key: str) -> OpenedSource:
    with unit_of_work() as db:
        return open_source(db, source_key)


def _start(opened: OpenedSource, stream: Stream) -> Cursor | None:
    """Return where the next sync would start; a scan that was cut off is rehearsed as a whole."""
    with unit_of_work() as db:
        progress = intake.queries.stream_progress(db, opened.id, stream.name)
    return next_scan(progress.cursor) if progress and progress.complete else None


def _compare_page(page: Page, stream: Stream, into: Rehearsal, seen: set[int]) -> None:
    with unit_of_work() as db:
        rest, known = intake.landing.recognise(
            db, page, data_set_id=stream.data_set_id, mapping_hash=stream.mapping_hash
        )
        mapped = stream.map_page(rest)
        keys = [record.key for _, record in mapped.customers]
        keys += [bad.key for bad in mapped.rejected if bad.key is not None]
        before = intake.landing.landed_by_key(db, stream.data_set_id, keys)
    into.read += page.size
    into.unchanged += len(known.ids)
    seen.update(known.ids, (row.id for row in before.values()))
    for bad in mapped.rejected:
        into.quarantined[bad.rule] = into.quarantined.get(bad.rule, 0) + 1
    for source, record in mapped.customers:
        old = before.get(record.key)
        if old is None:
            into.new += 1
            into.note("new", record.key)
        elif old.raw == source.raw:
            into.unchanged += 1
        else:
            into.changed += 1
            into.note("changed", record.key)
            for name in _differences(stream, old.raw, record):
                into.fields[name] = into.fields.get(name, 0) + 1


def _differences(stream: Stream, raw: bytes, record: CanonicalRecord) -> list[str]:
    """Name the canonical fields in which a record differs from what has landed."""
    records, _ = decode_records([raw])
    mapped = stream.map_page(Page(records=records, cursor=Cursor()))
    if not mapped.customers:
        return ["(was refused)"]
    old: dict[str, Any] = msgspec.structs.asdict(mapped.customers[0][1])
    new = msgspec.structs.asdict(record)
    return [name for name in new if new[name] != old[name]]


def _count_vanished(opened: OpenedSource, stream: Stream, into: Rehearsal, seen: set[int]) -> None:
    with unit_of_work() as db:
        landed = intake.landing.count_landed(db, stream.data_set_id, opened.id)
    into.vanished = landed - len(seen)
