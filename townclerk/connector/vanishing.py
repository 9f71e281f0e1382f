"""Take out of a table what its source no longer has: only after a scan that is proved complete.

What a scan has seen is kept as one run of hashes, sixteen bytes a record, and handed to the server
once at the end. The rules are those of a registered source (registry/intake/scans.py): the source
itself said where the end was, every refused record could be named, and no more than a small share
is missing. Otherwise everything stays, and the report says how much was held back.
"""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from connectors.sdk.hashing import HASH_BYTES
from connectors.sdk.spec import StreamSpec, Vanished
from connectors.sdk.vanishing import may_vanish
from schemas.records import RejectedRecord
from townclerk.connector.pages import KnownPages

_MISSING = f"""CREATE TEMPORARY TABLE townclerk_missing ON COMMIT DROP AS
    WITH seen AS MATERIALIZED (
        SELECT substring(%b FROM place * {HASH_BYTES} + 1 FOR {HASH_BYTES}) AS raw_hash
        FROM generate_series(0, %s) AS place
        UNION ALL
        SELECT substring(raw_hashes FROM place * {HASH_BYTES} + 1 FOR {HASH_BYTES})
        FROM (SELECT raw_hashes || ''::bytea AS raw_hashes FROM {{pages}}
              WHERE digest = ANY(%b) OFFSET 0) AS page,
             generate_series(0, octet_length(raw_hashes) / {HASH_BYTES} - 1) AS place)
    SELECT key FROM {{table}} AS kept WHERE key <> ALL(%s)
      AND NOT EXISTS (SELECT FROM seen WHERE seen.raw_hash = kept.raw_hash)"""


class Seen:
    """What one scan has seen.

    Args:
        stream: The stream that is read; it says what becomes of records that vanish.
    """

    def __init__(self, stream: StreamSpec) -> None:
        self._stream = stream
        self._hashes = bytearray()
        self._refused = set[str]()
        self._nameless = 0

    def note(self, hashes: Sequence[bytes], refused: Sequence[RejectedRecord]) -> None:
        """Take note of a page."""
        self._hashes += b"".join(hashes)
        for bad in refused:
            if bad.key is None:
                self._nameless += 1
            else:
                self._refused.add(bad.key)

    def settle(
        self, db: psycopg.Connection, table: sql.Identifier, pages: KnownPages
    ) -> tuple[int, int]:
        """Take out what has vanished.

        Args:
            db: In the transaction that ends the scan.
            table: Where the records are.
            pages: The pages that were noted as a whole.

        Returns:
            How many records were taken out, and how many were held back.
        """
        if self._stream.vanished == Vanished.KEEP:
            return 0, 0
        last = len(self._hashes) // HASH_BYTES - 1
        arguments = (bytes(self._hashes), last, pages.seen, list(self._refused))
        question = sql.SQL(_MISSING).format(table=table, pages=pages.pages)
        missing = db.execute(question, arguments).rowcount
        if not missing:
            return 0, 0
        counted = db.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
        known = int(counted[0]) if counted else 0
        allowed = may_vanish(known, self._stream.vanished_share_max)
        if self._nameless or missing > allowed or self._stream.vanished == Vanished.HOLD:
            return 0, missing
        db.execute(
            sql.SQL("DELETE FROM {} WHERE key IN (SELECT key FROM townclerk_missing)").format(table)
        )
        return missing, 0
