"""Which column names the rows of a file, and what every row is called in what is written."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from registry.customers.matching.engine import run
from registry.customers.tables.column_names import is_label, role_by_name
from registry.customers.tables.labels import quoted
from registry.customers.tables.reading import TableRead
from registry.customers.tables.roles import SAMPLE_VALUES, infer_roles
from schemas.errors import InvalidInput

# Says that rows have no key of their own and are named by their number.
ROW_NUMBER = "row"
# Roles that may number rows; what has another one names somebody.
NUMBERS = frozenset(
    {"identifier", "national_id", "chamber_number", "house_number", "kind", "source"}
)


def key_column(
    con: duckdb.DuckDBPyConnection, table: TableRead, keys: Sequence[str], warnings: list[str]
) -> str:
    """Return the column that names the rows of a file, or ROW_NUMBER.

    Args:
        con: The session.
        table: The file.
        keys: What the caller chose, the first that the file has; without, its first column.
        warnings: Where to tell that the first column tells nobody apart.

    Raises:
        InvalidInput: The file has none of the chosen columns.
    """
    for key in keys:
        if key == ROW_NUMBER or key in table.columns:
            return key
    if keys:
        raise InvalidInput(
            f"{table.name} has no column {', '.join(keys)}.",
            remedy=f"Its columns are {', '.join(table.columns)}; give --id once for each file's own"
            " name, or `--id row`, which numbers the rows.",
        )
    first = table.columns[0]
    some = some_values(con, table.table, first)
    roles = infer_roles([first], {first: some}, key=None)
    if not roles or roles[0].role in NUMBERS or not (table.headless or role_by_name(first)):
        return first
    if _tells_apart(con, table, first):
        return first
    labels = (column for column in table.columns[1:] if is_label(column))
    other = next((column for column in labels if _tells_apart(con, table, column)), None)
    warnings.append(
        f"{first} does not tell rows apart, so"
        + (f" {other} names them" if other else " they are called row-N")
        + "; --id names another column"
    )
    return other or ROW_NUMBER


def _tells_apart(con: duckdb.DuckDBPyConnection, table: TableRead, column: str) -> bool:
    distinct = "SELECT count(DISTINCT $column) FROM $table"
    return bool(run(con, distinct, column=quoted(column), table=table.table)[0][0] == table.rows)


def key_of(table: TableRead, name: str) -> str:
    """Return the key of a row as SQL; NULL where rows are numbered."""
    if name == ROW_NUMBER and ROW_NUMBER not in table.columns:
        return "NULL::VARCHAR"
    return f"nullif(trim({quoted(name)}), '')"


def some_values(con: duckdb.DuckDBPyConnection, table: str, column: str) -> list[str]:
    """Return filled values from all over a column, no more than are needed to judge it."""
    rows = con.execute(
        f"SELECT trim({quoted(column)}) FROM {table} WHERE trim({quoted(column)}) <> ''"
        f" ORDER BY hash(row_number) LIMIT {SAMPLE_VALUES}"
    ).fetchall()
    return [row[0] for row in rows]


def name_rows(
    con: duckdb.DuckDBPyConnection, tables: Sequence[TableRead], *, odd_keys: bool
) -> None:
    """Make `row_key(id, file, row_number, name)`; names are distinct over all files.

    Where two files share a key, every row is called file:key, so that nobody has to look up which.

    Args:
        con: The session, with `key_N(row_number, key)` of each file.
        tables: The files.
        odd_keys: Some rows have no key, or that of an earlier row.
    """
    union = " UNION ALL ".join(
        f"SELECT {index} AS file, row_number, coalesce(key, 'row-' || row_number) AS key"
        f" FROM key_{index}"
        for index in range(len(tables))
    )
    short = [Path(table.name).stem for table in tables]
    if len(set(short)) < len(short):  # one name twice, or in two formats
        short = [table.name for table in tables]
    stems = ", ".join(
        f"({index}, '{stem.replace(chr(39), chr(39) * 2)}')" for index, stem in enumerate(short)
    )
    run(
        con,
        """
        CREATE OR REPLACE TABLE row_key AS
        WITH keyed AS ($union), numbered AS (
            SELECT *, row_number() OVER (PARTITION BY file, key ORDER BY row_number) AS nth,
                count(DISTINCT file) OVER (PARTITION BY key) AS files
            FROM keyed
        )
        SELECT row_number() OVER (ORDER BY file, row_number) AS id, file, row_number,
            CASE WHEN (SELECT max(files) > 1 FROM numbered) THEN stem || ':' ELSE '' END || key
                || CASE WHEN nth > 1 THEN '#' || nth ELSE '' END AS name
        FROM numbered JOIN (VALUES $stems) AS named(file, stem) USING (file)
        """,
        union=union,
        stems=stems,
    )
    if odd_keys:
        run(con, _PART_ALIKE)


# A key that is written like the names that we give: "A#2" beside the second row of key "A".
_PART_ALIKE = """
UPDATE row_key SET name = name || '#row-' || row_number WHERE id IN (
    SELECT id FROM row_key QUALIFY row_number() OVER (PARTITION BY name ORDER BY id) > 1)
"""
