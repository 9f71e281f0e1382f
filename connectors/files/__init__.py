"""Read files that another system puts into a folder: the kind `files`.

CSV, JSON Lines, XML, Parquet, and sheets of Excel or OpenDocument; in a folder of this machine, or
by SFTP, WebDAV and S3.
"""

import asyncio
import codecs
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from connectors.files.csv_rows import CsvFile
from connectors.files.excel_rows import ExcelFile
from connectors.files.folders import Folder, Found
from connectors.files.json_rows import JsonLinesFile
from connectors.files.parquet_rows import ParquetFile
from connectors.files.places import open_folder
from connectors.files.tables import COLUMNS_MAX, Place, Rows, Table, check_columns
from connectors.files.xml_rows import XmlFile
from connectors.sdk.cursors import END, is_end, read_position, write_position
from connectors.sdk.expressions import compile_expression
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import Name, PageSize, fault
from schemas.errors import GiveUp, RetryLater
from schemas.records import Cursor, Page

ENCODINGS = frozenset({"utf-8", "cp1252", "iso8859-1", "iso8859-15", "ascii"})
"""Encodings in which line ends, quotes and delimiters are single bytes, by Python's names."""


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name).name.replace("utf-8-sig", "utf-8")
    except LookupError:
        found = ""
    if found not in ENCODINGS:
        raise fault("`encoding` is one of utf-8, cp1252, iso-8859-1, iso-8859-15, ascii")
    return found


T = TypeVar("T")

Sign = Annotated[str, StringConstraints(pattern=r"^[\x01-\x7f]$")]
"""One ASCII character."""


class FilesStream(StreamSpec):
    """The files of one pattern, read one after the other as one list.

    Attributes:
        files: Pattern of their names, as in `waste_*.csv`.
        format: csv, jsonl, xml, parquet, or xlsx for every sheet file (xlsx, xls, ods).
        encoding: How CSV is written; a mark at the beginning of utf-8 is passed over.
        delimiter: What parts the columns of CSV.
        quote: What holds a field of CSV together.
        columns: Names of the columns of CSV files that have no header line.
        decimal: Decimal mark that number() takes where a call names none.
        sheet: Name of the sheet; the first if left out.
        header_row: Number of the sheet's row that holds the names.
        element: Name of the elements of XML that are records.
        lists: Names of elements of XML that are lists also where they stand once.
        size: Rows per page.
    """

    files: Annotated[str, StringConstraints(pattern=r"^[^/\\\x00]+$", max_length=200)]
    format: Literal["csv", "jsonl", "xml", "parquet", "xlsx"] = "csv"
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    delimiter: Sign = ","
    quote: Sign = '"'
    columns: Annotated[list[str], Field(min_length=1, max_length=COLUMNS_MAX)] | None = None
    decimal: Literal[".", ","] = "."
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1, le=1000)] = 1
    element: Name | None = None
    lists: list[Name] = Field(default_factory=list, max_length=COLUMNS_MAX)
    size: PageSize = 1000

    @model_validator(mode="after")
    def fit_together(self) -> "FilesStream":
        """Refuse signs that mean two things."""
        if self.delimiter == self.quote or "\n" in self.delimiter + self.quote:
            raise fault("`delimiter` and `quote` must differ", "delimiter")
        if (self.format == "xml") != (self.element is not None):
            raise fault("`element` names the records of XML files, and of no others", "format")
        return self

    def used_columns(self) -> frozenset[str]:
        """Return the columns that the mapping reads."""
        texts = [self.key, *self.map.values(), *([self.changed] if self.changed else [])]
        return frozenset[str]().union(*(compile_expression(text).roots for text in texts))


class FilesConnector:
    """Reads the files of a folder, one page of rows after the other."""

    kind: ClassVar[str] = "files"
    stream_type: ClassVar[type[StreamSpec]] = FilesStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none", "basic", "bearer", "ssh", "s3"})

    def __init__(self, source: Source) -> None:
        self._source = source
        self._folder: Folder = open_folder(source)

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from where the cursor stands; the end is the end of the last file."""
        spec = self._source.stream(stream, FilesStream)
        if cursor is not None and is_end(cursor):
            yield Page(records=[], cursor=cursor, last=True)
            return
        files, place = _remaining(await self._folder.find(spec.files), cursor)
        for file, following in zip(files, [*files[1:], None], strict=True):
            path = await self._folder.fetch(file)
            table = await self._in_thread(file, partial(_open, spec, path))
            try:
                ended = False
                while not ended:
                    rows = await self._in_thread(file, partial(table.rows, place, spec.size))
                    place, ended = rows.after, rows.ended
                    yield _page(rows, file, following)
            finally:
                table.close()
            place = Place()

    async def close(self) -> None:
        """Let go of the folder."""
        await self._folder.close()

    async def _in_thread(self, file: Found, work: Callable[[], T]) -> T:
        """Read in a thread, because a share may hang; refuse what came from a changing file."""
        try:
            done = await asyncio.to_thread(work)
            changed = not await self._folder.unchanged(file)
        except PermissionError:
            raise GiveUp(
                f"We may not read {file.name}.", remedy="Give the service's account the right."
            ) from None
        except OSError as error:
            raise RetryLater(f"{file.name} cannot be read now: {error.strerror}.") from None
        if changed:
            raise RetryLater(f"{file.name} changed while it was read; it is read again.")
        return done


def _remaining(found: Sequence[Found], cursor: Cursor | None) -> tuple[list[Found], Place]:
    """Return the files that are still to be read, and where in the first one.

    A file that changed since is read from its start. If it is gone, nobody can tell what it
    would still have held, so the scan starts again.
    """
    position = read_position(cursor, "files", str, str, int, int)
    if position is None:
        return list(found), Place()
    name, fingerprint, offset, row = position
    for number, file in enumerate(found):
        if file.name == name:
            same = file.fingerprint == fingerprint
            return list(found[number:]), Place(offset, row) if same else Place()
    return list(found), Place()


def _page(rows: Rows, file: Found, following: Found | None) -> Page:
    last = rows.ended and following is None
    if last:
        position = END
    elif rows.ended and following is not None:
        position = write_position("files", following.name, following.fingerprint, 0, 0)
    else:
        position = write_position("files", file.name, file.fingerprint, *rows.after)
    return Page(
        records=rows.records, rejected=rows.rejected, cursor=Cursor(position=position), last=last
    )


def _open(spec: FilesStream, path: Path) -> Table:
    if spec.format == "jsonl":
        return JsonLinesFile(path)
    if spec.format == "xml" and spec.element is not None:
        return XmlFile(path, element=spec.element, lists=spec.lists)
    named = spec.format == "parquet"
    check = partial(check_columns, used=spec.used_columns(), name=path.name, named=named)
    if spec.format == "xlsx":
        return ExcelFile(path, sheet=spec.sheet, header_row=spec.header_row, check=check)
    if spec.format == "parquet":
        return ParquetFile(path, check=check)
    return CsvFile(
        path,
        encoding=spec.encoding,
        delimiter=spec.delimiter,
        quote=spec.quote,
        columns=spec.columns,
        check=check,
    )
