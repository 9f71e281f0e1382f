"""Run SQLAlchemy Core statements on a psycopg connection: definitions from sqlmodel, no engine.

The statement is compiled for PostgreSQL here and executed by psycopg, so that single-row commands
and COPY share one connection and one transaction.
"""

from typing import Any, cast

import psycopg
from sqlalchemy import ClauseElement, insert
from sqlalchemy import inspect as sqlalchemy_inspect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import SQLModel

DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy's dialects are untyped


def run(db: psycopg.Connection, statement: ClauseElement) -> psycopg.Cursor[Any]:
    """Execute a SQLAlchemy or sqlmodel statement.

    Args:
        db: The caller's connection; nothing is committed.
        statement: Core construct: select, insert, update, delete or text with bound values.

    Returns:
        The cursor; rows are plain tuples of PostgreSQL's values (enums come as text).
    """
    compiled = cast(
        SQLCompiler,
        statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True}),
    )
    processors = {
        name: processor
        for bind, name in compiled.bind_names.items()
        if (processor := bind.type.dialect_impl(DIALECT).bind_processor(DIALECT)) is not None
    }
    values = {
        name: processors[name](value) if name in processors else value
        for name, value in compiled.params.items()
    }
    return db.execute(str(compiled), values)


def insert_row(db: psycopg.Connection, row: SQLModel) -> None:
    """Insert one table row; identities that the database gives are set on the object.

    Args:
        db: The caller's connection; nothing is committed.
        row: Instance of a class in schemas with `table=True`.
    """
    table = sqlalchemy_inspect(type(row)).local_table
    given = {
        column: value
        for column in table.columns
        if (value := getattr(row, column.key)) is not None or column.server_default is None
    }
    made = [column for column in table.columns if column not in given]
    statement = insert(table).values({column.key: value for column, value in given.items()})
    if made:
        statement = statement.returning(*made)
    result = run(db, statement)
    if made:
        for column, value in zip(made, result.fetchone() or (), strict=True):
            setattr(row, column.key, value)
