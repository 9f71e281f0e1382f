"""Changes of the intake room: sources, checkpoints, quarantine, lineage and the counts of a run."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from connectors.sdk.cursors import END
from connectors.sdk.hashing import record_hash
from registry.intake.landing import LandedPage
from registry.intake.leases import HeldLease
from registry.intake.queries import RegisteredSource
from registry.storage.copying import copy_into
from schemas.base import uuid7
from schemas.errors import InvalidConnectorFile, InvalidInput, UnknownName
from schemas.intake import RunState
from schemas.records import Cursor, RejectedRecord

REASON_CHARACTERS_MAX = 1000  # the column's width; a reason is for people to read
EVENT_DAYS = 30  # senders give up repeating a message after days; its bytes are known for ever
KEY_CHARACTERS_MAX = 400  # the column's width


def register_source(
    db: psycopg.Connection, *, key: str, interface_urn: str | None, spec: dict[str, Any]
) -> UUID:
    """Register a source on a registered interface, or renew its connector file.

    A connector file that has changed must reach all records, also those that the source would
    not send again by itself: the next sync reads everything anew.

    Raises:
        InvalidConnectorFile: It does not name its interface, or not the data set of each stream,
            or lets the records of a data set become something else than they are already.
        UnknownName: No interface is registered under the URN; register it first.
    """
    _refuse_unbound(key, interface_urn, spec)
    _refuse_another_kind(db, key, spec)
    interface = db.execute(
        "SELECT id FROM element WHERE urn = %s AND kind = 'interface'", (interface_urn,)
    ).fetchone()
    if interface is None:
        raise UnknownName(
            f"connector {key!r} reads {interface_urn}, but no such interface is registered",
            remedy="Register the interface in the landscape first, then the connector.",
            urn=interface_urn,
        )
    changed = db.execute(
        "SELECT id FROM source WHERE key = %s AND spec IS DISTINCT FROM %s FOR NO KEY UPDATE",
        (key, Jsonb(spec)),
    ).fetchone()
    if changed is not None:
        _forget_progress(db, changed[0])
    row = db.execute(
        """INSERT INTO source (id, key, interface_id, spec, created_at)
           VALUES (%s, %s, %s, %s, now())
           ON CONFLICT (key) DO UPDATE
           SET interface_id = excluded.interface_id, spec = excluded.spec
           RETURNING id""",
        (uuid7(), key, interface[0], Jsonb(spec)),
    ).fetchone()
    assert row is not None  # RETURNING always gives the row of an upsert
    return UUID(str(row[0]))


def _refuse_unbound(key: str, interface_urn: str | None, spec: dict[str, Any]) -> None:
    """Refuse a file that runs by itself but says not what in the register it belongs to."""
    bare = [name for name, stream in spec.get("streams", {}).items() if not stream.get("data_set")]
    lost = [
        name
        for name, stream in spec.get("streams", {}).items()
        if stream.get("becomes", "customer") != "customer" and not stream.get("customers")
    ]
    if interface_urn is not None and not bare and not lost:
        return
    where = "`interface`" if interface_urn is None else f"`data_set` in the streams {bare}"
    if not bare and lost:
        where = f"`customers` in the streams {lost}"
    raise InvalidConnectorFile(
        f"connector {key!r} says nothing under {where}, so it cannot be registered",
        remedy="Write the URNs from the landscape into the file; `townclerk landscape list` has "
        "them.",
    )


def _refuse_another_kind(db: psycopg.Connection, key: str, spec: dict[str, Any]) -> None:
    """Refuse to let records of one data set become two things: a row has one place."""
    wanted = {
        (stream["data_set"], stream.get("becomes", "customer"))
        for stream in spec.get("streams", {}).values()
    }
    urns = sorted(urn for urn, _ in wanted)
    twice = next((one for one, other in pairwise(urns) if one == other), None)
    row = db.execute(
        """SELECT wanted.urn FROM unnest(%s::text[], %s::text[]) AS wanted(urn, becomes)
           JOIN element ON element.urn = wanted.urn
           CROSS JOIN source
           CROSS JOIN LATERAL jsonb_each(source.spec -> 'streams') AS s(name, body)
           WHERE body ->> 'data_set' = wanted.urn
             AND coalesce(body ->> 'becomes', 'customer') <> wanted.becomes
             AND EXISTS (SELECT FROM landed_record WHERE data_set_id = element.id) LIMIT 1""",
        ([urn for urn, _ in wanted], [becomes for _, becomes in wanted]),
    ).fetchone()
    if twice is None and row is None:
        return
    raise InvalidConnectorFile(
        f"connector {key!r} lets the records of {twice or (row and row[0])} become two things",
        remedy="Give what `becomes` something else a data set of its own.",
    )


def _forget_progress(db: psycopg.Connection, source_id: UUID) -> None:
    """Let the next sync start anew; a running one may not write a checkpoint of the old file."""
    db.execute(
        "UPDATE lease SET fence = fence + 1, expires_at = now() WHERE source_id = %s", (source_id,)
    )
    db.execute("DELETE FROM checkpoint WHERE source_id = %s", (source_id,))


def keep_in_quarantine(
    db: psycopg.Connection,
    lease: HeldLease,
    *,
    stream: str,
    page: int,
    rejected: Sequence[RejectedRecord],
    good_keys: Sequence[str],
) -> None:
    """Keep refused records with rule, path and raw bytes; settle what newer ones replace.

    What came in well settles all that stood under its key. What is refused again in another way
    replaces what an earlier run kept of it: rows of the same key, or of the same bytes.
    """
    db.execute(
        "DELETE FROM quarantined_record WHERE source_id = %s AND stream = %s AND key = ANY(%s)",
        (lease.source_id, stream, list(good_keys)),
    )
    if not rejected:
        return
    _copy_rejected(db, rejected)
    db.execute(
        """DELETE FROM quarantined_record
           WHERE source_id = %s AND stream = %s AND run_id <> %s
             AND (key IN (SELECT key FROM quarantine_page)
                  OR raw_hash IN (SELECT raw_hash FROM quarantine_page))
             AND (rule, raw_hash) NOT IN (SELECT rule, raw_hash FROM quarantine_page)""",
        (lease.source_id, stream, lease.run_id),
    )
    db.execute(
        """INSERT INTO quarantined_record (id, source_id, stream, run_id, page, key, rule, path,
               reason, raw, raw_hash, quarantined_at)
           SELECT DISTINCT ON (rule, raw_hash)
                  id, %s, %s, %s, %s, key, rule, path, reason, raw, raw_hash, now()
           FROM quarantine_page
           ON CONFLICT (source_id, stream, rule, raw_hash) DO UPDATE
           SET run_id = excluded.run_id, page = excluded.page, key = excluded.key,
               path = excluded.path, reason = excluded.reason""",
        (lease.source_id, stream, lease.run_id, page),
    )
    db.execute("TRUNCATE quarantine_page")


def _copy_rejected(db: psycopg.Connection, rejected: Sequence[RejectedRecord]) -> None:
    """Put refused records, cut to the columns' widths, into a table of this transaction."""
    db.execute(
        """CREATE TEMPORARY TABLE IF NOT EXISTS quarantine_page
               (id uuid, key text, rule text, path text, reason text, raw bytea, raw_hash bytea)
           ON COMMIT DELETE ROWS"""
    )
    copy_into(
        db,
        "quarantine_page",
        ("id", "key", "rule", "path", "reason", "raw", "raw_hash"),
        (
            (
                uuid7(),
                None if bad.key is None else bad.key[:KEY_CHARACTERS_MAX],
                bad.rule,
                bad.path[:KEY_CHARACTERS_MAX],
                bad.reason[:REASON_CHARACTERS_MAX],
                bad.raw,
                record_hash(bad.raw),
            )
            for bad in rejected
        ),
    )


