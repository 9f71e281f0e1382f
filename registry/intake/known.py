"""Know whole pages of a source again, so that an unchanged one is neither cut nor compared.

A page is kept by the digest of the answer it came in when every record of it has landed: nothing
was refused, nobody on it was erased, no key was there twice. The same bytes are passed over later
only where each of its rows still stands with the hash that it had from that page; PostgreSQL looks
at that in the transaction that moves the checkpoint. Whatever happened to a row meanwhile, the page
is then read as if nobody knew it, so notes can make a scan faster and never different.
"""

from dataclasses import replace
from uuid import UUID

import psycopg

from connectors.sdk.hashing import HASH_BYTES
from connectors.sdk.known_pages import PAGES_MAX, RECORDS_MIN, MarkedPieces
from registry.intake.landing import LandedPage
from registry.intake.leases import HeldLease
from registry.storage.copying import bigints
from schemas.records import Page

# What is put together is fetched once, and LIMIT keeps the look at each row to its key.
_STANDING = f"""WITH page AS MATERIALIZED (
        SELECT record_ids, raw_hashes || ''::bytea AS raw_hashes FROM known_page
        WHERE source_id = %(source)s AND digest = %(digest)s)
    SELECT EXISTS (SELECT FROM quarantined_record
                   WHERE source_id = %(source)s AND stream = %(stream)s)
    FROM page WHERE cardinality(record_ids) = %(size)s AND NOT EXISTS (
        SELECT FROM unnest(record_ids) WITH ORDINALITY AS one(id, place)
        WHERE (SELECT raw_hash FROM landed_record WHERE landed_record.id = one.id
               AND data_set_id = %(data_set)s LIMIT 1) IS DISTINCT FROM
            substring(raw_hashes FROM (place::int - 1) * {HASH_BYTES} + 1 FOR {HASH_BYTES}))"""

# Of a record that came in well, nothing stands in quarantine any more.
_SETTLING = """DELETE FROM quarantined_record
    WHERE source_id = %(source)s AND stream = %(stream)s AND key IN (
        SELECT landed_record.key FROM known_page CROSS JOIN unnest(record_ids) AS one(id)
        JOIN landed_record ON landed_record.id = one.id
        WHERE known_page.source_id = %(source)s AND digest = %(digest)s)"""

_KEEPING = """INSERT INTO known_page (source_id, digest, stream, note, record_ids, raw_hashes)
    SELECT %s, %s, %s, %s, array_agg(id ORDER BY id), string_agg(raw_hash, '' ORDER BY id)
    FROM landed_record WHERE id = ANY(%s::bigint[]) HAVING count(*) = %s
    ON CONFLICT (source_id, digest) DO UPDATE
    SET note = excluded.note, record_ids = excluded.record_ids, raw_hashes = excluded.raw_hashes"""


def load(db: psycopg.Connection, source_id: UUID) -> dict[bytes, bytes]:
    """Return the notes of a source's known pages by their digests."""
    rows = db.execute(
        "SELECT digest, note FROM known_page WHERE source_id = %s LIMIT %s",
        (source_id, PAGES_MAX),
        binary=True,
    )
    return dict(rows)


def pass_over(
    db: psycopg.Connection, page: Page, lease: HeldLease, *, stream: str, data_set_id: UUID
) -> LandedPage | None:
    """Pass over a page that is known and stands; None where it must be read.

    Args:
        db: Connection in the page's transaction.
        page: The page as its connector handed it on.
        lease: Whose run reads.
        stream: Stream within the source.
        data_set_id: The data set it fills.
    """
    pieces = page.undecoded
    if not isinstance(pieces, MarkedPieces) or not pieces.known or page.records or page.rejected:
        return None
    asked = {
        "source": lease.source_id,
        "digest": pieces.digest,
        "stream": stream,
        "size": len(pieces),
        "data_set": data_set_id,
    }
    found = db.execute(_STANDING, asked).fetchone()
    if found is None:
        return None
    if found[0]:
        db.execute(_SETTLING, asked)
    return LandedPage(
        changed=[], unchanged=len(pieces), rejected=[], good_keys=[], digest=pieces.digest
    )


def keep(
    db: psycopg.Connection,
    page: Page,
    landed: LandedPage,
    lease: HeldLease,
    *,
    stream: str,
    number: int,
) -> LandedPage:
    """Keep what a page is known by, if every record of it has landed.

    Args:
        db: Connection in the page's transaction.
        page: The page as its connector handed it on.
        landed: What became of it.
        lease: Whose run reads.
        stream: Stream within the source.
        number: Its number in the scan, from 1.

    Returns:
        What became of it, with the digest where it is known from now on.
    """
    pieces, rows = page.undecoded, set(landed.seen)
    if (
        not isinstance(pieces, MarkedPieces)
        or page.records
        or landed.rejected
        or not len(rows) == len(pieces) >= RECORDS_MIN
        or number > PAGES_MAX
    ):
        return landed
    words = (lease.source_id, pieces.digest, stream, pieces.note)
    kept = db.execute(_KEEPING, (*words, bigints(rows), len(rows))).rowcount
    return replace(landed, digest=pieces.digest) if kept else landed


def forget_unseen(db: psycopg.Connection, lease: HeldLease, *, stream: str) -> None:
    """Forget the pages that the scan which ends has not met; before it forgets what it has seen."""
    db.execute(
        """DELETE FROM known_page WHERE source_id = %(source)s AND stream = %(stream)s
             AND digest NOT IN (SELECT digest FROM scanned_page WHERE source_id = %(source)s
                                AND stream = %(stream)s AND digest IS NOT NULL)""",
        {"source": lease.source_id, "stream": stream},
    )
