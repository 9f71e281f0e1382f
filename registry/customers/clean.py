"""One canonical record to one row of clean_record: folded, split, checked; junk is NULL.

This runs for every record of every page, so each step has a short way for the common value.
Only what is certain to be junk falls here. Values that many different people share (reception
numbers, counters' e-mail addresses, a favourite placeholder date) are found from the data when a
model is trained.
"""

from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from registry.customers.address import postal_code, street_and_number
from registry.customers.contact import email_address, phone_number
from registry.customers.identifiers import chamber_number, citizen_service_number
from registry.customers.names import family_parts, given_parts
from registry.customers.text import named
from schemas.records import CustomerKind, CustomerRecord

CLEAN_COLUMNS = (
    "record_id",
    "data_set_id",
    "kind",
    "given_name",
    "initials",
    "name_prefix",
    "family_name",
    "birth_date",
    "gender",
    "national_id",
    "organisation_name",
    "chamber_number",
    "email",
    "phone",
    "street",
    "house_number",
    "postal_code",
    "city",
    "source_changed_at",
)

CleanRow: TypeAlias = tuple[Any, ...]

# The oldest person on record lived 122 years; registers also keep people for decades after death.
BIRTH_AGE_YEARS_MAX = 150
# Before 1900 nobody kept a computer; a year of change beyond 2200 is a placeholder or a fault.
YEARS_OF_CHANGE = (1900, 2200)
# Days that programs write where there is none: the zero days of Excel, SQL Server and forms.
PLACEHOLDER_DATES = frozenset(
    {date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1901, 1, 1), date(1911, 11, 11)}
)


def clean(
    record_id: int, data_set_id: UUID, record: CustomerRecord, *, today: date | None = None
) -> CleanRow:
    """Clean one record.

    Args:
        record_id: Its landed record.
        data_set_id: The data set it came from.
        record: What the mapping made of it; any field may hold anything.
        today: The day after which births lie in the future; default is today in UTC.

    Returns:
        Values in the order of CLEAN_COLUMNS, ready for COPY.
    """
    person = record.kind == CustomerKind.PERSON
    given, initials = given_parts(record.given_name, record.initials) if person else (None, None)
    prefix, family = (
        family_parts(record.name_prefix, record.family_name) if person else (None, None)
    )
    street, number = street_and_number(record.street, record.house_number)
    return (
        record_id,
        data_set_id,
        str(record.kind),
        given,
        initials,
        prefix,
        family,
        _birth_date(record.birth_date, today or datetime.now(UTC).date()) if person else None,
        record.gender.value if person and record.gender is not None else None,
        citizen_service_number(record.national_id) if person else None,
        named(record.organisation_name),
        chamber_number(record.chamber_number),
        email_address(record.email),
        phone_number(record.phone),
        street,
        number,
        postal_code(record.postal_code),
        named(record.city),
        _moment(record.changed_at),
    )


def _moment(value: datetime | None) -> datetime | None:
    """Return a change mark that can be one; programs write year 1 or 9999 where they have none."""
    if value is None or not YEARS_OF_CHANGE[0] <= value.year <= YEARS_OF_CHANGE[1]:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _birth_date(value: date | None, today: date) -> date | None:
    if value is None or value > today or value.year < today.year - BIRTH_AGE_YEARS_MAX:
        return None
    return None if value in PLACEHOLDER_DATES else value
