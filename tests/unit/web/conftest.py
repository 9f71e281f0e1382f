"""Clients of the real application over towns in a real database; tests here only read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from tests.conftest import POOL_SIZE, fresh_database
from tests.unit.web.town import Client, demo_app, fill_town


@contextmanager
def client_of(
    server: EmbeddedPostgres, data_dir: Path, fill: Callable[[psycopg.Connection], None]
) -> Iterator[Client]:
    """Fill a database of its own and ask the application over it as the local architect."""
    with fresh_database(server) as url:
        open_database(url, pool_size=POOL_SIZE)
        with unit_of_work() as db:
            fill(db)
        yield Client(demo_app(data_dir))
        close_database()


@pytest.fixture(scope="module")
def client(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    """Asks over a small town; a page that fails, fails the test."""
    with client_of(postgres_server, tmp_path_factory.mktemp("town"), fill_town) as client:
        yield client
