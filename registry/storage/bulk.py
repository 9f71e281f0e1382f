"""Fill tables in bulk: indexes and foreign keys are set aside and made again at the end.

Sorting once and joining once is three times cheaper than keeping an index and looking up both ends
for each of half a million rows. Nobody else can read the tables meanwhile, because they are locked
until the transaction ends; so this is for filling, not for the daily work.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

# Each index is sorted in this much memory; half a million rows fit.
SORT_MEMORY = "128MB"


@contextmanager
def set_aside(db: psycopg.Connection, tables: Sequence[str]) -> Iterator[None]:
    """Drop the indexes and foreign keys of tables for a while; primary keys and checks stay.

    Args:
        db: The caller's connection, whose account owns the tables; nothing is committed.
        tables: Their names.

    Raises:
        psycopg.errors.IntegrityError: What was filled in breaks one of them.
    """
    keys = db.execute(
        """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY conname""",
        (list(tables),),
    ).fetchall()
    indexes = db.execute(
        """SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
           WHERE indrelid = ANY(%s::regclass[]) AND NOT EXISTS (
               SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')""",
        (list(tables),),
    ).fetchall()
    for table, name, _ in keys:
        db.execute(_alter(table, "DROP CONSTRAINT {name}", name))
    for name, _ in indexes:
        db.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    yield
    db.execute(f"SET LOCAL maintenance_work_mem = '{SORT_MEMORY}'")
    for _, definition in indexes:
        db.execute(definition)
    for table, name, definition in keys:
        db.execute(_alter(table, f"ADD CONSTRAINT {{name}} {definition}", name))


@contextmanager
def primary_key_later(db: psycopg.Connection, table: str) -> Iterator[None]:
    """Fill a table without its primary key, which is made at the end; nothing may refer to it.

    Rows in any other order than the key's would each look for their place in its index; sorting
    them once is several times quicker.

    Args:
        db: The caller's connection, whose account owns the table; nothing is committed.
        table: Its name.

    Raises:
        psycopg.errors.UniqueViolation: What was filled in has two rows of one key.
    """
    found = db.execute(
        """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE contype = 'p' AND conrelid = %s::regclass""",
        (table,),
    ).fetchone()
    assert found is not None  # every table of ours has one
    name, definition = found
    db.execute(_alter(table, "DROP CONSTRAINT {name}", name))
    yield
    db.execute(f"SET LOCAL maintenance_work_mem = '{SORT_MEMORY}'")
    db.execute(_alter(table, f"ADD CONSTRAINT {{name}} {definition}", name))


def _alter(table: str, change: str, name: str) -> sql.Composed:
    return sql.SQL("ALTER TABLE {table} " + change).format(
        table=sql.Identifier(table), name=sql.Identifier(name)
    )
