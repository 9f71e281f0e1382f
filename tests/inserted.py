"""What every factory does last."""

from typing import TypeVar

import psycopg

from registry.storage.statements import insert_row
from schemas.base import Table

Row = TypeVar("Row", bound=Table)


def inserted(db: psycopg.Connection, row: Row) -> Row:
    """Insert a row and return it."""
    insert_row(db, row)
    return row
