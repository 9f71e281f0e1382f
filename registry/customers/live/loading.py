"""What a full run reads: clean records, decisions and links, copied from PostgreSQL to DuckDB."""

import duckdb
import psycopg

from registry.customers.live.index import DECIDED_ABOUT, STANDING_DECISIONS
from registry.customers.matching.engine import run, workspace
from registry.customers.values.clean import CLEAN_COLUMNS
from registry.storage.copying import copy_to_file

_PLAIN = """
CREATE VIEW plain AS
SELECT place AS id, * EXCLUDE (record_id, data_set_id, place, place_text, unused) FROM records
"""
# Servers that others run end statements and transactions that take long, and those that are silent
# while DuckDB compares; a full run of a million records does all three, for minutes.
_TAKE_YOUR_TIME = """
SELECT set_config(name, '0', true) FROM pg_settings
WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""


def load(db: psycopg.Connection, con: duckdb.DuckDBPyConnection) -> int:
    """Copy clean records, decisions and present links into DuckDB for a full run.

    Args:
        db: Connection in a transaction that holds the matching lock.
        con: The session; it gets `records`, `plain`, `former`, `decided` and `spared`.

    Returns:
        How many records there are.
    """
    db.execute(_TAKE_YOUR_TIME)
    types = dict.fromkeys(CLEAN_COLUMNS, "VARCHAR")
    types |= {"record_id": "BIGINT", "birth_date": "DATE", "source_changed_at": "TIMESTAMPTZ"}
    types |= {"source": "VARCHAR", "place": "BIGINT", "place_text": "VARCHAR"}
    columns = ", ".join(f"clean_record.{name}" for name in CLEAN_COLUMNS)
    # Records are numbered by data set and key: what came in first must not decide who is whom.
    _copy_out(
        db,
        con,
        "records",
        types,
        f"""SELECT {columns}, element.urn, row_number() OVER (
                ORDER BY element.urn || chr(31) || landed_record.key COLLATE "C"),
                element.urn || chr(31) || landed_record.key
            FROM clean_record JOIN landed_record ON landed_record.id = record_id
            JOIN element ON element.id = clean_record.data_set_id""",
    )
    _copy_out(
        db,
        con,
        "former",
        {"record_id": "BIGINT", "customer_id": "UUID"},
        "SELECT record_id, customer_id FROM customer_link",
    )
    _copy_out(
        db,
        con,
        "decided_record",
        {"left_id": "BIGINT", "right_id": "BIGINT", "link": "BOOLEAN"},
        STANDING_DECISIONS,
    )
    run(
        con,
        """CREATE VIEW decided AS SELECT l.place AS id_l, r.place AS id_r, link
           FROM decided_record JOIN records l ON l.record_id = left_id
           JOIN records r ON r.record_id = right_id""",
    )
    _copy_out(db, con, "named_record", {"record_id": "BIGINT"}, DECIDED_ABOUT)
    run(
        con,
        "CREATE VIEW spared AS SELECT place AS id FROM named_record JOIN records USING (record_id)",
    )
    # The data set tells which pairs one source keeps apart, and how often it errs in that.
    run(con, _PLAIN)
    return int(run(con, "SELECT count(*) FROM records")[0][0])


def _copy_out(
    db: psycopg.Connection,
    con: duckdb.DuckDBPyConnection,
    table: str,
    types: dict[str, str],
    question: str,
) -> None:
    file = workspace(con) / f"{table}.csv"
    copy_to_file(db, question, file)
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    run(con, "CREATE TEMP TABLE $table ($columns)", table=table, columns=columns)
    run(
        con,
        "COPY $table FROM '$file' (FORMAT csv, AUTO_DETECT false, HEADER false, "
        "NULLSTR '\\N', QUOTE '\"', ESCAPE '\"')",
        table=table,
        file=str(file),
    )
    file.unlink()
