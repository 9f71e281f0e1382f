"""What to say where the tables of a database are not those of this release.

Every start brings its database up to date. What is met here is what nobody brought up: a database
that was restored, exchanged or repaired while a program runs, or that its account may not change.
Nothing is asked as long as all is well: only a statement that names what is not there leads here.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

import schemas
from registry.storage.connecting import connect
from schemas.errors import DatabaseIncomplete, DatabaseOlder

NOT_THERE: Final = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InvalidColumnReference,  # a unique index that ON CONFLICT leans on
)
"""How PostgreSQL says that a statement names something the database lacks."""

NAMED_MAX: Final = 5  # of what is missing, in one sentence


@contextmanager
def told_by_release(url: str) -> Iterator[None]:
    """Where a statement names what the database lacks, tell it as a matter of releases.

    Raises:
        WrongRelease: The database belongs to another release, or parts of it are gone.
    """
    try:
        yield
    except NOT_THERE:
        demand_release(url)
        raise  # the tables are as they should be, so the mistake is ours


def demand_release(url: str) -> None:
    """Refuse a database whose tables are not those of this release.

    Raises:
        DatabaseIncomplete: It lacks tables or columns of the revision that it says it is at.
        DatabaseOlder: It lacks migrations.
        DatabaseNewer: It has migrations that this release does not know.
        DatabaseUnreachable: The server does not answer.
    """
    from registry.storage import migrate  # a third of a second that only failures pay

    if demand_whole(url):
        raise older(migrate.current(url), migrate.newest())


def demand_whole(url: str) -> list[str]:
    """Refuse a database that lacks what the revision has that it says it is at.

    Each migration is kept before the next one runs, so one that misses a table would leave a
    database between two releases; and if none misses it, it would be told only afterwards.

    Returns:
        The migrations that the database lacks, oldest first.

    Raises:
        DatabaseIncomplete: It lacks tables or columns; an empty one lacks none.
        DatabaseNewer: It has migrations that this release does not know.
        DatabaseUnreachable: The server does not answer.
    """
    from registry.storage import migrate

    pending, revision = migrate.pending(url), migrate.current(url)
    if revision is None:
        return pending
    to_come = migrate.added_by(pending)
    with connect(url) as db:
        gone = [name for name in lacking(db) if not to_come & {name, name.partition(".")[0]}]
    if gone:
        raise DatabaseIncomplete(
            f"This database says that it is at revision {revision}, but it lacks "
            f"{', '.join(gone[:NAMED_MAX])}{' and more' if len(gone) > NAMED_MAX else ''}.",
            revision=revision,
            lacking=len(gone),
        )
    return pending


def older(revision: str | None, needed: str, *, why: str = "") -> DatabaseOlder:
    """Return the refusal of a database that lacks migrations.

    Args:
        revision: Where it is; None where it is empty.
        needed: Where it must be.
        why: Why it was not brought there, where that was tried.
    """
    at = "is empty" if revision is None else f"is at revision {revision}"
    reason = f": {why}" if why else ""
    return DatabaseOlder(
        f"This database {at}; this release of Townclerk needs revision {needed}{reason}.",
        revision=revision,
        needed=needed,
    )


def lacking(db: psycopg.Connection) -> list[str]:
    """Return the tables and columns that this release knows and a database lacks, by name."""
    from schemas.base import metadata  # sqlmodel, which few commands need

    for module in pkgutil.iter_modules(schemas.__path__, "schemas."):
        if not module.ispkg:
            importlib.import_module(module.name)
    there = set(
        db.execute(
            """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid
               WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
                   AND a.attnum > 0 AND NOT a.attisdropped"""
        ).fetchall()
    )
    tables = {table for table, _ in there}
    gone = [name for name in metadata.tables if name not in tables]
    gone += [
        f"{name}.{column.name}"
        for name, table in metadata.tables.items()
        for column in table.columns
        if name in tables and (name, column.name) not in there
    ]
    return sorted(gone)
