"""Keep records in a PostgreSQL table: typed columns, one row per key, unchanged ones untouched.

A page is one transaction. A page that is known whole is passed over, and of any other page records
whose bytes the table knows are neither decoded nor written; the rest goes into a temporary table by
COPY and is merged from there. A table that was empty before the scan is filled (filling.py). While
the server takes one page, the next one is decoded, mapped and written out as the lines of its COPY.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import psycopg
from psycopg import sql

from connectors.sdk.hashing import HASH_BYTES, mapping_hash, record_hashes
from connectors.sdk.known_pages import MarkedPieces
from connectors.sdk.mapping import MappedColumns, compile_mapping
from connectors.sdk.spec import StreamSpec
from registry.storage.connecting import connect, in_our_words
from registry.storage.copying import copy_lines, write_lines
from schemas.errors import Conflict, InvalidInput
from schemas.records import Page, RejectedRecord
from townclerk.connector.columns import column_types
from townclerk.connector.filling import Filling, Held, Ready
from townclerk.connector.pages import KnownPages
from townclerk.connector.running import StreamReport
from townclerk.connector.vanishing import Seen

# One run of bytes goes out and almost nothing comes back; LIMIT keeps it to the index.
_ASKING = f"""SELECT place FROM generate_series(0, %s) AS place
    WHERE (SELECT true FROM {{table}} WHERE raw_hash
        = substring(%b FROM place * {HASH_BYTES} + 1 FOR {HASH_BYTES}) LIMIT 1) IS NULL
    ORDER BY place"""
_STANDING = "SELECT raw_hash FROM {table} WHERE key = ANY(%s)"
_MERGING = """INSERT INTO {table} ({names}, written_at)
    SELECT {names}, now() FROM townclerk_page
    ON CONFLICT (key) DO UPDATE SET {changes}, written_at = excluded.written_at
    WHERE {table}.raw_hash IS DISTINCT FROM excluded.raw_hash"""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS {table}
           ({columns}, written_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (key))""",
    "SELECT raw_hash, written_at FROM {table} LIMIT 0",  # is it ours?
    """CREATE TABLE IF NOT EXISTS {refused}
           (key text, rule text, path text, reason text, raw bytea)""",
    "TRUNCATE {refused}",
    "CREATE TEMPORARY TABLE IF NOT EXISTS townclerk_page ({columns}) ON COMMIT DELETE ROWS",
)
# A first scan asks for no hash, so the second one makes it: at once, for a quarter of what it costs
# to let it grow, and never for a table that is filled once.
_INDEX = "CREATE INDEX IF NOT EXISTS {index} ON {table} (raw_hash)"

# No page waits until it is on the disk. A crash of the server can only take the last ones of them,
# in their order; a scan that was broken off starts anew, and one that ended has made the disk wait.
_UNHURRIED = "SET synchronous_commit = off"
_ON_THE_DISK = "SET LOCAL synchronous_commit TO DEFAULT"


class TableTaken(Conflict):
    """A table of the wanted name is there, and it is not one of ours."""

    code = "table_taken"
    remedy = "Give another name with `--table`, or drop the table that is there."


class TableRefused(InvalidInput):
    """The database does not let us write there."""

    code = "table_refused"
    remedy = "Ask its owner for the right to create tables in that schema, or name another schema."


