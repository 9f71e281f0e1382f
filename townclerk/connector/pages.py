"""Keep what a table's pages are known by, so that a page that came before is passed over whole.

Beside `<table>` stands `<table>_pages`: for each page of the last scans the hash of the answer it
came in, the connector's note, the hashes of its records that stand in the table, one after the
other, and the bytes of those that were refused. A page is passed over only where the server finds
every one of those hashes in the table at that moment, so whatever happened to a row meanwhile, by a
later page, by another run or by hand, the page is then read as if nobody knew it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from connectors.sdk.hashing import HASH_BYTES
from connectors.sdk.known_pages import MarkedPieces
from schemas.records import RejectedRecord

PAGES_MAX = 20_000
"""Notes in memory during a scan, some 300 bytes each; of larger scans the rest is read as ever."""

RECORDS_MIN = 20
"""A smaller page costs less to compare than to keep."""

REFUSED_BYTES_MAX = 100_000
"""Of one page; a page of rubbish is better looked at each time."""

_MAKING = """CREATE TABLE IF NOT EXISTS {pages} (digest bytea PRIMARY KEY, note bytea NOT NULL,
    raw_hashes bytea NOT NULL, refused bytea[] NOT NULL)"""
_ANEW = (
    "TRUNCATE {pages}",
    # Nothing packs a hash; to try it would cost more than to keep the page.
    "ALTER TABLE {pages} ALTER raw_hashes SET STORAGE EXTERNAL",
)
_CHECKING = "SELECT raw_hashes, refused FROM {pages} LIMIT 0"  # is it ours?
_LOADING = "SELECT digest, note FROM {pages} LIMIT %s"
_KEEPING = """INSERT INTO {pages} (digest, note, raw_hashes, refused) VALUES (%b, %b, %b, %b)
    ON CONFLICT (digest) DO UPDATE
    SET note = excluded.note, raw_hashes = excluded.raw_hashes, refused = excluded.refused"""
# LIMIT keeps the look at each row to the index of hashes; what is put together is fetched once.
_STANDING = f"""WITH page AS MATERIALIZED (
        SELECT raw_hashes || ''::bytea AS raw_hashes, refused FROM {{pages}} WHERE digest = %b)
    SELECT octet_length(raw_hashes) / {HASH_BYTES}, refused FROM page WHERE NOT EXISTS (
        SELECT FROM generate_series(0, octet_length(raw_hashes) / {HASH_BYTES} - 1) AS place
        WHERE (SELECT true FROM {{table}} WHERE raw_hash
            = substring(raw_hashes FROM place * {HASH_BYTES} + 1 FOR {HASH_BYTES}) LIMIT 1
        ) IS NULL)"""
_EXPLAINING = """COMMENT ON TABLE {pages} IS
    'What whole pages are known by; townclerk connector run makes it anew when it is dropped.'"""
_FORGETTING = "DELETE FROM {pages} WHERE digest <> ALL(%b)"


class Standing(NamedTuple):
    """A page of which every usable record stands in the table as it came.

    Attributes:
        records: How many.
        refused: The bytes of its other records.
    """

    records: int
    refused: list[bytes]


class PageNote(NamedTuple):
    """What is kept of a page.

    Attributes:
        digest: What its answer is known by.
        note: What its connector has to know of it.
        raw_hashes: Those of its records that stand in the table, one after the other.
        refused: The bytes of its other records.
    """

    digest: bytes
    note: bytes
    raw_hashes: bytes
    refused: list[bytes]


class KnownPages:
    """The pages that one table is known to hold.

    Args:
        table: The table.
        pages: Where they are kept.
    """

    def __init__(self, table: sql.Identifier, pages: sql.Identifier) -> None:
        self.notes: dict[bytes, bytes] = {}
        self.seen: list[bytes] = []
        self.pages = pages
        self._asking = sql.SQL(_STANDING).format(table=table, pages=pages)
        self._keeping = sql.SQL(_KEEPING).format(pages=pages)

    def begin(self, db: psycopg.Connection[Any], *, empty: bool) -> None:
        """Make the place for them and load their notes; an empty table holds none of them."""
        for statement in (_MAKING, _CHECKING, *(_ANEW if empty else ())):
            db.execute(sql.SQL(statement).format(pages=self.pages))
        loading = sql.SQL(_LOADING).format(pages=self.pages)
        self.notes.clear()
        self.notes.update(db.execute(loading, (PAGES_MAX,), binary=True))
        self.seen.clear()

    def standing(self, db: psycopg.Connection[Any], digest: bytes) -> Standing | None:
        """Return a page if all its records stand in the table; None where it must be read."""
        row = db.execute(self._asking, (digest,), binary=True).fetchone()
        if row is None:
            return None
        self.seen.append(digest)
        return Standing(row[0], row[1])

    def note_of(
        self,
        pieces: Sequence[bytes],
        hashes: Sequence[bytes],
        rejected: Sequence[RejectedRecord],
    ) -> PageNote | None:
        """Return what a page is known by, if it may be passed over another time.

        Args:
            pieces: Its records as they came.
            hashes: Those of its records that stand in the table when it has been written.
            rejected: Its other records.
        """
        if not isinstance(pieces, MarkedPieces) or not _is_plain(pieces, hashes, rejected):
            return None
        if len(self.seen) >= PAGES_MAX:
            return None
        refused = [bad.raw for bad in rejected]
        return PageNote(pieces.digest, pieces.note, b"".join(hashes), refused)

    def keep(self, db: psycopg.Connection[Any], note: PageNote) -> None:
        """Keep what a page is known by, in the transaction that writes it."""
        db.execute(self._keeping, note, binary=True)
        self.seen.append(note.digest)

    def end(self, db: psycopg.Connection[Any]) -> None:
        """Forget what the scan that has ended did not see, and say in the table what it is for.

        The latter is a change in any case, so that all that was written before is on the disk when
        the transaction has ended.
        """
        db.execute(sql.SQL(_FORGETTING).format(pages=self.pages), (self.seen,), binary=True)
        db.execute(sql.SQL(_EXPLAINING).format(pages=self.pages))


def _is_plain(
    pieces: MarkedPieces, hashes: Sequence[bytes], rejected: Sequence[RejectedRecord]
) -> bool:
    """Tell whether what becomes of each record of a page does not hang on its neighbours."""
    return (
        len(pieces) >= RECORDS_MIN
        and len(hashes) + len(rejected) == len(pieces)
        and len(set(hashes)) == len(hashes)
        and not any(bad.rule == "duplicate_key" for bad in rejected)
        and sum(len(bad.raw) for bad in rejected) <= REFUSED_BYTES_MAX
    )
