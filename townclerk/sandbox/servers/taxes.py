"""The tax office's database: a PostgreSQL server of its own, with an account that only reads."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from registry.storage.embedded import EmbeddedPostgres
from townclerk.sandbox.city import Manifest
from townclerk.sandbox.sources.taxes import COLUMNS

READER = "tax_reader"
READER_CONNECTIONS_MAX = 10
CHUNK_BYTES = 1 << 20  # of the COPY file at a time
_TABLE = """
CREATE TABLE subject (
    subject_number bigint NOT NULL,
    subject_kind char(1) NOT NULL CHECK (subject_kind IN ('N', 'R')),
    bsn varchar(9),
    chamber_number varchar(8),
    initials varchar(28),
    prefix varchar(28),
    name varchar(28),
    sex char(1),
    birth_date date,
    street varchar(28),
    house_number integer,
    house_letter varchar(4),
    postal_code varchar(7),
    place varchar(28),
    assessed_value numeric(12, 2),
    changed_at timestamptz NOT NULL
)"""


class TaxDatabase:
    """The running tax database of one city.

    Args:
        folder: The city's folder; the server keeps its data under `taxes/`.
    """

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres.start(folder / "taxes", database="taxes")

    def stop(self) -> None:
        """Stop the server."""
        self._server.stop()

    def __enter__(self) -> Self:
        """Use the database until the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    def load(self, manifest: Manifest, rows: Path, password: str) -> str:
        """Load the subjects unless they are there, let the reader in, return the address.

        Args:
            manifest: The city; its version, people and seed name the content.
            rows: COPY file with the subjects.
            password: The reader's password.

        Returns:
            libpq URL with the reader's name, without password.
        """
        content = f"{manifest.version}-{manifest.people}-{manifest.seed}"
        with psycopg.connect(self._server.url) as db:
            if _content(db) != content:
                _load(db, rows, content)
            _admit_reader(db, password)
        with psycopg.connect(self._server.url, autocommit=True) as db:
            self._open_door(db)
            db.execute("CHECKPOINT")  # so that stopping is quick
        return self._reader_url()

    def _open_door(self, db: psycopg.Connection) -> None:
        """Let the reader sign in by password, beside the rules of the embedded server."""
        shown = db.execute("SHOW hba_file").fetchone()
        assert shown is not None  # SHOW always answers
        rules = Path(shown[0])
        own = "".join(
            f"{how} taxes {READER} {where}scram-sha-256\n"
            for how, where in (("local", ""), ("host", "127.0.0.1/32 "))
        )
        text = rules.read_text(encoding="utf-8")
        if not text.startswith(own):
            rules.write_text(own + text, encoding="utf-8")
        db.execute("SELECT pg_reload_conf()")

    def _reader_url(self) -> str:
        parts = urlsplit(self._server.url)
        where = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{READER}@{where}"))


def _content(db: psycopg.Connection) -> str | None:
    found = db.execute("SELECT obj_description(to_regclass('subject'), 'pg_class')").fetchone()
    return found[0] if found else None


def _load(db: psycopg.Connection, rows: Path, content: str) -> None:
    """Replace the table; in the caller's transaction, so that readers see old or new."""
    db.execute("DROP TABLE IF EXISTS subject")
    db.execute(_TABLE)
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    with (
        db.cursor() as cursor,
        cursor.copy(sql.SQL("COPY subject ({}) FROM STDIN").format(columns)) as copy,
        rows.open("rb") as file,
    ):
        while chunk := file.read(CHUNK_BYTES):
            copy.write(chunk)
    db.execute("ALTER TABLE subject ADD PRIMARY KEY (subject_number)")
    db.execute("CREATE INDEX subject_changed ON subject (changed_at, subject_number)")
    db.execute(sql.SQL("COMMENT ON TABLE subject IS {}").format(sql.Literal(content)))
    db.execute("ANALYZE subject")


def _admit_reader(db: psycopg.Connection, password: str) -> None:
    """Make the reader's account: it may sign in and read, nothing else."""
    known = db.execute("SELECT FROM pg_roles WHERE rolname = %s", [READER]).fetchone()
    if known is None:
        db.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(READER)))
    db.execute(
        sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT {} PASSWORD {}").format(
            sql.Identifier(READER), sql.Literal(READER_CONNECTIONS_MAX), sql.Literal(password)
        )
    )
    db.execute(
        sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(
            sql.Identifier(READER)
        )
    )
    db.execute(sql.SQL("GRANT SELECT ON subject TO {}").format(sql.Identifier(READER)))
