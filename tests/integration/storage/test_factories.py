"""Every table has a factory whose row the database accepts."""

import psycopg
import pytest

from schemas.base import metadata
from tests.factories import FACTORIES


def test_every_table_has_a_factory() -> None:
    assert set(FACTORIES) == set(metadata.tables)


ONE_ROW = {"live_model", "review_state"}  # two live models would be none


@pytest.mark.parametrize("table", sorted(FACTORIES.keys() - ONE_ROW))
def test_the_database_accepts_the_smallest_row_twice(db: psycopg.Connection, table: str) -> None:
    FACTORIES[table](db)
    FACTORIES[table](db)
    assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (2,)
