"""Fixtures of every room: real PostgreSQL servers and a fresh database per test.

Ask for the smallest one that will do:
    db            a connection inside a transaction that is rolled back; a millisecond
    database      a fresh, migrated, open database, for `unit_of_work` and committed rows
    postgres_url  its address, not yet opened
    reachable_dir a short directory that PostgreSQL's account can reach, unlike tmp_path
A test that asks for any of the first three runs on one kind of server in `make test`, by turns file
for file, and on every kind in `make conformance`; tests of the storage run on every kind, but for
those of the smallest rows and of how statements are written.
"""

import gc
import itertools
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import sql

from registry.storage.connecting import connect
from registry.storage.database import Database, close_database, open_database
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from tests.servers import SERVERS, in_database, installed_servers, make_reachable_dir, programs_of

TEMPLATE = "migrated_template"
POOL_SIZE = 4
STORAGE = Path(__file__).parent / "integration/storage"
BY_TURNS = {"test_factories.py", "test_statements.py"}  # the rows and statements are our own
# As the command line has it: of what tests and modules are made of nothing is garbage.
OBJECTS_BETWEEN_COLLECTIONS = 20_000
_numbers = itertools.count(1)

# A busy machine proves nothing about a generated example.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")
gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the other kinds of server to `make conformance`; each would double the time."""
    kinds = installed_servers()
    made = [item for item in items if isinstance(item, pytest.Function) and has_params(item)]
    offered = {(item.path, item.originalname, kind_of(item)) for item in made}
    for item in made:
        turn = kinds[zlib.crc32(item.path.name.encode()) % len(kinds)]
        has_both = (
            item.path,
            item.originalname,
            turn,
        ) in offered  # a test may name the one it wants
        by_turns = STORAGE not in item.path.parents or item.path.name in BY_TURNS
        if kind_of(item) not in {None, turn} and has_both and by_turns:
            item.add_marker(pytest.mark.heavy)


def pytest_collection_finish() -> None:
    """Let no later collection of garbage look at eight thousand tests and what they import."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Let libraries in C find at the end that nobody holds what is theirs."""
    gc.unfreeze()


def has_params(item: pytest.Function) -> bool:
    return hasattr(item, "callspec")


def kind_of(item: pytest.Function) -> str | None:
    kind: str | None = item.callspec.params.get("postgres_server")
    return kind


@pytest.fixture
def reachable_dir() -> Iterator[Path]:
    """A short, private place outside pytest's own, which root's servers cannot enter."""
    made = make_reachable_dir()
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session", params=list(SERVERS))
def postgres_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedPostgres]:
    """One server per session and kind, with a migrated template; its url is the template's."""
    bin_dir = programs_of(request.param)
    place = make_reachable_dir()
    try:
        with EmbeddedPostgres.start(place, bin_dir=bin_dir, database=TEMPLATE) as server:
            upgrade(server.url)
            yield server
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def environment_kept() -> Iterator[None]:
    """Put the environment back as it was: Prefect is told its settings through it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True, scope="module")
def same_environment_for_each_file() -> Iterator[None]:
    """Let no file's shared fixtures speak to the next file through the environment."""
    with environment_kept():
        yield


@pytest.fixture(autouse=True)
def same_environment(same_environment_for_each_file: None) -> Iterator[None]:
    """Let no test speak to the next one through the environment."""
    with environment_kept():
        yield


@contextmanager
def fresh_database(server: EmbeddedPostgres) -> Iterator[str]:
    """Make a migrated database, yield its address, and drop it."""
    name = f"test_{next(_numbers)}"
    with connect(in_database(server.url, "postgres"), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
        yield in_database(server.url, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def postgres_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A fresh database, opened as the process's own; `unit_of_work` uses it."""
    yield open_database(postgres_url, pool_size=POOL_SIZE)
    close_database()


@pytest.fixture(scope="session")
def rolled_back_url(postgres_server: EmbeddedPostgres) -> str:
    """The database that all tests with `db` share; nothing is ever committed in it."""
    with connect(in_database(postgres_server.url, "postgres"), autocommit=True) as admin:
        copy_template(admin, "rolled_back")
    return in_database(postgres_server.url, "rolled_back")


@pytest.fixture
def db(rolled_back_url: str) -> Iterator[psycopg.Connection]:
    """A connection inside a transaction that is rolled back; for rooms, which never commit."""
    with connect(rolled_back_url) as connection, connection.transaction(force_rollback=True):
        yield connection


def copy_template(admin: psycopg.Connection, name: str) -> None:
    """Make a database as it is right after the last migration."""
    admin.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(name), sql.Identifier(TEMPLATE)
        )
    )


@pytest.fixture
def postgres_urls(postgres_server: EmbeddedPostgres) -> Iterator[tuple[str, str]]:
    """The addresses of two fresh, migrated databases, to compare what ends up in them."""
    with ExitStack() as stack:
        yield tuple(stack.enter_context(fresh_database(postgres_server)) for _ in range(2))  # type: ignore[misc]
