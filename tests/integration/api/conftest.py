"""What the tests of the API share: a town to ask about, and a count of SQL statements."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from registry.storage.asking import Command, ask_in_one_trip
from registry.storage.database import Database, close_database, open_database
from registry.storage.embedded import EmbeddedPostgres
from tests.conftest import POOL_SIZE, fresh_database


class Noted(list[str]):
    """The SQL statements that the pool's connections were given."""


@pytest.fixture(scope="module")
def shared_database(postgres_server: EmbeddedPostgres) -> Iterator[Database]:
    """One open database for all tests of a file that do not mind each other's rows."""
    with fresh_database(postgres_server) as url:
        yield open_database(url, pool_size=POOL_SIZE)
        close_database()


@pytest.fixture
def statements(database: Database, monkeypatch: pytest.MonkeyPatch) -> Noted:
    """Note every statement that this process asks, the settings of a transaction aside."""
    noted = Noted()

    def noting(execute: Any) -> Any:
        def wrapper(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
            noted.append(query.decode() if isinstance(query, bytes) else str(query))
            return execute(self, query, *args, **kwargs)

        return wrapper

    for kind in (psycopg.Cursor, psycopg.RawCursor):
        for name in {"execute", "stream"} & vars(kind).keys():
            monkeypatch.setattr(kind, name, noting(vars(kind)[name]))

    async def noting_trips(db: Any, commands: Sequence[Command]) -> Any:
        noted.extend(each.sql.decode() for each in commands if b"set_config" not in each.sql)
        return await ask_in_one_trip(db, commands)

    monkeypatch.setattr("registry.api.whole.ask_in_one_trip", noting_trips)
    return noted
