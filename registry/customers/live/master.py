"""From clusters of records to customers: which id they keep, which value wins, where it came from.

The work is done in DuckDB, which has the records at hand; PostgreSQL gets the outcome by COPY and
one merge, so that a customer who did not change is not written.
"""

from collections.abc import Sequence

import duckdb
import psycopg

from registry.customers.live.history import note_full_run, retire
from registry.customers.live.news import note_all_matched
from registry.customers.live.survivorship import (
    RULE_NAMES,
    SURVIVORSHIP,
    Criterion,
    Survivorship,
)
from registry.customers.matching.engine import run, workspace
from registry.storage.copying import copy_from_file
from schemas.base import uuid7

CUSTOMER_COLUMNS = ("id", "kind", "display_name", "attrs", "provenance", "record_count")
# Golden values are chosen for so many records at a time, which bounds memory: eleven attributes
# in every order of votes and time take a few hundred bytes a record.
PART_RECORDS = 150_000
LINK_COLUMNS = ("record_id", "customer_id", "rule", "weight_bits")


def gather_members(con: duckdb.DuckDBPyConnection, *, records: str, into: str) -> None:
    """Say for each linked record its cluster, why it belongs there, and its strongest evidence."""
    run(
        con,
        """CREATE OR REPLACE TEMP TABLE $into AS
           WITH kept AS (
               SELECT pair.* FROM linked_pair AS pair
               JOIN linked_record AS l ON l.id = pair.id_l
               JOIN linked_record AS r ON r.id = pair.id_r
               WHERE l.kind = r.kind AND l.cluster = r.cluster AND NOT pair.apart
           ), ruled AS (
               SELECT kept.*, d.link IS NOT NULL AS decided FROM kept
               LEFT JOIN decided AS d ON d.link AND least(d.id_l, d.id_r) = kept.id_l
                   AND greatest(d.id_l, d.id_r) = kept.id_r
           ), evidence AS (
               SELECT id, max(weight_bits) AS weight_bits, bool_or(by_identity) AS by_identity,
                      bool_or(decided) AS decided
               FROM (SELECT id_l AS id, weight_bits, by_identity, decided FROM ruled
                     UNION ALL SELECT id_r, weight_bits, by_identity, decided FROM ruled)
               GROUP BY id
           )
           SELECT record_id,
                  dense_rank() OVER (ORDER BY linked_record.kind, linked_record.cluster) AS cluster,
                  CASE WHEN evidence.id IS NULL THEN 'alone'
                       WHEN decided THEN 'steward'
                       WHEN by_identity THEN 'identifier' ELSE 'model' END AS rule,
                  weight_bits
           FROM linked_record JOIN $records ON place = linked_record.id
           LEFT JOIN evidence ON evidence.id = linked_record.id""",
        records=records,
        into=into,
    )


def name_customers(con: duckdb.DuckDBPyConnection, *, clusters: str, former: str) -> None:
    """Give every cluster an id: the one of the customer it shares most records with, or a new one.

    Where two clusters claim one customer, or one cluster two customers, the larger overlap keeps
    the id; all others are minted, never taken from a record, and never used again.

    Args:
        con: Session with both tables.
        clusters: Table with record_id and cluster.
        former: Table with record_id and customer_id, as they stand now.
    """
    run(
        con,
        """CREATE OR REPLACE TEMP TABLE kept_ids AS
           WITH overlap AS (
               SELECT cluster, customer_id, count(*) AS shared
               FROM $clusters JOIN $former USING (record_id) GROUP BY ALL
           )
           SELECT cluster, customer_id FROM overlap
           QUALIFY row_number() OVER (
                       PARTITION BY cluster ORDER BY shared DESC, customer_id) = 1
               AND row_number() OVER (
                       PARTITION BY customer_id ORDER BY shared DESC, cluster) = 1""",
        clusters=clusters,
        former=former,
    )
    nameless = run(
        con,
        """SELECT DISTINCT cluster FROM $clusters
           WHERE cluster NOT IN (SELECT cluster FROM kept_ids) ORDER BY cluster""",
        clusters=clusters,
    )
    run(con, "CREATE OR REPLACE TEMP TABLE new_ids (cluster BIGINT, customer_id UUID)")
    if nameless:
        minted = workspace(con) / "minted.csv"
        with minted.open("w", encoding="ascii") as file:
            file.writelines(f"{cluster},{uuid7()}\n" for (cluster,) in nameless)
        run(con, "COPY new_ids FROM '$file' (AUTO_DETECT false, HEADER false)", file=str(minted))
    run(
        con,
        """CREATE OR REPLACE TEMP TABLE named AS
           SELECT record_id, cluster, rule, weight_bits, customer_id
           FROM $clusters JOIN (FROM kept_ids UNION ALL FROM new_ids) USING (cluster)""",
        clusters=clusters,
    )