def settle_keyless(db: psycopg.Connection, lease: HeldLease, *, stream: str) -> None:
    """Settle rows without a key that the source no longer sends; at the end of a full scan.

    Nothing else could tell that they are mended. Where the run went on with a scan that an
    earlier run began, that run's rows are news and nothing is settled: then this run counted
    fewer pages than its checkpoints say. Call it after `move_checkpoint` and `count_page`.
    """
    db.execute(
        """DELETE FROM quarantined_record
           WHERE source_id = %(source)s AND stream = %(stream)s AND key IS NULL
             AND run_id <> %(run)s
             AND (SELECT pages FROM sync_run WHERE id = %(run)s)
                 = (SELECT sum(page) FROM checkpoint
                    WHERE source_id = %(source)s AND run_id = %(run)s)""",
        {"source": lease.source_id, "stream": stream, "run": lease.run_id},
    )


def move_checkpoint(
    db: psycopg.Connection, lease: HeldLease, *, stream: str, cursor: Cursor, page: int, last: bool
) -> None:
    """Write how far a stream is; in the page's transaction or it means nothing."""
    db.execute(
        """INSERT INTO checkpoint
               (source_id, stream, run_id, cursor, page, complete, changed_at)
           VALUES (%s, %s, %s, %s, %s, %s, now())
           ON CONFLICT (source_id, stream) DO UPDATE
           SET run_id = excluded.run_id, cursor = excluded.cursor, page = excluded.page,
               complete = excluded.complete, changed_at = excluded.changed_at""",
        (
            lease.source_id,
            stream,
            lease.run_id,
            Jsonb(msgspec.to_builtins(cursor)),
            page,
            last,
        ),
    )


