"""What the tests of the API share: a town to ask about, and a count of SQL statements."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from registry.storage.database import Database


class Noted(list[str]):
    """The SQL statements that the pool's connections were given."""


@pytest.fixture
def statements(database: Database) -> Iterator[Noted]:
    """Note every statement that goes over one of the pool's connections."""
    noted = Noted()

    class NotingCursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            noted.append(query if isinstance(query, str) else query.as_string(self))
            return super().execute(query, *args, **kwargs)

    with ExitStack() as stack:
        for _ in range(database.pool.max_size):
            connection = stack.enter_context(database.pool.connection())
            connection.cursor_factory = NotingCursor
    yield noted
