"""Bring a database to this program's schema; migrations live in schemas/migrations and only add."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from alembic.ddl.postgresql import PostgresqlImpl
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Column, Connection, Table, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from registry.storage.connecting import connect
from registry.storage.guarding import establish_reader
from registry.storage.revisions import demand_whole, older
from schemas.errors import DatabaseNewer, Misconfigured

_FORBIDDEN = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.ReadOnlySqlTransaction,
)
# Any fixed number will do; it keeps two processes from migrating at the same time.
ADVISORY_LOCK = 0x746F776E


def upgrade(url: str, *, to: str = "head") -> list[str]:
    """Run every migration the database lacks; return their names in order.

    Several processes may call this at once: one migrates, the others wait and find nothing to do.

    Args:
        url: The database.
        to: Migration to stop after; tests rebuild older releases with it.

    Raises:
        DatabaseUnreachable: The server does not answer.
        DatabaseNewer: The database is newer than this program.
        DatabaseIncomplete: It lacks what its own revision has; nothing is changed.
        DatabaseOlder: Our account may not change its tables.
        Misconfigured: A migration failed; what it did is undone.
    """
    with connect(url, autocommit=True, application_name="townclerk migrate") as guard:
        guard.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
        missing = pending(url, to=to)
        if missing:
            demand_whole(url)
            try:
                with _bound(url) as connection:
                    command.upgrade(_config(connection), to)
            except DBAPIError as error:
                if isinstance(error.orig, _FORBIDDEN):
                    raise older(current(url), newest(), why=_reason(error)) from error
                raise Misconfigured(
                    f"The database cannot be brought to this release: {_reason(error)}",
                    remedy="The tables of this database were changed by hand, or it belongs to "
                    "another program: name an empty one in DATABASE_URL, or restore a backup.",
                ) from error
        with guard.transaction():
            establish_reader(guard)
        return missing


def pending(url: str, *, to: str = "head") -> list[str]:
    """Return the migrations the database lacks, oldest first.

    Raises:
        DatabaseUnreachable: The server does not answer.
        DatabaseNewer: The database is newer than this program.
    """
    at = current(url)
    scripts = ScriptDirectory.from_config(_config())
    try:
        missing = [script.revision for script in scripts.iterate_revisions(to, at)]
    except (CommandError, RevisionError) as error:
        raise DatabaseNewer(
            f"This database is at revision {at}, which this release of Townclerk does not know; it "
            f"needs {newest()}.",
            revision=at,
            needed=newest(),
        ) from error
    return missing[::-1]


class _Noting(PostgresqlImpl):
    """Notes what a migration adds, instead of adding it."""

    def __init__(self, context: MigrationContext) -> None:
        super().__init__(context.dialect, None, True, False, StringIO(), {})
        self.added: set[str] = set()

    def create_table(self, table: Table, **_: Any) -> None:
        self.added.add(table.name)

    def add_column(self, table_name: str, column: Column[Any], **_: Any) -> None:
        self.added.add(f"{table_name}.{column.name}")


def added_by(revisions: Collection[str]) -> set[str]:
    """Return the tables and the columns of older tables that migrations add, without a database.

    Args:
        revisions: Their names, as `pending` returns them.
    """
    if not revisions:
        return set()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    context.impl = noting = _Noting(context)
    scripts = ScriptDirectory.from_config(_config())
    with Operations.context(context):
        for revision in revisions:
            scripts.get_revision(revision).module.upgrade()
    return noting.added


def knows(revision: str) -> bool:
    """Tell whether this program has a migration of this name; newer releases have more."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except (CommandError, RevisionError):
        return False


def newest() -> str:
    """Return the newest migration of this program."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(url: str) -> str | None:
    """Return the newest migration the database has; None where it is empty."""
    with _bound(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _bound(url: str) -> Iterator[Connection]:
    """Lend a SQLAlchemy connection over our own psycopg one, so that the URL stays libpq's."""

    def creator() -> psycopg.Connection:
        return connect(url, application_name="townclerk migrate")

    engine = create_engine("postgresql+psycopg://", creator=creator, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _reason(error: DBAPIError) -> str:
    """Return the server's own sentence, without the statement."""
    return str(error.orig).strip().splitlines()[0]


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "schemas:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
