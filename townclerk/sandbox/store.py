"""The store behind the sandbox's web sources: pre-encoded records that pages are joined from.

It belongs to the source systems; Townclerk reaches it over their wires only. A record's place
in its stream follows from its key (see identifiers.Scramble), so no index on keys is needed.
"""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from townclerk.sandbox.sources.desk import Note

BATCH_ROWS = 1000  # rows per insert; larger batches gain nothing and cost memory
TABLES = {
    "crm.customers": "crm_customers",
    "crm.contacts": "crm_contacts",
    "crm.consents": "crm_consents",
    "crm.preferences": "crm_preferences",
    "permits.applicants": "permits_applicants",
    "library.patrons": "library_patrons",
}


class Row(NamedTuple):
    """One stored record."""

    number: int
    changed: str
    body: bytes


class StoreWriter:
    """Writes the streams of the web sources while the town is generated."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        # Nobody reads the file before it is whole, so neither journal nor sync is needed.
        self._db.executescript(
            "PRAGMA page_size=16384; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN"
        )
        self._waiting: dict[str, list[tuple[int, str, bytes]]] = {}
        for stream, table in TABLES.items():
            self._db.execute(
                f"CREATE TABLE {table}"
                " (number INTEGER PRIMARY KEY, changed TEXT NOT NULL, body BLOB NOT NULL)"
            )
            self._waiting[stream] = []

    def add(self, stream: str, note: Note) -> None:
        """Take one record."""
        waiting = self._waiting[stream]
        waiting.append((note.number, note.changed.iso, note.row))
        if len(waiting) >= BATCH_ROWS:
            self._flush(stream)

    def _flush(self, stream: str) -> None:
        waiting = self._waiting[stream]
        self._db.executemany(
            f"INSERT INTO {TABLES[stream]} VALUES (?, ?, ?)",
            waiting,
        )
        waiting.clear()

    def close(self, *, whole: bool) -> None:
        """Close the file; when it is whole, write what waits and build the indexes first."""
        if whole:
            for stream, table in TABLES.items():
                self._flush(stream)
                self._db.execute(f"CREATE INDEX {table}_changed ON {table} (changed)")
            self._db.execute("COMMIT")
        self._db.close()


class Shelf:
    """One stream of the store, read by one source system.

    Args:
        file: The store.
        stream: Name of the stream.
    """

    def __init__(self, file: Path, stream: str) -> None:
        # Answers may be made in a worker thread; each source serves one request at a time.
        self._db = sqlite3.connect(
            f"file:{file}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._table = TABLES[stream]

    def count(self, since: str | None = None) -> int:
        """Count the records, or those changed at or after a moment."""
        if since is None:
            sql = f"SELECT COALESCE(MAX(number), 0) FROM {self._table}"
            return int(self._db.execute(sql).fetchone()[0])
        sql = f"SELECT COUNT(*) FROM {self._table} WHERE changed >= ?"
        return int(self._db.execute(sql, (since,)).fetchone()[0])

    def get(self, number: int) -> bytes | None:
        """Return one record, or None."""
        sql = f"SELECT body FROM {self._table} WHERE number = ?"
        found = self._db.execute(sql, (number,)).fetchone()
        return None if found is None else bytes(found[0])

    def after(self, number: int, limit: int) -> list[Row]:
        """Return the records that follow one, in the order they were made."""
        sql = (
            f"SELECT number, changed, body FROM {self._table}"
            " WHERE number > ? ORDER BY number LIMIT ?"
        )
        return [Row(*row) for row in self._db.execute(sql, (number, limit))]

    def changed_after(self, changed: str, number: int, limit: int) -> list[Row]:
        """Return the records whose (changed, number) follows, oldest change first."""
        sql = (
            f"SELECT number, changed, body FROM {self._table}"
            " WHERE (changed, number) > (?, ?) ORDER BY changed, number LIMIT ?"
        )
        return [Row(*row) for row in self._db.execute(sql, (changed, number, limit))]

    def skip(self, offset: int, limit: int, since: str | None = None) -> list[bytes]:
        """Return a numbered page: `limit` records after the first `offset`."""
        if since is None:
            return [row.body for row in self.after(offset, limit)]
        sql = (
            f"SELECT body FROM {self._table} WHERE changed >= ?"
            " ORDER BY changed, number LIMIT ? OFFSET ?"
        )
        return [bytes(row[0]) for row in self._db.execute(sql, (since, limit, offset))]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
