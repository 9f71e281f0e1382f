"""Questions to the intake room: which sources there are, how far they are, what stands waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import class_row

from schemas.errors import UnknownName
from schemas.records import Cursor

PAGE_MAX = 200  # rows per page: what a person or a client can use at once


@dataclass(frozen=True)
class RegisteredSource:
    """A source with what the register knows of its interface."""

    id: UUID
    key: str
    spec: dict[str, Any]
    interface_id: UUID
    interface_attrs: dict[str, Any]


@dataclass(frozen=True)
class StreamProgress:
    """How far one stream is."""

    run_id: UUID
    cursor: Cursor
    page: int
    complete: bool


@dataclass(frozen=True)
class RunRow:
    """One run with its counts."""

    id: UUID
    source_id: UUID
    source_key: str
    state: str
    started_at: datetime
    finished_at: datetime | None
    pages: int
    records_read: int
    records_landed: int
    records_unchanged: int
    records_quarantined: int
    records_withdrawn: int
    cancel_requested: bool
    error: dict[str, Any] | None


@dataclass(frozen=True)
class QuarantineRow:
    """One refused record, without its raw bytes."""

    id: UUID
    source_key: str
    stream: str
    key: str | None
    rule: str
    path: str
    reason: str
    page: int
    quarantined_at: datetime


@dataclass(frozen=True)
class IntakeTotals:
    """What has come in so far, over all sources and runs."""

    sources: int
    records_read: int
    records_landed: int
    quarantined: int
    lineage_edges: int


def find_source(db: psycopg.Connection, key: str) -> RegisteredSource:
    """Return one source.

    Raises:
        UnknownName: No source has this key.
    """
    with db.cursor(row_factory=class_row(RegisteredSource)) as cursor:
        found = cursor.execute(_SOURCES + " WHERE source.key = %s", (key,)).fetchone()
    if found is None:
        raise UnknownName(
            f"no source is registered as {key!r}",
            remedy="List the sources with `townclerk sync status`.",
        )
    return found


def list_sources(db: psycopg.Connection) -> list[RegisteredSource]:
    """Return all sources by key."""
    with db.cursor(row_factory=class_row(RegisteredSource)) as cursor:
        return cursor.execute(_SOURCES + " ORDER BY source.key").fetchall()


def sources_by_id(db: psycopg.Connection, ids: Sequence[UUID]) -> list[RegisteredSource]:
    """Return the sources with these ids, in no particular order."""
    with db.cursor(row_factory=class_row(RegisteredSource)) as cursor:
        return cursor.execute(f"{_SOURCES} WHERE source.id = ANY(%s)", (list(ids),)).fetchall()


_SOURCES = """SELECT source.id, source.key, source.spec, source.interface_id,
           element.attrs AS interface_attrs
    FROM source JOIN element ON element.id = source.interface_id"""


def stream_progress(db: psycopg.Connection, source_id: UUID, stream: str) -> StreamProgress | None:
    """Return how far a stream is, or None before its first page."""
    row = db.execute(
        """SELECT run_id, cursor, page, complete FROM checkpoint
           WHERE source_id = %s AND stream = %s""",
        (source_id, stream),
    ).fetchone()
    if row is None:
        return None
    return StreamProgress(
        run_id=row[0], cursor=msgspec.convert(row[1], Cursor), page=row[2], complete=row[3]
    )


def totals(db: psycopg.Connection) -> IntakeTotals:
    """Return what has come in so far; `records_landed` counts rows that are there now."""
    with db.cursor(row_factory=class_row(IntakeTotals)) as cursor:
        found = cursor.execute(
            """SELECT (SELECT count(*) FROM source) AS sources,
                      (SELECT coalesce(sum(records_read), 0)::bigint FROM sync_run)
                          AS records_read,
                      (SELECT count(*) FROM landed_record) AS records_landed,
                      (SELECT count(*) FROM quarantined_record) AS quarantined,
                      (SELECT count(*) FROM (SELECT DISTINCT from_id, to_id FROM lineage_edge) e)
                          AS lineage_edges"""
        ).fetchone()
    assert found is not None  # a SELECT without FROM always gives one row
    return found


_RUN = """SELECT sync_run.id, source_id, source.key AS source_key, state, started_at, finished_at,
           pages, records_read, records_landed, records_unchanged, records_quarantined,
           records_withdrawn, cancel_requested, error
    FROM sync_run JOIN source ON source.id = sync_run.source_id"""


def list_runs(
    db: psycopg.Connection,
    *,
    source_key: str | None = None,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[RunRow]:
    """Return runs, newest first, one keyset page; run ids sort by time."""
    with db.cursor(row_factory=class_row(RunRow)) as cursor:
        return cursor.execute(
            f"""{_RUN} WHERE (%(key)s::text IS NULL OR source.key = %(key)s)
                AND (%(before)s::uuid IS NULL OR sync_run.id < %(before)s)
                ORDER BY sync_run.id DESC LIMIT %(limit)s""",
            {"key": source_key, "before": before, "limit": min(limit, PAGE_MAX + 1)},
        ).fetchall()


def runs_by_id(db: psycopg.Connection, ids: Sequence[UUID]) -> list[RunRow]:
    """Return the runs with these ids, in no particular order."""
    with db.cursor(row_factory=class_row(RunRow)) as cursor:
        return cursor.execute(f"{_RUN} WHERE sync_run.id = ANY(%s)", (list(ids),)).fetchall()


def count_runs(db: psycopg.Connection, *, source_key: str | None = None) -> int:
    """Return how many runs `list_runs` would list with the same source."""
    row = db.execute(
        """SELECT count(*) FROM sync_run JOIN source ON source.id = sync_run.source_id
           WHERE %(key)s::text IS NULL OR source.key = %(key)s""",
        {"key": source_key},
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    return int(row[0])


def newest_runs(db: psycopg.Connection, source_ids: Sequence[UUID]) -> dict[UUID, RunRow]:
    """Return the newest run of each source that has one."""
    with db.cursor(row_factory=class_row(RunRow)) as cursor:
        rows = cursor.execute(
            f"""SELECT DISTINCT ON (source_id) * FROM ({_RUN}) AS run
                WHERE source_id = ANY(%s) ORDER BY source_id, id DESC""",
            (list(source_ids),),
        ).fetchall()
    return {row.source_id: row for row in rows}


def quarantine_counts(db: psycopg.Connection) -> dict[str, int]:
    """Return how many records are in quarantine, by the key of their source."""
    rows = db.execute(
        """SELECT source.key, count(*) FROM quarantined_record
           JOIN source ON source.id = source_id GROUP BY source.key"""
    ).fetchall()
    return dict(rows)


def list_quarantine(
    db: psycopg.Connection,
    *,
    source_key: str | None = None,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[QuarantineRow]:
    """Return refused records, newest first, one keyset page; raw bytes stay in the table."""
    with db.cursor(row_factory=class_row(QuarantineRow)) as cursor:
        return cursor.execute(
            """SELECT quarantined_record.id, source.key AS source_key, stream,
                      quarantined_record.key, rule, path, reason, page, quarantined_at
               FROM quarantined_record JOIN source ON source.id = source_id
               WHERE (%(key)s::text IS NULL OR source.key = %(key)s)
                 AND (%(before)s::uuid IS NULL OR quarantined_record.id < %(before)s)
               ORDER BY quarantined_record.id DESC LIMIT %(limit)s""",
            {"key": source_key, "before": before, "limit": min(limit, PAGE_MAX + 1)},
        ).fetchall()


def known_events(db: psycopg.Connection, source_id: UUID, ids: Sequence[str]) -> set[str]:
    """Return those of a sender's event ids that were landed before."""
    rows = db.execute(
        "SELECT event_id FROM received_event WHERE source_id = %s AND event_id = ANY(%s)",
        (source_id, list(ids)),
    )
    return {row[0] for row in rows}
