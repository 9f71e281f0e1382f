"""Which pairs are worth comparing: records that share a key, keys that too many share excluded.

A key is the first half of md5 over rule and text, so that DuckDB, PostgreSQL and Python agree on
it for years. Which keys are hot is decided once, at training, and frozen with the model: a live
count would make tomorrow's small batch differ from a full run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.customers.matching.engine import columns, run
from schemas.records import CustomerKind

# Below this many pairs a rule is fast whatever the shape of the data.
RULE_PAIRS_FREE = 200_000
# No block above this is ever joined, also where a frozen model has never seen it grow hot.
BLOCK_RECORDS_MAX = 2_000
# Pairs a rule may bring per record: a telling key finds about one true pair per record and some
# members of its household.
RULE_PAIRS_PER_RECORD_MAX = 2.0
# Broad keys (a family name alone) help small tables, where nearly all pairs can be looked at. In
# larger ones only their rarest values would fit the budget, and those the telling keys find too.
BROAD_RECORDS_MAX = 250_000


@dataclass(frozen=True)
class Rule:
    """One way to find candidates: records with the same value of `sql` meet.

    Attributes:
        name: Part of the key, so that equal texts of two rules stay apart.
        sql: Text over a record's comparison columns; NULL or empty where the rule does not apply.
        broad: The rule is for tables of up to BROAD_RECORDS_MAX records.
        pairs_per_record_max: Pairs it may bring per record.
    """

    name: str
    sql: str
    broad: bool = False
    pairs_per_record_max: float = RULE_PAIRS_PER_RECORD_MAX


# Sorted, so that swapped given and family names still meet.
_NAME = "least(given_code, family_code) || ' ' || greatest(given_code, family_code)"

PERSON_RULES = (
    Rule("national_id", "national_id"),
    Rule("identifier", "identifier"),
    Rule("email", "email"),
    Rule("phone", "phone"),
    Rule("birth_initial", "birth || initials[1]"),
    Rule("birth_family", "birth || family_code[:3]"),
    Rule("birth_place", "birth || coalesce(postal[:4], city)", broad=True),
    # In a million records 1.8 of 2 million pairs that share only their name are namesakes; the
    # rare names, which come first, hold nearly all that are not.
    Rule("name", _NAME, pairs_per_record_max=0.5),
    Rule("name_year", f"{_NAME} || birth[:4]", broad=True),
    Rule("name_postal", "initials[1] || family_code || postal"),
    Rule("married_name", "family_last_code || given_code || birth[:4]"),
    Rule("door_family", "door || family_code[:2]"),
    Rule("door_year", "door || birth[:4]"),
    Rule("door_given", "door || given_code[:2]"),
    Rule("postal_given", "postal || given_code", broad=True),
    Rule("door", "door"),
    Rule("email_name", "email_name", broad=True),
    Rule("birth", "birth", broad=True),
    Rule("family", "family", broad=True),
    Rule("given", "given", broad=True),
    Rule("family_day", "family_code || birth[5:]", broad=True),
    Rule("family_year", "family_code || birth[:4]", broad=True),
    Rule("given_year", "given_code || birth[:4]", broad=True),
    Rule("family_number", "family_code || number", broad=True),
)

ORGANISATION_RULES = (
    Rule("chamber_number", "chamber_number"),
    Rule("identifier", "identifier"),
    Rule("email", "email"),
    Rule("phone", "phone"),
    Rule("name", "sorted_words"),
    Rule("name_code", "name_code || coalesce(postal[:4], city, '')"),
    Rule("door", "door"),
    Rule("first_word", "words[1] || coalesce(postal[:4], city)"),
    Rule("last_word", "words[-1] || coalesce(postal[:4], city)"),
    Rule("street_number", "street || ' ' || number"),
)

RULES: Mapping[CustomerKind, tuple[Rule, ...]] = {
    CustomerKind.PERSON: PERSON_RULES,
    CustomerKind.ORGANISATION: ORGANISATION_RULES,
}


def rules_for(kind: CustomerKind, records: int) -> tuple[Rule, ...]:
    """Return the rules for a model that was trained on so many records."""
    return tuple(rule for rule in RULES[kind] if not rule.broad or records <= BROAD_RECORDS_MAX)


def make_keys(
    con: duckdb.DuckDBPyConnection, records: str, rules: Sequence[Rule], *, into: str
) -> None:
    """Materialise `into(rule, key, rid)` for every record and rule that applies."""
    union = " UNION ALL ".join(
        f"SELECT {index}::UTINYINT AS rule,"
        f" md5_number_lower('{rule.name}:' || ({rule.sql})) AS key, rid"
        f" FROM {records} WHERE ({rule.sql}) <> ''"
        for index, rule in enumerate(rules)
    )
    run(con, "CREATE OR REPLACE TABLE $into AS $union", into=into, union=union)


def find_hot_keys(
    con: duckdb.DuckDBPyConnection, keys: str, rules: Sequence[Rule], records: int
) -> NDArray[np.uint64]:
    """Return the keys to exclude so that every rule stays within its budget of pairs.

    Per rule the smallest blocks are kept first: they carry the most evidence per pair.
    """
    budgets = [max(RULE_PAIRS_FREE, rule.pairs_per_record_max * records) for rule in rules]
    found = columns(
        con,
        """
        WITH block AS (
            SELECT rule, key, count(*) AS members FROM $keys GROUP BY ALL HAVING count(*) > 1
        ), running AS (
            SELECT rule, key, members, sum(members * (members - 1) // 2)
                OVER (PARTITION BY rule ORDER BY members, key) AS pairs
            FROM block
        )
        SELECT key FROM running WHERE pairs > [$budgets][rule + 1] OR members > $members_max
        ORDER BY key
        """,
        keys=keys,
        budgets=", ".join(f"{budget:.0f}" for budget in budgets) or "0",
        members_max=str(BLOCK_RECORDS_MAX),
    )
    return np.asarray(found["key"], dtype=np.uint64)


def use_keys(
    con: duckdb.DuckDBPyConnection, keys: str, hot_keys: NDArray[np.uint64], *, into: str
) -> None:
    """Make `into(rule, key, rid)`: the keys by which pairs are found, hot and lonely ones left out.

    Args:
        con: The session.
        keys: What `make_keys` made.
        hot_keys: Keys that are not used.
        into: Table to make.
    """
    con.register("hot_keys", {"key": hot_keys})
    run(
        con,
        """
        CREATE OR REPLACE TEMP TABLE $into AS
        WITH block AS (
            SELECT rule, key FROM $keys GROUP BY ALL HAVING count(*) BETWEEN 2 AND ?
        )
        SELECT k.rule, k.key, k.rid FROM $keys k
        SEMI JOIN block b ON b.rule = k.rule AND b.key = k.key
        ANTI JOIN hot_keys h ON h.key = k.key
        """,
        BLOCK_RECORDS_MAX,
        keys=keys,
        into=into,
    )
    con.unregister("hot_keys")


def candidate_pairs(con: duckdb.DuckDBPyConnection, used: str, *, into: str) -> None:
    """Make `into(l, r)`: every pair of records that shares a used key, once, l < r."""
    run(
        con,
        """
        CREATE OR REPLACE TABLE $into AS
        SELECT (pair >> 32)::INTEGER AS l, (pair & 4294967295)::INTEGER AS r
        FROM (
            SELECT DISTINCT (a.rid::BIGINT << 32) | b.rid::BIGINT AS pair
            FROM $used a JOIN $used b ON a.rule = b.rule AND a.key = b.key AND a.rid < b.rid
        )
        """,
        used=used,
        into=into,
    )
