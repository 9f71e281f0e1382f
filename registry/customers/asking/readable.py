"""What can be read of the master view: customers, their golden values, the records behind them.

The tables of customers also guard themselves: row-level security gives their rows to nobody whose
transaction does not name the scope (schemas/migrations). What the purpose of a question does not
cover is shown, compared, sorted and counted as ***.
"""

import json
from typing import Final

from registry.customers.asking.purposes import MASK, shipped_purposes
from registry.customers.live.survivorship import SURVIVORSHIP
from registry.storage.guarding import PURPOSE_SQL
from registry.storage.readable import (
    Argument,
    Column,
    Entry,
    Join,
    Otherwise,
    Policy,
    Readable,
    Table,
    Value,
    Way,
)
from schemas.access import Scope
from schemas.records import CustomerKind

OPEN: Final = Policy(Scope.CUSTOMERS_READ)


def _covered_fields() -> str:
    """Return SQL for the fields that the transaction's purpose covers; none without a purpose."""
    shipped = " ".join(
        f"WHEN '{row.key}' THEN ARRAY[{', '.join(repr(name) for name in row.fields)}]"
        for row in shipped_purposes()
    )
    return f"""(SELECT CASE WHEN own.key IS NULL
            THEN CASE {PURPOSE_SQL} {shipped} ELSE ARRAY[]::text[] END
            WHEN own.active THEN own.fields ELSE ARRAY[]::text[] END
        FROM (SELECT) AS one LEFT JOIN purpose AS own ON own.key = {PURPOSE_SQL})"""


def _for(field: str) -> Policy:
    """Return the policy of a column whose value is shown where the purpose covers the field.

    Args:
        field: SQL for the field's name.
    """
    return Policy(
        Scope.CUSTOMERS_READ,
        Otherwise.MASKED,
        mask=f"'{MASK}'",
        when=f"{field} = ANY ({_covered_fields()}::text[])",
    )


LANDSCAPE: Final = Policy(Scope.LANDSCAPE_READ)
# Values that belong together come from one record and share its provenance.
GROUP_OF: Final = {column: group.name for group in SURVIVORSHIP for column in group.columns}
_GROUPS: Final = json.dumps(GROUP_OF)
_DATA_SET: Final = Join(
    "data_set",
    "DataSet",
    "The data set it came from. Needs the scope landscape:read.",
    LANDSCAPE,
    on="{there}.id = {here}.data_set_id",
    nullable=True,
)
VALUES_EXPECTED: Final = 15  # attributes of a person
RECORDS_EXPECTED: Final = 10  # one per source

CUSTOMER: Final = Readable(
    "Customer",
    "One person or organisation as the municipality knows it.",
    Table("customer"),
    (
        Column("kind", CustomerKind, "Person or organisation.", OPEN, can_group=True),
        Column(
            "display_name",
            Value.TEXT,
            "Name for lists; *** where the purpose does not cover it.",
            _for("'name'"),
        ),
        Column("record_count", Value.INTEGER, "Source records behind it.", OPEN, can_group=True),
        Column("revision", Value.INTEGER, "Counts changes.", OPEN),
        Column("changed_at", Value.MOMENT, "When a value or record last changed.", OPEN),
        Join(
            "values",
            "GoldenValue",
            "Golden values with their provenance.",
            OPEN,
            on="{there}.customer_id = {here}.id",
            many=True,
            paged=False,
            rows=VALUES_EXPECTED,
        ),
        Join(
            "records",
            "SourceRecord",
            "The source records behind it, and why they belong here.",
            OPEN,
            on="{there}.customer_id = {here}.id",
            many=True,
            paged=False,
            rows=RECORDS_EXPECTED,
        ),
    ),
    id_kind="customer",
    order=("display_name",),
    search="display_name",
)
GOLDEN_VALUE: Final = Readable(
    "GoldenValue",
    "One value of a customer, chosen from the records.",
    Table(
        f"""(SELECT customer.id AS customer_id, held.key AS attribute, held.value,
            coalesce(origin.facts ->> 'rule', 'unknown') AS rule,
            (origin.facts ->> 'changed_at')::timestamptz AS changed_at,
            (origin.facts ->> 'data_set_id')::uuid AS data_set_id
        FROM customer CROSS JOIN LATERAL jsonb_each_text(customer.attrs) AS held
        LEFT JOIN LATERAL jsonb_array_elements(customer.provenance -> 'sources') AS origin(facts)
            ON origin.facts -> 'values' ? coalesce('{_GROUPS}'::jsonb ->> held.key, held.key))"""
    ),
    (
        Column("attribute", Value.TEXT, "Name of the attribute, e.g. family_name.", OPEN),
        Column(
            "value",
            Value.TEXT,
            "The value itself; *** where the purpose does not cover it.",
            _for("{row}.attribute"),
        ),
        Column(
            "rule",
            Value.TEXT,
            "Why it won: only_value, all_agree, most_agree, newest, trusted or complete.",
            OPEN,
        ),
        Column(
            "changed_at",
            Value.MOMENT,
            "When the source last changed the record it came from.",
            OPEN,
            nullable=True,
        ),
        _DATA_SET,
    ),
    key="attribute",
)
SOURCE_RECORD: Final = Readable(
    "SourceRecord",
    "One source record behind a customer.",
    Table(
        """(SELECT customer_link.customer_id, customer_link.record_id, customer_link.rule,
            customer_link.weight_bits, landed_record.data_set_id, landed_record.key
        FROM customer_link JOIN landed_record ON landed_record.id = customer_link.record_id)"""
    ),
    (
        Column(
            "key",
            Value.TEXT,
            "The source's own key; *** where the purpose does not cover it.",
            _for("'sources'"),
        ),
        Column("rule", Value.TEXT, "Why it belongs here: alone, identifier or model.", OPEN),
        Column(
            "weight_bits",
            Value.NUMBER,
            "Strongest evidence to another record of the customer, log2 odds.",
            OPEN,
            nullable=True,
        ),
        _DATA_SET,
    ),
    key="record_id",
    order=("key",),
)

READABLES: Final = (CUSTOMER, GOLDEN_VALUE, SOURCE_RECORD)
ENTRIES: Final = (
    Entry(
        "customers",
        "Customer",
        "Customers by name. Name a purpose in the header Townclerk-Purpose.",
        OPEN,
    ),
    Entry(
        "customer",
        "Customer",
        "One customer by global id; null where there is none.",
        OPEN,
        Way.ONE,
        (Argument("id", "Its global id.", "{row}.id = {value}", is_id=True, required=True),),
    ),
)
