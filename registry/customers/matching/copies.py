"""Many records with the same content: a few stand for all of them.

A test account copied five thousand times would make each of its values look common, each of its
keys hot, and cost twelve million pairs. So the copies beyond the first few are set aside before
anything is counted, and afterwards go where the first two went. A copy that a steward decided about
is never set aside: somebody looked at that one.
"""

from collections.abc import Mapping

import duckdb

from registry.customers.matching.engine import run
from schemas.records import CustomerKind

# What a record says; all other comparison columns are made from these.
CONTENT_COLUMNS: Mapping[CustomerKind, tuple[str, ...]] = {
    CustomerKind.PERSON: (
        "given",
        "initials",
        "family",
        "birth",
        "gender",
        "national_id",
        "identifier",
        "email",
        "phone",
        "street",
        "number",
        "postal",
        "city",
    ),
    CustomerKind.ORGANISATION: (
        "name",
        "sorted_words",
        "chamber_number",
        "identifier",
        "email",
        "phone",
        "street",
        "number",
        "postal",
        "city",
    ),
}

# Nobody stands in more sources than this with exactly the same content.
COPIES_MAX = 20
# Up to this many copies, each pair of them is written out; five thousand would make twelve million.
COPIES_PAIRED_MAX = 500


def content_digest(kind: CustomerKind) -> str:
    """Return SQL for the digest that records of equal content share."""
    values = ", ".join(f"coalesce({name}, chr(30))" for name in CONTENT_COLUMNS[kind])
    return f"md5_number_lower(concat_ws(chr(31), {values}))"


def set_copies_aside(
    con: duckdb.DuckDBPyConnection,
    records: str,
    kind: CustomerKind,
    *,
    into: str,
    spared: str | None = None,
) -> int:
    """Take copies beyond COPIES_MAX out of a table of comparison columns.

    Args:
        con: The session.
        records: The table; it is made anew, with `rid` counting from 0 again.
        kind: Which kind of customer it holds.
        into: Table to make: `id` of each copy set aside, `first_id` and `second_id` of its like.
        spared: Table of the `id` of records that are not set aside.

    Returns:
        How many records stay. The session keeps `content(id, digest)` of all.
    """
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE content AS SELECT id, $digest AS digest FROM $records
        """,
        digest=content_digest(kind),
        records=records,
    )
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE $into AS
        WITH crowded AS (SELECT digest FROM content GROUP BY digest HAVING count(*) > ?)
        SELECT id, first_id, second_id FROM (
            SELECT id, first_value(id) OVER place AS first_id,
                nth_value(id, 2) OVER place AS second_id, row_number() OVER place AS copy
            FROM content SEMI JOIN crowded USING (digest)
            WINDOW place AS (PARTITION BY digest ORDER BY id)
        ) WHERE copy > ? $besides
        """,
        COPIES_MAX,
        COPIES_MAX,
        into=into,
        besides=f"AND id NOT IN (SELECT id FROM {spared})" if spared else "",
    )
    aside = int(run(con, "SELECT count(*) FROM $into", into=into)[0][0])
    if aside:
        run(
            con,
            """
            CREATE OR REPLACE TABLE records_kept AS
            SELECT * REPLACE ((row_number() OVER (ORDER BY rid) - 1)::INTEGER AS rid)
            FROM $records ANTI JOIN $into USING (id)
            """,
            records=records,
            into=into,
        )
        run(con, "DROP TABLE $records", records=records)
        run(con, "ALTER TABLE records_kept RENAME TO $records", records=records)
    return int(run(con, "SELECT count(*) FROM $records", records=records)[0][0])


def put_copies_back(con: duckdb.DuckDBPyConnection, aside: str, kind: str) -> None:
    """Give the copies the cluster of their like, or each its own where those were not linked.

    Args:
        con: The session with `linked_pair`, `linked_record` and `linked_copy(id, first_id)`.
        aside: What `set_copies_aside` made.
        kind: Kind of customer, as it stands in `linked_record`.
    """
    run(
        con,
        """
        INSERT INTO linked_record
        SELECT s.id, ?, CASE WHEN f.cluster = g.cluster THEN f.cluster ELSE s.id END
        FROM $aside s
        JOIN linked_record f ON f.id = s.first_id JOIN linked_record g ON g.id = s.second_id
        """,
        kind,
        aside=aside,
    )
    run(con, "INSERT INTO linked_copy SELECT id, first_id FROM $aside", aside=aside)
    run(
        con,
        """
        INSERT INTO linked_pair
        SELECT s.first_id, s.id, p.weight_bits, p.by_identity, p.apart FROM $aside s
        JOIN linked_pair p ON p.id_l = s.first_id AND p.id_r = s.second_id
        """,
        aside=aside,
    )


def pair_copies(con: duckdb.DuckDBPyConnection) -> None:
    """Add to `linked_pair` each pair with a copy: it weighs what the pair of its like weighs."""
    run(
        con,
        """
        INSERT INTO linked_pair
        WITH few AS (
            SELECT first_id FROM linked_copy GROUP BY first_id HAVING count(*) <= ?
        ), alike AS (
            SELECT id, first_id FROM linked_copy SEMI JOIN few USING (first_id)
        ), whole AS (
            FROM alike UNION ALL SELECT first_id, first_id FROM few
        ), among_copies AS (
            SELECT a.id AS one, b.id AS other, p.* EXCLUDE (id_l, id_r)
            FROM alike a JOIN alike b ON a.first_id = b.first_id AND a.id < b.id
            JOIN linked_pair p ON p.id_l = a.first_id AND p.id_r = a.id
        ), with_others AS (
            SELECT coalesce(a.id, p.id_l) AS one, coalesce(b.id, p.id_r) AS other,
                p.* EXCLUDE (id_l, id_r)
            FROM linked_pair p
            LEFT JOIN whole a ON a.first_id = p.id_l LEFT JOIN whole b ON b.first_id = p.id_r
            WHERE p.id_r NOT IN (SELECT id FROM linked_copy)
                AND (coalesce(a.id, p.id_l) <> p.id_l OR coalesce(b.id, p.id_r) <> p.id_r)
        )
        SELECT least(one, other), greatest(one, other), weight_bits, by_identity, apart
        FROM (FROM among_copies UNION ALL FROM with_others)
        """,
        COPIES_PAIRED_MAX,
    )