def choose_values(
    con: duckdb.DuckDBPyConnection,
    *,
    records: str,
    groups: Sequence[Survivorship] = SURVIVORSHIP,
) -> None:
    """Choose the golden values of every customer and note where each came from.

    Args:
        con: Session in which `name_customers` has run.
        records: Table of clean records.
        groups: How values are chosen in this town.
    """
    chosen = " UNION ALL ".join(_chosen(group, place) for place, group in enumerate(groups))
    parts = 1 + int(run(con, "SELECT count(*) FROM named")[0][0]) // PART_RECORDS
    for part in range(parts):
        run(
            con,
            """CREATE OR REPLACE TEMP TABLE part AS
               SELECT * FROM named JOIN $records USING (record_id)
               WHERE cluster % $parts = $part""",
            records=records,
            parts=str(parts),
            part=str(part),
        )
        run(con, f"CREATE OR REPLACE TEMP TABLE chosen AS {chosen}")
        run(con, f"CREATE OR REPLACE TEMP TABLE golden_part AS {_GOLDEN}")
        if part == 0:
            run(con, "CREATE OR REPLACE TEMP TABLE golden AS SELECT * FROM golden_part")
        else:
            run(con, "INSERT INTO golden SELECT * FROM golden_part")


def write_customers(db: psycopg.Connection, con: duckdb.DuckDBPyConnection) -> int:
    """Bring customers and links in PostgreSQL to what was found; return how many there are.

    Args:
        db: Connection in the caller's transaction.
        con: Session in which `choose_values` has run.
    """
    db.execute(
        """CREATE TEMPORARY TABLE found_customer (id uuid PRIMARY KEY, kind text,
               display_name text, attrs jsonb, provenance jsonb, record_count int) ON COMMIT DROP;
           CREATE TEMPORARY TABLE found_link (record_id bigint PRIMARY KEY, customer_id uuid,
               rule text, weight_bits double precision) ON COMMIT DROP"""
    )
    _move(db, con, "SELECT * FROM golden", "found_customer", CUSTOMER_COLUMNS)
    _move(
        db,
        con,
        "SELECT record_id, customer_id, rule, weight_bits::DOUBLE FROM named",
        "found_link",
        LINK_COLUMNS,
    )
    db.execute("ANALYZE found_customer; ANALYZE found_link")
    note_full_run(db)
    for statement in _MERGE:
        db.execute(statement)
    db.execute(_ANALYSE)
    row = db.execute("SELECT count(*) FROM found_customer").fetchone()
    db.execute("DROP TABLE found_customer, found_link")
    assert row is not None  # an aggregate always gives one row
    return int(row[0])


def _move(
    db: psycopg.Connection,
    con: duckdb.DuckDBPyConnection,
    question: str,
    table: str,
    columns: Sequence[str],
) -> None:
    """Move an answer from DuckDB into a PostgreSQL table through a file only we can read."""
    file = workspace(con) / f"{table}.csv"
    run(
        con,
        "COPY ($question) TO '$file' (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '\\N')",
        question=question,
        file=str(file),
    )
    copy_from_file(db, table, columns, file)
    file.unlink()


def _value_of(group: Survivorship) -> str:
    """Return SQL for the group's value as JSON text; NULL where every column is."""
    pairs = ", ".join(f"'{name}', {name}::VARCHAR" for name in group.columns)
    present = " OR ".join(f"{name} IS NOT NULL" for name in group.columns)
    return f"CASE WHEN {present} THEN json_object({pairs})::VARCHAR END"


_ORDERS = {
    Criterion.TRUSTED: "trust",
    Criterion.NEWEST: "newest DESC NULLS LAST",
    Criterion.COMPLETE: "filled DESC",
    Criterion.AGREEMENT: "votes DESC",
}


def _order_of(group: Survivorship) -> str:
    return ", ".join(_ORDERS[criterion] for criterion in group.order)


def _trust_of(group: Survivorship) -> str:
    """Return SQL for the place of a record's data set among the trusted ones; others come last."""
    if not group.trusted:
        return "0"
    whens = " ".join(
        f"WHEN '{data_set}' THEN {place}" for place, data_set in enumerate(group.trusted)
    )
    return f"CASE data_set_id::VARCHAR {whens} ELSE {len(group.trusted)} END"


def _rule_of(group: Survivorship) -> str:
    """Return SQL for the name of what decided between several values."""
    whens = []
    for criterion in group.order:
        says = {
            Criterion.TRUSTED: f"trust < {len(group.trusted)}",
            Criterion.AGREEMENT: "votes > 1",
        }.get(criterion, "true")
        whens.append(f"WHEN {says} THEN '{RULE_NAMES[criterion]}'")
    return f"CASE {' '.join(whens)} ELSE 'newest' END"


