"""Read JSON Lines: one record a line, exact places to resume, and one bad line costs one line."""

import os
import time
from pathlib import Path

from connectors.files.tables import SETTLED_SECONDS, Place, Rows
from connectors.sdk.json_pages import decode_records
from schemas.errors import RetryLater
from schemas.records import RejectedRecord, SourceRecord

LINE_BYTES_MAX = 16 * 1024 * 1024
"""A record with a picture in it has a few megabytes; a far longer line was never ended."""

KEPT_BYTES = 1024 * 1024
"""How much of a line without end is kept for quarantine."""


class JsonLinesFile:
    """One file of JSON Lines.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def rows(self, at: Place, count: int) -> Rows:
        """Read up to `count` lines from a place.

        Raises:
            RetryLater: The file is still being written.
        """
        offset, row = at
        self._file.seek(offset)
        records, rejected = list[SourceRecord](), list[RejectedRecord]()
        while len(records) + len(rejected) < count and (line := self._file.readline(KEPT_BYTES)):
            row += 1
            size = len(line)
            while not line.endswith(b"\n") and (more := self._file.readline(KEPT_BYTES)):
                size += len(more)
                line = line + more if size <= LINE_BYTES_MAX else line[:KEPT_BYTES] + more[-1:]
            offset += size
            if size > LINE_BYTES_MAX:
                rejected.append(self._refused(line, row, "row_too_long", "it is far too long"))
            elif line.strip():
                self._take(line, row, records, rejected)
        return Rows(records, rejected, Place(offset, row), ended=not self._file.peek(1))

    def _take(
        self, line: bytes, row: int, records: list[SourceRecord], rejected: list[RejectedRecord]
    ) -> None:
        raw = line.removeprefix(b"\xef\xbb\xbf").strip()
        good, bad = decode_records([raw])
        records += good
        if not bad:
            return
        if not line.endswith(b"\n"):
            self._refuse_growing()
            rejected.append(self._refused(raw, row, "half_written", "the file ends within it"))
        else:
            rejected.append(self._refused(raw, row, bad[0].rule, bad[0].reason))

    def _refused(self, raw: bytes, row: int, rule: str, why: str) -> RejectedRecord:
        where = f"{self._path.name}:{row}"
        return RejectedRecord(raw=raw[:KEPT_BYTES], rule=rule, path=where, reason=why)

    def _refuse_growing(self) -> None:
        if time.time() - os.fstat(self._file.fileno()).st_mtime < SETTLED_SECONDS:
            raise RetryLater(
                f"{self._path.name} ends in the middle of a line and was written to just now.",
                wait_seconds=SETTLED_SECONDS,
            )
