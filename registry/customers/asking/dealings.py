"""Keep what sources know around customers: dealings, consents, preferences, roles, ways, numbers.

Each row hangs on its landed record and goes with it. It names its customer by the source's key, so
it may come before the customer, and follows them when customers are merged or parted.
"""

import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from msgspec import structs

from registry.customers.values.address import house_number, postal_code
from registry.customers.values.contact import email_address, phone_number
from registry.customers.values.identifiers import (
    account_number,
    chamber_number,
    citizen_service_number,
    number_key,
    vat_number,
)
from registry.storage.copying import copy_into
from schemas.records import (
    AddressRecord,
    ChannelPreferenceRecord,
    ConsentRecord,
    ContactKind,
    ContactPointRecord,
    DealingRecord,
    IdentifierRecord,
    InteractionRecord,
    RoleRecord,
)

_TABLES: Final[dict[type[DealingRecord], str]] = {
    InteractionRecord: "interaction",
    ConsentRecord: "consent",
    ChannelPreferenceRecord: "channel_preference",
    RoleRecord: "customer_role",
    ContactPointRecord: "contact_point",
    AddressRecord: "customer_address",
    IdentifierRecord: "customer_identifier",
}
# What sources call the types whose numbers we can check.
_TYPES: Final = {
    "bsn": "bsn", "burgerservicenummer": "bsn", "sofinummer": "bsn",
    "kvk": "kvk", "kvknummer": "kvk",
    "iban": "iban", "rekeningnummer": "iban", "bankrekening": "iban",
    "vat": "vat", "vatnumber": "vat", "btw": "vat", "btwnummer": "vat", "btwid": "vat",
    "ustid": "vat", "ustidnr": "vat",
}  # fmt: skip
_NOT_LETTERS = re.compile(r"[^a-z]")


def keep(
    db: psycopg.Connection, landed: Sequence[tuple[int, DealingRecord]], *, customers: UUID
) -> int:
    """Keep new and changed records of one sort, in place of what stood under their rows.

    Args:
        db: Connection in the page's transaction.
        landed: Row and canonical record of each; all of one sort.
        customers: Data set whose keys name the customers.

    Returns:
        How many are kept.
    """
    if not landed:
        return 0
    kept_in = _TABLES[type(landed[0][1])]
    # A source may send a key twice on one page; the last one is what it thinks now.
    rows = [{"record_id": row, **_row(record)} for row, record in dict(landed).items()]
    columns = list(rows[0])
    db.execute(
        f"DELETE FROM {kept_in} WHERE record_id = ANY(%s)", ([row["record_id"] for row in rows],)
    )
    return copy_into(
        db,
        kept_in,
        ["data_set_id", *columns],
        ([customers, *(row[name] for name in columns)] for row in rows),
    )


def _row(record: DealingRecord) -> dict[str, Any]:
    """Return the columns of a record, in one spelling."""
    found = structs.asdict(record)
    del found["key"], found["changed_at"]
    if isinstance(record, ContactPointRecord):
        found["value"] = _one_spelling(record)
    elif isinstance(record, IdentifierRecord):
        found |= _identifier(record)
    elif isinstance(record, ChannelPreferenceRecord):
        found["rank"] = record.rank or 1
    elif isinstance(record, AddressRecord):
        found["house_number"] = house_number(record.house_number) or record.house_number
        found["postal_code"] = postal_code(record.postal_code) or record.postal_code
    return found


def _one_spelling(record: ContactPointRecord) -> str:
    """Return a way to reach somebody as it is compared; as written where that cannot be."""
    if record.kind is ContactKind.EMAIL:
        return email_address(record.value) or record.value
    if record.kind is ContactKind.PHONE:
        return phone_number(record.value) or record.value
    return record.value


def _identifier(record: IdentifierRecord) -> dict[str, Any]:
    """Return a number as it is compared, and what its check digits say where it has any."""
    kind = record.type.strip().lower()
    kind = _TYPES.get(_NOT_LETTERS.sub("", kind), kind)
    spelt, is_valid = _checked(kind, record.value)
    return {"type": kind, "value": spelt or number_key(record.value), "is_valid": is_valid}


def _checked(kind: str, value: str) -> tuple[str | None, bool | None]:
    """Return a number in its one spelling, and what its check digits say; None where unknown."""
    if kind == "vat":
        return vat_number(value)
    if kind == "kvk":
        return chamber_number(value), None
    if kind in {"bsn", "iban"}:
        spelt = citizen_service_number(value) if kind == "bsn" else account_number(value)
        return spelt, spelt is not None
    return None, None
