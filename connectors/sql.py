"""Read databases: the kind `sql`. PostgreSQL by its own driver, others through SQLAlchemy.

Every page is one short read-only transaction, found by its key and not by counting, so that a
scan of an hour neither holds the source's vacuum back nor slows down towards its end.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import StringConstraints, model_validator

from connectors.sdk.cursors import (
    END,
    HighMark,
    is_end,
    lower_bound,
    read_position,
    write_position,
)
from connectors.sdk.databases import PageQuery, PostgresDatabase, Row
from connectors.sdk.expressions import Compiled, compile_expression
from connectors.sdk.json_pages import decode_records, encode_record
from connectors.sdk.retries import with_retries
from connectors.sdk.scans import PAGES_MAX, note_changes
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import LookBack, PageSize, Strict, fault
from schemas.errors import GiveUp, InvalidConnectorFile
from schemas.records import Cursor, Page, RejectedRecord

STATEMENT_CHARACTERS_MAX = 50_000
"""A statement is written by a person."""

Column = Annotated[str, StringConstraints(min_length=1, max_length=63)]
"""Name of a column of the SELECT; PostgreSQL cuts longer ones."""


class SqlIncremental(Strict):
    """Ask only for what changed.

    Attributes:
        column: Column with the moment of the last change.
        lookback_seconds: How far before the last mark to ask again.
    """

    column: Column
    lookback_seconds: LookBack = 300.0


class SqlStream(StreamSpec):
    """One SELECT of a database.

    Attributes:
        select: The statement; its rows are the records.
        keyset: Unique column without nulls that orders the pages; the default is `key`, where
            that is nothing but a column.
        size: Records per page.
        incremental: How to ask only for what changed; without it everything is read.
    """

    select: Annotated[
        str,
        StringConstraints(pattern=r"(?i)^\s*(select|with)\b", max_length=STATEMENT_CHARACTERS_MAX),
    ]
    keyset: Column = ""
    size: PageSize = 1000
    incremental: SqlIncremental | None = None

    @model_validator(mode="before")
    @classmethod
    def page_by_key(cls, data: Any) -> Any:
        """Page by the key's own column where nothing else is said."""
        if not isinstance(data, Mapping) or "keyset" in data:
            return data
        try:
            plain = compile_expression(str(data.get("key"))).plain
        except InvalidConnectorFile:
            return data  # the field itself says what is wrong with it
        return {**data, "keyset": plain} if plain is not None else data

    @model_validator(mode="after")
    def fit_together(self) -> "SqlStream":
        """Refuse pages without an order, and increments without a change mark."""
        if not self.keyset:
            raise fault("`keyset` must name the unique column that orders the pages")
        if self.incremental is not None and self.changed is None:
            raise fault("`incremental` needs `changed`", "incremental")
        return self


