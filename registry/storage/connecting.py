"""One connection to a PostgreSQL server: how it is made, and what its failures are called."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import conninfo

from registry.storage.adapting import teach
from schemas.errors import DatabaseUnreachable, Misconfigured, StorageUnusable

CONNECT_SECONDS_MAX = 10
# How a dead peer shows itself on a network that drops packets without a word.
KEEPALIVES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def connect(
    url: str, *, application_name: str = "townclerk", autocommit: bool = False
) -> psycopg.Connection:
    """Open one connection outside the pool, for migrations and checks.

    Raises:
        Misconfigured: Not a URL.
        DatabaseUnreachable: The server does not answer or refuses us.
    """
    try:
        db = psycopg.connect(url, autocommit=autocommit, **options_of(url, application_name))
    except psycopg.ProgrammingError:
        raise Misconfigured(
            "DATABASE_URL is not a PostgreSQL address.",
            remedy="Write it as postgresql://user:password@host:5432/database",
        ) from None  # the cause quotes the address, and with it the password
    except psycopg.OperationalError as error:
        raise unreachable(url, error) from error
    prepare_connection(db)
    return db


async def connect_to_listen(url: str) -> psycopg.AsyncConnection:
    """Open one connection of an event loop that hears announcements; see storage.announcements.

    Raises:
        psycopg.OperationalError: The server does not answer.
    """
    options = options_of(url, "townclerk listens")
    return await psycopg.AsyncConnection.connect(url, autocommit=True, **options)


def prepare_connection(db: psycopg.Connection) -> None:
    """Give a connection our habits: UTC, no compiling of short statements, dict means jsonb."""
    teach(db)
    autocommit = db.autocommit
    db.set_autocommit(True)
    db.execute("SELECT set_config('timezone', 'UTC', false), set_config('jit', 'off', false)")
    db.set_autocommit(autocommit)


def describe(url: str) -> str:
    """Name a database by host, port and name; never by password."""
    facts = _facts(url)
    return f"PostgreSQL at {facts['host']}, port {facts['port']}, database {facts['database']}"


def unreachable(url: str, error: psycopg.OperationalError, **facts: Any) -> DatabaseUnreachable:
    """Say that a database cannot be reached and why, as the server or network put it."""
    first = (str(error).strip().splitlines() or ["no reason given"])[0]
    reason = first.rpartition("failed: ")[2]
    return DatabaseUnreachable(
        f"{describe(url)} does not answer or refuses us: {reason}", **_facts(url), **facts
    )


def _facts(url: str) -> dict[str, Any]:
    parts = conninfo.conninfo_to_dict(url)
    return {
        "host": parts.get("host") or "localhost",
        "port": parts.get("port") or 5432,
        "database": parts.get("dbname") or parts.get("user") or "",
    }


def options_of(url: str, application_name: str) -> dict[str, Any]:
    """Return our habits of connecting; what the operator wrote in the address goes first."""
    ours = {
        "application_name": application_name,
        "connect_timeout": CONNECT_SECONDS_MAX,
        "client_encoding": "UTF8",
        **KEEPALIVES,
    }
    theirs = conninfo.conninfo_to_dict(url)
    return {name: value for name, value in ours.items() if name not in theirs}


@contextmanager
def in_our_words(url: str, db: psycopg.Connection) -> Iterator[None]:
    """Say what a connection of one's own runs into; `Database` does so for those it lends.

    Raises:
        DatabaseUnreachable: The connection broke.
        StorageUnusable: The server's disk is full.
    """
    try:
        yield
    except psycopg.errors.DiskFull as error:
        raise StorageUnusable(
            f"The disk of {describe(url)} is full; what was committed is safe.",
            remedy="Make room on it and try again.",
        ) from error
    except psycopg.OperationalError as error:
        if not db.closed:
            raise
        raise unreachable(url, error, outcome="unknown") from error
