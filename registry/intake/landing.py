"""Landing: what came in is kept as it came, once per data set and key.

Most records of most scans are unchanged, since few sources can say what changed
(docs/explanation/intake.md), so the common case must cost one read and no write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from connectors.sdk.hashing import record_hash
from registry.intake.leases import HeldLease
from registry.storage.copying import copy_into
from schemas.records import CustomerRecord, MappedPage, RejectedRecord, SourceRecord


@dataclass(frozen=True)
class LandedPage:
    """What landing did with one page; read = changed + unchanged + rejected.

    Attributes:
        changed: New or changed records with the id of their row, for the master view.
        unchanged: Records whose bytes and mapping were the same as before.
        rejected: Records for quarantine, including duplicates found here.
        good_keys: Keys of all usable records; what stood in quarantine under them is settled.
    """

    changed: list[tuple[int, UUID, CustomerRecord]]
    unchanged: int
    rejected: list[RejectedRecord]
    good_keys: list[str]


def land(
    db: psycopg.Connection,
    page: MappedPage,
    lease: HeldLease,
    *,
    data_set_id: UUID,
    mapping_hash: bytes,
) -> LandedPage:
    """Keep the new and changed records of a page.

    Args:
        db: Connection in the page's transaction.
        page: The mapped page.
        lease: Whose run writes.
        data_set_id: The registered data set the records belong to.
        mapping_hash: Up to 64 bytes that change with the mapping.

    Returns:
        What was done, record by record accounted for.
    """
    latest, duplicates = _latest_by_key(page.customers)
    hashes = {key: record_hash(pair[0].raw, mapping_hash) for key, pair in latest.items()}
    known: dict[str, bytes] = dict(
        db.execute(
            "SELECT key, raw_hash FROM landed_record WHERE data_set_id = %s AND key = ANY(%s)",
            (data_set_id, list(latest)),
        ).fetchall()
    )
    changed = {key: pair for key, pair in latest.items() if known.get(key) != hashes[key]}
    ids = _merge(db, changed, hashes, lease=lease, data_set_id=data_set_id) if changed else {}
    return LandedPage(
        changed=[(ids[key], data_set_id, record) for key, (_, record) in changed.items()],
        unchanged=len(latest) - len(changed),
        rejected=[*page.rejected, *duplicates],
        good_keys=list(latest),
    )


def _latest_by_key(
    customers: Sequence[tuple[SourceRecord, CustomerRecord]],
) -> tuple[dict[str, tuple[SourceRecord, CustomerRecord]], list[RejectedRecord]]:
    """Keep the last record of each key; what it replaces goes to quarantine, not to nowhere."""
    latest: dict[str, tuple[SourceRecord, CustomerRecord]] = {}
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
    changed: dict[str, tuple[SourceRecord, CustomerRecord]],
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
