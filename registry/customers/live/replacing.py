"""Bring a table to what a full run found, while its readers go on reading what stood before.

To empty and fill it would be quicker, but whoever asks who somebody is would wait until the run
commits, at a million records for minutes. So only rows that differ are written, which of one and
the same model are hardly any, and readers see all of them at once when the run commits.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import psycopg
from psycopg import sql

from registry.storage.bulk import primary_key_later
from registry.storage.copying import copy_from_file


def is_empty(db: psycopg.Connection, table: str) -> bool:
    """Tell whether a table has no rows; then nobody reads it, and it is filled the quick way."""
    question = sql.SQL("SELECT FROM {} LIMIT 1").format(sql.Identifier(table))
    return db.execute(question).rowcount == 0


def replace_rows(
    db: psycopg.Connection,
    table: str,
    columns: Sequence[str],
    file: Path,
    *,
    identity: Sequence[str],
    scattered: bool = False,
) -> None:
    """Let a table hold exactly the rows of a CSV file of ours.

    Args:
        db: Connection in the caller's transaction, which holds the matching lock.
        table: Its name.
        columns: All its columns, in the order of the file.
        file: The rows.
        identity: The columns of its primary key.
        scattered: The file is not in the order of the primary key, and readers of the table wait
            for the matching lock anyway: where it is empty, the key is made once it is filled.
    """
    if is_empty(db, table):
        with primary_key_later(db, table) if scattered else nullcontext():
            copy_from_file(db, table, columns, file)
        db.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        return
    found = f"found_{table}"
    rest = [column for column in columns if column not in identity]
    names = {
        "table": sql.Identifier(table),
        "found": sql.Identifier(found),
        "columns": _list("{}", columns),
        "same": sql.SQL(" AND ").join(_each("t.{0} = f.{0}", identity)),
    }
    db.execute(
        sql.SQL("CREATE TEMPORARY TABLE {found} (LIKE {table}) ON COMMIT DROP").format(**names)
    )
    copy_from_file(db, found, columns, file)
    db.execute(sql.SQL("ANALYZE {found}").format(**names))
    for statement in (_DELETE, _INSERT):
        db.execute(sql.SQL(statement).format(**names))
    if rest:
        names |= {
            "changes": _list("{0} = f.{0}", rest),
            "before": _list("t.{}", rest),
            "after": _list("f.{}", rest),
        }
        db.execute(sql.SQL(_UPDATE).format(**names))
    db.execute(sql.SQL("DROP TABLE {found}").format(**names))
    db.execute(sql.SQL("ANALYZE {table}").format(**names))


_DELETE = "DELETE FROM {table} t WHERE NOT EXISTS (SELECT FROM {found} f WHERE {same})"
_INSERT = """
INSERT INTO {table} ({columns}) SELECT {columns} FROM {found} f
WHERE NOT EXISTS (SELECT FROM {table} t WHERE {same})
"""
_UPDATE = """
UPDATE {table} t SET {changes} FROM {found} f
WHERE {same} AND ({before}) IS DISTINCT FROM ({after})
"""


def _each(shape: str, columns: Sequence[str]) -> list[sql.Composed]:
    return [sql.SQL(shape).format(sql.Identifier(column)) for column in columns]


def _list(shape: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(_each(shape, columns))
