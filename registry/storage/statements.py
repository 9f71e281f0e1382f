"""Run SQLAlchemy Core statements on a psycopg connection: definitions from sqlmodel, no engine.

The statement is compiled for PostgreSQL here and executed by psycopg, so that single-row commands
and COPY share one connection and one transaction.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

import psycopg
from sqlalchemy import ClauseElement, Table, insert
from sqlalchemy import inspect as mapping_of
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import SQLModel

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy's dialects are untyped
# One entry per table and set of given columns; a program has a few dozen.
INSERTS_MAX = 500

Processors = Mapping[str, Callable[[Any], Any]]


def run(db: psycopg.Connection, statement: ClauseElement) -> psycopg.Cursor[Any]:
    """Execute a SQLAlchemy or sqlmodel statement.

    Args:
        db: The caller's connection; nothing is committed.
        statement: Core construct: select, insert, update, delete or text with bound values.
            None is always NULL, in json columns too.

    Returns:
        The cursor; rows are plain tuples of PostgreSQL's values (enums come as text).
    """
    compiled = cast(
        "SQLCompiler",
        statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True}),
    )
    return db.execute(str(compiled), _processed(compiled.params, _processors(compiled)))


def insert_row(db: psycopg.Connection, row: SQLModel) -> None:
    """Insert one table row; identities that the database gives are set on the object.

    Args:
        db: The caller's connection; nothing is committed.
        row: Instance of a class in schemas with `table=True`.
    """
    values = {column.key: getattr(row, column.key) for column in _table(type(row)).columns}
    given, made = _columns(type(row), frozenset(key for key in values if values[key] is None))
    text, processors = _insert(type(row), given, made)
    result = db.execute(text, _processed({key: values[key] for key in given}, processors))
    if made:
        for key, value in zip(made, result.fetchone() or (), strict=True):
            setattr(row, key, value)


def _table(kind: type[SQLModel]) -> Table:
    return cast("Table", mapping_of(kind).local_table)


@lru_cache(INSERTS_MAX)
def _columns(
    kind: type[SQLModel], absent: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split the columns into those we give and those the database makes."""
    made = tuple(
        column.key
        for column in _table(kind).columns
        if column.key in absent and column.server_default is not None
    )
    return tuple(column.key for column in _table(kind).columns if column.key not in made), made


@lru_cache(INSERTS_MAX)
def _insert(
    kind: type[SQLModel], given: tuple[str, ...], made: tuple[str, ...]
) -> tuple[str, Processors]:
    """Return the text of an insert and what its values have to go through."""
    table = _table(kind)
    statement = insert(table)
    returning = statement.returning(*(table.columns[key] for key in made)) if made else statement
    compiled = returning.compile(dialect=DIALECT, column_keys=list(given))
    return str(compiled), _processors(compiled)


def _processors(compiled: SQLCompiler) -> Processors:
    """Return, by bound name, how SQLAlchemy's types prepare a value for psycopg."""
    return {
        name: processor
        for bound, name in compiled.bind_names.items()
        if (processor := bound.type.dialect_impl(DIALECT).bind_processor(DIALECT)) is not None
    }


def _processed(values: Mapping[str, Any], processors: Processors) -> dict[str, Any]:
    return {
        name: processors[name](value) if name in processors and value is not None else value
        for name, value in values.items()
    }