_REFUSALS = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.ReadOnlySqlTransaction,
)


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
        self._known = KnownPages(self._table, sql.Identifier(*schema, f"{last}_pages"))
        self._map = compile_mapping(stream)
        self._types = {**column_types(stream), "raw_hash": "bytea"}
        self._stream, self._seen = stream, Seen(stream)
        self._mapping = mapping_hash(stream)
        self._url = url
        self._db = connect(url, application_name="townclerk connector run", autocommit=True)
        self._db.execute(_UNHURRIED)
        self._empty = False
        self._filling: Filling | None = None
        self._merging = self._merge_statement().as_string(self._db)
        self._asking = sql.SQL(_ASKING).format(table=self._table)
        self._standing = sql.SQL(_STANDING).format(table=self._table)

    def _merge_statement(self) -> sql.Composed:
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name))
            for name in list(self._types)[1:]
        )
        names = sql.SQL(", ").join(map(sql.Identifier, self._types))
        return sql.SQL(_MERGING).format(table=self._table, names=names, changes=changes)

    @property
    def known_pages(self) -> Mapping[bytes, bytes]:
        """The notes of the pages that the table holds."""
        return self._known.notes

    def begin(self) -> None:
        """Make the tables, and forget what an earlier scan refused."""
        columns = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
            for name, kind in self._types.items()
        )
        parts = {"table": self._table, "refused": self._refused, "columns": columns}
        with in_our_words(self._url, self._db):
            self._commit()
            with self._db.transaction():
                self._make(parts)
        self._filling = Filling(self._db, self._table) if self._empty else None
        self._seen = Seen(self._stream)

    def _make(self, parts: dict[str, Any]) -> None:
        try:
            for statement in _TABLES:
                self._db.execute(sql.SQL(statement).format(**parts))
            found = self._db.execute(
                sql.SQL("SELECT NOT EXISTS (SELECT FROM {table})").format(**parts)
            ).fetchone()
            self._empty = bool(found and found[0])
            if not self._empty:
                self._db.execute(sql.SQL(_INDEX).format(index=self._index, table=self._table))
            self._known.begin(self._db, empty=self._empty)
        except (psycopg.errors.UndefinedColumn, psycopg.errors.WrongObjectType) as error:
            raise TableTaken(f"`{self.name}` is there already, with other columns.") from error
        except _REFUSALS as error:
            said = error.diag.message_primary
            raise TableRefused(f"`{self.name}` cannot be written: {said}.") from error

    def prepare(self, page: Page) -> Callable[[StreamReport], None]:
        """Do what needs no table; the table of a first scan knows no record, so that is all."""
        return partial(self._keep, self._prepared(page))

    def _keep(self, work: Callable[[StreamReport], None], report: StreamReport) -> None:
        with in_our_words(self._url, self._db):
            work(report)

    def _prepared(self, page: Page) -> Callable[[StreamReport], None]:
        pieces = page.undecoded
        if self._empty or not pieces:
            return partial(self._write, self._ready(page), [], pieces=pieces)
        if isinstance(pieces, MarkedPieces) and pieces.known:
            return partial(self._pass_over, page, pieces)
        hashes = record_hashes(page.undecoded, self._mapping)
        return partial(self._compare, page, hashes)

    def _ready(self, page: Page) -> Ready:
        mapped = _latest(self._map.columns(page))
        hashes = record_hashes(mapped.raws, self._mapping)
        filled = {**mapped.columns, "raw_hash": hashes}
        lines = copy_lines(tuple(filled.values())) if hashes else ""
        return Ready(tuple(filled), lines, mapped.columns["key"], hashes, mapped.rejected)

    def _pass_over(self, page: Page, pieces: MarkedPieces, report: StreamReport) -> None:
        """Count a page that stands in the table whole; what was refused of it is judged anew."""
        standing = self._known.standing(self._db, pieces.digest)
        if standing is None:
            self._compare(page, record_hashes(pieces, self._mapping), report)
            return
        if standing.refused:
            again = self._ready(msgspec.structs.replace(page, undecoded=standing.refused))
            if again.hashes:  # a newer release takes what an older one refused
                self._compare(page, record_hashes(pieces, self._mapping), report)
                return
            self._write(again, [], report, None)
        report.unchanged += standing.records

    def _compare(self, page: Page, hashes: list[bytes], report: StreamReport) -> None:
        """Leave out what stands in the table byte for byte, and write the rest."""
        pieces = page.undecoded
        asked = (len(hashes) - 1, b"".join(hashes))
        places = [place for (place,) in self._db.execute(self._asking, asked, binary=True)]
        if len(places) == len(hashes):
            self._write(self._ready(page), [], report, pieces)
            return
        news = set(places)
        known = [one for place, one in enumerate(hashes) if place not in news]
        rest = [pieces[place] for place in places]
        ready = self._ready(msgspec.structs.replace(page, undecoded=rest))
        if self._stands_again(ready, known):
            self._write(self._ready(page), [], report, pieces)
            return
        self._write(ready, known, report, pieces)

    def _stands_again(self, ready: Ready, known: list[bytes]) -> bool:
        """Tell whether a key is twice on a page, once as it was: which came last then counts."""
        if not ready.keys:
            return False
        standing = self._db.execute(self._standing, (ready.keys,), binary=True)
        return not {bytes(one) for (one,) in standing}.isdisjoint(known)

    def _write(
        self,
        ready: Ready,
        known: list[bytes],
        report: StreamReport,
        pieces: Sequence[bytes] | None,
    ) -> None:
        """Write one page.

        Args:
            ready: What is to be written.
            known: Hashes of its records that stand in the table.
            report: Counts it.
            pieces: All its records as they came; None where nothing is to be kept of the page.
        """
        hashes = [*known, *ready.hashes]
        note = self._known.note_of(pieces, hashes, ready.rejected) if pieces else None
        page = Held(ready, note, report)
        if self._filling is None:
            self._merge(page, hashes)
            return
        try:
            self._filling.write(page)
        except psycopg.Error:
            self._merge_instead(self._filling)
        else:
            if self._filling.is_due:
                self._commit()

    def _commit(self) -> None:
        """Commit what was copied, if anything was."""
        filling = self._filling
        if filling is None or not filling.pages:
            return
        try:
            filling.end()
            for page in filling.pages:
                self._keep_besides(page)
            pages = filling.commit()
        except psycopg.Error:
            self._merge_instead(filling)
            return
        for ready, _, report in pages:
            report.written += len(ready.hashes)
            report.rejected += len(ready.rejected)

    def _merge_instead(self, filling: Filling) -> None:
        """Merge what could not be copied, since a key of it was there before; and all that follow.

        Whatever else is in the way is told by the merge.
        """
        self._filling = None
        for page in filling.undo():
            self._merge(page, page.ready.hashes)

    def _merge(self, page: Held, hashes: list[bytes]) -> None:
        """Merge one page in one transaction; `hashes` are those that then stand in the table."""
        ready, note, report = page
        written = 0
        with self._db.transaction():
            if ready.lines:
                write_lines(self._db, "townclerk_page", ready.names, ready.lines)
                written = self._db.execute(self._merging).rowcount
            self._keep_besides(page)
        self._seen.note([] if note else hashes, ready.rejected)
        report.unchanged += len(hashes) - written
        report.written += written
        report.rejected += len(ready.rejected)

    def _keep_besides(self, page: Held) -> None:
        """Keep what was refused of a page, and what it is known by."""
        if page.ready.rejected:
            self._keep_refused(page.ready.rejected)
        if page.note is not None:
            self._known.keep(self._db, page.note)

    def _keep_refused(self, rejected: Sequence[RejectedRecord]) -> None:
        statement = sql.SQL("COPY {} (key, rule, path, reason, raw) FROM STDIN").format(
            self._refused
        )
        with self._db.cursor() as cursor, cursor.copy(statement) as copy:
            for bad in rejected:
                copy.write_row((bad.key, bad.rule, bad.path, bad.reason, bad.raw))

    def end(self, report: StreamReport) -> None:
        """Commit the last pages; take out what the source no longer has."""
        with in_our_words(self._url, self._db):
            self._end(report)

    def _end(self, report: StreamReport) -> None:
        self._commit()
        with self._db.transaction():
            self._db.execute(_ON_THE_DISK)
            if not self._empty:
                found = self._seen.settle(self._db, self._table, self._known)
                report.withdrawn, report.held = found
            self._known.end(self._db)

    def close(self) -> None:
        """Keep the pages of a scan that was broken off, and close the connection."""
        with suppress(psycopg.Error):  # whoever broke it off has told why
            self._commit()
        self._db.close()


def _latest(mapped: MappedColumns) -> MappedColumns:
    """Keep the last record of each key on a page; what it replaces is refused, not forgotten."""
    places = {key: place for place, key in enumerate(mapped.columns["key"])}
    if len(places) == len(mapped.raws):
        return mapped
    kept = set(places.values())
    refused = [
        RejectedRecord(
            raw=raw,
            rule="duplicate_key",
            path="key",
            reason="a later record of the same page has the same key",
            key=mapped.columns["key"][place],
        )
        for place, raw in enumerate(mapped.raws)
        if place not in kept
    ]
    good = sorted(kept)
    return MappedColumns(
        [mapped.raws[place] for place in good],
        {name: [column[place] for place in good] for name, column in mapped.columns.items()},
        [*refused, *mapped.rejected],
    )