def record_lineage(
    db: psycopg.Connection, lease: HeldLease, *, hops: Sequence[tuple[UUID, UUID]], records: int
) -> None:
    """Write down what really flowed: one edge per hop from data set to master view."""
    for from_id, to_id in hops:
        db.execute(
            """INSERT INTO lineage_edge (run_id, from_id, to_id, records, observed_at)
               VALUES (%s, %s, %s, %s, now())
               ON CONFLICT (run_id, from_id, to_id) DO UPDATE
               SET records = lineage_edge.records + excluded.records,
                   observed_at = excluded.observed_at""",
            (lease.run_id, from_id, to_id, records),
        )


def count_page(db: psycopg.Connection, lease: HeldLease, landed: LandedPage) -> bool:
    """Add a page to the run's counts.

    Returns:
        Whether a person has asked the run to stop.
    """
    quarantined = len(landed.rejected)
    changed = len(landed.changed)
    row = db.execute(
        """UPDATE sync_run
           SET pages = pages + 1, records_read = records_read + %s,
               records_landed = records_landed + %s,
               records_unchanged = records_unchanged + %s,
               records_quarantined = records_quarantined + %s
           WHERE id = %s RETURNING cancel_requested""",
        (
            changed + landed.unchanged + quarantined,
            changed,
            landed.unchanged,
            quarantined,
            lease.run_id,
        ),
    ).fetchone()
    return bool(row and row[0])


def finish_run(
    db: psycopg.Connection,
    lease: HeldLease,
    state: RunState,
    error: dict[str, Any] | None = None,
) -> None:
    """Close a run and give the source free; a run that lost its lease changes nothing."""
    db.execute(
        """UPDATE sync_run SET state = %s, finished_at = now(), error = %s
           WHERE id = %s AND state = %s""",
        (state, None if error is None else Jsonb(error), lease.run_id, RunState.RUNNING),
    )
    db.execute(
        "UPDATE lease SET expires_at = now() WHERE source_id = %s AND fence = %s",
        (lease.source_id, lease.fence),
    )


def rewind(
    db: psycopg.Connection, source: RegisteredSource, *, since: str, stream: str | None
) -> list[str]:
    """Let the next sync of incremental streams read from an earlier change mark.

    Returns:
        The streams that were rewound.

    Raises:
        InvalidInput: The source, or the stream, reads everything each time anyway.
        InvalidConnectorFile: What is stored of the source is no connector file.
    """
    streams = [
        name
        for name, options in _streams(source).items()
        if options.get("incremental") and stream in (None, name)
    ]
    if not streams:
        raise InvalidInput(
            f"{source.key} has no such stream that reads only what changed.",
            remedy="A stream without `incremental` reads everything at each sync: just run it.",
        )
    _forget_progress(db, source.id)
    run = db.execute(
        "SELECT id FROM sync_run WHERE source_id = %s ORDER BY id DESC LIMIT 1", (source.id,)
    ).fetchone()
    if run is None:
        return streams  # nothing was read yet, so the next sync reads everything
    for name in streams:
        db.execute(
            """INSERT INTO checkpoint
                   (source_id, stream, run_id, cursor, page, complete, changed_at)
               VALUES (%s, %s, %s, %s, 0, true, now())""",
            (source.id, name, run[0], Jsonb({"position": END, "since": since})),
        )
    return streams


def _streams(source: RegisteredSource) -> dict[str, dict[str, Any]]:
    """Return the streams of a stored connector file, which older releases may have written."""
    streams = source.spec.get("streams")
    if not isinstance(streams, dict) or not all(isinstance(one, dict) for one in streams.values()):
        raise InvalidConnectorFile(
            f"what is stored of {source.key} has no streams",
            remedy="Register its connector file anew with `townclerk sync add FILE.yaml`.",
        )
    return streams


def request_cancel(db: psycopg.Connection, source_key: str) -> bool:
    """Ask the running sync of a source to stop after its page.

    Returns:
        Whether a run was there to be asked.
    """
    asked = db.execute(
        """UPDATE sync_run SET cancel_requested = true
           FROM source WHERE source.id = sync_run.source_id AND source.key = %s
             AND sync_run.state = %s""",
        (source_key, RunState.RUNNING),
    )
    return asked.rowcount > 0


def remember_events(db: psycopg.Connection, source_id: UUID, ids: Sequence[str]) -> None:
    """Remember which of a sender's events were landed, and forget those of weeks ago."""
    db.execute(
        """INSERT INTO received_event (source_id, event_id, received_at)
           SELECT %s, unnest(%s::text[]), now() ON CONFLICT DO NOTHING""",
        (source_id, list(dict.fromkeys(ids))),
    )
    db.execute(
        "DELETE FROM received_event WHERE received_at < now() - %s * interval '1 day'",
        (EVENT_DAYS,),
    )
