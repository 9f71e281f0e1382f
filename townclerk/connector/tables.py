"""Keep records in a PostgreSQL table: typed columns, one row per key, unchanged ones untouched.

A page is one transaction. Records whose bytes the table knows are neither decoded nor written;
the rest goes into a temporary table by binary COPY and is merged from there.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from connectors.sdk.hashing import mapping_hash, record_hash
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.spec import StreamSpec
from registry.storage.database import connect
from schemas.errors import Conflict
from schemas.records import CustomerRecord, Page, RejectedRecord, SourceRecord
from townclerk.connector.running import StreamReport

FIELDS = CustomerRecord.__struct_fields__
_TYPES = {"birth_date": "date", "changed_at": "timestamptz"}
_COLUMNS = (*FIELDS, "raw_hash")
_COLUMN_TYPES = [*(_TYPES.get(name, "text") for name in FIELDS), "bytea"]
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
        self._mapping = mapping_hash(stream)
        self._db = connect(url, application_name="townclerk connector run")
        self._empty = False

    def begin(self) -> None:
        """Make the tables, and forget what an earlier scan refused."""
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in zip(_COLUMNS, _COLUMN_TYPES, strict=True)
        )
        parts = {"table": self._table, "refused": self._refused, "columns": columns}
        with self._db.transaction():
            self._make(parts)
            found = self._db.execute(
                sql.SQL("SELECT NOT EXISTS (SELECT FROM {})").format(self._table)
            ).fetchone()
            self._empty = bool(found and found[0])

    def _make(self, parts: dict[str, Any]) -> None:
        try:
            for statement in _TABLES:
                self._db.execute(sql.SQL(statement).format(index=self._index, **parts))
        except (psycopg.errors.UndefinedColumn, psycopg.errors.WrongObjectType) as error:
            raise TableTaken(f"`{self.name}` is there already, with other columns.") from error

    def take(self, page: Page, report: StreamReport) -> None:
        """Merge one page in one transaction."""
        with self._db.transaction():
            page, unchanged = self._without_known(page)
            mapped = self._map(page)
            latest, rejected = _latest(mapped.customers)
            rejected += mapped.rejected
            written = self._merge(latest) if latest else 0
            if rejected:
                self._keep_refused(rejected)
        report.unchanged += unchanged + len(latest) - written
        report.written += written
        report.rejected += len(rejected)

    def _without_known(self, page: Page) -> tuple[Page, int]:
        """Leave out what stands in the table byte for byte; also return how many those are."""
        if self._empty or not page.undecoded:
            return page, 0
        hashes = [record_hash(raw, self._mapping) for raw in page.undecoded]
        with self._db.cursor(binary=True) as cursor:
            cursor.execute(
                sql.SQL("SELECT raw_hash FROM {} WHERE raw_hash = ANY(%b)").format(self._table),
                (hashes,),
            )
            known = {row[0] for row in cursor.fetchall()}
        rest = [
            raw for raw, digest in zip(page.undecoded, hashes, strict=True) if digest not in known
        ]
        left = msgspec.structs.replace(page, undecoded=rest)
        return left, len(page.undecoded) - len(rest)

    def _merge(self, latest: dict[str, tuple[SourceRecord, CustomerRecord]]) -> int:
        mapping, row_of = self._mapping, msgspec.structs.astuple
        names = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
        with self._db.cursor() as cursor:
            with cursor.copy(
                sql.SQL("COPY townclerk_page ({}) FROM STDIN (FORMAT binary)").format(names)
            ) as copy:
                copy.set_types(_COLUMN_TYPES)
                for source, record in latest.values():
                    copy.write_row((*row_of(record), record_hash(source.raw, mapping)))
            cursor.execute(self._merging(names))
            written = cursor.rowcount
            cursor.execute("TRUNCATE townclerk_page")
        return written

    def _merging(self, names: sql.Composed) -> sql.Composed:
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in _COLUMNS[1:]
        )
        return sql.SQL(
            """INSERT INTO {table} ({names}, written_at)
               SELECT {names}, now() FROM townclerk_page
               ON CONFLICT (key) DO UPDATE SET {changes}, written_at = excluded.written_at
               WHERE {table}.raw_hash IS DISTINCT FROM excluded.raw_hash"""
        ).format(table=self._table, names=names, changes=changes)

    def _keep_refused(self, rejected: Sequence[RejectedRecord]) -> None:
        statement = sql.SQL("COPY {} (key, rule, path, reason, raw) FROM STDIN").format(
            self._refused
        )
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            for bad in rejected:
                copy.write_row((bad.key, bad.rule, bad.path, bad.reason, bad.raw))

    def end(self) -> None:
        """Nothing is left to do: each page has been committed."""

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _latest(
    customers: Sequence[tuple[SourceRecord, CustomerRecord]],
) -> tuple[dict[str, tuple[SourceRecord, CustomerRecord]], list[RejectedRecord]]:
    """Keep the last record of each key on a page; what it replaces is refused, not forgotten."""
    latest: dict[str, tuple[SourceRecord, CustomerRecord]] = {}
    refused: list[RejectedRecord] = []
    for pair in customers:
        key = pair[1].key
        earlier = latest.pop(key, None)
        if earlier is not None:
            refused.append(
                RejectedRecord(
                    raw=earlier[0].raw,
                    rule="duplicate_key",
                    path="key",
                    reason="a later record of the same page has the same key",
                    key=key,
                )
            )
        latest[key] = pair
    return latest, refused
