"""Keep records in one file: JSON Lines, CSV or Parquet, whole or not at all.

What could not be used stands beside it, in `<name>.rejected.jsonl`, with rule, path and reason.
"""

import csv
import io
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from connectors.sdk.mapping import compile_mapping
from connectors.sdk.spec import StreamSpec
from schemas.errors import InvalidInput
from schemas.records import CanonicalRecord, Page, RejectedRecord
from townclerk.cli.files import UnwritableFile
from townclerk.connector.columns import column_types
from townclerk.connector.running import StreamReport

SUFFIXES = (".jsonl", ".csv", ".parquet")
_ENCODER = msgspec.json.Encoder()


class UnknownTarget(InvalidInput):
    """`--to` names neither a file of a kind we write nor a PostgreSQL address."""

    code = "unknown_target"
    remedy = (
        f"Give a file that ends in {', '.join(SUFFIXES)}, or postgresql://user@host/database, "
        "or env:NAME where a variable holds that address."
    )


class FileTarget:
    """Writes one file; it appears under its name when the scan has seen its end.

    Args:
        file: Where to; its suffix decides how.
        stream: The stream that is read.

    Raises:
        UnknownTarget: The suffix is none of ours.
        UnwritableFile: It cannot be written.
    """

    def __init__(self, file: Path, stream: StreamSpec) -> None:
        if file.suffix not in SUFFIXES:
            raise UnknownTarget(f"{file} has no ending that we write.")
        self.name = str(file)
        self._file = file
        self._map = compile_mapping(stream)
        self._types = column_types(stream)
        self._encode: Callable[[CanonicalRecord], bytes] = (
            _csv_line if file.suffix == ".csv" else _json_line
        )
        self._rows = _Unfinished(file)
        self._refused = _Unfinished(file.with_name(f"{file.stem}.rejected.jsonl"))

    @property
    def known_pages(self) -> None:
        """A file is written whole, so each page has to be read."""

    def begin(self) -> None:
        """Start both files anew."""
        self._rows.begin()
        self._refused.begin()
        if self._file.suffix == ".csv":
            self._rows.write(",".join(self._types).encode() + b"\r\n")

    def prepare(self, page: Page) -> Callable[[StreamReport], None]:
        """Map and encode one page."""
        mapped = self._map(page)
        rows = b"".join(self._encode(record) for _, record in mapped.customers)
        refused = b"".join(map(_refused_line, mapped.rejected))

        def write(report: StreamReport) -> None:
            self._rows.write(rows)
            self._refused.write(refused)
            report.written += len(mapped.customers)
            report.rejected += len(mapped.rejected)

        return write

    def end(self, report: StreamReport) -> None:
        """Put the files in their place; what a source no longer has is not in them."""
        del report  # all is counted
        if self._file.suffix == ".parquet":
            self._rows.finish(partial(_as_parquet, types=self._types))
        else:
            self._rows.finish()
        if self._refused.is_empty:
            self._refused.drop()
            self._refused.file.unlink(missing_ok=True)
        else:
            self._refused.finish()

    def close(self) -> None:
        """Drop what was not finished."""
        self._rows.drop()
        self._refused.drop()


class _Unfinished:
    """A file under another name until it is whole."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._place = file.with_name(f".{file.name}.{os.getpid()}.part")
        self._open: BinaryIO | None = None

    @property
    def is_empty(self) -> bool:
        return self._open is not None and self._open.tell() == 0

    def begin(self) -> None:
        self.drop()
        try:
            self._open = self._place.open("wb")
        except OSError as error:
            raise UnwritableFile(f"{self.file} cannot be written: {error.strerror}.") from error

    def write(self, content: bytes) -> None:
        assert self._open is not None  # `begin` comes first
        try:
            self._open.write(content)
        except OSError as error:
            raise UnwritableFile(f"{self.file} cannot be written: {error.strerror}.") from error

    def finish(self, convert: Callable[[Path, Path], None] = os.replace) -> None:
        assert self._open is not None  # `begin` comes first
        self._open.close()
        try:
            convert(self._place, self.file)
        except OSError as error:
            raise UnwritableFile(f"{self.file} cannot be written: {error.strerror}.") from error
        self.drop()

    def drop(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
        with suppress(FileNotFoundError):
            self._place.unlink()


def _json_line(record: CanonicalRecord) -> bytes:
    return _ENCODER.encode(record) + b"\n"


def _csv_line(record: CanonicalRecord) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(map(_plain, msgspec.structs.astuple(record)))
    return line.getvalue().encode()


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _refused_line(bad: RejectedRecord) -> bytes:
    told = {
        "key": bad.key,
        "rule": bad.rule,
        "path": bad.path,
        "reason": bad.reason,
        "raw": bad.raw.decode("utf-8", "replace"),
    }
    return _ENCODER.encode(told) + b"\n"


def _as_parquet(lines: Path, file: Path, types: Mapping[str, str]) -> None:
    """Turn JSON Lines into Parquet by DuckDB, which the product brings along anyway."""
    import duckdb

    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    unfinished = lines.with_suffix(".parquet")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        source = f"read_json(?, format = 'newline_delimited', columns = {{{columns}}})"
        con.execute(
            f"COPY (SELECT * FROM {source}) TO '{str(unfinished).replace(chr(39), chr(39) * 2)}' "
            "(FORMAT parquet)",
            [str(lines)],
        )
    unfinished.replace(file)
