"""Backup and restore of the whole database, proven table by table.

The proof is a count and an order-free checksum of every table, taken in the very snapshot that
pg_dump copies. A restore computes them again inside its own transaction, so that it brings back
everything or nothing.
"""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from registry.storage.archive import (
    BLOCK_BYTES,
    FORMAT,
    BackupFailed,
    Proof,
    TableProof,
    opened_archive,
    write_archive,
)
from registry.storage.connecting import connect
from registry.storage.migrate import knows
from schemas.errors import Misconfigured

SECONDS_MAX = 6 * 3600  # a million customers take minutes; a stuck disk must not hang for ever
LAST_WORDS_BYTES_MAX = 64 * 1024  # of a program's complaints
# How values are written decides their hash, so both ends write them the same way.
WRITING = """SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres';
    SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1;"""
# Newer clients write these; a server of version 15 or 16 does not know the first, and every
# database has the schema of the second. Only ever outside of a table's rows.
UNWANTED = (b"SET transaction_timeout = 0;\n", b"CREATE SCHEMA public;\n")


def write_backup(url: str, file: Path, *, bin_dir: Path, replace: bool = False) -> Proof:
    """Write a backup of the whole database, readable by its owner alone.

    Args:
        url: Database to copy; it may be in use.
        file: Where to; made whole or not at all.
        bin_dir: PostgreSQL's programs, of the server's version or newer.
        replace: Whether an existing file may be replaced.

    Raises:
        BackupFailed: There is nothing to back up, the file exists or cannot be written, or
            pg_dump failed.
        DatabaseUnreachable: The server does not answer.
    """
    if file.exists() and not replace:
        raise BackupFailed(
            f"{file} exists and is kept.", remedy="Name another file, or allow it with --replace."
        )
    with connect(url) as db:
        db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        migration = _migration(db)
        row = db.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # a function call always gives one row

        def dump(take: Callable[[bytes], None]) -> None:
            _dump(url, bin_dir, str(row[0]), take)

        def prove(dump_sha256: str) -> Proof:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            return Proof(FORMAT, migration, now, _tables(db), dump_sha256)

        return write_archive(file, dump, prove)


def restore_backup(url: str, file: Path, *, bin_dir: Path) -> Proof:
    """Restore a backup into an empty database; all of it, proven, or nothing.

    Args:
        url: An empty database.
        file: A backup, of this or an older release; the next start brings its tables up to date.
        bin_dir: PostgreSQL's programs.

    Raises:
        BackupFailed: The file is no backup, is damaged, is newer than this program, or the
            restored rows differ.
        Misconfigured: The database is not empty.
        DatabaseUnreachable: The server does not answer.
    """
    with opened_archive(file) as (proof, dump):
        if not knows(proof.migration):
            raise BackupFailed(
                f"{file} was written by a newer release of Townclerk.",
                remedy="Install that release or a newer one, then restore.",
            )
        _refuse_full(url)
        with (
            _running([str(bin_dir / "psql"), *PSQL], url) as psql,
            _running([str(bin_dir / "pg_restore"), "--no-owner", "--file=-"], url) as restorer,
        ):
            with _fed(restorer, dump):
                _hand_over(restorer, psql)
                restorer.check()
            psql.say(_demand(proof).encode())
            psql.close_input()
            psql.check()
    return proof


PSQL = (
    *("--no-psqlrc", "--quiet", "--single-transaction", "--output=/dev/null"),
    *("--set=ON_ERROR_STOP=1", "--file=-"),
)


def _migration(db: psycopg.Connection) -> str:
    known = db.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone()
    row = known and known[0] and db.execute("SELECT version_num FROM alembic_version").fetchone()
    if not row:
        raise BackupFailed(
            "This database is empty; there is nothing to back up.",
            remedy="Name the right one: DATABASE_URL or TOWNCLERK_DATA_DIR.",
        )
    return str(row[0])


def _refuse_full(url: str) -> None:
    with connect(url) as db:
        found = db.execute(
            "SELECT 1 FROM pg_class WHERE relnamespace = 'public'::regnamespace LIMIT 1"
        ).fetchone()
    if found:
        raise Misconfigured(
            "The database to restore into is not empty.",
            remedy="Restore into a new database or data directory, look, then switch over.",
        )


def _tables(db: psycopg.Connection) -> dict[str, TableProof]:
    """Count and sum every table."""
    db.execute(WRITING)
    names = db.execute(
        """SELECT relname FROM pg_class
           WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"""
    ).fetchall()
    found = {}
    for (name,) in names:
        with db.cursor(row_factory=class_row(TableProof)) as cursor:
            proof = cursor.execute(sql.SQL("SELECT * FROM ({}) AS p").format(_sum(name))).fetchone()
        assert proof is not None  # an aggregate always gives one row
        found[name] = proof
    return found


def _sum(table: str) -> sql.Composed:
    return sql.SQL(
        "SELECT count(*) AS rows, "
        "coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text AS checksum FROM {} AS t"
    ).format(sql.Identifier("public", table))


