"""Backup and restore: one file with pg_dump's archive and the proof of what it must hold.

The proof is a count and an order-free checksum of every table, taken in the very snapshot that
pg_dump copies. A restore computes them again and keeps nothing unless all are equal.
"""

import hashlib
import json
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from registry.storage.database import connect
from registry.storage.migrate import current
from schemas.errors import Misconfigured, TownclerkError

FORMAT = 1
DUMP = "townclerk.dump"
PROOF = "proof.json"
PROOF_BYTES_MAX = 1024 * 1024  # a line per table; ours has fewer than a hundred
SECONDS_MAX = 6 * 3600  # a million customers take minutes; a stuck disk must not hang for ever


class BackupFailed(TownclerkError):
    """A backup could not be written, or does not hold what it must."""

    code = "backup_failed"
    remedy = "The message names the step; free space and rights of the directory come first."


@dataclass(frozen=True)
class Proof:
    """What a backup holds: its migration and, for each table, rows and checksum."""

    migration: str
    taken_at: str
    tables: dict[str, dict[str, Any]]
    dump_sha256: str


def write_backup(url: str, file: Path, *, bin_dir: Path) -> Proof:
    """Write a backup of the whole database, readable by its owner alone.

    Args:
        url: Database to copy.
        file: Where to; made whole or not at all.
        bin_dir: PostgreSQL's programs, of the server's version or newer.

    Raises:
        BackupFailed: pg_dump failed, or the file could not be written.
    """
    migration = current(url)
    if migration is None:
        raise BackupFailed("the database is empty; there is nothing to back up")
    with tempfile.TemporaryDirectory(prefix="townclerk-backup-") as scratch:
        dump = Path(scratch) / DUMP
        with connect(url) as db:
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            row = db.execute("SELECT pg_export_snapshot()").fetchone()
            assert row is not None  # a function call always gives one row
            _run(
                [
                    str(bin_dir / "pg_dump"),
                    *("--format=custom", "--no-owner", "--no-privileges"),
                    *("--schema=public", f"--snapshot={row[0]}", f"--file={dump}"),
                ],
                url,
            )
            tables = _checksums(db)
        proof = Proof(migration, datetime.now(UTC).isoformat(), tables, _sha256(dump))
        _pack(file, dump, proof)
    return proof


def restore_backup(url: str, file: Path, *, bin_dir: Path) -> Proof:
    """Restore a backup into an empty database and prove that it is whole.

    Raises:
        BackupFailed: The file is no backup, is damaged, or the restored rows differ.
        Misconfigured: The database is not empty.
    """
    if current(url) is not None:
        raise Misconfigured(
            "the database to restore into is not empty",
            remedy="Restore into a new database or data directory, then switch over.",
        )
    with tempfile.TemporaryDirectory(prefix="townclerk-restore-") as scratch:
        dump, proof = _unpack(file, Path(scratch))
        script = Path(scratch) / "restore.sql"
        _run([str(bin_dir / "pg_restore"), "--no-owner", f"--file={script}", str(dump)], url)
        _make_portable(script)
        _run(
            [
                str(bin_dir / "psql"),
                *("--no-psqlrc", "--quiet", "--single-transaction", "--output=/dev/null"),
                *("--set=ON_ERROR_STOP=1", f"--file={script}"),
            ],
            url,
        )
    with connect(url) as db:
        restored = _checksums(db)
    wrong = sorted(name for name, facts in proof.tables.items() if restored.get(name) != facts)
    if wrong:
        raise BackupFailed(
            f"these tables differ from what was backed up: {', '.join(wrong)}",
            remedy="Do not use this database; restore an older backup into a new one.",
        )
    return proof


def _checksums(db: psycopg.Connection) -> dict[str, dict[str, Any]]:
    """Count and sum every table; the sum of row hashes does not depend on their order."""
    names = db.execute(
        """SELECT relname FROM pg_class
           WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"""
    ).fetchall()
    facts = {}
    for (name,) in names:
        row = db.execute(
            sql.SQL(
                "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text "
                "FROM {} AS t"
            ).format(sql.Identifier(name))
        ).fetchone()
        assert row is not None  # an aggregate always gives one row
        facts[name] = {"rows": row[0], "checksum": row[1]}
    return facts


def _make_portable(script: Path) -> None:
    """Drop the two lines that newer clients write and older servers do not know."""
    unknown = (b"SET transaction_timeout", b"\\restrict ", b"\\unrestrict ")
    with script.open("rb") as old, script.with_suffix(".tmp").open("wb") as new:
        new.writelines(
            line
            for line in old
            if not line.startswith(unknown) and line != b"CREATE SCHEMA public;\n"
        )
    script.with_suffix(".tmp").rename(script)


def _pack(file: Path, dump: Path, proof: Proof) -> None:
    unfinished = file.with_name(file.name + ".unfinished")
    document = json.dumps({"format": FORMAT, **proof.__dict__}, indent=2).encode()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as target, tarfile.open(fileobj=target, mode="w") as tar:
            info = tarfile.TarInfo(PROOF)
            info.size = len(document)
            tar.addfile(info, BytesIO(document))
            tar.add(dump, DUMP)
        unfinished.rename(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise BackupFailed(f"{file} cannot be written: {error.strerror}") from error


def _unpack(file: Path, scratch: Path) -> tuple[Path, Proof]:
    try:
        with tarfile.open(file) as tar:
            proof_file = tar.extractfile(PROOF)
            dump_file = tar.extractfile(DUMP)
            if proof_file is None or dump_file is None:
                raise BackupFailed(f"{file} is not a backup of ours")
            facts = json.loads(proof_file.read(PROOF_BYTES_MAX))
            dump = scratch / DUMP
            with dump.open("wb") as target:
                while block := dump_file.read(1024 * 1024):
                    target.write(block)
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise BackupFailed(f"{file} is not a backup of ours: {error}") from error
    if facts.pop("format", None) != FORMAT:
        raise BackupFailed(f"{file} was written by another version of this program")
    proof = Proof(**facts)
    if _sha256(dump) != proof.dump_sha256:
        raise BackupFailed(f"{file} is damaged: its archive differs from its proof")
    return dump, proof


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _run(command: list[str], url: str) -> None:
    """Run one of PostgreSQL's programs; the address goes by environment, not by argument."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **_environment(url)},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_MAX,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackupFailed(f"{Path(command[0]).name} does not run: {error}") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise BackupFailed(f"{Path(command[0]).name} failed: {last[0]}")


def _environment(url: str) -> dict[str, str]:
    """Return libpq's variables for a URL, so that no password stands in the process list."""
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
        "sslrootcert": "PGSSLROOTCERT",
        "passfile": "PGPASSFILE",
    }
    parts = psycopg.conninfo.conninfo_to_dict(url)
    return {names[key]: str(value) for key, value in parts.items() if key in names and value}
