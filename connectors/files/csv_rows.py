"""Read CSV in portions: constant memory, exact places to resume, and one bad row costs one row."""

import csv
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from connectors.files.tables import SETTLED_SECONDS, Place, Rows
from connectors.sdk.json_pages import encode_record
from schemas.errors import GiveUp, RetryLater
from schemas.records import RejectedRecord, SourceRecord

ROW_BYTES_MAX = 1024 * 1024
"""A row of two hundred long columns has 50 kB; a far longer one was never ended."""

ROW_LINES_MAX = 200
"""Lines that one quoted field may span before its quote counts as never closed."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


class _Taken(NamedTuple):
    """One row as it lies in the file; `fault` is the rule it breaks already."""

    raw: bytes
    row: int
    fault: str = ""


class CsvFile:
    """One CSV file.

    Args:
        path: Where it is.
        encoding: One in which line ends and quotes are single bytes.
        delimiter: What parts the columns.
        quote: What holds a field together that has delimiters or line ends in it.
        columns: Names of the columns of a file that has no header line.
        check: Judges the header.

    Raises:
        GiveUp: The file is empty, or is not in the encoding that was declared.
    """

    def __init__(
        self,
        path: Path,
        *,
        encoding: str,
        delimiter: str,
        quote: str,
        columns: Sequence[str] | None,
        check: Callable[[Sequence[str]], None],
    ) -> None:
        self._path, self._encoding = path, encoding
        self._delimiter, self._quote = delimiter, quote
        self._quote_byte = quote.encode(encoding)
        self._file = path.open("rb")
        try:
            self._place = Place(self._skip_bom(), 0)
            self._columns = list(columns) if columns else self._header()
            self._start = self._place
            check(self._columns)
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def rows(self, at: Place, count: int) -> Rows:
        """Read up to `count` rows from a place.

        Raises:
            RetryLater: The file is still being written.
        """
        self._place = at if at.row else self._start
        self._file.seek(self._place.offset)
        records: list[SourceRecord] = []
        rejected: list[RejectedRecord] = []
        while len(records) + len(rejected) < count and (taken := self._take()) is not None:
            row = self._read(taken)
            if isinstance(row, SourceRecord):
                records.append(row)
            elif row is not None:
                rejected.append(row)
        return Rows(records, rejected, self._place, ended=not self._file.peek(1))

    def _skip_bom(self) -> int:
        start = self._file.read(3)
        if not start:
            raise GiveUp(
                f"{self._path.name} is empty.",
                remedy="Remove it, or have it delivered again; an empty file is never taken for "
                "a delivery without records.",
            )
        for mark, encoding in _BOMS:
            if start.startswith(mark) and encoding != self._encoding:
                raise GiveUp(
                    f"{self._path.name} is written in {encoding}, not in {self._encoding}.",
                    remedy="Correct `encoding`; a file in utf-16 must be exported as utf-8.",
                )
        skipped = 3 if start == _BOMS[0][0] else 0
        self._file.seek(skipped)
        return skipped

    def _header(self) -> list[str]:
        taken = self._take()
        names = None if taken is None or taken.fault else self._cells(taken.raw)
        if isinstance(names, str) or not names:
            raise GiveUp(
                f"The first line of {self._path.name} cannot be read as names of columns.",
                remedy="Check `encoding`, `delimiter` and `quote` in the connector file.",
            )
        return [name.strip() for name in names]

    def _take(self) -> _Taken | None:
        """Take one row: a line, or several where a quoted field spans them."""
        line = self._file.readline(ROW_BYTES_MAX + 1)
        if not line:
            return None
        row = self._place.row + 1
        if len(line) > ROW_BYTES_MAX:
            return self._take_rest(line, row)
        self._place = Place(self._place.offset + len(line), row)
        if self._quote_byte not in line or not self._goes_on(line):
            return _Taken(line, row)
        joined = line
        for lines in range(1, ROW_LINES_MAX):
            more = self._file.readline(ROW_BYTES_MAX + 1 - len(joined))
            joined += more
            if not more or len(joined) > ROW_BYTES_MAX:
                break
            if self._quote_byte in more and not self._goes_on(joined):
                self._place = Place(self._place.offset - len(line) + len(joined), row + lines)
                return _Taken(joined, row)
        self._file.seek(self._place.offset)
        return _Taken(line, row, "quote_unclosed")

    def _take_rest(self, line: bytes, row: int) -> _Taken:
        """Step over a line without end, keeping its beginning for quarantine."""
        size, more = len(line), line
        while more and not more.endswith(b"\n"):
            more = self._file.readline(ROW_BYTES_MAX)
            size += len(more)
        self._place = Place(self._place.offset + size, row)
        return _Taken(line[:ROW_BYTES_MAX], row, "row_too_long")

    def _goes_on(self, raw: bytes) -> bool:
        """Tell whether a quoted field is still open at the end."""
        text = raw.decode(self._encoding, "replace")
        try:
            next(self._parse(text), None)
        except csv.Error as error:
            return "unexpected end of data" in str(error)
        return False

    def _parse(self, text: str) -> Iterator[list[str]]:
        return csv.reader((text,), delimiter=self._delimiter, quotechar=self._quote, strict=True)

    def _cells(self, raw: bytes) -> list[str] | str:
        """Return the cells of a row, or the rule it breaks."""
        try:
            text = raw.decode(self._encoding).rstrip("\r\n")
            if self._quote_byte not in raw:
                return text.split(self._delimiter)
            return next(self._parse(text), [])
        except UnicodeDecodeError:
            return "undecodable"
        except csv.Error:
            return "row_malformed"

    def _read(self, taken: _Taken) -> SourceRecord | RejectedRecord | None:
        if taken.raw.isspace():
            return None
        whole = taken.raw.endswith(b"\n")
        cells = taken.fault or self._cells(taken.raw)
        if isinstance(cells, list) and len(cells) == len(self._columns):
            if not whole:
                self._refuse_growing()
            named = zip(self._columns, cells, strict=True)
            value = {name: cell or None for name, cell in named if name}
            return SourceRecord(encode_record(value), value)
        if isinstance(cells, list):
            why = f"it has {len(cells)} columns where {len(self._columns)} are named"
            rule = "columns_wrong" if whole else "half_written"
        else:
            why, rule = _WHY[cells].format(encoding=self._encoding), cells
        where = f"{self._path.name}:{taken.row}"
        return RejectedRecord(raw=taken.raw.rstrip(b"\r\n"), rule=rule, path=where, reason=why)

    def _refuse_growing(self) -> None:
        """Refuse a last line without its end while somebody may still be writing it."""
        if time.time() - os.fstat(self._file.fileno()).st_mtime < SETTLED_SECONDS:
            raise RetryLater(
                f"{self._path.name} ends in the middle of a line and was written to just now.",
                wait_seconds=SETTLED_SECONDS,
            )


_WHY = {
    "undecodable": "its bytes are not {encoding}; `encoding` in the connector file names another",
    "row_malformed": "its quotes do not match",
    "quote_unclosed": "a quote in it is never closed",
    "row_too_long": f"it is longer than {ROW_BYTES_MAX} bytes",
}