def _demand(proof: Proof) -> str:
    """Return SQL that fails, and so undoes the restore, unless every table is as it was."""
    wrong = sql.SQL(" UNION ALL ").join(
        sql.SQL(
            "SELECT {name} AS name FROM ({sum}) AS p WHERE rows <> {rows} OR checksum <> {checksum}"
        ).format(
            name=sql.Literal(name),
            sum=_sum(name),
            rows=sql.Literal(facts.rows),
            checksum=sql.Literal(facts.checksum),
        )
        for name, facts in proof.tables.items()
    )
    body = sql.SQL(
        "DECLARE wrong text; BEGIN {writing} "
        "SELECT string_agg(name, ', ' ORDER BY name) INTO wrong FROM ({wrong}) AS w; "
        "IF wrong IS NOT NULL THEN RAISE EXCEPTION 'the rows differ from those that were backed "
        "up: %', wrong; END IF; END"
    ).format(writing=sql.SQL(WRITING), wrong=wrong)
    return sql.SQL("DO {};\n").format(sql.Literal(body.as_string())).as_string()


def _dump(url: str, bin_dir: Path, snapshot: str, take: Callable[[bytes], None]) -> None:
    command = [
        str(bin_dir / "pg_dump"),
        *("--format=custom", "--no-owner", "--no-privileges"),
        *("--schema=public", f"--snapshot={snapshot}"),
    ]
    with _running(command, url) as dumper:
        dumper.close_input()
        while block := dumper.output.read(BLOCK_BYTES):
            take(block)
        dumper.check()


@contextmanager
def _fed(restorer: "_Program", dump: IO[bytes]) -> Iterator[None]:
    """Give pg_restore the archive from a thread, because it writes while it reads."""

    def feed() -> None:
        while block := dump.read(BLOCK_BYTES):
            if not restorer.say(block):
                return
        restorer.close_input()

    feeding = threading.Thread(target=feed, name="feed pg_restore")
    feeding.start()
    try:
        yield
    finally:
        restorer.process.kill()  # so that the thread ends where we end early; else it has ended
        feeding.join()


def _hand_over(restorer: "_Program", psql: "_Program") -> None:
    """Give pg_restore's script to psql, without the lines that not every server knows."""
    in_rows = False
    for line in restorer.output:
        if in_rows:
            in_rows = line != b"\\.\n"
        elif line in UNWANTED:
            continue
        else:
            in_rows = line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n")
        if not psql.say(line):
            psql.check()


class _Program:
    """One of PostgreSQL's programs at work; what it complains about is kept aside."""

    def __init__(self, command: list[str], url: str, complaints: IO[bytes]) -> None:
        self._name = Path(command[0]).name
        self._complaints = complaints
        try:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **_environment(url)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
            )
        except OSError as error:
            raise BackupFailed(f"{self._name} does not run: {error.strerror}.") from error

    @property
    def output(self) -> IO[bytes]:
        """What it writes."""
        assert self.process.stdout is not None  # we asked for a pipe
        return self.process.stdout

    def say(self, block: bytes) -> bool:
        """Write to it; False where it has ended and reads no more."""
        assert self.process.stdin is not None  # we asked for a pipe
        try:
            self.process.stdin.write(block)
        except (BrokenPipeError, ValueError):  # it has ended, or we have closed its input
            return False
        return True

    def close_input(self) -> None:
        """Let it know that nothing follows."""
        assert self.process.stdin is not None  # we asked for a pipe
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            return

    def check(self) -> None:
        """Wait for its end.

        Raises:
            BackupFailed: It failed; with its own reason.
        """
        if self.process.wait() == 0:
            return
        self._complaints.seek(0)
        lines = self._complaints.read(LAST_WORDS_BYTES_MAX).decode(errors="replace").splitlines()
        telling = [line for line in lines if "error:" in line.lower()] or lines
        reason = telling[0].rpartition("rror:")[2].strip() if telling else "no reason given"
        raise BackupFailed(
            f"{self._name} failed: {reason}.",
            remedy="Mend that and try again. The programs must be of the server's version or "
            "newer; TOWNCLERK_POSTGRES_BIN names others.",
        )


@contextmanager
def _running(command: list[str], url: str) -> Iterator[_Program]:
    """Run a program for the length of the block; whatever happens, it has ended afterwards."""
    with tempfile.TemporaryFile() as complaints:
        program = _Program(command, url, complaints)
        overdue = threading.Timer(SECONDS_MAX, program.process.kill)
        overdue.daemon = True
        overdue.start()
        try:
            yield program
        finally:
            overdue.cancel()
            program.process.kill()
            program.close_input()
            program.output.close()
            program.process.wait()


def _environment(url: str) -> dict[str, str]:
    """Return libpq's variables for an address, so that no password stands in the process list."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    variables = {
        option.keyword.decode(): option.envvar.decode()
        for option in psycopg.pq.Conninfo.get_defaults()
        if option.envvar
    }
    return {variables[key]: str(value) for key, value in parts.items() if key in variables}
