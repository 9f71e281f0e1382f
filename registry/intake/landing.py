"""Landing: what came in is kept as it came, once per data set and key.

Most records of most scans are unchanged, since few sources can say what changed
(docs/explanation/intake.md), so the common case must cost one read and no write.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from msgspec import structs

from connectors.sdk.hashing import record_hashes
from registry.intake.leases import HeldLease
from registry.storage.copying import copy_into
from schemas.records import CanonicalRecord, MappedPage, Page, RejectedRecord, SourceRecord


@dataclass(frozen=True)
class KnownRecords:
    """Records of a page that are as they were, told by their bytes alone.

    Attributes:
        ids: Their rows.
        keys: Their keys.
    """

    ids: tuple[int, ...] = ()
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True)
class LandedPage:
    """What landing did with one page; read = changed + unchanged + rejected.

    Attributes:
        changed: New or changed records with the id of their row, for the master view.
        unchanged: Records whose bytes and mapping were the same as before.
        rejected: Records for quarantine, including duplicates found here.
        good_keys: Keys of all usable records; what stood in quarantine under them is settled.
        seen: Rows of all records of the page, also of those that were refused this time.
        nameless: Refused records without a key: nobody knows which rows they are.
        digest: What the page is known by, where it is a known one (known.py).
    """

    changed: list[tuple[int, UUID, CanonicalRecord]]
    unchanged: int
    rejected: list[RejectedRecord]
    good_keys: list[str]
    seen: list[int] = field(default_factory=list)
    nameless: int = 0
    digest: bytes | None = None


def recognise(
    db: psycopg.Connection, page: Page, *, data_set_id: UUID, mapping_hash: bytes
) -> tuple[Page, KnownRecords]:
    """Leave out of a page what has landed byte for byte; the rest has to be decoded.

    Args:
        db: Connection in the page's transaction.
        page: A page; only what is undecoded is looked at.
        data_set_id: The registered data set the records belong to.
        mapping_hash: Up to 64 bytes that change with the mapping.
    """
    if not page.undecoded:
        return page, KnownRecords()
    hashes = record_hashes(page.undecoded, mapping_hash)
    with db.cursor(binary=True) as cursor:
        rows = cursor.execute(
            """SELECT raw_hash, id, key FROM landed_record
               WHERE data_set_id = %s AND raw_hash = ANY(%b)""",
            (data_set_id, hashes),
        ).fetchall()
    if not rows:
        return page, KnownRecords()
    known = {bytes(digest) for digest, _, _ in rows}
    rest = [raw for raw, digest in zip(page.undecoded, hashes, strict=True) if digest not in known]
    if len(page.undecoded) - len(rest) != len(rows):
        return page, KnownRecords()  # one record twice, or two of one face: look at each by itself
    found = KnownRecords(tuple(row[1] for row in rows), frozenset(row[2] for row in rows))
    return structs.replace(page, undecoded=rest), found


def land(
    db: psycopg.Connection,
    page: MappedPage,
    lease: HeldLease,
    *,
    data_set_id: UUID,
    mapping_hash: bytes,
    known: KnownRecords | None = None,
) -> LandedPage:
    """Keep the new and changed records of a page.

    Args:
        db: Connection in the page's transaction.
        page: The mapped page.
        lease: Whose run writes.
        data_set_id: The registered data set the records belong to.
        mapping_hash: Up to 64 bytes that change with the mapping.
        known: What `recognise` left out of it.

    Returns:
        What was done, record by record accounted for.
    """
    known = known or KnownRecords()
    latest, duplicates = _latest_by_key(page.customers)
    rejected = [*page.rejected, *duplicates]
    named = {bad.key for bad in rejected if bad.key is not None}
    made = record_hashes((source.raw for source, _ in latest.values()), mapping_hash)
    hashes = dict(zip(latest, made, strict=True))
    before: dict[str, tuple[bytes, int]] = {
        key: (digest, record_id)
        for key, digest, record_id in db.execute(
            """SELECT key, raw_hash, id FROM landed_record
               WHERE data_set_id = %s AND key = ANY(%s)""",
            (data_set_id, [*latest, *named]),
        )
    }
    changed = {
        key: pair
        for key, pair in latest.items()
        if key not in before or before[key][0] != hashes[key]
    }
    ids = _merge(db, changed, hashes, lease=lease, data_set_id=data_set_id) if changed else {}
    return LandedPage(
        changed=[(ids[key], data_set_id, record) for key, (_, record) in changed.items()],
        unchanged=len(latest) - len(changed) + len(known.ids),
        rejected=rejected,
        good_keys=[*latest, *known.keys],
        seen=[*known.ids, *{*ids.values(), *(row for _, row in before.values())}],
        nameless=sum(bad.key is None for bad in rejected),
    )


@dataclass(frozen=True)
class LandedRow:
    """One landed record with its bytes."""

    id: int
    raw: bytes


def landed_by_key(
    db: psycopg.Connection, data_set_id: UUID, keys: Sequence[str]
) -> dict[str, LandedRow]:
    """Return what has landed under some keys."""
    rows = db.execute(
        "SELECT key, id, raw FROM landed_record WHERE data_set_id = %s AND key = ANY(%s)",
        (data_set_id, list(keys)),
    )
    return {key: LandedRow(record_id, bytes(raw)) for key, record_id, raw in rows}


def whose(
    db: psycopg.Connection, data_set_id: UUID, source_id: UUID, keys: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Return the rows under some keys: those that a source brought last, and those of others."""
    rows = db.execute(
        """SELECT landed_record.id, sync_run.source_id = %s FROM landed_record
           JOIN sync_run ON sync_run.id = landed_record.run_id
           WHERE data_set_id = %s AND key = ANY(%s) ORDER BY landed_record.id""",
        (source_id, data_set_id, list(keys)),
    ).fetchall()
    return [row for row, is_own in rows if is_own], [row for row, is_own in rows if not is_own]