def _chosen(group: Survivorship, place: int) -> str:
    """Return SQL that chooses the value of a group, in its place among all, for every customer.

    Values that differ only in case are one value; the spelling with small letters is shown, since
    some sources know capitals only.
    """
    written = ", ".join(f"{name}::VARCHAR" for name in group.columns)
    filled = " + ".join(f"({name} IS NOT NULL)::INTEGER" for name in group.columns)
    best = "(written <> upper(written), source_changed_at IS NOT NULL, source_changed_at, -place)"
    return f"""
        SELECT customer_id, '{group.name}' AS attribute, {place} AS position, value, record_id,
               strftime(newest, '%Y-%m-%dT%H:%M:%SZ') AS changed_at,
               CASE WHEN options = 1 AND votes = 1 THEN 'only_value'
                    WHEN options = 1 THEN 'all_agree' ELSE {_rule_of(group)} END AS rule
        FROM (
            SELECT customer_id, lower(value) AS folded, count(*) AS votes,
                   max(source_changed_at) AS newest, arg_max(value, {best}) AS value,
                   arg_max(record_id, {best}) AS record_id,
                   min(trust) AS trust, max(filled) AS filled,
                   count(*) OVER (PARTITION BY customer_id) AS options
            FROM (SELECT customer_id, record_id, place, source_changed_at,
                         concat_ws(' ', {written}) AS written, {_value_of(group)} AS value,
                         {_trust_of(group)} AS trust, {filled} AS filled
                  FROM part)
            WHERE value IS NOT NULL GROUP BY customer_id, folded
        )
        QUALIFY row_number() OVER (PARTITION BY customer_id
                                   ORDER BY {_order_of(group)}, folded) = 1"""


_GOLDEN = """
WITH attribute AS (
    SELECT customer_id, unnest(json_keys(value)) AS name,
           json_extract_string(value, '$$.' || unnest(json_keys(value))) AS text
    FROM chosen
), attrs AS (
    SELECT customer_id, json_group_object(name, text) AS attrs,
           max(text) FILTER (name = 'given_name') AS given_name,
           max(text) FILTER (name = 'initials') AS initials,
           max(text) FILTER (name = 'name_prefix') AS name_prefix,
           max(text) FILTER (name = 'family_name') AS family_name,
           max(text) FILTER (name = 'organisation_name') AS organisation_name,
           max(text) FILTER (name = 'email') AS email
    FROM attribute WHERE text IS NOT NULL GROUP BY customer_id
), source AS (
    SELECT customer_id, min(position) AS position, record_id, changed_at, rule,
           list(attribute ORDER BY position) AS values
    FROM chosen GROUP BY customer_id, record_id, changed_at, rule
), provenance AS (
    SELECT customer_id, to_json({'sources': list({'record_id': record_id,
               'data_set_id': data_set_id, 'changed_at': changed_at, 'rule': source.rule,
               'values': values} ORDER BY position)}) AS provenance
    FROM source JOIN part USING (record_id, customer_id) GROUP BY customer_id
), members AS (
    SELECT customer_id, count(*) AS record_count, min(kind) AS kind
    FROM part GROUP BY customer_id
)
SELECT customer_id AS id, kind,
       coalesce(
           CASE WHEN kind = 'organisation' THEN organisation_name END,
           nullif(concat_ws(' ', coalesce(given_name, initials), name_prefix, family_name), ''),
           organisation_name, email, 'unknown') AS display_name,
       coalesce(attrs::VARCHAR, '{}') AS attrs,
       coalesce(provenance::VARCHAR, '{"sources":[]}') AS provenance,
       record_count
FROM members LEFT JOIN attrs USING (customer_id) LEFT JOIN provenance USING (customer_id)"""

_MERGE = (
    """INSERT INTO customer (id, kind, display_name, attrs, provenance, record_count,
           revision, created_at, changed_at)
       SELECT id, kind, display_name, attrs, provenance, record_count, 1, now(), now()
       FROM found_customer
       ON CONFLICT (id) DO UPDATE
       SET kind = excluded.kind, display_name = excluded.display_name, attrs = excluded.attrs,
           provenance = excluded.provenance, record_count = excluded.record_count,
           revision = customer.revision + 1, changed_at = now()
       WHERE (customer.kind, customer.display_name, customer.attrs, customer.provenance,
              customer.record_count)
           IS DISTINCT FROM (excluded.kind, excluded.display_name, excluded.attrs,
                             excluded.provenance, excluded.record_count)""",
    """INSERT INTO customer_link (record_id, customer_id, rule, weight_bits)
       SELECT record_id, customer_id, rule, weight_bits FROM found_link
       ON CONFLICT (record_id) DO UPDATE
       SET customer_id = excluded.customer_id, rule = excluded.rule,
           weight_bits = excluded.weight_bits
       WHERE (customer_link.customer_id, customer_link.rule, customer_link.weight_bits)
           IS DISTINCT FROM (excluded.customer_id, excluded.rule, excluded.weight_bits)""",
)

# The first run makes a town out of nothing, and who asks next must not be planned for as if nobody
# lived there. Autovacuum would say so a minute later, and not of what is not committed yet. Large
# values that no question looks for are left out.
_ANALYSE = """
ANALYZE customer (id, kind, display_name, record_count, changed_at), customer_link, clean_record,
    landed_record (id, data_set_id, key, run_id, changed_at)
"""


def clear(db: psycopg.Connection) -> None:
    """Forget all customers, because no record is left."""
    db.execute("TRUNCATE match_record, match_key, crowded_key, match_edge")
    retire(db, dict(db.execute("SELECT id, NULL::uuid FROM customer").fetchall()))
    note_all_matched(db)
