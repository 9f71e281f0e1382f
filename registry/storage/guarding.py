"""The reader: a role without rights of its own, under which questions of users are answered.

Tables of customers have row-level security: their rows are shown to the reader only where the
transaction names the scope. So a mistake in a query can show nothing that its asker may not see.
The role belongs to the server, not to the database; where we may not create it, `can_guard` says
so, `townclerk doctor` tells it, and the declarations' policies guard alone.
"""

import re
from collections.abc import Collection
from typing import Final

import psycopg
from psycopg import sql

from schemas.errors import InvalidInput

READER: Final = "townclerk_reader"
SCOPES: Final = "townclerk.scopes"  # the setting that row-level security looks at
PURPOSE: Final = "townclerk.purpose"  # the setting that masks look at
PURPOSE_SQL: Final = f"current_setting('{PURPOSE}', true)"  # null or '' where none is named
# The name goes into a statement that takes no parameters, so it is nothing but letters and signs.
PURPOSE_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,59}", re.ASCII)
# Nothing that people ask for is made of these.
SECRET_TABLES: Final = ("api_token", "kept_answer", "alembic_version")
SET_OPTION_SINCE: Final = 160000  # before, every member of a role could become it


def establish_reader(db: psycopg.Connection) -> bool:
    """Make the role, and let it read our tables; what is there already stays as it is.

    Args:
        db: Connection of the tables' owner, in a transaction.

    Returns:
        Whether questions can be answered under the role.
    """
    try:
        with db.transaction():
            if not _exists(db):
                db.execute(f"CREATE ROLE {READER} NOLOGIN")
            if not _may_become(db):
                db.execute(f"GRANT {READER} TO CURRENT_USER")
    except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
        return establish_reader(db)  # another database of this server made it just now
    except psycopg.errors.InsufficientPrivilege:
        return False
    for (table,) in db.execute(
        """SELECT relname FROM pg_class
           WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
             AND relname <> ALL(%s) AND NOT has_table_privilege(%s, oid, 'SELECT')""",
        (list(SECRET_TABLES), READER),
    ).fetchall():
        db.execute(sql.SQL(f"GRANT SELECT ON {{}} TO {READER}").format(sql.Identifier(table)))
    return can_guard(db)


def can_guard(db: psycopg.Connection) -> bool:
    """Tell whether questions can be answered under the reader's role here."""
    if not _exists(db) or not _may_become(db):
        return False
    row = db.execute(
        "SELECT has_table_privilege(%s, oid, 'SELECT') FROM pg_class WHERE oid = to_regclass(%s)",
        (READER, "customer"),
    ).fetchone()
    return bool(row and row[0])


def guard(scopes: Collection[str]) -> str:
    """Return the SQL that makes the rest of a transaction the reader's, with these scopes.

    Args:
        scopes: Names of schemas.access.Scope; constants of ours, so they need no quoting.
    """
    return f"SET LOCAL ROLE {READER}; SET LOCAL {SCOPES} = '{named(scopes)}'"


def settings(*, is_guarded: bool, seconds_max: float) -> bytes:
    """Return the statement whose settings hold for the rest of a transaction that only reads.

    Its parameters are the scopes, as `named` gives them, and the purpose.

    Args:
        is_guarded: Whether the rest runs under the reader's role.
        seconds_max: Of each statement.
    """
    given = {
        "transaction_read_only": "'on'",
        "statement_timeout": f"'{seconds_max}s'",
        PURPOSE: "$2",
        SCOPES: "$1",
    } | ({"role": f"'{READER}'"} if is_guarded else {})
    calls = (f"set_config('{name}', {value}, true)" for name, value in given.items())
    return f"SELECT {', '.join(calls)}".encode()


def named(scopes: Collection[str]) -> str:
    """Return scopes as row-level security looks for them."""
    return " ".join(sorted(scopes))


def for_purpose(purpose: str) -> str:
    """Return the SQL that names the purpose of the rest of a transaction.

    Args:
        purpose: Its name, e.g. `handle-request`; empty for none.

    Raises:
        InvalidInput: It is not a name.
    """
    if purpose and not PURPOSE_NAME.fullmatch(purpose):
        raise InvalidInput(
            "The purpose is not a name.",
            remedy="A purpose has at most 60 small letters, digits, `-` and `_`.",
        )
    return f"SET LOCAL {PURPOSE} = '{purpose}'" if purpose else ""


def _exists(db: psycopg.Connection) -> bool:
    return db.execute("SELECT FROM pg_roles WHERE rolname = %s", (READER,)).rowcount == 1


def _may_become(db: psycopg.Connection) -> bool:
    how = "SET" if db.info.server_version >= SET_OPTION_SINCE else "MEMBER"
    row = db.execute("SELECT pg_has_role(%s, %s)", (READER, how)).fetchone()
    return bool(row and row[0])
