"""Read PostgreSQL databases: the kind `sql`.

Every page is one short read-only transaction, found by its key and not by counting, so that a
scan of an hour neither holds the source's vacuum back nor slows down towards its end.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import psycopg
from psycopg import sql
from pydantic import StringConstraints, model_validator

from connectors.sdk.cursors import END, HighMark, is_end, read_position, write_position
from connectors.sdk.databases import broken, open_database
from connectors.sdk.expressions import Compiled, compile_expression
from connectors.sdk.json_pages import decode_records, encode_record
from connectors.sdk.retries import Hiccup, with_retries
from connectors.sdk.scans import PAGES_MAX, note_changes
from connectors.sdk.source import Source
from connectors.sdk.spec import LookBack, PageSize, StreamSpec, Strict, fault
from schemas.errors import GiveUp, InvalidConnectorFile
from schemas.records import Cursor, Page, RejectedRecord

STATEMENT_CHARACTERS_MAX = 50_000
"""A statement is written by a person."""

Column = Annotated[str, StringConstraints(min_length=1, max_length=63)]
"""Name of a column of the SELECT; PostgreSQL cuts longer ones."""

Row = tuple[Any, ...]


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
    """Reads a PostgreSQL database, one page after the other."""

    kind: ClassVar[str] = "sql"
    stream_type: ClassVar[type[StreamSpec]] = SqlStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none", "basic"})

    def __init__(self, source: Source) -> None:
        self._source = source
        self._database: psycopg.AsyncConnection[Row] | None = None

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from where the cursor stands.

        The end is a page that the database could not fill: unlike an answer over HTTP, a result
        set is either whole or an error.
        """
        spec = self._source.stream(stream, SqlStream)
        if cursor is not None and is_end(cursor):
            yield Page(records=[], cursor=cursor, last=True)
            return
        changed = compile_expression(spec.changed) if spec.incremental and spec.changed else None
        scan = _Scan(spec, HighMark(cursor), changed)
        position = read_position(cursor, "keyset", str)
        after: str | None = position[0] if position else None
        for _ in range(PAGES_MAX):
            names, rows = await self._rows(scan.page_query(after))
            if len(rows) > spec.size:
                after = str(rows[spec.size - 1][0])
                yield scan.page(names, rows[: spec.size + 1], write_position("keyset", after))
                continue
            keyless = (await self._rows(scan.keyless_query()))[1]
            yield scan.page(names, rows, END, keyless)
            return
        raise GiveUp(f"The source still has pages after {PAGES_MAX}; it does not seem to end.")

    async def close(self) -> None:
        """Close the connection."""
        if self._database is not None:
            await self._database.close()
            self._database = None

    async def _rows(self, query: "_Query") -> tuple[list[str], list[Row]]:
        return await with_retries(lambda: self._attempt(query), who=self._source.key)

    async def _attempt(self, query: "_Query") -> tuple[list[str], list[Row]]:
        seconds = self._source.spec.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                if self._database is None or self._database.closed:
                    self._database = await open_database(self._source)
                return await _run(self._database, query, seconds)
        except TimeoutError:
            await self.close()
            raise Hiccup(f"no whole answer within {seconds:g} seconds") from None
        except psycopg.Error as error:
            await self.close()
            raise broken(error, self._source.key) from None


_Query = tuple[sql.Composed, Sequence[Any]]


async def _run(
    database: psycopg.AsyncConnection[Row], query: _Query, seconds: float
) -> tuple[list[str], list[Row]]:
    """Run one query in a read-only transaction of its own."""
    statement, parameters = query
    async with database.transaction():
        await database.execute(
            """SELECT set_config('statement_timeout', %s, true),
                      set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true),
                      set_config('IntervalStyle', 'postgres', true)""",
            [str(int(seconds * 1000))],
        )
        cursor = await database.execute(statement, parameters)
        rows = await cursor.fetchall()
    return [column.name for column in cursor.description or ()], rows


class _Scan:
    """Builds the queries of one scan and turns rows into pages."""

    def __init__(self, spec: SqlStream, high: HighMark, changed: Compiled | None) -> None:
        self._spec, self._high, self._changed = spec, high, changed
        # The connector file's own statement; it runs read-only and cannot leave the brackets,
        # because with parameters PostgreSQL takes exactly one statement.
        text = spec.select.strip().rstrip(";").replace("%", "%%")
        self._select = sql.SQL(f"(\n{text}\n) AS page")
        self._key = sql.Identifier("page", spec.keyset)

    def page_query(self, after: str | None) -> _Query:
        """Ask for the page after a key, and for one row more to see whether it is the last."""
        tests, parameters = [sql.SQL("{} IS NOT NULL").format(self._key)], list[Any]()
        if after is not None:
            tests.append(sql.SQL("{} > %s").format(self._key))
            parameters.append(after)
        return self._query(tests, parameters, self._spec.size + 1)

    def keyless_query(self) -> _Query:
        """Ask for rows without a key, which no page would ever show."""
        return self._query([sql.SQL("{} IS NULL").format(self._key)], [], self._spec.size + 1)

    def _query(self, tests: list[sql.Composed], parameters: list[Any], rows: int) -> _Query:
        spec = self._spec
        if spec.incremental is not None and self._high.since is not None:
            column = sql.Identifier("page", spec.incremental.column)
            bound = "({c} IS NULL OR {c} >= %s::timestamptz - make_interval(secs => %s))"
            tests = [*tests, sql.SQL(bound).format(c=column)]
            parameters = [*parameters, self._high.since, spec.incremental.lookback_seconds]
        statement = sql.SQL(
            "SELECT {key}::text, page.* FROM {select} WHERE {tests} ORDER BY {key} LIMIT %s"
        ).format(key=self._key, select=self._select, tests=sql.SQL(" AND ").join(tests))
        return statement, [*parameters, rows]

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
