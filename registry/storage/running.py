"""Bring up what every command needs: the database, migrated, with its pool open."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from registry.settings import Settings
from registry.storage.database import Database, close_database, open_database
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade


@contextmanager
def running_database(settings: Settings, *, migrate: bool = True) -> Iterator[Database]:
    """Start or reach the database, bring its schema up to date, and open the pool.

    Args:
        settings: Where the database is.
        migrate: Whether to upgrade the schema; `doctor` only looks.

    Yields:
        The open database, which is also the process's current one.

    Raises:
        StorageUnusable: The embedded server cannot use the data directory.
        DatabaseUnreachable: The server named by DATABASE_URL does not answer.
    """
    with ExitStack() as stack:
        url = stack.enter_context(database_url(settings))
        if migrate:
            upgrade(url)
        database = open_database(url, pool_size=settings.pool_size)
        stack.callback(close_database)
        yield database


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Yield the address of the database; an embedded server runs for as long as it is used."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    with EmbeddedPostgres.start(settings.data_dir, bin_dir=settings.postgres_bin) as server:
        yield server.url
