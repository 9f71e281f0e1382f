"""What a full run leaves for the pages after it: records as compared, keys, edges, components."""

import duckdb
import numpy as np
import psycopg

from registry.customers.live.index import KEY_TURN
from registry.customers.live.replacing import replace_rows
from registry.customers.live.wording import prepare_words, write_words
from registry.customers.matching.blocking import BLOCK_RECORDS_MAX
from registry.customers.matching.cluster import connected
from registry.customers.matching.engine import columns, run, workspace
from registry.customers.matching.kept_features import line_sql
from registry.customers.matching.model import KEPT_BITS_MIN
from schemas.records import CustomerKind

# Digests have 64 bits without a sign, PostgreSQL's bigint has one.
_SIGNED = (
    "CASE WHEN {0} > 9223372036854775807 THEN {0}::HUGEINT - 18446744073709551616 ELSE {0} END"
)
_PREPARE = (
    """CREATE OR REPLACE TABLE indexed_record (id BIGINT, kind VARCHAR, content BIGINT,
           aside BOOLEAN, component BIGINT, features VARCHAR, keys BIGINT[])""",
    """CREATE OR REPLACE TABLE indexed_edge (id_l BIGINT, id_r BIGINT, weight_bits FLOAT,
           by_identity BOOLEAN, apart BOOLEAN)""",
)
# Columns, those of the primary key, and what stands in them.
_TABLES = {
    "match_record": (
        "record_id, kind, place, content, aside, component, features, keys",
        "record_id",
        """SELECT r.record_id, i.kind, r.place_text, content, aside, c.record_id, features,
               '{' || array_to_string(keys, ',') || '}'
           FROM indexed_record i JOIN records r ON r.place = i.id
           LEFT JOIN records c ON c.place = i.component""",
    ),
    "match_key": (
        "key, record_id",
        "key, record_id",
        # The keys of one record lie side by side, so that a page which moves it finds them at once.
        """SELECT unnest(keys) AS key, r.record_id FROM indexed_record i
           JOIN records r ON r.place = i.id WHERE NOT aside ORDER BY r.record_id""",
    ),
    "crowded_key": (
        "key",
        "key",
        """SELECT key FROM (SELECT unnest(keys) AS key FROM indexed_record WHERE NOT aside)
           GROUP BY key HAVING count(*) > getvariable('block_records_max')""",
    ),
    "match_edge": (
        "left_id, right_id, weight_bits, by_identity, apart",
        "left_id, right_id",
        """SELECT l.record_id, r.record_id, weight_bits::DOUBLE, by_identity, apart
           FROM indexed_edge
           JOIN records l ON l.place = id_l JOIN records r ON r.place = id_r
           ORDER BY l.record_id""",
    ),
}


def prepare_index(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables that `index_kind` fills."""
    for statement in _PREPARE:
        run(con, statement)
    prepare_words(con)


def index_kind(con: duckdb.DuckDBPyConnection, kind: CustomerKind, cut_bits: float) -> None:
    """Keep the records, keys and edges of one kind before the run drops them.

    Args:
        con: The session, in which this kind has been scored.
        kind: Which kind of customer.
        cut_bits: Pairs at or above it are linked.
    """
    links = columns(
        con,
        "SELECT l, r FROM scored_pair WHERE (weight_bits >= $cut OR by_identity) AND NOT apart",
        cut=repr(cut_bits),
    )
    count = int(run(con, "SELECT count(*) FROM standard_record")[0][0])
    left, right = (np.asarray(links[side], dtype=np.int64) for side in ("l", "r"))
    con.register("component_of", {"rid": np.arange(count), "label": connected(count, left, right)})
    turned = f"xor(key, {KEY_TURN[kind]}::UBIGINT)"
    run(
        con,
        """CREATE OR REPLACE TEMP TABLE keys_of AS
           SELECT rid, list_sort(list(($signed)::BIGINT)) AS keys FROM kept_key GROUP BY rid""",
        signed=_SIGNED.format(turned),
    )
    run(
        con,
        """
        INSERT INTO indexed_record
        WITH seen AS (
            SELECT * EXCLUDE (rid), rid AS like_rid, false AS aside FROM standard_record
            UNION ALL BY NAME
            SELECT s.* EXCLUDE (rid) REPLACE (a.id AS id), s.rid AS like_rid, true AS aside
            FROM copy_aside a JOIN standard_record s ON s.id = a.first_id
        ), packed AS (
            SELECT id, like_rid, aside, $line AS features FROM seen
        )
        SELECT p.id, ?, ($signed)::BIGINT, p.aside, CASE WHEN NOT p.aside THEN head.id END,
            p.features, coalesce(k.keys, [])
        FROM packed p JOIN content ON content.id = p.id
        JOIN component_of c ON c.rid = p.like_rid
        JOIN standard_record head ON head.rid = c.label
        LEFT JOIN keys_of k ON k.rid = p.like_rid
        """,
        kind.value,
        signed=_SIGNED.format("content.digest"),
        line=line_sql(kind),
    )
    _keep_edges(con)
    con.unregister("component_of")
    run(con, "DROP TABLE kept_key")


def _keep_edges(con: duckdb.DuckDBPyConnection) -> None:
    run(
        con,
        """
        INSERT INTO indexed_edge
        SELECT l.id, r.id, weight_bits, by_identity, apart FROM scored_pair
        JOIN standard_record l ON l.rid = scored_pair.l
        JOIN standard_record r ON r.rid = scored_pair.r
        WHERE weight_bits >= ? OR by_identity
        """,
        KEPT_BITS_MIN,
    )


def write_index(db: psycopg.Connection, con: duckdb.DuckDBPyConnection) -> None:
    """Replace keys, edges and components in PostgreSQL by those of this run.

    Args:
        db: Connection in the caller's transaction.
        con: The session, with `records` and what `index_kind` kept.
    """
    run(con, "SET VARIABLE block_records_max = $most", most=str(BLOCK_RECORDS_MAX))
    for table, (names, identity, question) in _TABLES.items():
        file = workspace(con) / f"{table}.csv"
        run(
            con,
            "COPY ($question) TO '$file' (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '\\N')",
            question=question,
            file=str(file),
        )
        replace_rows(
            db,
            table,
            names.split(", "),
            file,
            identity=identity.split(", "),
            scattered=table == "match_key",
        )
        file.unlink()
    write_words(db, con)