class SqlConnector:
    """Reads a database, one page after the other."""

    kind: ClassVar[str] = "sql"
    stream_type: ClassVar[type[StreamSpec]] = SqlStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none", "basic"})

    def __init__(self, source: Source) -> None:
        self._source = source
        self._database: Database | None = None

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from where the cursor stands.

        The end is a page that the database could not fill: unlike an answer over HTTP, a result
        set is either whole or an error.
        """
        spec = self._source.stream(stream, SqlStream)
        if cursor is not None and is_end(cursor):
            yield Page(records=[], cursor=cursor, last=True)
            return
        if self._database is None:
            self._database = _database(self._source)
        tag, written = self._database.tag, self._database.written
        changed = compile_expression(spec.changed) if spec.incremental and spec.changed else None
        scan = _Scan(spec, HighMark(cursor), changed)
        position = read_position(cursor, tag, str)
        after: str | None = position[0] if position else None
        for _ in range(PAGES_MAX):
            names, rows = await self._rows(self._database, scan.page_query(after))
            if len(rows) > spec.size:
                after = written(rows[spec.size - 1][0])
                yield scan.page(names, rows[: spec.size + 1], write_position(tag, after))
                continue
            keyless = (await self._rows(self._database, scan.keyless_query()))[1]
            yield scan.page(names, rows, END, keyless)
            return
        raise GiveUp(f"The source still has pages after {PAGES_MAX}; it does not seem to end.")

    async def close(self) -> None:
        """Close the connection."""
        if self._database is not None:
            await self._database.close()
            self._database = None

    async def _rows(self, database: "Database", query: PageQuery) -> tuple[list[str], list[Row]]:
        seconds = self._source.spec.timeout_seconds
        return await with_retries(lambda: database.rows(query, seconds), who=self._source.key)


class Database(Protocol):
    """A way to one database.

    Attributes:
        tag: Names the way keys are written in stored positions.
    """

    tag: ClassVar[str]

    def written(self, key: Any) -> str:
        """Write a key, to go on after it."""
        ...

    async def rows(self, query: PageQuery, seconds: float) -> tuple[list[str], list[Row]]:
        """Run one query; the first column of each row is its key."""
        ...

    async def close(self) -> None:
        """Close the connection."""


def _database(source: Source) -> Database:
    """Choose by the registered address; what is not PostgreSQL is loaded only where it is read."""
    if source.base_url.startswith(("postgresql:", "postgres:")) or "://" not in source.base_url:
        return PostgresDatabase(source)
    from connectors.sdk.other_databases import OtherDatabase

    return OtherDatabase(source)


class _Scan:
    """Builds the queries of one scan and turns rows into pages."""

    def __init__(self, spec: SqlStream, high: HighMark, changed: Compiled | None) -> None:
        self._spec, self._high, self._changed = spec, high, changed
        column = bound = None
        if spec.incremental is not None and high.since is not None:
            column = spec.incremental.column
            bound = lower_bound(high.since, spec.incremental.lookback_seconds)
        self._query = PageQuery(spec.select, spec.keyset, spec.size + 1, column, bound)

    def page_query(self, after: str | None) -> PageQuery:
        """Ask for the page after a key, and for one row more to see whether it is the last."""
        return self._query._replace(after=after)

    def keyless_query(self) -> PageQuery:
        """Ask for rows without a key, which no page would ever show."""
        return self._query._replace(keyless=True)

    def page(
        self, names: list[str], rows: list[Row], position: str, keyless: Sequence[Row] = ()
    ) -> Page:
        """Turn rows into a page; all but the last page bring one row too many."""
        spec, columns = self._spec, names[1:]
        if len(set(columns)) < len(columns):
            raise GiveUp("Two columns of the SELECT have the same name; rename one with AS.")
        if any(one[0] == two[0] for one, two in pairwise(rows)):
            raise GiveUp(
                f"The column `{spec.keyset}` holds the same value twice, so pages cannot be "
                "ordered by it.",
                remedy="Name a unique column as `keyset` in the connector file.",
            )
        if len(keyless) > spec.size:
            raise GiveUp(
                f"More than {spec.size} rows have nothing in `{spec.keyset}`.",
                remedy="Name a column without nulls as `keyset` in the connector file.",
            )
        taken = rows[: spec.size]
        records, rejected = decode_records(_raw(columns, row) for row in taken)
        if self._changed is not None:
            note_changes(records, self._changed, self._high)
        for row in keyless:
            why = "the row has no key"
            raw = _raw(columns, row)
            rejected.append(
                RejectedRecord(raw=raw, rule="key_missing", path=spec.keyset, reason=why)
            )
        return Page(
            records=records,
            rejected=rejected,
            cursor=self._high.at(position),
            last=position == END,
        )


def _raw(columns: Sequence[str], row: Row) -> bytes:
    """Write a row without its first column, which is the key as text."""
    cells = (
        None if isinstance(cell, Decimal) and not cell.is_finite() else cell for cell in row[1:]
    )
    return encode_record(dict(zip(columns, cells, strict=True)))
