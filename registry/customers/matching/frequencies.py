"""How telling a value is: rare names weigh more than common ones, shared ones nothing at all."""

from collections.abc import Iterable, Mapping

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching.comparisons import COMPARISONS
from registry.customers.matching.engine import columns, run
from registry.customers.matching.model import (
    BITS_DIGITS,
    FREQUENT_VALUES_MAX,
    VALUE_RECORDS_MIN,
    Frequencies,
)
from schemas.records import CustomerKind

# A contact point or number that more different names share is a desk's, a school's or a
# placeholder, not a customer's. A household with patchwork children has fewer.
SHARED_NAMES_MAX = 8
# A day of birth is a placeholder when it has this many times the names of a busy day (the 99th
# percentile), and never in tables where that is fewer names than SHARED_DAY_NAMES_MIN.
SHARED_DAY_FACTOR = 20
SHARED_DAY_NAMES_MIN = 50

# Columns that may be shared, and what tells names apart.
_SHARED: Mapping[CustomerKind, tuple[tuple[str, ...], str]] = {
    CustomerKind.PERSON: (
        ("national_id", "identifier", "email", "phone", "birth"),
        "coalesce(family_code, given_code)",
    ),
    CustomerKind.ORGANISATION: (("identifier", "email", "phone"), "name_code"),
}
_DAY_NAMES_MAX = f"""
(SELECT greatest({SHARED_DAY_NAMES_MIN}, {SHARED_DAY_FACTOR} * quantile_disc(names, 0.99))
 FROM counted)
"""


def find_shared(
    con: duckdb.DuckDBPyConnection, records: str, kind: CustomerKind
) -> dict[str, NDArray[np.uint64]]:
    """Return, by column, digests of values that too many different names share."""
    found = {}
    shareable, name = _SHARED[kind]
    for column in shareable:
        keys = columns(
            con,
            """
            WITH counted AS (
                SELECT $column AS value, count(DISTINCT $name) AS names
                FROM $records WHERE $column IS NOT NULL GROUP BY $column
            )
            SELECT md5_number_lower(value) AS key FROM counted WHERE names > $limit ORDER BY key
            """,
            column=column,
            name=name,
            records=records,
            limit=_DAY_NAMES_MAX if column == "birth" else str(SHARED_NAMES_MAX),
        )["key"]
        found[column] = np.asarray(keys, dtype=np.uint64)
    return found


def forget_shared(
    con: duckdb.DuckDBPyConnection, records: str, shared: Mapping[str, NDArray[np.uint64]]
) -> None:
    """Set values that the model calls shared to NULL, so that they weigh nothing."""
    for column, keys in shared.items():
        if len(keys) == 0:
            continue
        con.register("shared_keys", {"key": keys})
        run(
            con,
            """
            UPDATE $records SET $column = NULL
            WHERE md5_number_lower($column) IN (SELECT key FROM shared_keys)
            """,
            records=records,
            column=column,
        )
        con.unregister("shared_keys")


def frequency_columns(kind: CustomerKind) -> list[str]:
    """Return the record columns whose rarity counts."""
    return sorted({item.frequency for item in COMPARISONS[kind] if item.frequency})


def measure(
    con: duckdb.DuckDBPyConnection, records: str, names: Iterable[str]
) -> dict[str, Frequencies]:
    """Measure how often each value occurs, relative to the average agreeing pair."""
    return {name: _measure_column(con, records, name) for name in names}


def _measure_column(con: duckdb.DuckDBPyConnection, records: str, column: str) -> Frequencies:
    counted = f"SELECT {column} AS value, count(*)::DOUBLE AS n FROM {records} GROUP BY {column}"
    total, squares = run(
        con,
        "SELECT coalesce(sum(n), 0), coalesce(sum(n * n), 0) FROM ($counted)"
        " WHERE value IS NOT NULL",
        counted=counted,
    )[0]
    frequent = columns(
        con,
        """
        SELECT md5_number_lower(value) AS key, n FROM ($counted)
        WHERE value IS NOT NULL AND n >= $least ORDER BY n DESC, key LIMIT $most
        """,
        counted=counted,
        least=str(VALUE_RECORDS_MIN),
        most=str(FREQUENT_VALUES_MAX),
    )
    if total == 0:
        return Frequencies(np.empty(0, np.uint64), np.empty(0), 0.0)
    counts = np.asarray(frequent["n"], dtype=np.float64)
    average = squares / total
    rest, rest_squares = total - counts.sum(), squares - (counts**2).sum()
    # The rest's average value, as one of its records meets it.
    rest_bits = float(np.log2(max(rest_squares / rest, 1.0) / average)) if rest > 0.5 else 0.0
    keys = np.asarray(frequent["key"], dtype=np.uint64)
    order = np.argsort(keys)
    bits = np.log2(counts / average)[order]
    return Frequencies(keys[order], bits.round(BITS_DIGITS), round(rest_bits, BITS_DIGITS))


def add_bits(
    con: duckdb.DuckDBPyConnection,
    records: str,
    frequencies: Mapping[str, Frequencies],
    *,
    measured_here: bool = False,
) -> None:
    """Replace the table `records` by one with a column `<column>_bits` per frequency column.

    Args:
        con: The session.
        records: Table of comparison columns.
        frequencies: How often values occur, by column.
        measured_here: Whether they were measured in this very table, so that what is rare in it
            need not be looked up: the digest is what costs.
    """
    least = VALUE_RECORDS_MIN if measured_here else 1
    joins, selected = [], []
    for column, found in frequencies.items():
        if len(found.keys) == 0:
            selected.append(f"{found.rest_bits!r}::FLOAT AS {column}_bits")
            continue
        con.register("frequent_keys", {"key": found.keys, "bits": found.bits})
        run(
            con,
            """
            CREATE OR REPLACE TEMP TABLE $table AS
            WITH frequent AS (
                SELECT $column AS value FROM $records WHERE $column IS NOT NULL
                GROUP BY $column HAVING count(*) >= $least
            )
            SELECT value, bits FROM frequent JOIN frequent_keys
                ON frequent_keys.key = md5_number_lower(value)
            """,
            table=f"{column}_frequency",
            column=column,
            records=records,
            least=str(least),
        )
        con.unregister("frequent_keys")
        joins.append(f"LEFT JOIN {column}_frequency ON {column}_frequency.value = t.{column}")
        selected.append(
            f"coalesce({column}_frequency.bits, {found.rest_bits!r})::FLOAT AS {column}_bits"
        )
    run(
        con,
        "CREATE OR REPLACE TABLE records_with_bits AS SELECT t.*, $selected FROM $records t $joins",
        selected=", ".join(selected),
        records=records,
        joins=" ".join(joins),
    )
    run(con, "DROP TABLE $records", records=records)
    run(con, "ALTER TABLE records_with_bits RENAME TO $records", records=records)
