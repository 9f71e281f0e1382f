"""A client of the real application over a town in a real database."""

from pathlib import Path

import pytest

from registry.storage.database import Database, unit_of_work
from tests.unit.web.town import Client, demo_app, fill_town


@pytest.fixture
def town(database: Database) -> Database:
    """A database with a small town in it."""
    with unit_of_work() as db:
        fill_town(db)
    return database


@pytest.fixture
def client(town: Database, tmp_path: Path) -> Client:
    """Asks the application as the local architect; a page that fails, fails the test."""
    return Client(demo_app(tmp_path))