def count_landed(db: psycopg.Connection, data_set_id: UUID, source_id: UUID) -> int:
    """Return how many records of a data set a source has landed."""
    row = db.execute(
        """SELECT count(*) FROM landed_record JOIN sync_run ON sync_run.id = landed_record.run_id
           WHERE data_set_id = %s AND sync_run.source_id = %s""",
        (data_set_id, source_id),
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    return int(row[0])


def _latest_by_key(
    customers: Sequence[tuple[SourceRecord, CanonicalRecord]],
) -> tuple[dict[str, tuple[SourceRecord, CanonicalRecord]], list[RejectedRecord]]:
    """Keep the last record of each key; what it replaces goes to quarantine, not to nowhere."""
    latest: dict[str, tuple[SourceRecord, CanonicalRecord]] = {}
    duplicates: list[RejectedRecord] = []
    for source, record in customers:
        earlier = latest.get(record.key)
        if earlier is not None:
            duplicates.append(
                RejectedRecord(
                    raw=earlier[0].raw,
                    rule="duplicate_key",
                    path="key",
                    reason="a later record of the same page has the same key",
                    key=record.key,
                )
            )
        latest[record.key] = (source, record)
    return latest, duplicates


def _merge(
    db: psycopg.Connection,
    changed: dict[str, tuple[SourceRecord, CanonicalRecord]],
    hashes: dict[str, bytes],
    *,
    lease: HeldLease,
    data_set_id: UUID,
) -> dict[str, int]:
    """Write the changed records by COPY and one merge; return their row ids by key."""
    db.execute(
        """CREATE TEMPORARY TABLE IF NOT EXISTS landing_page
               (key text, raw bytea, raw_hash bytea) ON COMMIT DELETE ROWS"""
    )
    copy_into(
        db,
        "landing_page",
        ("key", "raw", "raw_hash"),
        ((key, pair[0].raw, hashes[key]) for key, pair in changed.items()),
    )
    merged = db.execute(
        """INSERT INTO landed_record
               (data_set_id, key, raw, raw_hash, run_id, landed_at, changed_at)
           SELECT %s, key, raw, raw_hash, %s, now(), now() FROM landing_page
           ON CONFLICT (data_set_id, key) DO UPDATE
           SET raw = excluded.raw, raw_hash = excluded.raw_hash, run_id = excluded.run_id,
               changed_at = excluded.changed_at
           RETURNING key, id""",
        (data_set_id, lease.run_id),
    ).fetchall()
    db.execute("TRUNCATE landing_page")
    return dict(merged)
