"""Fixtures of every room: real PostgreSQL servers, a fresh database per test, places they can reach.

Ask for the smallest one that will do:
    db            a connection inside a transaction that is rolled back; a millisecond
    database      a fresh, migrated, open database, for `unit_of_work` and committed rows
    postgres_url  its address, not yet opened
    reachable_dir a short directory that PostgreSQL's account can reach, unlike tmp_path
A test that asks for any of the first three runs once on every kind of server.
"""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from registry.storage.database import Database, close_database, connect, open_database
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade

SERVERS = {"wheel 18": None, "debian 15": Path("/usr/lib/postgresql/15/bin")}
TEMPLATE = "migrated_template"
POOL_SIZE = 4
# Memory is kinder to the disk and makes a fresh database in 15 ms instead of 150.
MEMORY = Path("/dev/shm")
MEMORY_BYTES_MIN = 2 * 2**30
_numbers = itertools.count(1)


def in_database(url: str, name: str) -> str:
    """Return the address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def make_reachable_dir() -> Path:
    """Make a short directory that an unprivileged account may pass through."""
    in_memory = MEMORY.is_dir() and os.access(MEMORY, os.W_OK | os.X_OK)
    roomy = in_memory and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_MIN
    made = Path(tempfile.mkdtemp(prefix="tc-", dir=MEMORY if roomy else "/tmp"))
    made.chmod(0o711)
    return made


@pytest.fixture
def reachable_dir() -> Iterator[Path]:
    """A short, private place outside pytest's own, which root's servers cannot enter."""
    made = make_reachable_dir()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session", params=list(SERVERS))
def postgres_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """One server per session and kind, with a migrated template; its url is the template's."""
    bin_dir = SERVERS[request.param]
    if bin_dir is not None and not bin_dir.is_dir():
        pytest.skip(f"{bin_dir} is not installed")
    place = make_reachable_dir()
    try:
        with EmbeddedPostgres.start(place, bin_dir=bin_dir, database=TEMPLATE) as server:
            upgrade(server.url)
            yield server
    finally:
        shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    name = f"test_{next(_numbers)}"
    with connect(in_database(postgres_server.url, "postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
        yield in_database(postgres_server.url, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A fresh database, opened as the process's own; `unit_of_work` uses it."""
    yield open_database(postgres_url, pool_size=POOL_SIZE)
    close_database()


@pytest.fixture(scope="session")
def rolled_back_url(postgres_server: EmbeddedPostgres) -> str:
    """The database that all tests with `db` share; nothing is ever committed in it."""
    with connect(in_database(postgres_server.url, "postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE rolled_back TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(TEMPLATE)
            )
        )
    return in_database(postgres_server.url, "rolled_back")


@pytest.fixture
def db(rolled_back_url: str) -> Iterator[psycopg.Connection]:
    """A connection inside a transaction that is rolled back; for rooms, which never commit."""
    with connect(rolled_back_url) as connection, connection.transaction(force_rollback=True):
        yield connection
