"""Keep records in a PostgreSQL table: typed columns, one row per key, unchanged ones untouched.

A page is one transaction. Records whose bytes the table knows are neither decoded nor written;
the rest goes into a temporary table by binary COPY and is merged from there.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from connectors.sdk.hashing import HASH_BYTES, mapping_hash, record_hashes
from connectors.sdk.mapping import MappedColumns, compile_mapping
from connectors.sdk.spec import StreamSpec
from registry.storage.database import connect
from schemas.errors import Conflict
from schemas.records import Page, RejectedRecord
from townclerk.connector.columns import column_types
from townclerk.connector.running import StreamReport
from townclerk.connector.vanishing import Seen

# One run of bytes goes out and almost nothing comes back; LIMIT keeps it to the index.
_ASKING = f"""SELECT place FROM generate_series(0, %s) AS place
    WHERE (SELECT true FROM {{table}} WHERE raw_hash
        = substring(%b FROM place * {HASH_BYTES} + 1 FOR {HASH_BYTES}) LIMIT 1) IS NULL
    ORDER BY place"""
_MERGING = """INSERT INTO {table} ({names}, written_at)
    SELECT {names}, now() FROM townclerk_page
    ON CONFLICT (key) DO UPDATE SET {changes}, written_at = excluded.written_at
    WHERE {table}.raw_hash IS DISTINCT FROM excluded.raw_hash"""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS {table}
           ({columns}, written_at timestamptz NOT NULL, PRIMARY KEY (key))""",
    "CREATE INDEX IF NOT EXISTS {index} ON {table} (raw_hash)",
    """CREATE TABLE IF NOT EXISTS {refused}
           (key text, rule text, path text, reason text, raw bytea)""",
    "TRUNCATE {refused}",
    "CREATE TEMPORARY TABLE IF NOT EXISTS townclerk_page ({columns}) ON COMMIT DELETE ROWS",
)


class TableTaken(Conflict):
    """A table of the wanted name is there, and it is not one of ours."""

    code = "table_taken"
    remedy = "Give another name with `--table`, or drop the table that is there."


class TableTarget:
    """One table for the records and one, `<table>_rejected`, for those that could not be used.

    Args:
        url: The database.
        table: Name, with its schema before a point where it has one.
        stream: The stream that is read.
    """

    def __init__(self, url: str, table: str, stream: StreamSpec) -> None:
        self.name = table
        self._table = sql.Identifier(*table.split("."))
        *schema, last = table.split(".")
        self._refused = sql.Identifier(*schema, f"{last}_rejected")
        self._index = sql.Identifier(f"{last}_raw_hash")
        self._map = compile_mapping(stream)
        self._types = {**column_types(stream), "raw_hash": "bytea"}
        self._stream, self._seen = stream, Seen(stream)
        self._mapping = mapping_hash(stream)
        self._db = connect(url, application_name="townclerk connector run", autocommit=True)
        self._empty = False
        self._merging = self._merge_statement().as_string(self._db)
        self._asking = sql.SQL(_ASKING).format(table=self._table)

    def _merge_statement(self) -> sql.Composed:
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
            for name in list(self._types)[1:]
        )
        names = sql.SQL(", ").join(map(sql.Identifier, self._types))
        return sql.SQL(_MERGING).format(table=self._table, names=names, changes=changes)

    def begin(self) -> None:
        """Make the tables, and forget what an earlier scan refused."""
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self._types.items()
        )
        parts = {"table": self._table, "refused": self._refused, "columns": columns}
        with self._db.transaction():
            self._make(parts)
            found = self._db.execute(
                sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(self._table)
            ).fetchone()
            self._empty = bool(found and found[0])
        self._seen = Seen(self._stream)

    def _make(self, parts: dict[str, Any]) -> None:
        try:
            for statement in _TABLES:
                self._db.execute(sql.SQL(statement).format(index=self._index, **parts))
        except (psycopg.errors.UndefinedColumn, psycopg.errors.WrongObjectType) as error:
            raise TableTaken(f"`{self.name}` is there already, with other columns.") from error

    def take(self, page: Page, report: StreamReport) -> None:
        """Merge one page in one transaction."""
        page, unchanged = self._without_known(page)
        mapped = _latest(self._map.columns(page))
        rejected, written = mapped.rejected, 0
        hashes = record_hashes([record.raw for record in mapped.records], self._mapping)
        self._seen.note(hashes, rejected)
        if mapped.records or rejected:
            with self._db.transaction():
                written = self._merge(mapped, hashes) if mapped.records else 0
                if rejected:
                    self._keep_refused(rejected)
        report.unchanged += unchanged + len(mapped.records) - written
        report.written += written
        report.rejected += len(rejected)

    def _without_known(self, page: Page) -> tuple[Page, int]:
        """Leave out what stands in the table byte for byte; also return how many those are."""
        if self._empty or not page.undecoded:
            return page, 0
        hashes = record_hashes(page.undecoded, self._mapping)
        fresh = self._db.execute(self._asking, (len(hashes) - 1, b"".join(hashes)), binary=True)
        places = [place for (place,) in fresh]
        rest = [page.undecoded[place] for place in places]
        if len(rest) < len(hashes):
            news = set(places)
            self._seen.note([one for at, one in enumerate(hashes) if at not in news], [])
        left = msgspec.structs.replace(page, undecoded=rest)
        return left, len(page.undecoded) - len(rest)

    def _merge(self, mapped: MappedColumns, hashes: list[bytes]) -> int:
        rows = zip(*mapped.columns.values(), hashes, strict=True)
        filled = (*mapped.columns, "raw_hash")
        names = sql.SQL(", ").join(map(sql.Identifier, filled))
        statement = sql.SQL("COPY townclerk_page ({}) FROM STDIN (FORMAT binary)").format(names)
        with self._db.cursor() as cursor:
            with cursor.copy(statement) as copy:
                copy.set_types([self._types[name] for name in filled])
                write = copy.write_row
                for row in rows:
                    write(row)
            cursor.execute(self._merging)
            written = cursor.rowcount
            cursor.execute("TRUNCATE townclerk_page")
        return written

    def _keep_refused(self, rejected: Sequence[RejectedRecord]) -> None:
        statement = sql.SQL("COPY {} (key, rule, path, reason, raw) FROM STDIN").format(
            self._refused
        )
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            for bad in rejected:
                copy.write_row((bad.key, bad.rule, bad.path, bad.reason, bad.raw))

    def end(self, report: StreamReport) -> None:
        """Each page has been committed; take out what the source no longer has."""
        if self._empty:
            return
        with self._db.transaction():
            report.withdrawn, report.held = self._seen.settle(self._db, self._table)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _latest(mapped: MappedColumns) -> MappedColumns:
    """Keep the last record of each key on a page; what it replaces is refused, not forgotten."""
    places = {key: place for place, key in enumerate(mapped.columns["key"])}
    if len(places) == len(mapped.records):
        return mapped
    kept = set(places.values())
    refused = [
        RejectedRecord(
            raw=record.raw,
            rule="duplicate_key",
            path="key",
            reason="a later record of the same page has the same key",
            key=mapped.columns["key"][place],
        )
        for place, record in enumerate(mapped.records)
        if place not in kept
    ]
    good = sorted(kept)
    return MappedColumns(
        [mapped.records[place] for place in good],
        {name: [column[place] for place in good] for name, column in mapped.columns.items()},
        [*refused, *mapped.rejected],
    )
