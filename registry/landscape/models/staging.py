"""Bring a prepared model's objects into the tables: copied beside them, then merged.

Rows that say the same are not touched, so that taking in the same file twice changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import psycopg

from registry.storage.copying import copy_into

# What each table takes from a file; `detail` is last, for it is the long one.
COLUMNS = {
    "element": ("id", "urn", "kind", "name", "description", "attrs", "detail"),
    "relationship": (
        *("id", "kind", "source_id", "source_relationship_id"),
        *("target_id", "target_relationship_id", "name", "description", "attrs", "detail"),
    ),
    "stored_view": (
        *("id", "kind", "name", "description", "viewpoint", "attrs", "shows", "detail"),
    ),
}
NEVER_CHANGED = ("id", "urn")


def stage(db: psycopg.Connection, table: str, rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows beside their table, in the order of COLUMNS."""
    columns = ", ".join(COLUMNS[table])
    db.execute(
        f"""CREATE TEMP TABLE IF NOT EXISTS incoming_{table} ON COMMIT DROP AS
            SELECT {columns} FROM {table} WITH NO DATA"""
    )
    db.execute(f"TRUNCATE incoming_{table}")
    copy_into(db, f"incoming_{table}", COLUMNS[table], rows)
    db.execute(f"ANALYZE incoming_{table} (id)")


def settle_urns(db: psycopg.Connection) -> None:
    """Give new elements another URN where somebody else has theirs already."""
    db.execute(
        """UPDATE incoming_element AS incoming SET urn = left(incoming.urn, 160) || ':' || id
           WHERE EXISTS (SELECT FROM element
                         WHERE element.urn = incoming.urn AND element.id <> incoming.id)"""
    )


def add(db: psycopg.Connection, table: str, model_id: UUID, change_set_id: UUID) -> int:
    """Insert the rows that are new; return how many."""
    columns = ", ".join(COLUMNS[table])
    return db.execute(
        f"""INSERT INTO {table} ({columns}, model_id, revision, created_at, changed_at, valid_from,
                                 change_set_id)
            SELECT {columns}, %s, 1, clock_timestamp(), clock_timestamp(),
                   coalesce(townclerk_valid_from(), clock_timestamp()), %s
            FROM incoming_{table} AS incoming
            WHERE NOT EXISTS (SELECT FROM {table} WHERE {table}.id = incoming.id)""",
        (model_id, change_set_id),
    ).rowcount


def change(db: psycopg.Connection, table: str) -> set[UUID]:
    """Update the rows that say something else now; return their ids."""
    columns = [name for name in COLUMNS[table] if name not in NEVER_CHANGED]
    new = ", ".join(f"incoming.{name}" for name in columns)
    old = ", ".join(f"present.{name}" for name in columns)
    rows = db.execute(
        f"""UPDATE {table} AS present SET ({", ".join(columns)}) = ROW({new})
            FROM incoming_{table} AS incoming
            WHERE present.id = incoming.id AND ROW({old}) IS DISTINCT FROM ROW({new})
            RETURNING present.id"""
    ).fetchall()
    return {row[0] for row in rows}


def keep_frame(db: psycopg.Connection, model_id: UUID, *, name: str, detail: str) -> bool:
    """Update what a model says besides its objects; tell whether it differed."""
    return (
        db.execute(
            """UPDATE architecture_model SET name = %(name)s, detail = %(detail)s::jsonb
               WHERE id = %(id)s AND (name, detail) IS DISTINCT FROM (%(name)s, %(detail)s::jsonb)
            """,
            {"id": model_id, "name": name, "detail": detail},
        ).rowcount
        > 0
    )


def remember_names(
    db: psycopg.Connection, names: Iterable[tuple[UUID, str, str, UUID, str]]
) -> None:
    """Keep under which names objects were known: model, scheme, value, object, table."""
    columns = ("model_id", "scheme", "value", "object_id", "table_name")
    db.execute(
        """CREATE TEMP TABLE IF NOT EXISTS incoming_alias ON COMMIT DROP AS
           SELECT model_id, scheme, value, object_id, table_name FROM alias WITH NO DATA"""
    )
    db.execute("TRUNCATE incoming_alias")
    copy_into(db, "incoming_alias", columns, names)
    db.execute(
        f"""INSERT INTO alias ({", ".join(columns)}) SELECT {", ".join(columns)}
            FROM incoming_alias ORDER BY model_id, scheme, value ON CONFLICT DO NOTHING"""
    )


def remove(db: psycopg.Connection, table: str, gone: set[UUID]) -> int:
    """Delete rows by id; return how many."""
    return db.execute(f"DELETE FROM {table} WHERE id = ANY(%s)", (list(gone),)).rowcount
