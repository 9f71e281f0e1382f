"""Read Parquet files, with DuckDB as the reader and shut off from everything but the one file."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from connectors.files.tables import SETTLED_SECONDS, Place, Rows
from connectors.sdk.json_pages import decode_records, encode_record
from schemas.errors import GiveUp, RetryLater

MEMORY_MAX = "512MB"
"""DuckDB's own bound; one row group of a wide table takes some 100 MB."""


class ParquetFile:
    """One Parquet file.

    Args:
        path: Where it is.
        check: Judges the columns.

    Raises:
        GiveUp: It is no Parquet; a half-written one is none either, its index is written last.
        RetryLater: The same, while somebody may still be writing it.
    """

    def __init__(self, path: Path, *, check: Callable[[Sequence[str]], None]) -> None:
        import duckdb  # takes a quarter of a second, which other formats need not wait for

        self._path = path
        self._database = duckdb.connect(config={"memory_limit": MEMORY_MAX, "threads": 1})
        self._database.execute("SET allowed_paths = [$path]", {"path": str(path)})
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")
        self._at = -1
        try:
            columns = self._database.execute(
                "SELECT * FROM read_parquet(?) LIMIT 0", [str(path)]
            ).description
        except duckdb.Error:
            self.close()
            raise self._unreadable() from None
        self._columns = [str(column[0]) for column in columns or ()]
        check(self._columns)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def rows(self, at: Place, count: int) -> Rows:
        """Read up to `count` rows from a place, which is how many come before it."""
        import duckdb

        try:
            if at.row != self._at:
                self._database.execute(
                    "SELECT * FROM read_parquet(?) OFFSET ?", [str(self._path), at.row]
                )
                self._at = at.row
            found = self._database.fetchmany(count)
        except duckdb.Error:
            raise GiveUp(
                f"{self._path.name} is damaged: its rows cannot be read.",
                remedy="Have it delivered again.",
            ) from None
        self._at += len(found)
        raws = [encode_record(dict(zip(self._columns, row, strict=True))) for row in found]
        records, rejected = decode_records(raws)
        return Rows(records, rejected, Place(0, self._at), ended=len(found) < count)

    def _unreadable(self) -> Exception:
        if time.time() - self._path.stat().st_mtime < SETTLED_SECONDS:
            return RetryLater(
                f"{self._path.name} is no whole Parquet file and was written to just now.",
                wait_seconds=SETTLED_SECONDS,
            )
        return GiveUp(
            f"{self._path.name} is no Parquet file, or was not written to its end.",
            remedy="Have it delivered again.",
        )
